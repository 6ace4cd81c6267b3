package rocksdb

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/remote"
)

// IngestPlan says, family by family, how a checkpoint's tables get into a Pebble
// database without being copied, or why they cannot.
type IngestPlan struct{ Families []FamilyIngest }

// FamilyIngest is the plan for one family.
type FamilyIngest struct {
	ID   uint32
	Name string
	// Groups are sets of files for one ingest call each, in the order of the
	// calls: a later call lies on top. Files of a group do not overlap. Empty for
	// a family without rows, or when Rewrite is not.
	Groups [][]File
	// Rewrite lists why the family must be rewritten (RewriteCheckpoint) before
	// it can be ingested; empty if it can be ingested where it lies.
	Rewrite []string
}

// NeedsRewrite reports whether some family cannot be ingested where it lies.
func (p *IngestPlan) NeedsRewrite() bool {
	return slices.ContainsFunc(p.Families, func(f FamilyIngest) bool { return len(f.Rewrite) > 0 })
}

// Family returns the plan of the family with that name, or nil.
func (p *IngestPlan) Family(name string) *FamilyIngest {
	i := slices.IndexFunc(p.Families, func(f FamilyIngest) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Families[i]
}

// PlanIngest orders the tables of v for ingestion, bottom first: the deepest
// level in one call, each level above it in one, then each level 0 file, oldest
// first. It is a pure function of the manifest and the report of its
// verification, which must be of the same version.
func PlanIngest(v *Version, report *Report) (IngestPlan, error) {
	var plan IngestPlan
	for i := range v.Families {
		f := &v.Families[i]
		fr := report.Family(f.Name)
		if fr == nil || len(fr.Tables) != len(f.Files) {
			return IngestPlan{}, fmt.Errorf("plan ingestion: the report does not cover family %q; verify its tables first", f.Name)
		}
		fi := FamilyIngest{ID: f.ID, Name: f.Name, Rewrite: rewriteReasons(v, f, fr)}
		if len(fi.Rewrite) == 0 {
			fi.Groups = ingestGroups(f.Files)
		}
		plan.Families = append(plan.Families, fi)
	}
	return plan, nil
}

// rewriteReasons lists what Pebble cannot read in place.
func rewriteReasons(v *Version, f *Family, fr *FamilyReport) []string {
	var reasons []string
	for _, l := range v.Logs {
		if l.LiveRecords > 0 && l.Number >= f.LogNumber {
			reasons = append(reasons, fmt.Sprintf("log %s may hold newer rows", l.Name()))
		}
	}
	for i := range fr.Tables {
		if reason := tableRewriteReason(&fr.Tables[i]); reason != "" {
			reasons = append(reasons, fmt.Sprintf("table %s: %s", f.Files[i].Name(), reason))
		}
	}
	for i := 1; i < len(f.Files); i++ {
		a, b := &f.Files[i-1], &f.Files[i]
		if a.Level == b.Level && a.Level > 0 && bytes.Compare(a.LargestKey, b.SmallestKey) >= 0 {
			reasons = append(reasons, fmt.Sprintf("tables %s and %s share a key on level %d", a.Name(), b.Name(), a.Level))
		}
	}
	return reasons
}

func tableRewriteReason(r *TableReport) string {
	switch {
	case r.FormatVersion != 2:
		return fmt.Sprintf("format version %d, Pebble reads 2", r.FormatVersion)
	case r.Checksum != ChecksumCRC32C && r.Checksum != ChecksumXXHash64:
		return fmt.Sprintf("%s checksums", r.Checksum)
	case r.RangeDeletes > 0:
		return fmt.Sprintf("%d range deletes", r.RangeDeletes)
	case r.SingleDeletes > 0 || r.Merges > 0 || r.Others > 0:
		return fmt.Sprintf("%d single deletes, %d merges, %d other entries", r.SingleDeletes, r.Merges, r.Others)
	case r.RepeatedKeys > 0:
		return fmt.Sprintf("%d older versions of keys", r.RepeatedKeys)
	case r.External:
		return "its sequence number is not stored with its rows"
	}
	for _, codec := range r.Codecs {
		if codec != CompressionNone && codec != CompressionSnappy {
			return fmt.Sprintf("%s blocks", codec)
		}
	}
	return ""
}

// ingestGroups cuts a family's files, sorted as Family.Files are, into calls.
func ingestGroups(files []File) [][]File {
	var groups [][]File
	for i := len(files) - 1; i >= 0; i-- {
		last := len(groups) - 1
		if last >= 0 && files[i].Level > 0 && groups[last][0].Level == files[i].Level {
			groups[last] = append(groups[last], files[i])
			continue
		}
		groups = append(groups, []File{files[i]})
	}
	for _, g := range groups {
		slices.Reverse(g)
	}
	return groups
}

// ExternalFile describes a table for pebble.DB.IngestExternalFiles: the object
// objName at locator, whose keys appear with prefix before them. Both bounds
// keep the prefix and are inclusive, as Pebble demands.
func ExternalFile(f File, locator remote.Locator, objName string, prefix []byte) pebble.ExternalFile {
	return pebble.ExternalFile{
		Locator:           locator,
		ObjName:           objName,
		Size:              f.SizeBytes,
		StartKey:          append(cloneBytes(prefix), f.SmallestKey...),
		EndKey:            append(cloneBytes(prefix), f.LargestKey...),
		EndKeyIsInclusive: true,
		HasPointKey:       true,
		SyntheticPrefix:   cloneBytes(prefix),
	}
}
