package oracle

// AnyText is what an [Any] looks like in JSON. No Ozone field holds it.
const AnyText = "\x00any"

// Any stands for a field that must be there but whose value does not follow
// from the facts: what SCM knows, ACLs, metadata.
type Any struct{}

// MarshalJSON implements json.Marshaler.
func (Any) MarshalJSON() ([]byte, error) { return []byte(`"\u0000any"`), nil }

// Answer is what a correct Recon answers at one state.
type Answer struct {
	// Status is the HTTP status.
	Status int
	// OtherStatus, if not 0, is as good as Status.
	OtherStatus int
	// Body marshals to the body of a 200; nil otherwise. Its types are those
	// of this file.
	Body any
}

// Statuses inside the bodies of namespace answers.
const (
	statusOK            = "OK"
	statusNotFound      = "PATH_NOT_FOUND"
	statusNotApplicable = "TYPE_NOT_APPLICABLE"
)

// Summary is the body of /namespace/summary.
type Summary struct {
	// Path is always empty, as Ozone has it.
	Path       string      `json:"path"`
	Type       string      `json:"type"`
	CountStats *CountStats `json:"countStats"`
	ObjectInfo any         `json:"objectInfo"`
	Status     string      `json:"status"`
}

// CountStats counts what is below a path; −1 means not applicable.
type CountStats struct {
	NumVolume int   `json:"numVolume"`
	NumBucket int   `json:"numBucket"`
	NumDir    int   `json:"numDir"`
	NumKey    int64 `json:"numKey"`
}

// ObjectInfo is the part of objectInfo that all kinds share; for the root and
// for directories it is all.
type ObjectInfo struct {
	Metadata         any   `json:"metadata"`
	Name             any   `json:"name"`
	QuotaInBytes     int64 `json:"quotaInBytes"`
	QuotaInNamespace any   `json:"quotaInNamespace"`
	UsedNamespace    any   `json:"usedNamespace"`
	CreationTime     int64 `json:"creationTime"`
	ModificationTime int64 `json:"modificationTime"`
	ACLs             any   `json:"acls"`
}

// VolumeInfo is the objectInfo of a volume.
type VolumeInfo struct {
	ObjectInfo
	Admin  string `json:"admin"`
	Owner  string `json:"owner"`
	Volume string `json:"volume"`
}

// BucketInfo is the objectInfo of a bucket.
type BucketInfo struct {
	ObjectInfo
	VolumeName            string  `json:"volumeName"`
	StorageType           Any     `json:"storageType"`
	Versioning            Any     `json:"versioning"`
	VersioningEnabled     Any     `json:"versioningEnabled"`
	UsedBytes             int64   `json:"usedBytes"`
	SnapshotUsedBytes     Any     `json:"snapshotUsedBytes"`
	EncryptionInfo        Any     `json:"encryptionInfo"`
	ReplicationConfigInfo Any     `json:"replicationConfigInfo"`
	SourceVolume          *string `json:"sourceVolume"`
	SourceBucket          *string `json:"sourceBucket"`
	BucketLayout          string  `json:"bucketLayout"`
	Owner                 *string `json:"owner"`
}

// KeyInfo is the objectInfo of a key.
type KeyInfo struct {
	ObjectInfo
	VolumeName          string `json:"volumeName"`
	BucketName          string `json:"bucketName"`
	KeyName             string `json:"keyName"`
	DataSize            int64  `json:"dataSize"`
	KeyLocationVersions Any    `json:"keyLocationVersions"`
	ReplicationConfig   any    `json:"replicationConfig"`
	EncInfo             Any    `json:"encInfo"`
	FileName            Any    `json:"fileName"`
	File                Any    `json:"file"`
}

// Usage is the body of /namespace/usage.
type Usage struct {
	Status          string    `json:"status"`
	Path            *string   `json:"path"`
	Size            int64     `json:"size"`
	SizeWithReplica int64     `json:"sizeWithReplica"`
	SubPathCount    int       `json:"subPathCount"`
	SubPaths        []SubPath `json:"subPaths"`
	SizeDirectKey   any       `json:"sizeDirectKey"`
	// All is SubPaths before the cut to 30. Entries of one size may come in
	// any order, so at the cut any of them may be the last ones.
	All []SubPath `json:"-"`
	// Sorted says whether the request asked for sorting and the cut.
	Sorted bool `json:"-"`
}

// SubPath is an entry of Usage.
type SubPath struct {
	// Key repeats IsKey, as Ozone does.
	Key             bool   `json:"key"`
	Path            string `json:"path"`
	Size            int64  `json:"size"`
	SizeWithReplica int64  `json:"sizeWithReplica"`
	IsKey           bool   `json:"isKey"`
}

// Quota is the body of /namespace/quota.
type Quota struct {
	Allowed any    `json:"allowed"`
	Used    int64  `json:"used"`
	Status  string `json:"status"`
}

// Distribution is the body of /namespace/dist.
type Distribution struct {
	Dist   [histogramBins]int64 `json:"dist"`
	Status string               `json:"status"`
}

// ContainerKeys is the body of /containers/{id}/keys.
type ContainerKeys struct {
	TotalCount int64          `json:"totalCount"`
	Keys       []ContainerKey `json:"keys"`
	LastKey    string         `json:"lastKey"`
}

