package tasks

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// namespaceModel is what a random OM knows of its namespace, enough to choose
// operations that an OM could do.
type namespaceModel struct {
	*rapid.T
	world  *world
	nextID int64
	// dirs holds the FSO directories that exist or wait to be purged.
	dirs  []*modelDir
	files []*modelFile
	// keys and buckets hold bucket and key names of keyTable.
	keys    []string
	layouts map[string]ozonepb.BucketLayoutProto
	batch   []batchOp
}

type modelDir struct {
	id, parent int64
	name       string
	deleted    bool
}

type modelFile struct {
	parent int64
	name   string
}

// batchOp is one operation of a batch; value nil deletes.
type batchOp struct {
	table omdb.Table
	key   []byte
	value proto.Message
}

func (m *namespaceModel) id() int64 { m.nextID++; return -m.nextID << 8 }

func (m *namespaceModel) put(t omdb.Table, key []byte, value proto.Message) {
	m.batch = append(m.batch, batchOp{t, key, value})
}

func (m *namespaceModel) del(t omdb.Table, key []byte) {
	m.batch = append(m.batch, batchOp{t, key, nil})
}

// endBatch writes the batch as an OM does: the last operation on a key wins,
// and the rows come in any order.
func (m *namespaceModel) endBatch() {
	last := map[string]int{}
	for i, op := range m.batch {
		last[rowKey(op.table, op.key)] = i
	}
	var ops []batchOp
	for i, op := range m.batch {
		if last[rowKey(op.table, op.key)] == i {
			ops = append(ops, op)
		}
	}
	for _, op := range rapid.Permutation(ops).Draw(m.T, "order") {
		_, found, _ := m.world.store.Get(op.table, op.key)
		switch {
		case op.value != nil:
			m.world.put(op.table, op.key, op.value)
		case found:
			m.world.del(op.table, op.key)
		}
	}
	m.batch = nil
}

func (m *namespaceModel) pick(n int, label string) int {
	return rapid.IntRange(0, n-1).Draw(m.T, label)
}

func (m *namespaceModel) sizes() int64 {
	return rapid.SampledFrom([]int64{0, 1, 1024, 1025, 5000, 1 << 20, 1<<50 + 1}).Draw(m.T, "size")
}

func (m *namespaceModel) placements() [][]int64 {
	return rapid.SliceOfN(rapid.SliceOfN(rapid.Int64Range(1, 6), 0, 3), 0, 2).Draw(m.T, "containers")
}

// parent picks a directory that is not deleted and not in the subtree of avoid.
func (m *namespaceModel) parent(avoid *modelDir) int64 {
	choices := []int64{fsoBucket}
	for _, d := range m.dirs {
		if !d.deleted && (avoid == nil || !m.inside(d, avoid)) {
			choices = append(choices, d.id)
		}
	}
	return choices[m.pick(len(choices), "parent")]
}

func (m *namespaceModel) inside(d, top *modelDir) bool {
	for d != nil {
		if d == top {
			return true
		}
		d = m.dir(d.parent)
	}
	return false
}

func (m *namespaceModel) dir(id int64) *modelDir {
	for _, d := range m.dirs {
		if d.id == id {
			return d
		}
	}
	return nil
}

func (m *namespaceModel) createDirectory() {
	d := &modelDir{id: m.id(), parent: m.parent(nil)}
	d.name = fmt.Sprintf("d%d", m.nextID)
	m.dirs = append(m.dirs, d)
	m.put(omdb.DirectoryTable, fileKey(d.parent, d.name), directoryRow(d.id, d.parent, d.name))
}

func (m *namespaceModel) writeFile() {
	f := &modelFile{parent: m.parent(nil), name: fmt.Sprintf("f%d", m.id())}
	if len(m.files) > 0 && rapid.Bool().Draw(m.T, "overwrite") {
		f = m.files[m.pick(len(m.files), "file")]
	} else {
		m.files = append(m.files, f)
	}
	m.put(omdb.FileTable, fileKey(f.parent, f.name), keyRow("v", "fso", f.name, 0, f.parent, m.sizes(), m.placements()...))
}

