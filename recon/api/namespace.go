package api

import (
	"reconsim/recon/derived"
)

// Statuses in the bodies of namespace answers (spec/api.md 3).
const (
	statusOK            = "OK"
	statusPathNotFound  = "PATH_NOT_FOUND"
	statusNotApplicable = "TYPE_NOT_APPLICABLE"
)

// largestSubpaths is how many subpaths a sorted usage shows.
const largestSubpaths = 30

// summaryBody is Ozone's namespace summary; the path is always empty there.
type summaryBody struct {
	Path       string      `json:"path"`
	Type       string      `json:"type"`
	CountStats *countStats `json:"countStats"`
	ObjectInfo any         `json:"objectInfo"`
	Status     string      `json:"status"`
}

// countStats counts what lies below a path; -1 is not applicable.
type countStats struct {
	NumVolume int64 `json:"numVolume"`
	NumBucket int64 `json:"numBucket"`
	NumDir    int64 `json:"numDir"`
	NumKey    int64 `json:"numKey"`
}

// usageBody is Ozone's disk usage.
type usageBody struct {
	Status          string        `json:"status"`
	Path            *string       `json:"path"`
	Size            int64         `json:"size"`
	SizeWithReplica int64         `json:"sizeWithReplica"`
	SubPathCount    int64         `json:"subPathCount"`
	SubPaths        []subpathBody `json:"subPaths"`
	SizeDirectKey   int64         `json:"sizeDirectKey"`
}

// subpathBody is one part of a usage. Ozone writes isKey under two names.
type subpathBody struct {
	Key             bool   `json:"key"`
	Path            string `json:"path"`
	Size            int64  `json:"size"`
	SizeWithReplica int64  `json:"sizeWithReplica"`
	IsKey           bool   `json:"isKey"`
}

// distributionBody is Ozone's distribution of file sizes.
type distributionBody struct {
	Dist   [derived.BinCount]int64 `json:"dist"`
	Status string                  `json:"status"`
}

// namespaceSummary is GET /namespace/summary (spec/api.md 4.1).
func (s *server) namespaceSummary(p *parameters) (prepared, error) {
	path, err := p.required("path")
	return prepared{answer: func(r *reading) (any, error) {
		e, err := r.query.Resolve(path)
		if err != nil {
			return nil, err
		}
		body := summaryBody{Type: string(e.Type), Status: statusOK}
		if e.Type == derived.NoEntity {
			body.Status = statusPathNotFound
			return body, nil
		}
		counts, err := r.query.Count(e)
		if err != nil {
			return nil, err
		}
		body.CountStats = &countStats{counts.Volumes, counts.Buckets, counts.Directories, counts.Keys}
		body.ObjectInfo, err = objectInfo(r.rows, e)
		return body, err
	}}, err
}

// namespaceUsage is GET /namespace/usage (spec/api.md 4.2).
func (s *server) namespaceUsage(p *parameters) (prepared, error) {
	path, err := p.required("path")
	options := derived.UsageOptions{Files: p.boolean("files", false)}
	if p.boolean("sortSubPaths", true) {
		options.Largest = largestSubpaths
	}
	replica := p.boolean("replica", false)
	return prepared{answer: func(r *reading) (any, error) {
		e, err := r.query.Resolve(path)
		if err != nil {
			return nil, err
		}
		if e.Type == derived.NoEntity {
			return usageBody{
				Status: statusPathNotFound, SizeWithReplica: derived.NotApplicable,
				SubPaths: []subpathBody{}, SizeDirectKey: derived.NotApplicable,
			}, nil
		}
		u, err := r.query.Usage(e, options)
		if err != nil {
			return nil, err
		}
		return newUsageBody(e.Path, &u, replica), nil
	}}, err
}

func newUsageBody(path string, u *derived.Usage, replica bool) usageBody {
	replicated := func(sizeBytes int64) int64 {
		if replica {
			return sizeBytes
		}
		return derived.NotApplicable
	}
	body := usageBody{
		Status: statusOK, Path: &path, Size: u.Size, SizeWithReplica: replicated(u.ReplicatedSize),
		SubPathCount: u.SubpathCount, SubPaths: make([]subpathBody, len(u.Subpaths)), SizeDirectKey: u.DirectSize,
	}
	for i, part := range u.Subpaths {
		body.SubPaths[i] = subpathBody{
			Key: part.IsKey, Path: part.Path, Size: part.Size,
			SizeWithReplica: replicated(part.ReplicatedSize), IsKey: part.IsKey,
		}
	}
	return body
}

// namespaceDistribution is GET /namespace/dist (spec/api.md 4.4).
func (s *server) namespaceDistribution(p *parameters) (prepared, error) {
	path, err := p.required("path")
	return prepared{answer: func(r *reading) (any, error) {
		e, err := r.query.Resolve(path)
		if err != nil {
			return nil, err
		}
		if e.Type == derived.NoEntity {
			return distributionBody{Status: statusPathNotFound}, nil
		}
		bins, ok, err := r.query.Distribution(e)
		if err != nil {
			return nil, err
		}
		if !ok {
			return distributionBody{Status: statusNotApplicable}, nil
		}
		return distributionBody{Dist: bins, Status: statusOK}, nil
	}}, err
}
