package tinyom

import (
	"archive/tar"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// The one volume and its buckets.
const (
	Volume   = "v"
	OBS      = "obs"
	FSO      = "fso"
	VolumeID = 1000
	OBSID    = 20
	FSOID    = 1
)

// OM is one Ozone Manager's database. It is not safe for concurrent use.
type OM struct {
	// ID is its node id.
	ID string
	// Seq is the last sequence used; Applied the last term#index.
	Seq     uint64
	Applied omdb.TransactionInfo
	// Log holds the batches by sequence, oldest first.
	Log []LogEntry

	rows    map[omdb.Table]map[string][]byte
	pending []change
	nextID  uint64
}

// LogEntry is one batch of the log and the sequence it starts at.
type LogEntry struct {
	First uint64
	Batch rocksdb.Batch
}

type change struct {
	table      omdb.Table
	key, value []byte
	deleted    bool
}

// New makes an OM with the volume and both buckets in its first batch.
func New(id string) *OM {
	o := &OM{ID: id, Applied: omdb.TransactionInfo{Term: 1}, rows: map[omdb.Table]map[string][]byte{}, nextID: 5000}
	o.put(omdb.VolumeTable, omdb.AppendVolumeKey(nil, Volume), &ozonepb.VolumeInfo{AdminName: proto.String("a"), OwnerName: proto.String("a"),
		Volume: proto.String(Volume), ObjectID: proto.Uint64(VolumeID)})
	o.bucket(OBS, OBSID, ozonepb.BucketLayoutProto_OBJECT_STORE)
	o.bucket(FSO, FSOID, ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)
	o.Commit()
	return o
}

func (o *OM) bucket(name string, id uint64, layout ozonepb.BucketLayoutProto) {
	o.put(omdb.BucketTable, omdb.AppendBucketKey(nil, Volume, name), &ozonepb.BucketInfo{VolumeName: proto.String(Volume),
		BucketName: &name, IsVersionEnabled: proto.Bool(false), StorageType: proto.Int32(1), ObjectID: &id, BucketLayout: layout.Enum()})
}

// PutKey writes a key of the OBS bucket with a block in each container.
func (o *OM) PutKey(name string, sizeBytes int64, containers ...int64) {
	o.PutKeyIn(OBS, name, sizeBytes, containers...)
}

// PutKeyIn is PutKey for a key whose row names another bucket, which need not
// be a name that Ozone allows.
func (o *OM) PutKeyIn(bucket, name string, sizeBytes int64, containers ...int64) {
	o.nextID++
	o.put(omdb.KeyTable, omdb.AppendKey(nil, Volume, bucket, name), keyInfo(bucket, name, o.nextID, 0, sizeBytes, containers))
}

// PutFile writes a file at the root of the FSO bucket.
func (o *OM) PutFile(name string, sizeBytes int64, containers ...int64) {
	o.nextID++
	o.put(omdb.FileTable, omdb.AppendFileKey(nil, VolumeID, FSOID, FSOID, name), keyInfo(FSO, name, o.nextID, FSOID, sizeBytes, containers))
}

// DeleteKey deletes a key of the OBS bucket.
func (o *OM) DeleteKey(name string) { o.Delete(omdb.KeyTable, omdb.AppendKey(nil, Volume, OBS, name)) }

func keyInfo(bucket, name string, id, parent uint64, size int64, containers []int64) *ozonepb.KeyInfo {
	k := &ozonepb.KeyInfo{VolumeName: proto.String(Volume), BucketName: &bucket, KeyName: &name, DataSize: proto.Uint64(uint64(size)),
		Type: ozonepb.ReplicationType_RATIS.Enum(), Factor: ozonepb.ReplicationFactor_THREE.Enum(),
		CreationTime: proto.Uint64(1), ModificationTime: proto.Uint64(1), ObjectID: &id, ParentID: &parent}
	list := &ozonepb.KeyLocationList{Version: proto.Uint64(0)}
	for i, container := range containers {
		list.KeyLocations = append(list.KeyLocations, &ozonepb.KeyLocation{Offset: proto.Uint64(0), Length: proto.Uint64(1),
			BlockID: &ozonepb.BlockID{ContainerBlockID: &ozonepb.ContainerBlockID{ContainerID: &container, LocalID: proto.Int64(int64(i))}}})
	}
	k.KeyLocationList = []*ozonepb.KeyLocationList{list}
	return k
}

func (o *OM) put(t omdb.Table, key []byte, message proto.Message) {
	// proto2 strings may hold any bytes here, as an OM's may.
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		panic(fmt.Sprintf("tinyom: %v", err))
	}
	o.Put(t, key, value)
}

