package api

import (
	"reconsim/recon/derived"
	"reconsim/recon/generation"
)

// fileCountBody is the number of files of a bucket up to a size in bytes.
type fileCountBody struct {
	Volume   string `json:"volume"`
	Bucket   string `json:"bucket"`
	FileSize int64  `json:"fileSize"`
	Count    int64  `json:"count"`
}

// fileCount is GET /utilization/fileCount (spec/api.md 4.13). As in Ozone a
// size counts only together with both names, and only if it is a bound.
func (s *server) fileCount(p *parameters) (prepared, error) {
	filter := &generation.FileCountFilter{Volume: p.text("volume", ""), Bucket: p.text("bucket", "")}
	size, err := p.long("fileSize", 0)
	if filter.Volume != "" && filter.Bucket != "" && isBound(size) {
		filter.UpperBound = size
	}
	return prepared{
		need: generation.Need{FileCounts: filter},
		answer: func(r *reading) (any, error) {
			if err := r.rows.step(); err != nil {
				return nil, err
			}
			bodies := []fileCountBody{}
			for _, c := range r.view.SQL().FileCounts {
				if err := r.rows.step(); err != nil {
					return nil, err
				}
				if c.Count > 0 {
					bodies = append(bodies, fileCountBody{c.Volume, c.Bucket, c.UpperBound, c.Count})
				}
			}
			return bodies, nil
		},
	}, err
}

func isBound(sizeBytes int64) bool {
	index, ok := derived.SizeBoundIndex(sizeBytes)
	return ok && derived.SizeBound(index) == sizeBytes
}