func (m *namespaceModel) deleteFile() {
	if len(m.files) == 0 {
		return
	}
	i := m.pick(len(m.files), "file")
	m.del(omdb.FileTable, fileKey(m.files[i].parent, m.files[i].name))
	m.files = append(m.files[:i], m.files[i+1:]...)
}

// live picks a directory that is linked, or nil.
func (m *namespaceModel) live() *modelDir {
	var choices []*modelDir
	for _, d := range m.dirs {
		if !d.deleted {
			choices = append(choices, d)
		}
	}
	if len(choices) == 0 {
		return nil
	}
	return choices[m.pick(len(choices), "directory")]
}

func (m *namespaceModel) renameDirectory() {
	d := m.live()
	if d == nil {
		return
	}
	m.del(omdb.DirectoryTable, fileKey(d.parent, d.name))
	d.parent, d.name = m.parent(d), fmt.Sprintf("m%d", m.id())
	m.put(omdb.DirectoryTable, fileKey(d.parent, d.name), directoryRow(d.id, d.parent, d.name))
}

func (m *namespaceModel) deleteDirectory() {
	if d := m.live(); d != nil {
		m.unlink(d)
	}
}

func (m *namespaceModel) unlink(d *modelDir) {
	d.deleted = true
	m.del(omdb.DirectoryTable, fileKey(d.parent, d.name))
	m.put(omdb.DeletedDirectoryTable, m.purgeKey(d), keyRow("v", "fso", d.name, d.id, d.parent, 0))
}

func (m *namespaceModel) purgeKey(d *modelDir) []byte {
	return omdb.AppendDeletedDirectoryKey(nil, volumeID, fsoBucket, d.parent, d.name, d.id)
}

// purge drops a deleted directory: its directories become deleted ones, its
// files go.
func (m *namespaceModel) purge() {
	for i, d := range m.dirs {
		if !d.deleted {
			continue
		}
		for _, child := range m.dirs {
			if child.parent == d.id && !child.deleted {
				m.unlink(child)
			}
		}
		var kept []*modelFile
		for _, f := range m.files {
			if f.parent == d.id {
				m.del(omdb.FileTable, fileKey(f.parent, f.name))
			} else {
				kept = append(kept, f)
			}
		}
		m.files = kept
		m.del(omdb.DeletedDirectoryTable, m.purgeKey(d))
		m.dirs = append(m.dirs[:i], m.dirs[i+1:]...)
		return
	}
}

// key names are few and nested, so that markers, prefixes and overwrites meet.
var keyNames = []string{"a", "a/", "a/b", "a/b/", "a/b/c", "a/b/c/", "a0", "a/b0", "a//", "a//x", "/", "b/", "b/x", "_"}

func (m *namespaceModel) writeKey() {
	bucket := rapid.SampledFrom([]string{"obs", "leg"}).Draw(m.T, "bucket")
	if m.layouts[bucket] == 0 {
		return
	}
	name := rapid.SampledFrom(keyNames).Draw(m.T, "key")
	key := omdb.AppendKey(nil, "v", bucket, name)
	id := m.id()
	if rapid.Bool().Draw(m.T, "keeps its id") {
		id = int64(len(name)) + 7000 + 100*int64(bucket[0]) // an overwrite keeps the object id
	}
	m.put(omdb.KeyTable, key, keyRow("v", bucket, name, id<<8|int64(name[0]), 0, m.sizes(), m.placements()...))
	m.keys = append(m.keys, string(key))
}

func (m *namespaceModel) deleteKey() {
	if len(m.keys) == 0 {
		return
	}
	i := m.pick(len(m.keys), "key")
	m.del(omdb.KeyTable, []byte(m.keys[i]))
	m.keys = append(m.keys[:i], m.keys[i+1:]...)
}