// Put writes a row in the batch that Commit makes.
func (o *OM) Put(t omdb.Table, key, value []byte) {
	o.pending = append(o.pending, change{table: t, key: key, value: value})
}

// Delete deletes a row in the batch that Commit makes.
func (o *OM) Delete(t omdb.Table, key []byte) {
	o.pending = append(o.pending, change{table: t, key: key, deleted: true})
}

// FamilyID is the column family id of a table in this OM.
func FamilyID(t omdb.Table) uint32 { return uint32(t) }

// Families maps this OM's column family ids to names.
func Families() map[uint32]string {
	families := map[uint32]string{0: rocksdb.DefaultFamily}
	for _, t := range omdb.Tables() {
		families[FamilyID(t)] = t.String()
	}
	return families
}

// Commit makes a batch of the pending changes as the next transaction.
func (o *OM) Commit() rocksdb.Batch {
	o.Applied.Index++
	o.Put(omdb.TransactionInfoTable, []byte(omdb.TransactionInfoKey), o.Applied.Append(nil))
	return o.CommitRaw()
}

// CommitRaw is Commit without a #TRANSACTIONINFO row of its own.
func (o *OM) CommitRaw() rocksdb.Batch {
	var b rocksdb.BatchBuilder
	b.Reset(o.Seq + 1)
	for _, c := range o.pending {
		if o.rows[c.table] == nil {
			o.rows[c.table] = map[string][]byte{}
		}
		if c.deleted {
			b.Delete(FamilyID(c.table), c.key)
			delete(o.rows[c.table], string(c.key))
		} else {
			b.Put(FamilyID(c.table), c.key, c.value)
			o.rows[c.table][string(c.key)] = c.value
		}
	}
	batch := rocksdb.Batch(bytes.Clone(b.Bytes()))
	o.Log = append(o.Log, LogEntry{First: o.Seq + 1, Batch: batch})
	o.Seq += uint64(len(o.pending))
	o.pending = nil
	return batch
}

// Rows counts the rows of a table.
func (o *OM) Rows(t omdb.Table) int { return len(o.rows[t]) }

// Row returns a row's value.
func (o *OM) Row(t omdb.Table, key []byte) ([]byte, bool) {
	value, ok := o.rows[t][string(key)]
	return value, ok
}

// Checkpoint writes the OM's database into a folder, one table a family.
func (o *OM) Checkpoint(fs vfs.FS, dir string) error {
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	v := &rocksdb.Version{LastSequence: o.Seq, Families: []rocksdb.Family{{ID: 0, Name: rocksdb.DefaultFamily}}}
	for i, t := range omdb.Tables() {
		family := rocksdb.Family{ID: FamilyID(t), Name: t.String()}
		if len(o.rows[t]) > 0 {
			file, err := o.writeTable(fs, fs.PathJoin(dir, fmt.Sprintf("%06d.sst", i+10)), t)
			if err != nil {
				return err
			}
			family.Files = []rocksdb.File{file}
		}
		v.Families = append(v.Families, family)
	}
	slices.SortFunc(v.Families, func(a, b rocksdb.Family) int { return cmp.Compare(a.ID, b.ID) })
	return rocksdb.WriteCheckpoint(fs, dir, v)
}

func (o *OM) writeTable(fs vfs.FS, path string, t omdb.Table) (rocksdb.File, error) {
	w, err := rocksdb.NewTableWriter(fs, path, rocksdb.TableOptions{})
	if err != nil {
		return rocksdb.File{}, err
	}
	keys := make([]string, 0, len(o.rows[t]))
	for key := range o.rows[t] {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := w.Add([]byte(key), o.rows[t][key]); err != nil {
			return rocksdb.File{}, errors.Join(err, w.Abort())
		}
	}
	return w.Close()
}

// Tar writes the OM's checkpoint as an archive, entries in the order of names.
func (o *OM) Tar(w io.Writer) error {
	fs, dir := vfs.NewMem(), "checkpoint"
	if err := o.Checkpoint(fs, dir); err != nil {
		return err
	}
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	slices.Sort(names)
	out := tar.NewWriter(w)
	for _, name := range names {
		f, err := fs.Open(fs.PathJoin(dir, name))
		if err != nil {
			return err
		}
		content, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		err = out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = out.Write(content)
		}
		if err != nil {
			return err
		}
	}
	return out.Close()
}
