package api

import (
	"reconsim/recon/derived"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
)

// statsOnly prepares an endpoint without parameters that reads GLOBAL_STATS.
func statsOnly(answer func(*reading) (any, error)) func(*parameters) (prepared, error) {
	return func(*parameters) (prepared, error) {
		return prepared{need: generation.Need{Stats: true}, answer: answer}, nil
	}
}

// sum adds rows of GLOBAL_STATS.
func (r *reading) sum(names ...string) (total int64, err error) {
	for _, name := range names {
		n, err := r.stat(name)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// total is a field of a body and the rows that it is the sum of.
type total struct {
	field *int64
	names []string
}

func (r *reading) fill(totals ...total) (err error) {
	for _, t := range totals {
		if *t.field, err = r.sum(t.names...); err != nil {
			return err
		}
	}
	return nil
}

func of(field *int64, name func(omdb.Table) string, tables ...omdb.Table) total {
	t := total{field: field}
	for _, table := range tables {
		t.names = append(t.names, name(table))
	}
	return t
}

// openKeySummary is GET /keys/open/summary (spec/api.md 4.9).
func openKeySummary(r *reading) (any, error) {
	var body struct {
		Keys         int64 `json:"totalOpenKeys"`
		Replicated   int64 `json:"totalReplicatedDataSize"`
		Unreplicated int64 `json:"totalUnreplicatedDataSize"`
	}
	tables := []omdb.Table{omdb.OpenKeyTable, omdb.OpenFileTable}
	err := r.fill(of(&body.Keys, derived.CountName, tables...),
		of(&body.Replicated, derived.ReplicatedSizeName, tables...),
		of(&body.Unreplicated, derived.UnreplicatedSizeName, tables...))
	return body, err
}

// openUploadSummary is GET /keys/open/mpu/summary (spec/api.md 4.9).
func openUploadSummary(r *reading) (any, error) {
	var body struct {
		Keys         int64 `json:"totalOpenMPUKeys"`
		Replicated   int64 `json:"totalReplicatedDataSize"`
		Unreplicated int64 `json:"totalDataSize"`
	}
	err := r.fill(of(&body.Keys, derived.CountName, omdb.MultipartInfoTable),
		of(&body.Replicated, derived.ReplicatedSizeName, omdb.MultipartInfoTable),
		of(&body.Unreplicated, derived.UnreplicatedSizeName, omdb.MultipartInfoTable))
	return body, err
}

// deletedKeySummary is GET /keys/deletePending/summary (spec/api.md 4.9).
func deletedKeySummary(r *reading) (any, error) {
	var body struct {
		Keys         int64 `json:"totalDeletedKeys"`
		Replicated   int64 `json:"totalReplicatedDataSize"`
		Unreplicated int64 `json:"totalUnreplicatedDataSize"`
	}
	err := r.fill(of(&body.Keys, derived.CountName, omdb.DeletedTable),
		of(&body.Replicated, derived.ReplicatedSizeName, omdb.DeletedTable),
		of(&body.Unreplicated, derived.UnreplicatedSizeName, omdb.DeletedTable))
	return body, err
}

// deletedDirectorySummary is GET /keys/deletePending/dirs/summary (spec/api.md
// 4.9).
func deletedDirectorySummary(r *reading) (any, error) {
	var body struct {
		Directories int64 `json:"totalDeletedDirectories"`
	}
	err := r.fill(of(&body.Directories, derived.CountName, omdb.DeletedDirectoryTable))
	return body, err
}

// clusterStateBody is Ozone's state of the cluster. What SCM knows is 0.
type clusterStateBody struct {
	Pipelines           int64             `json:"pipelines"`
	TotalDatanodes      int64             `json:"totalDatanodes"`
	HealthyDatanodes    int64             `json:"healthyDatanodes"`
	StorageReport       storageReportBody `json:"storageReport"`
	Containers          int64             `json:"containers"`
	MissingContainers   int64             `json:"missingContainers"`
	OpenContainers      int64             `json:"openContainers"`
	DeletedContainers   int64             `json:"deletedContainers"`
	Volumes             int64             `json:"volumes"`
	Buckets             int64             `json:"buckets"`
	Keys                int64             `json:"keys"`
	KeysPendingDeletion int64             `json:"keysPendingDeletion"`
	DeletedDirs         int64             `json:"deletedDirs"`
	SCMServiceID        *string           `json:"scmServiceId"`
	OMServiceID         *string           `json:"omServiceId"`
}

// storageReportBody is what SCM knows of space, in bytes.
type storageReportBody struct {
	Capacity            int64 `json:"capacity"`
	Used                int64 `json:"used"`
	Remaining           int64 `json:"remaining"`
	Committed           int64 `json:"committed"`
	MinimumFreeSpace    int64 `json:"minimumFreeSpace"`
	Reserved            int64 `json:"reserved"`
	FilesystemCapacity  int64 `json:"filesystemCapacity"`
	FilesystemUsed      int64 `json:"filesystemUsed"`
	FilesystemAvailable int64 `json:"filesystemAvailable"`
}

// clusterState is GET /clusterState (spec/api.md 4.14).
func (s *server) clusterState(r *reading) (any, error) {
	body := clusterStateBody{SCMServiceID: orNull(s.SCMServiceID), OMServiceID: orNull(s.OMServiceID)}
	err := r.fill(of(&body.Volumes, derived.CountName, omdb.VolumeTable),
		of(&body.Buckets, derived.CountName, omdb.BucketTable),
		of(&body.Keys, derived.CountName, omdb.KeyTable, omdb.FileTable),
		of(&body.KeysPendingDeletion, derived.CountName, omdb.DeletedTable),
		of(&body.DeletedDirs, derived.CountName, omdb.DeletedDirectoryTable))
	return body, err
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
