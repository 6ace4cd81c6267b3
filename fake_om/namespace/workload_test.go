package namespace

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// replica holds the rows by ID and refuses changes that no OM would make.
type replica struct {
	t       *testing.T
	config  Config
	rows    map[string]Row
	objects map[int64]string
	// parents are the directories by object id, waiting ones included.
	parents map[int64]Row
	buckets map[string]*Bucket
}

func newReplica(t *testing.T, b *Base) *replica {
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

// TestWorkloadReplays: no transaction deletes a missing row, puts a row that
// hangs nowhere, reuses an object id or leaves wrong sums.
func TestWorkloadReplays(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			config.Keys = min(config.Keys, 20_000)
			b := New(config)
			w := NewWorkload(b, config.Seed)
			r := newReplica(t, b)
			index, at := b.LastIndex(), b.LastMillis()
			for range 6000 {
				tx := w.Next()
				equal(t, index+1, tx.Index, "index")
				check(t, tx.AtMillis > at, "time stands still at %d", tx.Index)
				index, at = tx.Index, tx.AtMillis
				equal(t, index, w.Index(), "index")
				r.apply(tx)
			}
			r.checkUse()
		})
	}
}

func TestWorkloadReplaysForAnySeed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := New(Config{
			Seed: rapid.Uint64().Draw(rt, "seed"), Keys: rapid.Int64Range(0, 600).Draw(rt, "keys"),
			FSOShare: rapid.IntRange(0, 3).Draw(rt, "fso"), OBSShare: rapid.IntRange(0, 3).Draw(rt, "obs"),
			LegacyShare:       rapid.IntRange(0, 3).Draw(rt, "legacy"),
			Volumes:           rapid.IntRange(0, 4).Draw(rt, "volumes"),
			BucketsPerLayout:  rapid.IntRange(0, 4).Draw(rt, "buckets"),
			NoFilesystemPaths: rapid.Bool().Draw(rt, "paths"), CommittedOnly: rapid.Bool().Draw(rt, "committed"),
		})
		r := newReplica(t, b)
		w := NewWorkload(b, rapid.Uint64().Draw(rt, "workload"))
		for _, kind := range rapid.SliceOfN(rapid.SampledFrom(Kinds()), 0, 60).Draw(rt, "kinds") {
			if tx, err := w.Do(kind); err == nil {
				r.apply(tx)
			} else {
				check(t, errors.Is(err, ErrImpossible), "%v", err)
			}
			r.apply(w.Next())
		}
		r.checkUse()
	})
}

func TestAllKindsWithinTwoThousandTransactions(t *testing.T) {
	for seed := range uint64(5) {
		w := NewWorkload(New(Config{Seed: seed, Keys: 1000}), seed)
		counts := map[string]int{}
		for _, tx := range w.Burst(2000) {
			counts[tx.Kind]++
		}
		for _, kind := range Kinds() {
			check(t, counts[kind] > 0, "seed %d: no %s", seed, kind)
		}
		equal(t, len(Kinds()), len(counts), "kinds")
	}
}

func TestEqualWorkloadsAreEqual(t *testing.T) {
	render := func(seed uint64) []byte {
		var out bytes.Buffer
		for _, tx := range NewWorkload(New(Config{Seed: 1, Keys: 800}), seed).Burst(1500) {
			fmt.Fprintf(&out, "%d %d %s\n", tx.Index, tx.AtMillis, tx.Kind)
			for _, c := range tx.Changes {
				fmt.Fprintf(&out, "%t %+v\n", c.Delete, c.Row)
			}
		}
		return out.Bytes()
	}
	first := render(7)
	check(t, bytes.Equal(first, render(7)), "a second run differs")
	check(t, !bytes.Equal(first, render(8)), "the seed has no effect")
}

// TestDoSteps: in a namespace of all layouts every kind can be reached, even
// from an empty one.
func TestDoSteps(t *testing.T) {
	for _, keys := range []int64{0, 500} {
		for _, kind := range Kinds() {
			b := New(Config{Seed: 5, Keys: keys})
			w, r := NewWorkload(b, 5), newReplica(t, b)
			for range 3 {
				steps, err := w.DoSteps(kind)
				check(t, err == nil, "%s: %v", kind, err)
				for _, tx := range steps {
					r.apply(tx)
				}
				equal(t, kind, steps[len(steps)-1].Kind, "last kind")
			}
		}
	}
}

