package tasks

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// world is an OM and its derived rows in one store. Changes of the OM collect
// as the events of one fetch until deliver.
type world struct {
	t        failer
	store    *memoryStore
	paths    bool
	events   []omdb.Event
	sequence uint64
}

// failer is what *testing.T and *rapid.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func newWorld(t failer) *world { return &world{t: t, store: newMemoryStore()} }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%v", err)
	}
}

// put writes an OM row.
func (w *world) put(t omdb.Table, key []byte, message proto.Message) {
	w.t.Helper()
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	w.must(err)
	w.putBytes(t, key, value)
}

func (w *world) putBytes(t omdb.Table, key, value []byte) {
	w.t.Helper()
	old, found, err := w.store.Get(t, key)
	w.must(err)
	event := omdb.Event{Action: omdb.ActionPut, Table: t, Key: key, Value: value}
	if found {
		event.Action, event.Old = omdb.ActionUpdate, old
	}
	w.events = append(w.events, event)
	w.must(w.store.Put(t, key, value))
}

// del deletes an OM row that is there.
func (w *world) del(t omdb.Table, key []byte) {
	w.t.Helper()
	old, found, err := w.store.Get(t, key)
	w.must(err)
	if !found {
		w.t.Fatalf("no row %q in %s", key, t)
	}
	w.events = append(w.events, omdb.Event{Action: omdb.ActionDelete, Table: t, Key: key, Value: old})
	w.must(w.store.Delete(t, key))
}

// deliver processes the events as one fetch.
func (w *world) deliver() {
	w.t.Helper()
	w.sequence++
	w.must(Process(context.Background(), env.NewOS(nil), All(), NewDelta(w.sequence, w.events, w.paths), w.store))
	w.events = nil
}

// rebuild derives everything anew; what was not delivered is forgotten.
func (w *world) rebuild() {
	w.t.Helper()
	w.store = w.rebuilt(1)
	w.events = nil
}

func (w *world) rebuilt(workers int) *memoryStore {
	w.t.Helper()
	om := newMemoryStore()
	om.parts = w.store.parts
	for _, table := range omdb.Tables() {
		w.must(w.store.Scan(table, nil, nil, func(key, value []byte) (bool, error) { return true, om.Put(table, key, value) }))
	}
	var sinks memorySinks
	w.must(Run(context.Background(), env.NewOS(nil), RunOptions{
		Tasks: All(), Source: om, NewSink: sinks.newSink, Workers: workers, FileSystemPaths: w.paths,
		// So few places fit into memory that subtrees take many rounds.
		MemoryBytes: 2 * workers * treeNodeBytes,
	}))
	w.must(sinks.mergeInto(om))
	return om
}

// sameAsRebuild proves that the deltas left what a rebuild makes.
func (w *world) sameAsRebuild(what string) {
	w.t.Helper()
	all := func(s *memoryStore) derivedRows {
		rows := derivedRows{}
		for _, table := range derived.Tables() {
			w.must(s.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
				rows[[2]string{derived.TableName(table), string(key)}] = string(value)
				return true, nil
			}))
		}
		return rows
	}
	if err := diffRows(all(w.store), all(w.rebuilt(1))); err != nil {
		w.t.Fatalf("%s: deltas and a rebuild differ: %v", what, err)
	}
}

// summary describes a summary's row as "files, size, replicated, {bins}, {children}, parent".
func (w *world) summary(id int64) string {
	w.t.Helper()
	value, found, err := w.store.Get(derived.NamespaceSummary, derived.AppendLong(nil, id))
	w.must(err)
	if !found {
		return "no row"
	}
	var s derived.NSSummary
	w.must(derived.DecodeNSSummary(value, &s))
	var bins, children []string
	for bin, n := range s.FileSizeBucket {
		if n != 0 {
			bins = append(bins, fmt.Sprintf("%d:%d", bin, n))
		}
	}
	for _, id := range s.ChildDirs {
		children = append(children, fmt.Sprint(id))
	}
	return fmt.Sprintf("%d, %d, %d, {%s}, {%s}, %d", s.NumOfFiles, s.SizeOfFiles, s.ReplicatedSizeOfFiles,
		strings.Join(bins, " "), strings.Join(children, " "), s.ParentID)
}

func (w *world) expectSummary(step string, id int64, want string) {
	w.t.Helper()
	if got := w.summary(id); got != want {
		w.t.Errorf("%s: row %d is (%s), want (%s)", step, id, got, want)
	}
}

