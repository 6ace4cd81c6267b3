package namespace

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sampledIDs are the rows of a sample by ID; none may come twice.
func sampledIDs(t tester, s *Sample) map[string]Row {
	t.Helper()
	rows := map[string]Row{}
	add := func(row Row) bool {
		check(t, rows[ID(row)] == nil, "%s comes twice", ID(row))
		rows[ID(row)] = Clone(row)
		return true
	}
	s.Directories(add)
	s.Committed(func(k *Key) bool { return add(k) })
	s.Pending(add)
	return rows
}

// census counts rows and adds up bytes by kind and bucket.
type census map[string]int64

func (c census) add(bucket, kind string, bytes int64) {
	c[bucket+" "+kind]++
	c[bucket+" "+kind+" bytes"] += bytes
}

func (c census) row(row Row) {
	switch r := row.(type) {
	case *Directory:
		c.add(r.Bucket, "directory", 0)
	case *DeletedDirectory:
		c.add(r.Bucket, "deleted directory", 0)
	case *Key:
		c.key(r.Bucket, r.SizeBytes, &r.Replication)
	case *OpenKey:
		c.add(r.Bucket, "open", r.SizeBytes)
	case *DeletedKeys:
		for n := range r.Keys {
			c.add(r.Bucket, "deleted", r.Keys[n].SizeBytes)
		}
	case *Upload:
		for _, part := range r.Parts {
			c.add(r.Bucket, "part", part.SizeBytes)
		}
	}
}

func (c census) key(bucket string, bytes int64, r *Replication) {
	c.add(bucket, "key", bytes)
	c[fmt.Sprintf("%s as %v", bucket, *r)]++
}

func (c census) outside(s *Sample) {
	s.Outside(func(h *Holder) bool {
		switch h.Row {
		case MarkerRow:
			c.key(h.Bucket.Name, 0, &ratisThree)
		case DirectoryRow:
			c.add(h.Bucket.Name, "directory", 0)
		case DeletedDirectoryRow:
			c.add(h.Bucket.Name, "deleted directory", 0)
		}
		for _, k := range h.Keys {
			c.key(h.Bucket.Name, k.SizeBytes, k.Replication)
		}
		return true
	})
	s.PendingOutside(func(row Row) bool { c.row(row); return true })
}

// TestSampleAndRestAreAll: what is in the sample and what is outside make up the
// base, row by row and byte by byte.
func TestSampleAndRestAreAll(t *testing.T) {
	for name, config := range testConfigs {
		b := New(config)
		all := census{}
		eachRow(b, func(row Row) { all.row(row) })
		for _, keys := range []int64{0, 1, 200, 1500, b.config.Keys} {
			s := b.Sample(keys)
			parts := census{}
			for _, row := range sampledIDs(t, s) {
				parts.row(row)
			}
			parts.outside(s)
			equal(t, all, parts, fmt.Sprintf("%s, sample of %d", name, keys))
			equal(t, keys >= b.config.Keys, s.Whole(), "whole")
		}
	}
}

// TestHoldersHangWhereTheirRowsSay: a holder's line is the way up that the rows show.
func TestHoldersHangWhereTheirRowsSay(t *testing.T) {
	b := New(Config{Seed: 9, Keys: 12_000, FSOShare: 1})
	parents, deleted := map[int64]int64{}, map[int64]bool{}
	for d := range b.Directories {
		parents[d.ObjectID] = d.ParentID
	}
	for d := range b.DeletedDirectories {
		parents[d.ObjectID], deleted[d.ObjectID] = d.ParentID, true
	}
	seen := 0
	b.Sample(900).Outside(func(h *Holder) bool {
		seen++
		var line []int64
		for id := h.Line[0]; ; id = parents[id] {
			if line = append(line, id); deleted[id] || id == h.Bucket.ObjectID {
				break
			}
		}
		equal(t, line, h.Line, "line")
		for n := range h.Keys {
			k := b.Key(h.FirstKey + int64(n))
			equal(t, h.Line[0], k.ParentID, "holder")
			equal(t, Content{k.SizeBytes, h.Keys[n].Replication}, h.Keys[n], "content")
			equal(t, k.Replication, *h.Keys[n].Replication, "replication")
		}
		return true
	})
	check(t, seen > 100, "only %d holders", seen)
}

// TestSampleIsSpread: the size is about what was asked for and no bucket is left
// out; the sample does not grow with the base.
func TestSampleIsSpread(t *testing.T) {
	for _, keys := range []int64{3000, 50_000, 3_000_000} {
		b := New(Config{Seed: 3, Keys: keys})
		s := b.Sample(2000)
		check(t, s.Keys() > 1000 && s.Keys() < 3000, "%d keys of %d", s.Keys(), keys)
		for n := range b.buckets {
			in := &s.buckets[n]
			check(t, in.nodes.has(0), "no node 0")
			check(t, b.buckets[n].keys == 0 || in.keys.count() > 20, "bucket %d has %d keys", n, in.keys.count())
			check(t, len(in.anchors) < 100, "%d anchors", len(in.anchors))
		}
		check(t, len(s.containers) > 1 && len(s.containers) <= sampledContainers, "%d containers", len(s.containers))
		check(t, s.buckets[0].open.count() >= 8 && s.buckets[0].upload.count() > 0, "no pending rows")
	}
}

