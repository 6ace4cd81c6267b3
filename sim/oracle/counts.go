package oracle

import (
	"cmp"
	"slices"
	"strings"
)

// stat is a counter at an index; the caller holds the lock.
func (o *Oracle) stat(s stat, index int64) int64 { return *o.stats[s].value.at(index) }

// OpenSummary is the answer of /keys/open/summary.
func (o *Oracle) OpenSummary(index int64) (Answer, error) {
	return o.counted(index, func() any {
		return OpenSummary{
			TotalOpenKeys:             o.stat(openKeyRows, index) + o.stat(openFileRows, index),
			TotalReplicatedDataSize:   o.stat(openKeyReplicated, index) + o.stat(openFileReplicated, index),
			TotalUnreplicatedDataSize: o.stat(openKeyBytes, index) + o.stat(openFileBytes, index),
		}
	})
}

// UploadSummary is the answer of /keys/open/mpu/summary.
func (o *Oracle) UploadSummary(index int64) (Answer, error) {
	return o.counted(index, func() any {
		return UploadSummary{
			TotalOpenMPUKeys:        o.stat(uploadRows, index),
			TotalReplicatedDataSize: o.stat(uploadReplicated, index),
			TotalDataSize:           o.stat(uploadBytes, index),
		}
	})
}

// DeletedSummary is the answer of /keys/deletePending/summary.
func (o *Oracle) DeletedSummary(index int64) (Answer, error) {
	return o.counted(index, func() any {
		return DeletedSummary{
			TotalDeletedKeys:          o.stat(deletedKeys, index),
			TotalReplicatedDataSize:   o.stat(deletedReplicated, index),
			TotalUnreplicatedDataSize: o.stat(deletedBytes, index),
		}
	})
}

// DeletedDirectorySummary is the answer of /keys/deletePending/dirs/summary.
func (o *Oracle) DeletedDirectorySummary(index int64) (Answer, error) {
	return o.counted(index, func() any {
		return DeletedDirectorySummary{TotalDeletedDirectories: o.stat(deletedDirectoryRows, index)}
	})
}

// ClusterState is the answer of /clusterState.
func (o *Oracle) ClusterState(index int64) (Answer, error) {
	return o.counted(index, func() any {
		return ClusterState{
			Volumes:             o.stat(volumeRows, index),
			Buckets:             o.stat(bucketRows, index),
			Keys:                o.stat(keyRows, index) + o.stat(fileRows, index),
			KeysPendingDeletion: o.stat(deletedKeys, index),
			DeletedDirs:         o.stat(deletedDirectoryRows, index),
		}
	})
}

func (o *Oracle) counted(index int64, body func() any) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	return ok(body()), nil
}

// GlobalStats is the right content of globalStatsTable, for the tables that the
// facts cover.
func (o *Oracle) GlobalStats(index int64) (map[string]int64, error) {
	release, err := o.view(index)
	if err != nil {
		return nil, err
	}
	defer release()
	stats := make(map[string]int64, statCount)
	for s, name := range statNames {
		stats[name] = o.stat(stat(s), index)
	}
	return stats, nil
}

// FileCountFilter narrows file counts; empty fields match everything.
type FileCountFilter struct {
	Volume, Bucket string
	// FileSize is an upper bound in bytes. It counts only together with both
	// names, as in Ozone.
	FileSize int64
}

// FileCounts is the answer of /utilization/fileCount.
func (o *Oracle) FileCounts(index int64, f FileCountFilter) (Answer, error) {
	return o.counted(index, func() any {
		counts := FileCounts{}
		exact := f.FileSize > 0 && f.Volume != "" && f.Bucket != "" && isUpperBound(f.FileSize)
		o.buckets.all(func(b *bucket) bool {
			if (f.Volume != "" && f.Volume != b.volume) || (f.Bucket != "" && f.Bucket != b.name) {
				return true
			}
			for kind, c := range b.files {
				if c == nil || *c.value.at(index) == 0 || (exact && upperBound(kind) != f.FileSize) {
					continue
				}
				counts = append(counts, FileCount{
					Volume: b.volume, Bucket: b.name, FileSize: upperBound(kind), Count: *c.value.at(index),
				})
			}
			return true
		})
		slices.SortFunc(counts, compareFileCounts)
		return counts
	})
}

func compareFileCounts(a, b FileCount) int {
	return cmp.Or(strings.Compare(a.Volume, b.Volume), strings.Compare(a.Bucket, b.Bucket), cmp.Compare(a.FileSize, b.FileSize))
}

func isUpperBound(bytes int64) bool {
	for kind := range boundKinds {
		if upperBound(kind) == bytes {
			return true
		}
	}
	return false
}
