package api

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// world builds the rows of a small namespace by hand.
type world struct {
	t    *testing.T
	rows memoryRows
	// millis is the time of the next row.
	millis uint64
	local  int64
}

const worldStart = 1_735_787_045_000

func (w *world) next() uint64 {
	w.millis += 1000
	return w.millis
}

func (w *world) volume(name string, id int64) {
	at := w.next()
	w.rows.putMessage(w.t, omdb.VolumeTable, omdb.AppendVolumeKey(nil, name), &ozonepb.VolumeInfo{
		AdminName: proto.String("om"), OwnerName: proto.String("ann"), Volume: proto.String(name),
		QuotaInBytes: proto.Uint64(^uint64(0)), QuotaInNamespace: proto.Int64(-1), ObjectID: proto.Uint64(uint64(id)),
		CreationTime: &at, ModificationTime: &at,
		VolumeAcls: []*ozonepb.OzoneAclInfo{{
			Type: ozonepb.OzoneAclInfo_USER.Enum(), Name: proto.String("ann"), Rights: []byte{0x80, 0x02},
			AclScope: ozonepb.OzoneAclInfo_DEFAULT.Enum(),
		}},
	})
}

func (w *world) bucket(volume, name string, id int64, layout ozonepb.BucketLayoutProto) *ozonepb.BucketInfo {
	at := w.next()
	b := &ozonepb.BucketInfo{
		VolumeName: &volume, BucketName: &name, IsVersionEnabled: proto.Bool(true), StorageType: proto.Int32(2),
		ObjectID: proto.Uint64(uint64(id)), CreationTime: &at, ModificationTime: &at,
		UsedBytes: proto.Uint64(123), QuotaInBytes: proto.Int64(1 << 40), QuotaInNamespace: proto.Int64(-1),
		Owner: proto.String("ann"), BucketLayout: &layout,
		Metadata: []*ozonepb.KeyValue{{Key: proto.String("tier"), Value: proto.String("<cold>")}},
	}
	w.rows.putMessage(w.t, omdb.BucketTable, omdb.AppendBucketKey(nil, volume, name), b)
	return b
}

// key makes a key with one block in each container.
func (w *world) key(volume, bucket, name string, size uint64, containers ...int64) *ozonepb.KeyInfo {
	created := w.next()
	modified := created + 7
	k := &ozonepb.KeyInfo{
		VolumeName: &volume, BucketName: &bucket, KeyName: &name, DataSize: &size,
		Type: ozonepb.ReplicationType_RATIS.Enum(), Factor: ozonepb.ReplicationFactor_THREE.Enum(),
		CreationTime: &created, ModificationTime: &modified, ObjectID: proto.Uint64(created), IsFile: proto.Bool(true),
	}
	if len(containers) > 0 {
		k.KeyLocationList = append(k.KeyLocationList, w.version(0, containers...))
	}
	return k
}

func (w *world) version(number uint64, containers ...int64) *ozonepb.KeyLocationList {
	list := &ozonepb.KeyLocationList{Version: &number}
	for _, c := range containers {
		w.local++
		list.KeyLocations = append(list.KeyLocations, &ozonepb.KeyLocation{
			BlockID: &ozonepb.BlockID{ContainerBlockID: &ozonepb.ContainerBlockID{
				ContainerID: proto.Int64(c), LocalID: proto.Int64(w.local),
			}},
			Offset: proto.Uint64(0), Length: proto.Uint64(9), CreateVersion: &number,
		})
	}
	return list
}

func (w *world) object(k *ozonepb.KeyInfo) {
	w.rows.putMessage(w.t, omdb.KeyTable, omdb.AppendKey(nil, k.GetVolumeName(), k.GetBucketName(), k.GetKeyName()), k)
}

func (w *world) file(volumeID, bucketID, parentID int64, k *ozonepb.KeyInfo) {
	k.ParentID = proto.Uint64(uint64(parentID))
	w.rows.putMessage(w.t, omdb.FileTable, omdb.AppendFileKey(nil, volumeID, bucketID, parentID, k.GetKeyName()), k)
}

