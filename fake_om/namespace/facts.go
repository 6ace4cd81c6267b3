package namespace

// Layout is how a bucket lays out its keys. The numbers are Ozone's.
type Layout uint8

// The three bucket layouts.
const (
	Legacy              Layout = 1
	FileSystemOptimized Layout = 2
	ObjectStore         Layout = 3
)

// ReplicationKind is how a key's bytes are replicated. The numbers are Ozone's.
type ReplicationKind uint8

// The kinds that a key can have.
const (
	Ratis        ReplicationKind = 1
	StandAlone   ReplicationKind = 2
	ErasureCoded ReplicationKind = 4
)

// Replication of a key. Factor (1 or 3) is for Ratis and stand-alone, the
// other fields for erasure coding.
type Replication struct {
	Kind        ReplicationKind
	Factor      int32
	DataUnits   int32
	ParityUnits int32
	Codec       string
	ChunkBytes  int32
}

// Block is a piece of a key in a container.
type Block struct {
	ContainerID int64
	LocalID     int64
	OffsetBytes int64
	LengthBytes int64
	// PartNumber is 0 for keys that were not uploaded in parts.
	PartNumber int32
}

// BlockVersion is one version of a key's content; all versions are kept in
// the row.
type BlockVersion struct {
	Number uint64
	Blocks []Block
}

// Volume is a fact about a volume.
type Volume struct {
	Name, Admin, Owner            string
	ObjectID, UpdateID            int64
	CreatedMillis, ModifiedMillis int64
	QuotaBytes                    int64
}

// Bucket is a fact about a bucket. A link bucket names its source and owns no
// keys.
type Bucket struct {
	Volume, Name, Owner           string
	SourceVolume, SourceBucket    string
	Layout                        Layout
	VolumeID                      int64
	ObjectID, UpdateID            int64
	CreatedMillis, ModifiedMillis int64
	UsedBytes, UsedNamespace      int64
	QuotaBytes                    int64
}

// Directory is a directory of a FILE_SYSTEM_OPTIMIZED bucket. Path is its full
// path inside the bucket at the time of the fact, without slashes at the ends.
type Directory struct {
	Volume, Bucket, Name, Path    string
	VolumeID, BucketID, ParentID  int64
	ObjectID, UpdateID            int64
	CreatedMillis, ModifiedMillis int64
}

// Key is a committed key. In FILE_SYSTEM_OPTIMIZED buckets Name is the last
// path component and ParentID the directory (or bucket) that holds it; in the
// others Name is the whole key and ParentID 0. Path is the whole path inside
// the bucket in all layouts. A Legacy directory marker is a key whose name
// ends in "/" and that has no blocks.
type Key struct {
	Volume, Bucket, Name, Path    string
	Owner                         string
	Layout                        Layout
	VolumeID, BucketID, ParentID  int64
	ObjectID, UpdateID            int64
	SizeBytes                     int64
	Replication                   Replication
	Versions                      []BlockVersion
	CreatedMillis, ModifiedMillis int64
}

// OpenKey is a key that is being written. Session is the client id in decimal,
// or the upload id for the open key of a multipart upload.
type OpenKey struct {
	Key
	Session string
}

// DeletedKeys is a row of keys that wait for their blocks to be deleted.
type DeletedKeys struct {
	// Volume, Bucket and Path name the row; RowID is its suffix.
	Volume, Bucket, Path string
	RowID                int64
	BucketID             int64
	Keys                 []Key
}

// DeletedDirectory is a directory that waits for its subtree to be purged.
type DeletedDirectory struct {
	Directory
}

// Part is one uploaded part of a multipart upload with embedded parts.
type Part struct {
	Number    int32
	SizeBytes int64
	Blocks    []Block
}

// Upload is a multipart upload in progress; its parts are in its row.
type Upload struct {
	Volume, Bucket, Path          string
	UploadID                      string
	Owner                         string
	Layout                        Layout
	VolumeID, BucketID, ParentID  int64
	ObjectID, UpdateID            int64
	Replication                   Replication
	Parts                         []Part
	CreatedMillis, ModifiedMillis int64
}

// Row is one of Volume, Bucket, Directory, Key, OpenKey, DeletedKeys,
// DeletedDirectory and Upload, always as a pointer.
type Row interface{ isRow() }

func (*Volume) isRow()           {}
func (*Bucket) isRow()           {}
func (*Directory) isRow()        {}
func (*Key) isRow()              {}
func (*OpenKey) isRow()          {}
func (*DeletedKeys) isRow()      {}
func (*DeletedDirectory) isRow() {}
func (*Upload) isRow()           {}

// Change is the change of one row. For a deletion Row holds the fact as it was
// before.
type Change struct {
	Delete bool
	Row    Row
}

// Transaction is one entry of the OMs' replicated log: what every OM applies,
// in the same order and at the same index.
type Transaction struct {
	// Index is the entry's place in the replicated log; the base namespace is
	// the state at Index 0 of the workload, which is Base().LastIndex there.
	Index    int64
	AtMillis int64
	// Kind names the operation, such as "rename-directory".
	Kind    string
	Changes []Change
}