// TestSampledSubtreesAreReachable: nothing above a sampled subtree is deleted, and
// some subtrees wait for their purge themselves.
func TestSampledSubtreesAreReachable(t *testing.T) {
	subtrees, waiting := 0, 0
	for seed := range uint64(10) {
		b := New(Config{Seed: seed, Keys: 200_000, FSOShare: 1})
		s := b.Sample(5000)
		for n := range b.buckets {
			p := &b.buckets[n]
			for _, r := range s.buckets[n].nodes {
				if r.first == 0 {
					continue
				}
				subtrees++
				if b.nodeDeleted(p, r.first) {
					waiting++
				}
				for _, above := range s.buckets[n].anchors {
					check(t, !b.nodeDeleted(p, above), "seed %d: node %d above a subtree is deleted", seed, above)
				}
			}
		}
	}
	check(t, subtrees > 100 && waiting > 10 && waiting < subtrees/2, "%d of %d subtrees wait", waiting, subtrees)
}

// TestCoverage: what is covered is all there, and a covered directory in an FSO
// bucket has covered directories below it.
func TestCoverage(t *testing.T) {
	b := New(Config{Seed: 4, Keys: 20_000})
	s := b.Sample(1500)
	in := sampledIDs(t, s)
	counts := map[Coverage]int{}
	eachRow(b, func(row Row) {
		bucket, parent, kind := int64(0), int64(0), Coverage(0)
		switch r := row.(type) {
		case *Directory:
			bucket, parent, kind = r.BucketID, r.ParentID, DirectoriesCovered
			counts[s.Covers(bucket, r.ObjectID)]++
			if parent != bucket && s.Covers(bucket, parent) == AllCovered {
				equal(t, AllCovered, s.Covers(bucket, r.ObjectID), "coverage below "+r.Path)
			}
		case *DeletedDirectory:
			bucket, parent, kind = r.BucketID, r.ParentID, DirectoriesCovered
		case *Key:
			bucket, parent, kind = r.BucketID, r.ParentID, AllCovered
			if r.Layout != FileSystemOptimized {
				parent = bucket
			}
		default:
			return
		}
		if s.Covers(bucket, parent) >= kind {
			check(t, in[ID(row)] != nil, "%s is not there", ID(row))
		}
	})
	for _, c := range []Coverage{NothingCovered, DirectoriesCovered, AllCovered} {
		check(t, counts[c] > 3, "coverage %d: %d directories", c, counts[c])
	}
	equal(t, AllCovered, s.Covers(ObjectID(b.LastIndex()+5), 1), "coverage of what came later")
}

// TestStretches: a row lies in a stretch only if it is in the sample.
func TestStretches(t *testing.T) {
	for name, config := range testConfigs {
		b := New(config)
		s := b.Sample(1200)
		in := sampledIDs(t, s)
		byBucket := map[int64][]Stretch{}
		s.Stretches(func(x *Stretch) bool {
			byBucket[x.Bucket.ObjectID] = append(byBucket[x.Bucket.ObjectID], *x)
			return true
		})
		inStretch := func(k *Key) bool {
			return slices.ContainsFunc(byBucket[k.BucketID], func(x Stretch) bool {
				if k.Layout == FileSystemOptimized {
					return k.ParentID >= x.OldestID && (x.NewestID == 0 || k.ParentID <= x.NewestID)
				}
				return k.Name >= x.FromName && (x.ToName == "" || k.Name < x.ToName)
			})
		}
		eachRow(b, func(row Row) {
			if k, ok := row.(*Key); ok && len(byBucket[k.BucketID]) > 0 {
				equal(t, in[ID(k)] != nil, inStretch(k), name+": "+ID(k))
			}
		})
	}
}

// TestStrays: all keys of the whole containers are in the sample or strays.
func TestStrays(t *testing.T) {
	b := New(Config{Seed: 4, Keys: 20_000})
	s := b.Sample(1500)
	in := sampledIDs(t, s)
	var want, got []int64
	for i := range b.config.Keys {
		k, stray := b.Key(i), false
		for _, v := range k.Versions {
			for _, block := range v.Blocks {
				stray = stray || s.KnowsContainer(block.ContainerID)
			}
		}
		if stray && in[ID(k)] == nil {
			want = append(want, i)
		}
	}
	for first := int64(-5); first < 20_100; first += 777 {
		got = s.Strays(got, first, first+777)
	}
	check(t, len(want) > 100, "%d strays", len(want))
	equal(t, want, got, "strays")
	check(t, s.KnowsContainer(b.containers+1) && s.KnowsContainer(0) && s.KnowsContainer(-7), "a container that is not there")
}

// confined refuses changes of a workload that touch what is not in its sample.
type confined struct {
	t       tester
	sample  *Sample
	outside map[string]bool
	known   map[string]bool
}