func (w *world) stat(name string) int64 {
	w.t.Helper()
	value, found, err := w.store.Get(derived.GlobalStats, []byte(name))
	w.must(err)
	if !found {
		w.t.Fatalf("no row %s", name)
	}
	n, err := derived.ParseStatsValue(value)
	w.must(err)
	return n
}

// count reads an int64 row, 0 if there is none.
func (w *world) count(t omdb.Table, key []byte) int64 {
	w.t.Helper()
	value, found, err := w.store.Get(t, key)
	w.must(err)
	if !found {
		return 0
	}
	n, ok := derived.ParseLong(value)
	if !ok || n == 0 {
		w.t.Fatalf("%s %x holds %x", derived.TableName(t), key, value)
	}
	return n
}

// Rows. A key's replication is RATIS/3 and its blocks lie in the given
// containers, one version each list.

func keyRow(volume, bucket, name string, id, parent, size int64, versions ...[]int64) *ozonepb.KeyInfo {
	k := &ozonepb.KeyInfo{
		VolumeName: &volume, BucketName: &bucket, KeyName: &name, DataSize: proto.Uint64(uint64(size)),
		Type: ozonepb.ReplicationType_RATIS.Enum(), Factor: ozonepb.ReplicationFactor_THREE.Enum(),
		CreationTime: proto.Uint64(1), ModificationTime: proto.Uint64(1),
		ObjectID: proto.Uint64(uint64(id)), ParentID: proto.Uint64(uint64(parent)),
	}
	for version, containers := range versions {
		list := &ozonepb.KeyLocationList{Version: proto.Uint64(uint64(version))}
		for i, id := range containers {
			list.KeyLocations = append(list.KeyLocations, &ozonepb.KeyLocation{
				BlockID: &ozonepb.BlockID{ContainerBlockID: &ozonepb.ContainerBlockID{ContainerID: &id, LocalID: proto.Int64(int64(i))}},
				Offset:  proto.Uint64(0), Length: proto.Uint64(1),
			})
		}
		k.KeyLocationList = append(k.KeyLocationList, list)
	}
	return k
}

func directoryRow(id, parent int64, name string) *ozonepb.DirectoryInfo {
	return &ozonepb.DirectoryInfo{
		Name: &name, CreationTime: proto.Uint64(1), ModificationTime: proto.Uint64(1),
		ObjectID: proto.Uint64(uint64(id)), ParentID: proto.Uint64(uint64(parent)),
	}
}

func bucketRow(volume, bucket string, id int64, layout ozonepb.BucketLayoutProto) *ozonepb.BucketInfo {
	return &ozonepb.BucketInfo{
		VolumeName: &volume, BucketName: &bucket, IsVersionEnabled: proto.Bool(false), StorageType: proto.Int32(1),
		ObjectID: proto.Uint64(uint64(id)), BucketLayout: layout.Enum(),
	}
}

// The volume and the buckets of the tests have fixed names and ids.
const (
	volumeID     = 1000
	fsoBucket    = 1
	obsBucket    = 20
	legacyBucket = 30
)

func (w *world) buckets() {
	w.put(omdb.BucketTable, []byte("/v/fso"), bucketRow("v", "fso", fsoBucket, ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED))
	w.put(omdb.BucketTable, []byte("/v/obs"), bucketRow("v", "obs", obsBucket, ozonepb.BucketLayoutProto_OBJECT_STORE))
	w.put(omdb.BucketTable, []byte("/v/leg"), bucketRow("v", "leg", legacyBucket, ozonepb.BucketLayoutProto_LEGACY))
}

func (w *world) file(parent int64, name string, size int64, containers ...int64) {
	w.put(omdb.FileTable, fileKey(parent, name), keyRow("v", "fso", name, 0, parent, size, containers))
}

func (w *world) directory(id, parent int64, name string) {
	w.put(omdb.DirectoryTable, fileKey(parent, name), directoryRow(id, parent, name))
}

func (w *world) key(bucket, name string, id, size int64, containers ...int64) {
	w.put(omdb.KeyTable, omdb.AppendKey(nil, "v", bucket, name), keyRow("v", bucket, name, id, 0, size, containers))
}

func (w *world) delKey(bucket, name string) {
	w.del(omdb.KeyTable, omdb.AppendKey(nil, "v", bucket, name))
}

func fileKey(parent int64, name string) []byte {
	return omdb.AppendFileKey(nil, volumeID, fsoBucket, parent, name)
}

var _ failer = (*testing.T)(nil)