// replaceBucket deletes a bucket with its keys, or makes it again.
func (m *namespaceModel) replaceBucket() {
	const bucket = "obs"
	key := omdb.AppendBucketKey(nil, "v", bucket)
	if m.layouts[bucket] == 0 {
		m.layouts[bucket] = rapid.SampledFrom([]ozonepb.BucketLayoutProto{
			ozonepb.BucketLayoutProto_OBJECT_STORE, ozonepb.BucketLayoutProto_LEGACY,
		}).Draw(m.T, "layout")
		m.put(omdb.BucketTable, key, bucketRow("v", bucket, m.id(), m.layouts[bucket]))
		return
	}
	for _, name := range keyNames {
		m.del(omdb.KeyTable, omdb.AppendKey(nil, "v", bucket, name))
	}
	m.del(omdb.BucketTable, key)
	m.layouts[bucket] = 0
}

// writeExtra changes a row of the tables that are only summed.
func (m *namespaceModel) writeExtra() {
	n := rapid.Int64Range(1, 3).Draw(m.T, "row")
	k := func() *ozonepb.KeyInfo { return keyRow("v", "b", "k", n, 0, m.sizes()) }
	remove := rapid.Bool().Draw(m.T, "remove")
	set := func(t omdb.Table, key []byte, value proto.Message) {
		if remove {
			m.del(t, key)
		} else {
			m.put(t, key, value)
		}
	}
	switch m.pick(4, "table") {
	case 0:
		set(omdb.OpenKeyTable, omdb.AppendOpenKey(nil, "v", "b", "k", n), k())
	case 1:
		set(omdb.OpenFileTable, omdb.AppendOpenFileKey(nil, 1, 2, 3, "f", n), k())
	case 2:
		record := &ozonepb.RepeatedKeyInfo{}
		for range rapid.IntRange(0, 3).Draw(m.T, "keys") {
			record.KeyInfo = append(record.KeyInfo, k())
		}
		set(omdb.DeletedTable, omdb.AppendDeletedKey(nil, "v", "b", "k", n), record)
	case 3:
		upload := &ozonepb.MultipartKeyInfo{
			UploadID: proto.String("u"), CreationTime: proto.Uint64(1), Type: ozonepb.ReplicationType_RATIS.Enum(),
		}
		for i := range rapid.Uint32Range(0, 2).Draw(m.T, "parts") {
			upload.PartKeyInfoList = append(upload.PartKeyInfoList, &ozonepb.PartKeyInfo{
				PartName: proto.String("p"), PartNumber: &i, PartKeyInfo: k(),
			})
		}
		set(omdb.MultipartInfoTable, omdb.AppendMultipartKey(nil, "v", "b", "k", fmt.Sprint("u", n)), upload)
	}
}

// TestDeltasEqualRebuild is the oracle rule of spec/recon.md 1.8: whatever an
// OM does, in whatever order its rows come (OM-H20), and wherever a rebuild
// cuts in, deltas leave the bytes that a rebuild makes; and the number of
// ranges and workers of a rebuild does not matter.
func TestDeltasEqualRebuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.paths = rapid.Bool().Draw(t, "file-system paths")
		w.buckets()
		w.rebuild()
		m := &namespaceModel{T: t, world: w, nextID: 1, layouts: map[string]ozonepb.BucketLayoutProto{
			"obs": ozonepb.BucketLayoutProto_OBJECT_STORE, "leg": ozonepb.BucketLayoutProto_LEGACY,
		}}
		ops := []func(){
			m.createDirectory, m.createDirectory, m.writeFile, m.writeFile, m.writeFile, m.deleteFile, m.renameDirectory,
			m.renameDirectory, m.deleteDirectory, m.purge, m.writeKey, m.writeKey, m.writeKey, m.deleteKey,
			m.replaceBucket, m.writeExtra,
		}
		for range rapid.IntRange(1, 6).Draw(t, "fetches") {
			for range rapid.IntRange(1, 4).Draw(t, "batches") {
				for range rapid.IntRange(1, 6).Draw(t, "operations") {
					ops[m.pick(len(ops), "operation")]()
				}
				m.endBatch()
			}
			w.deliver()
			w.sameAsRebuild("after a fetch")
		}
		w.store.parts = rapid.IntRange(1, 9).Draw(t, "ranges")
		whole := w.store.parts
		w.sameAsRebuild(fmt.Sprint("in ranges: ", whole))
	})
}