func newConfined(t tester, s *Sample) *confined {
	c := &confined{t: t, sample: s, outside: map[string]bool{}, known: map[string]bool{}}
	eachRow(s.base, func(row Row) {
		switch row.(type) {
		case *Volume, *Bucket:
			c.known[ID(row)] = true
		default:
			c.outside[ID(row)] = true
		}
	})
	for id := range sampledIDs(t, s) {
		c.known[id] = true
		delete(c.outside, id)
	}
	return c
}

func (c *confined) apply(tx *Transaction) {
	for _, change := range tx.Changes {
		id := ID(change.Row)
		check(c.t, !c.outside[id], "%s touches %s, which is outside", tx.Kind, id)
		if c.known[id] {
			continue
		}
		check(c.t, !change.Delete, "%s deletes %s, which nobody knows", tx.Kind, id)
		c.known[id] = true
		switch r := change.Row.(type) {
		case *Key:
			if r.Layout == FileSystemOptimized {
				equal(c.t, AllCovered, c.sample.Covers(r.BucketID, r.ParentID), tx.Kind+" of "+r.Path)
			}
		case *Directory:
			equal(c.t, AllCovered, c.sample.Covers(r.BucketID, r.ObjectID), tx.Kind+" of "+r.Path)
			equal(c.t, AllCovered, c.sample.Covers(r.BucketID, r.ParentID), tx.Kind+" in the parent of "+r.Path)
		}
	}
}

// TestSampledWorkloadStaysInside also holds it to what every workload is held
// to.
func TestSampledWorkloadStaysInside(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			b := New(config)
			s := b.Sample(min(b.config.Keys/4, 1500))
			w := NewSampledWorkload(b, s, 7)
			c, r := newConfined(t, s), newReplica(t, b)
			for range 3000 {
				tx := w.Next()
				c.apply(tx)
				r.apply(tx)
			}
			r.checkUse()
		})
	}
}

func TestSampledWorkloadStaysInsideForAnySeed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := New(Config{
			Seed: rapid.Uint64().Draw(rt, "seed"), Keys: rapid.Int64Range(0, 3000).Draw(rt, "keys"),
			FSOShare: rapid.IntRange(0, 3).Draw(rt, "fso"), OBSShare: rapid.IntRange(0, 3).Draw(rt, "obs"),
			LegacyShare: rapid.IntRange(0, 3).Draw(rt, "legacy"), BucketsPerLayout: rapid.IntRange(1, 4).Draw(rt, "buckets"),
		})
		s := b.Sample(rapid.Int64Range(0, 3000).Draw(rt, "sample"))
		w := NewSampledWorkload(b, s, rapid.Uint64().Draw(rt, "workload"))
		c := newConfined(rt, s)
		for range 150 {
			c.apply(w.Next())
		}
	})
}

// TestSampledWorkloadDoesEverything: a sample is no poorer in kinds, and it uses
// the sampled part of the base.
func TestSampledWorkloadDoesEverything(t *testing.T) {
	b := New(Config{Seed: 1, Keys: 1_000_000})
	w := NewSampledWorkload(b, b.Sample(5000), 1)
	counts := map[string]int{}
	for _, tx := range w.Burst(4000) {
		counts[tx.Kind]++
	}
	for _, kind := range Kinds() {
		check(t, counts[kind] > 0, "no %s", kind)
	}
	waiting := 0
	for _, d := range w.directories {
		if d.node > 0 && (d.waiting || d.purged) {
			waiting++
		}
	}
	check(t, len(w.baseKeys) > 500 && len(w.takenRows) > 50 && waiting >= 3,
		"took %d keys, %d pending rows, %d waiting directories of the base", len(w.baseKeys), len(w.takenRows), waiting)
}

// TestWholeSampleChangesNothing: with everything in the sample the transactions
// are the ones of a workload without.
func TestWholeSampleChangesNothing(t *testing.T) {
	b := New(Config{Seed: 1, Keys: 5000})
	s := b.Sample(5000)
	w, other := NewWorkload(b, 3), NewSampledWorkload(b, s, 3)
	for range 1500 {
		equal(t, w.Next(), other.Next(), "transaction")
	}
	check(t, s.KnowsContainer(1), "containers")
	s.Outside(func(h *Holder) bool { t.Fatalf("%+v is outside", h); return false })
	s.PendingOutside(func(row Row) bool { t.Fatalf("%+v is outside", row); return false })
	s.Stretches(func(x *Stretch) bool { t.Fatalf("stretch %+v", x); return false })
}

func BenchmarkOutside(b *testing.B) {
	base := New(Config{Seed: 1, Keys: 2_000_000})
	s := base.Sample(20_000)
	b.ReportAllocs()
	b.ResetTimer()
	for done := 0; done < b.N; {
		s.Outside(func(h *Holder) bool {
			done += len(h.Keys)
			return done < b.N
		})
	}
}

func BenchmarkStrays(b *testing.B) {
	base := New(Config{Seed: 1, Keys: 2_000_000})
	s := base.Sample(20_000)
	b.ReportAllocs()
	b.ResetTimer()
	found := s.Strays(nil, 0, int64(min(b.N, 2_000_000)))
	b.ReportMetric(float64(len(found)), "strays")
}
