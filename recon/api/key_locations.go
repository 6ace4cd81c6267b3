package api

import (
	"strconv"

	"reconsim/recon/ozonepb"
)

// locationsBody is one version of a key's content. Ozone writes its blocks in
// four forms.
type locationsBody struct {
	Version       int64                  `json:"version"`
	MultipartKey  bool                   `json:"multipartKey"`
	LatestOnly    []blockBody            `json:"blocksLatestVersionOnly"`
	List          []blockBody            `json:"locationList"`
	ListCount     int                    `json:"locationListCount"`
	Lists         [][]blockBody          `json:"locationLists"`
	ListByVersion map[string][]blockBody `json:"locationVersionMap"`
}

// blockBody is one block of a key.
type blockBody struct {
	BlockID               blockIDBody `json:"blockID"`
	ContainerID           int64       `json:"containerID"`
	LocalID               int64       `json:"localID"`
	BlockCommitSequenceID int64       `json:"blockCommitSequenceId"`
	Offset                int64       `json:"offset"`
	Length                int64       `json:"length"`
	CreateVersion         int64       `json:"createVersion"`
	PartNumber            int32       `json:"partNumber"`
	UnderConstruction     bool        `json:"underConstruction"`
	// Token and Pipeline are known only to a client that reads the block.
	Token    *string `json:"token"`
	Pipeline *string `json:"pipeline"`
}

type blockIDBody struct {
	ContainerBlockID      containerBlockBody `json:"containerBlockID"`
	ContainerID           int64              `json:"containerID"`
	LocalID               int64              `json:"localID"`
	BlockCommitSequenceID int64              `json:"blockCommitSequenceId"`
	ReplicaIndex          *int32             `json:"replicaIndex"`
}

// containerBlockBody names a block.
type containerBlockBody struct {
	ContainerID int64 `json:"containerID"`
	LocalID     int64 `json:"localID"`
}

func locations(k *ozonepb.KeyInfo) []locationsBody {
	bodies := make([]locationsBody, 0, len(k.GetKeyLocationList()))
	for _, list := range k.GetKeyLocationList() {
		blocks := make([]blockBody, 0, len(list.GetKeyLocations()))
		for _, location := range list.GetKeyLocations() {
			blocks = append(blocks, block(location))
		}
		version := int64(list.GetVersion())
		bodies = append(bodies, locationsBody{
			Version: version, MultipartKey: list.GetIsMultipartKey(),
			LatestOnly: blocks, List: blocks, ListCount: 1, Lists: [][]blockBody{blocks},
			ListByVersion: map[string][]blockBody{strconv.FormatInt(version, 10): blocks},
		})
	}
	return bodies
}

func block(l *ozonepb.KeyLocation) blockBody {
	id := l.GetBlockID()
	place := containerBlockBody{id.GetContainerBlockID().GetContainerID(), id.GetContainerBlockID().GetLocalID()}
	commit := int64(id.GetBlockCommitSequenceId())
	return blockBody{
		BlockID:     blockIDBody{place, place.ContainerID, place.LocalID, commit, nil},
		ContainerID: place.ContainerID, LocalID: place.LocalID, BlockCommitSequenceID: commit,
		Offset: int64(l.GetOffset()), Length: int64(l.GetLength()),
		CreateVersion: int64(l.GetCreateVersion()), PartNumber: l.GetPartNumber(),
	}
}