func TestDoRefuses(t *testing.T) {
	w := NewWorkload(New(Config{Keys: 100, OBSShare: 1}), 1)
	before := w.Index()
	_, err := w.Do("rename-directory")
	check(t, errors.Is(err, ErrImpossible), "rename-directory without FSO: %v", err)
	_, err = w.Do("defragment")
	check(t, err != nil && !errors.Is(err, ErrImpossible), "unknown kind: %v", err)
	equal(t, before, w.Index(), "index after failures")
	steps, err := w.DoSteps("rename-directory")
	check(t, errors.Is(err, ErrImpossible), "steps of rename-directory without FSO: %v", err)
	equal(t, before+int64(len(steps)), w.Index(), "index after vain steps")
}

// TestOddCases: what the real OM's deltas show and defects hang on.
func TestOddCases(t *testing.T) {
	b := New(Config{Seed: 2, Keys: 2000})
	w := NewWorkload(b, 2)
	names, counts := map[string]bool{}, map[string]int{}
	b.Keys(func(k *Key) bool { names["/"+k.Volume+"/"+k.Bucket+"/"+k.Name] = true; return true })
	deletedBefore := map[string]bool{}
	last := &Transaction{}
	for _, tx := range w.Burst(6000) {
		for _, c := range tx.Changes {
			id := ID(c.Row)
			if c.Delete {
				deletedBefore[id] = true
				continue
			}
			switch f := c.Row.(type) {
			case *Key:
				if tx.Kind == "create-key" && deletedBefore[id] {
					counts["recreated key"]++
				}
				if names[f.Name] {
					counts["DEF-T14: name is a database key"]++
				}
				if len(f.Versions) > 1 {
					counts["several versions"]++
				}
			case *DeletedKeys:
				if tx.Kind == "purge-deleted-keys" {
					counts["DEF-T16: rewritten deletedTable row"]++
				}
				if len(f.Keys) > 1 {
					counts["several deleted keys"]++
				}
			case *Directory:
				if tx.Kind == "rename-directory" && tx.Changes[0].Delete {
					if old := tx.Changes[0].Row.(*Directory); old.ObjectID == f.ObjectID && old.ParentID != f.ParentID {
						counts["DEF-T15: directory to another parent"]++
					}
				}
			case *Bucket:
				if tx.Kind == "recreate-bucket" && last.Kind == "delete-bucket" && ID(last.Changes[0].Row) == id {
					counts["OM-H19: bucket deleted and created in a row"]++
				}
			}
		}
		last = tx
	}
	for _, want := range []string{
		"recreated key", "DEF-T14: name is a database key", "several versions",
		"DEF-T16: rewritten deletedTable row", "several deleted keys",
		"DEF-T15: directory to another parent", "OM-H19: bucket deleted and created in a row",
	} {
		check(t, counts[want] > 0, "never: %s", want)
	}
}

// TestPurgesFinish: a deleted tree is purged to the last row in the end.
func TestPurgesFinish(t *testing.T) {
	b := New(Config{Seed: 6, Keys: 3000, FSOShare: 1})
	w, r := NewWorkload(b, 6), newReplica(t, b)
	for range 3000 {
		tx, err := w.Do("purge-directory")
		if err != nil {
			break
		}
		r.apply(tx)
	}
	for id, row := range r.rows {
		_, waiting := row.(*DeletedDirectory)
		check(t, !waiting, "%q is left", id)
	}
	r.checkUse()
}

func TestTransactionsAreCopies(t *testing.T) {
	b := New(Config{Seed: 6, Keys: 500})
	w, other := NewWorkload(b, 1), NewWorkload(b, 1)
	for range 1000 {
		tx, same := w.Next(), other.Next()
		equal(t, same, tx, "transaction")
		for _, c := range tx.Changes {
			if k, ok := c.Row.(*Key); ok {
				k.Name, k.SizeBytes = "spoilt", -1
				for _, v := range k.Versions {
					clear(v.Blocks)
				}
			}
		}
	}
}