func (w *world) directory(volumeID, bucketID, parentID, id int64, name string) {
	at := w.next()
	w.rows.putMessage(w.t, omdb.DirectoryTable, omdb.AppendFileKey(nil, volumeID, bucketID, parentID, name), &ozonepb.DirectoryInfo{
		Name: &name, CreationTime: &at, ModificationTime: &at,
		ObjectID: proto.Uint64(uint64(id)), ParentID: proto.Uint64(uint64(parentID)),
	})
}

func ec(k *ozonepb.KeyInfo, data, parity, chunk int32) *ozonepb.KeyInfo {
	k.Type, k.Factor = ozonepb.ReplicationType_EC.Enum(), nil
	k.EcReplicationConfig = &ozonepb.ECReplicationConfig{
		Data: &data, Parity: &parity, Codec: proto.String("rs"), EcChunkSize: &chunk,
	}
	return k
}

// Ids of the small world. Negative ids, as the OM's are, sort by their text.
const (
	volumeID   = -9000
	fsoID      = -8000
	fsoTwoID   = -8001
	obsID      = -7000
	legacyID   = -6000
	emptyID    = -5000
	dirA       = -100
	dirB       = -20
	dirGone    = -30
	dirInGone  = -31
	dirNothing = -40
)

// smallWorld has all layouts, an empty bucket, an empty volume, a bucket whose
// name begins like another's, erasure coding, several versions, and files
// below a deleted directory.
func smallWorld(t *testing.T, fileSystemPaths bool) *fixture {
	f := newFixture()
	f.options.FileSystemPaths = fileSystemPaths
	w := &world{t: t, rows: f.rows, millis: worldStart}
	w.volume("v", volumeID)
	w.volume("void", -9001)
	w.bucket("v", "fso", fsoID, ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)
	w.bucket("v", "fso2", fsoTwoID, ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)
	w.bucket("v", "obs", obsID, ozonepb.BucketLayoutProto_OBJECT_STORE)
	w.bucket("v", "old", legacyID, ozonepb.BucketLayoutProto_LEGACY)
	w.bucket("v", "zero", emptyID, ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)

	w.directory(volumeID, fsoID, fsoID, dirA, "a")
	w.directory(volumeID, fsoID, dirA, dirB, "b&c")
	w.directory(volumeID, fsoID, fsoID, dirNothing, "nothing")
	w.file(volumeID, fsoID, fsoID, w.key("v", "fso", "top", 5_000_000_000, 1, 2))
	w.file(volumeID, fsoID, dirA, w.key("v", "fso", "one", 1024, 1))
	w.file(volumeID, fsoID, dirB, ec(w.key("v", "fso", "deep", 3_000_000, 2), 3, 2, 1<<20))
	// Below a deleted directory: rows until the purge, in no total.
	w.directory(volumeID, fsoID, dirGone, dirInGone, "inner")
	w.file(volumeID, fsoID, dirInGone, w.key("v", "fso", "lost", 77, 1))
	w.file(volumeID, fsoTwoID, fsoTwoID, w.key("v", "fso2", "other", 10, 3))

	versions := w.key("v", "obs", "a/b", 2048, 1)
	versions.KeyLocationList = append(versions.KeyLocationList, w.version(1, 1, 1, 9))
	w.object(versions)
	w.object(w.key("v", "obs", "a//b/", 0))
	w.object(w.key("v", "obs", "a_b", 1<<51, 1))
	w.object(w.key("v", "old", "dir/", 0))
	w.object(w.key("v", "old", "dir/sub/", 0))
	w.object(w.key("v", "old", "dir/sub/x", 300, 3))
	w.object(w.key("v", "old", "dir/y", 20))
	w.object(w.key("v", "old", "dir2", 1))
	f.rows.derive(t, fileSystemPaths)
	return f
}
