package api

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"reconsim/recon/derived"
)

// listKeysBody is Ozone's list of keys, with a capital R in the middle of one
// name.
type listKeysBody struct {
	Status               string          `json:"status"`
	Path                 string          `json:"path"`
	ReplicatedDataSize   int64           `json:"replicatedDataSize"`
	UnReplicatedDataSize int64           `json:"unReplicatedDataSize"`
	LastKey              string          `json:"lastKey,omitempty"`
	Keys                 []listedKeyBody `json:"keys"`
}

// listedKeyBody is one of them; the size and whether it is a key are there
// twice, as in Ozone.
type listedKeyBody struct {
	Key              string `json:"key"`
	Path             string `json:"path"`
	Size             int64  `json:"size"`
	ReplicatedSize   int64  `json:"replicatedSize"`
	ReplicationInfo  any    `json:"replicationInfo"`
	CreationTime     int64  `json:"creationTime"`
	ModificationTime int64  `json:"modificationTime"`
	IsKey            bool   `json:"isKey"`
	VolumeName       string `json:"volumeName"`
	BucketName       string `json:"bucketName"`
	KeyName          string `json:"keyName"`
	DataSize         int64  `json:"dataSize"`
	ParentID         int64  `json:"parentId"`
	File             bool   `json:"file"`
}

// listKeys is GET /keys/listKeys (spec/api.md 4.11).
func (s *server) listKeys(p *parameters) (prepared, error) {
	filter := derived.KeyFilter{
		StartPrefix: p.text("startPrefix", "/"), After: p.text("prevKey", ""),
		ReplicationType: p.text("replicationType", ""),
	}
	var err error
	if filter.Limit, err = p.integer("limit", defaultLimit); err != nil {
		return prepared{}, err
	}
	if filter.MinSizeBytes, err = p.long("keySize", 0); err != nil {
		return prepared{}, err
	}
	if date := p.text("creationDate", ""); date != "" {
		filter.CreatedFromMillis = s.dateMillis(date)
	}
	if err := derived.CheckPrefix(filter.StartPrefix); err != nil {
		return prepared{}, prefixProblem(err)
	}
	return prepared{answer: func(r *reading) (any, error) {
		keys, err := r.query.ListKeys(filter)
		if err != nil {
			return nil, prefixProblem(err)
		}
		return newListKeysBody(filter.StartPrefix, keys), nil
	}}, nil
}

// dateMillis reads a creation date. Like Ozone it takes what is no date for
// the present.
func (s *server) dateMillis(text string) int64 {
	date, err := time.ParseInLocation("01-02-2006 15:04:05", text, s.Zone)
	if err != nil {
		date = s.Env.Now()
	}
	return date.UnixMilli()
}

// prefixProblem turns errors about the prefix into problems. Except for the
// first, Ozone answers 500 there.
func prefixProblem(err error) error {
	switch {
	case errors.Is(err, derived.ErrAboveBucket), errors.Is(err, derived.ErrBelowFlatBucket):
		return badParameter(http.StatusBadRequest, "startPrefix", "startPrefix %v.", err)
	case errors.Is(err, derived.ErrNoSuchPath):
		return problem{status: http.StatusNotFound, code: "PATH_NOT_FOUND", title: "No such path",
			detail: "startPrefix " + err.Error() + ".", parameter: "startPrefix"}
	}
	return err
}

func newListKeysBody(prefix string, keys []derived.ListedKey) listKeysBody {
	body := listKeysBody{Status: statusOK, Keys: make([]listedKeyBody, len(keys))}
	if len(keys) == 0 {
		body.ReplicatedDataSize, body.UnReplicatedDataSize = derived.NotApplicable, derived.NotApplicable
		return body
	}
	body.Path = prefix
	for i := range keys {
		body.Keys[i] = newListedKeyBody(&keys[i])
		body.ReplicatedDataSize += body.Keys[i].ReplicatedSize
		body.UnReplicatedDataSize += body.Keys[i].Size
	}
	body.LastKey = keys[len(keys)-1].DBKey
	return body
}

func newListedKeyBody(k *derived.ListedKey) listedKeyBody {
	info := k.Info
	isKey := !strings.HasSuffix(info.GetKeyName(), "/")
	return listedKeyBody{
		Key: k.DBKey, Path: k.Path, Size: int64(info.GetDataSize()), ReplicatedSize: k.ReplicatedSize,
		ReplicationInfo: replication(info.GetType(), info.GetFactor(), info.GetEcReplicationConfig()),
		CreationTime:    int64(info.GetCreationTime()), ModificationTime: int64(info.GetModificationTime()),
		IsKey: isKey, VolumeName: info.GetVolumeName(), BucketName: info.GetBucketName(), KeyName: info.GetKeyName(),
		DataSize: int64(info.GetDataSize()), ParentID: int64(info.GetParentID()), File: isKey,
	}
}
