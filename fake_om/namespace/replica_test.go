package namespace

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// replica holds the rows by ID and refuses changes that no OM would make.
type replica struct {
	t       tester
	config  Config
	rows    map[string]Row
	objects map[int64]string
	// parents are the directories by object id, waiting ones included.
	parents map[int64]Row
	buckets map[string]*Bucket
}

func newReplica(t tester, b *Base) *replica {
	r := &replica{
		t: t, config: b.Config(), rows: map[string]Row{}, objects: map[int64]string{},
		parents: map[int64]Row{}, buckets: map[string]*Bucket{},
	}
	eachRow(b, func(row Row) { r.set(Clone(row)) })
	return r
}

func (r *replica) set(row Row) {
	r.rows[ID(row)] = row
	if object, own := objectID(row); own {
		r.objects[object] = ID(row)
	}
	switch f := row.(type) {
	case *Directory:
		r.parents[f.ObjectID] = f
	case *DeletedDirectory:
		r.parents[f.ObjectID] = f
	case *Bucket:
		r.buckets[f.Volume+"/"+f.Name] = f
	}
}

func (r *replica) unset(row Row) {
	delete(r.rows, ID(row))
	if object, own := objectID(row); own && r.objects[object] == ID(row) {
		delete(r.objects, object)
	}
	switch f := row.(type) {
	case *Directory:
		delete(r.parents, f.ObjectID)
	case *DeletedDirectory:
		delete(r.parents, f.ObjectID)
	case *Bucket:
		delete(r.buckets, f.Volume+"/"+f.Name)
	}
}

// withoutPath is a copy without the path, which is that of the time of writing.
func withoutPath(row Row) Row {
	row = Clone(row)
	switch f := row.(type) {
	case *Directory:
		f.Path = ""
	case *DeletedDirectory:
		f.Path = ""
	case *Key:
		f.Path = ""
	case *OpenKey:
		f.Path = ""
	}
	return row
}

// apply replays a transaction and checks it.
func (r *replica) apply(tx *Transaction) {
	t := r.t
	t.Helper()
	check(t, len(tx.Changes) > 0, "%s at %d changes nothing", tx.Kind, tx.Index)
	// Object ids may move from a deleted row to another.
	seen := map[string]bool{}
	for _, c := range tx.Changes {
		id := ID(c.Row)
		check(t, !seen[id], "%s at %d changes %q twice", tx.Kind, tx.Index, id)
		seen[id] = true
		if c.Delete {
			old := r.rows[id]
			check(t, old != nil, "%s at %d deletes %q, which is missing", tx.Kind, tx.Index, id)
			if !reflect.DeepEqual(withoutPath(old), withoutPath(c.Row)) {
				t.Fatalf("%s at %d deletes\n%+v, but the row was\n%+v", tx.Kind, tx.Index, c.Row, old)
			}
			r.unset(old)
		}
	}
	for _, c := range tx.Changes {
		if !c.Delete {
			if object, own := objectID(c.Row); own {
				other := r.objects[object]
				_, open := r.rows[other].(*OpenKey)
				check(t, other == "" || other == ID(c.Row) || open || isOpen(c.Row),
					"%s at %d: object id of %q is that of %q", tx.Kind, tx.Index, ID(c.Row), other)
				index := int64(uint64(object) << 2 >> 10)
				check(t, index >= 1 && index <= tx.Index, "%s at %d: id of index %d", tx.Kind, tx.Index, index)
			}
			r.set(Clone(c.Row))
		}
	}
	for _, c := range tx.Changes {
		if !c.Delete {
			r.checkPut(tx, c.Row)
		}
	}
}

func isOpen(row Row) bool {
	_, ok := row.(*OpenKey)
	return ok
}

// checkPut checks that the row hangs in the namespace.
func (r *replica) checkPut(tx *Transaction, row Row) {
	where := fmt.Sprintf("%s at %d, row %q", tx.Kind, tx.Index, ID(row))
	switch f := row.(type) {
	case *Bucket:
		v, _ := r.rows["volume/"+f.Volume].(*Volume)
		check(r.t, v != nil && v.ObjectID == f.VolumeID, "%s: no volume", where)
	case *Directory:
		r.checkName(where, f.Name, true)
		r.checkParent(where, f.Volume, f.Bucket, f.BucketID, f.ParentID, false)
		r.checkOther(where, &Key{
			VolumeID: f.VolumeID, BucketID: f.BucketID, ParentID: f.ParentID, Name: f.Name, Layout: FileSystemOptimized,
		})
	case *DeletedDirectory:
		r.checkParent(where, f.Volume, f.Bucket, f.BucketID, f.ParentID, true)
	case *Key:
		r.checkKey(where, f)
		if f.Layout == FileSystemOptimized {
			r.checkOther(where, &Directory{VolumeID: f.VolumeID, BucketID: f.BucketID, ParentID: f.ParentID, Name: f.Name})
		}
	case *OpenKey:
		r.checkKey(where, &f.Key)
	case *DeletedKeys:
		for n := range f.Keys {
			blocks := 0
			for _, v := range f.Keys[n].Versions {
				blocks += len(v.Blocks)
			}
			check(r.t, blocks > 0, "%s: key without blocks", where)
		}
	}
}

func (r *replica) checkName(where, name string, component bool) {
	check(r.t, name != "" && utf8.ValidString(name), "%s: bad name", where)
	check(r.t, !component || !strings.Contains(name, "/"), "%s: slash in name", where)
}

func (r *replica) checkOther(where string, other Row) {
	check(r.t, r.rows[ID(other)] == nil, "%s: name is taken by %q", where, ID(other))
}

func (r *replica) checkKey(where string, k *Key) {
	fso := k.Layout == FileSystemOptimized
	r.checkName(where, k.Name, fso)
	if fso {
		r.checkParent(where, k.Volume, k.Bucket, k.BucketID, k.ParentID, false)
		return
	}
	check(r.t, k.Path == k.Name && k.ParentID == 0, "%s: path %q", where, k.Path)
	r.checkParent(where, k.Volume, k.Bucket, k.BucketID, k.BucketID, false)
	if k.Layout == Legacy && !r.config.NoFilesystemPaths {
		name := strings.TrimSuffix(k.Name, "/")
		if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
			marker := "key/" + k.Volume + "/" + k.Bucket + "/" + name[:slash+1]
			check(r.t, r.rows[marker] != nil, "%s: no marker above", where)
		}
	}
}

// checkParent: the bucket is there with the same id and all directories on the
// way are, none deleted unless waiting ones are allowed.
func (r *replica) checkParent(where, volume, name string, bucketID, parent int64, waiting bool) {
	u := r.buckets[volume+"/"+name]
	check(r.t, u != nil && u.ObjectID == bucketID && u.SourceBucket == "", "%s: no bucket", where)
	for depth := 0; parent != bucketID; depth++ {
		check(r.t, depth < 100, "%s: circle of directories", where)
		switch d := r.parents[parent].(type) {
		case *Directory:
			parent = d.ParentID
		case *DeletedDirectory:
			check(r.t, waiting, "%s: under a deleted directory", where)
			return
		default:
			check(r.t, waiting, "%s: no parent %d", where, parent)
			return
		}
	}
}

// checkUse compares what the bucket rows say they use with their keys.
func (r *replica) checkUse() {
	r.t.Helper()
	used := map[string]int64{}
	for _, row := range r.rows {
		if k, ok := row.(*Key); ok {
			used[k.Volume+"/"+k.Bucket] += replicatedSize(k)
		}
	}
	for name, u := range r.buckets {
		equal(r.t, used[name], u.UsedBytes, "used bytes of "+name)
	}
}