// ContainerKey is a key with blocks in a container.
type ContainerKey struct {
	Volume           string                      `json:"Volume"`
	Bucket           string                      `json:"Bucket"`
	Key              string                      `json:"Key"`
	CompletePath     string                      `json:"CompletePath"`
	DataSize         int64                       `json:"DataSize"`
	Versions         []uint64                    `json:"Versions"`
	Blocks           map[string][]ContainerBlock `json:"Blocks"`
	CreationTime     string                      `json:"CreationTime"`
	ModificationTime string                      `json:"ModificationTime"`
}

// ContainerBlock names a block.
type ContainerBlock struct {
	ContainerID int64 `json:"containerID"`
	LocalID     int64 `json:"localID"`
}

// KeyList is the body of /keys/listKeys.
type KeyList struct {
	Status               string      `json:"status"`
	Path                 string      `json:"path"`
	ReplicatedDataSize   int64       `json:"replicatedDataSize"`
	UnReplicatedDataSize int64       `json:"unReplicatedDataSize"`
	LastKey              string      `json:"lastKey,omitempty"`
	Keys                 []ListedKey `json:"keys"`
}

// ListedKey is an entry of KeyList; Size and DataSize, IsKey and File are the
// same thing twice, as Ozone has it.
type ListedKey struct {
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

// Replicated is the replicationInfo of Ratis and stand-alone keys.
type Replicated struct {
	ReplicationFactor string `json:"replicationFactor"`
	RequiredNodes     int    `json:"requiredNodes"`
	ReplicationType   string `json:"replicationType"`
	MinimumNodes      int    `json:"minimumNodes"`
}

// ErasureCoded is the replicationInfo of erasure-coded keys. How the codec is
// spelled was never recorded.
type ErasureCoded struct {
	Data            int32  `json:"data"`
	Parity          int32  `json:"parity"`
	ECChunkSize     int32  `json:"ecChunkSize"`
	Codec           Any    `json:"codec"`
	RequiredNodes   int32  `json:"requiredNodes"`
	ReplicationType string `json:"replicationType"`
	MinimumNodes    int32  `json:"minimumNodes"`
}

// OpenSummary is the body of /keys/open/summary.
type OpenSummary struct {
	TotalOpenKeys             int64 `json:"totalOpenKeys"`
	TotalReplicatedDataSize   int64 `json:"totalReplicatedDataSize"`
	TotalUnreplicatedDataSize int64 `json:"totalUnreplicatedDataSize"`
}

// UploadSummary is the body of /keys/open/mpu/summary.
type UploadSummary struct {
	TotalOpenMPUKeys        int64 `json:"totalOpenMPUKeys"`
	TotalReplicatedDataSize int64 `json:"totalReplicatedDataSize"`
	TotalDataSize           int64 `json:"totalDataSize"`
}

// DeletedSummary is the body of /keys/deletePending/summary.
type DeletedSummary struct {
	TotalDeletedKeys          int64 `json:"totalDeletedKeys"`
	TotalReplicatedDataSize   int64 `json:"totalReplicatedDataSize"`
	TotalUnreplicatedDataSize int64 `json:"totalUnreplicatedDataSize"`
}

// DeletedDirectorySummary is the body of /keys/deletePending/dirs/summary.
type DeletedDirectorySummary struct {
	TotalDeletedDirectories int64 `json:"totalDeletedDirectories"`
}

// FileCounts is the body of /utilization/fileCount, by volume, bucket and
// bound; the order is free.
type FileCounts []FileCount

// FileCount is the number of files whose size lies below FileSize bytes and
// above the next smaller bound.
type FileCount struct {
	Volume   string `json:"volume"`
	Bucket   string `json:"bucket"`
	FileSize int64  `json:"fileSize"`
	Count    int64  `json:"count"`
}

// ClusterState is the body of /clusterState.
type ClusterState struct {
	Pipelines           Any           `json:"pipelines"`
	TotalDatanodes      Any           `json:"totalDatanodes"`
	HealthyDatanodes    Any           `json:"healthyDatanodes"`
	StorageReport       StorageReport `json:"storageReport"`
	Containers          Any           `json:"containers"`
	MissingContainers   Any           `json:"missingContainers"`
	OpenContainers      Any           `json:"openContainers"`
	DeletedContainers   Any           `json:"deletedContainers"`
	Volumes             int64         `json:"volumes"`
	Buckets             int64         `json:"buckets"`
	Keys                int64         `json:"keys"`
	KeysPendingDeletion int64         `json:"keysPendingDeletion"`
	DeletedDirs         int64         `json:"deletedDirs"`
	SCMServiceID        Any           `json:"scmServiceId"`
	OMServiceID         Any           `json:"omServiceId"`
}

// StorageReport is what SCM knows of space.
type StorageReport struct {
	Capacity            Any `json:"capacity"`
	Used                Any `json:"used"`
	Remaining           Any `json:"remaining"`
	Committed           Any `json:"committed"`
	MinimumFreeSpace    Any `json:"minimumFreeSpace"`
	Reserved            Any `json:"reserved"`
	FilesystemCapacity  Any `json:"filesystemCapacity"`
	FilesystemUsed      Any `json:"filesystemUsed"`
	FilesystemAvailable Any `json:"filesystemAvailable"`
}
