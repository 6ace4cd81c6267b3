package api

import (
	"net/http"
	"strconv"
	"time"

	"reconsim/recon/derived"
)

// defaultLimit is how many entries a page has if the request does not say.
const defaultLimit = 1000

// containerKeysBody is Ozone's list of the keys of a container.
type containerKeysBody struct {
	TotalCount int64              `json:"totalCount"`
	Keys       []containerKeyBody `json:"keys"`
	LastKey    string             `json:"lastKey"`
}

// containerKeyBody is one of them.
type containerKeyBody struct {
	Volume           string                          `json:"Volume"`
	Bucket           string                          `json:"Bucket"`
	Key              string                          `json:"Key"`
	CompletePath     string                          `json:"CompletePath"`
	DataSize         int64                           `json:"DataSize"`
	Versions         []int64                         `json:"Versions"`
	Blocks           map[string][]containerBlockBody `json:"Blocks"`
	CreationTime     string                          `json:"CreationTime"`
	ModificationTime string                          `json:"ModificationTime"`
}

// containerKeys is GET /containers/{id}/keys (spec/api.md 4.6).
func (s *server) containerKeys(p *parameters) (prepared, error) {
	id, err := strconv.ParseInt(p.request.PathValue("id"), 10, 64)
	if err != nil {
		return prepared{}, badParameter(http.StatusNotFound, "id", "%q is not the number of a container.", p.request.PathValue("id"))
	}
	limit, err := p.integer("limit", defaultLimit)
	if err != nil {
		return prepared{}, err
	}
	after := p.text("prevKey", "")
	return prepared{answer: func(r *reading) (any, error) {
		keys, err := r.query.ContainerKeys(id, after, limit)
		if err != nil {
			return nil, err
		}
		body := containerKeysBody{TotalCount: keys.TotalCount, Keys: make([]containerKeyBody, len(keys.Keys)), LastKey: keys.LastKey}
		for i := range keys.Keys {
			body.Keys[i] = newContainerKeyBody(id, &keys.Keys[i])
		}
		return body, nil
	}}, nil
}

func newContainerKeyBody(id int64, k *derived.ContainerKeyInfo) containerKeyBody {
	body := containerKeyBody{
		Volume: k.Volume, Bucket: k.Bucket, Key: k.Key, CompletePath: k.CompletePath, DataSize: k.SizeBytes,
		Versions: make([]int64, len(k.Versions)), Blocks: make(map[string][]containerBlockBody, len(k.Versions)),
		CreationTime: isoTime(k.CreatedMillis), ModificationTime: isoTime(k.ModifiedMillis),
	}
	for i, v := range k.Versions {
		body.Versions[i] = v.Version
		blocks := make([]containerBlockBody, len(v.LocalIDs))
		for j, local := range v.LocalIDs {
			blocks[j] = containerBlockBody{id, local}
		}
		body.Blocks[strconv.FormatInt(v.Version, 10)] = blocks
	}
	return body
}

// isoTime is a time in milliseconds since 1970 as Ozone writes it here.
func isoTime(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
}
