package tasks

import (
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// TestNamespaceExample is the worked example of spec/recon.md 1.4.
func TestNamespaceExample(t *testing.T) {
	w := newWorld(t)
	w.buckets()
	w.directory(4, 1, "d1")
	w.directory(7, 4, "d2")
	w.file(1, "f1", 500)
	w.file(4, "f4", 2050)
	w.file(7, "f3", 3_000_000)
	w.rebuild()
	step := "reprocess"
	w.expectSummary(step, 1, "3, 3002550, 9007650, {0:1}, {4}, 0")
	w.expectSummary(step, 4, "2, 3002050, 9006150, {2:1}, {7}, 1")
	w.expectSummary(step, 7, "1, 3000000, 9000000, {12:1}, {}, 4")

	step = "PUT f5"
	w.file(7, "f5", 100)
	w.deliver()
	w.expectSummary(step, 1, "4, 3002650, 9007950, {0:1}, {4}, 0")
	w.expectSummary(step, 4, "3, 3002150, 9006450, {2:1}, {7}, 1")
	w.expectSummary(step, 7, "2, 3000100, 9000300, {0:1 12:1}, {}, 4")

	step = "UPDATE f4"
	w.file(4, "f4", 1023)
	w.deliver()
	w.expectSummary(step, 1, "4, 3001623, 9004869, {0:1}, {4}, 0")
	w.expectSummary(step, 4, "3, 3001123, 9003369, {0:1}, {7}, 1")
	w.expectSummary(step, 7, "2, 3000100, 9000300, {0:1 12:1}, {}, 4")

	step = "DELETE d2"
	purged := omdb.AppendDeletedDirectoryKey(nil, volumeID, fsoBucket, 4, "d2", 7)
	w.put(omdb.DeletedDirectoryTable, purged, keyRow("v", "fso", "d1/d2", 7, 4, 0))
	w.del(omdb.DirectoryTable, fileKey(4, "d2"))
	w.deliver()
	w.expectSummary(step, 1, "2, 1523, 4569, {0:1}, {4}, 0")
	w.expectSummary(step, 4, "1, 1023, 3069, {0:1}, {}, 1")
	w.expectSummary(step, 7, "2, 3000100, 9000300, {0:1 12:1}, {}, 0")

	step = "DELETE f3"
	w.del(omdb.FileTable, fileKey(7, "f3"))
	w.deliver()
	w.expectSummary(step, 1, "2, 1523, 4569, {0:1}, {4}, 0")
	w.expectSummary(step, 7, "1, 100, 300, {0:1}, {}, 0")

	step = "purge d2"
	w.del(omdb.DeletedDirectoryTable, purged)
	w.deliver()
	w.expectSummary(step, 4, "1, 1023, 3069, {0:1}, {}, 1")
	w.expectSummary(step, 7, "no row")

	step = "move d1 to dst/moved"
	w.directory(9, 1, "dst")
	w.directory(4, 9, "moved") // the PUT first, as a hash may order it (DEF-T15)
	w.del(omdb.DirectoryTable, fileKey(1, "d1"))
	w.deliver()
	w.expectSummary(step, 1, "2, 1523, 4569, {0:1}, {9}, 0")
	w.expectSummary(step, 4, "1, 1023, 3069, {0:1}, {}, 9")
	w.expectSummary(step, 9, "1, 1023, 3069, {}, {4}, 1")
}

// TestNamespaceLayoutExamples are those of OBS and LEGACY in spec/recon.md 1.4.
func TestNamespaceLayoutExamples(t *testing.T) {
	w := newWorld(t)
	w.paths = true
	w.buckets()
	w.key("obs", "k1", 21, 100)
	w.key("obs", "k2", 22, 2000)
	w.key("leg", "a/", 31, 0)
	w.key("leg", "a/x", 32, 10)
	for _, how := range []string{"rebuild", "delta"} {
		if how == "delta" {
			w.store = newMemoryStore()
			w.buckets()
			w.rebuild()
			w.key("leg", "a/x", 32, 10) // before its directory (OM-H20)
			w.key("leg", "a/", 31, 0)
			w.key("obs", "k1", 21, 100)
			w.key("obs", "k2", 22, 2000)
			w.deliver()
		} else {
			w.rebuild()
		}
		w.expectSummary(how, obsBucket, "2, 2100, 6300, {0:1 1:1}, {}, 0")
		w.expectSummary(how, 31, "1, 10, 30, {0:1}, {}, 30")
		w.expectSummary(how, legacyBucket, "1, 10, 30, {}, {31}, 0")
		value, _, _ := w.store.Get(derived.NamespaceSummary, derived.AppendLong(nil, 31))
		var s derived.NSSummary
		w.must(derived.DecodeNSSummary(value, &s))
		if string(s.DirName) != "a" {
			t.Errorf("%s: row 31 is named %q, want a", how, s.DirName)
		}
	}
}

// TestInsightExample is the example of spec/recon.md 1.5, with DEF-T1.
func TestInsightExample(t *testing.T) {
	w := newWorld(t)
	for _, volume := range []string{"v1", "v2"} {
		w.put(omdb.VolumeTable, omdb.AppendVolumeKey(nil, volume), &ozonepb.VolumeInfo{
			AdminName: proto.String("a"), OwnerName: proto.String("o"), Volume: proto.String(volume),
		})
	}
	open := func(i int64) []byte { return omdb.AppendOpenKey(nil, "v", "b", "k", i) }
	for i := range int64(3) {
		w.put(omdb.OpenKeyTable, open(i+1), keyRow("v", "b", "k", 0, 0, i+1))
	}
	deleted := omdb.AppendDeletedKey(nil, "v", "b", "gone", 5)
	record := &ozonepb.RepeatedKeyInfo{KeyInfo: []*ozonepb.KeyInfo{keyRow("v", "b", "gone", 5, 0, 100), keyRow("v", "b", "gone", 6, 0, 100)}}
	w.put(omdb.DeletedTable, deleted, record)
	w.rebuild()
	expect := func(step string, stats map[string]int64) {
		t.Helper()
		for name, want := range stats {
			if got := w.stat(name); got != want {
				t.Errorf("%s: %s = %d, want %d", step, name, got, want)
			}
		}
	}
	expect("reprocess", map[string]int64{
		"volumeTableCount": 2, "openKeyTableCount": 3, "openKeyTableUnReplicatedDataSize": 6, "openKeyTableReplicatedDataSize": 18,
		"deletedTableCount": 2, "deletedTableUnReplicatedDataSize": 200, "deletedTableReplicatedDataSize": 600,
		"lifecycleScanStateTableCount": 0,
	})
	if n := w.store.count(derived.GlobalStats); n != 33 {
		t.Errorf("%d rows, want 33", n)
	}
	w.del(omdb.OpenKeyTable, open(2))
	w.deliver()
	expect("DELETE of an open key", map[string]int64{
		"openKeyTableCount": 2, "openKeyTableUnReplicatedDataSize": 4, "openKeyTableReplicatedDataSize": 12,
	})
	// DEF-T16: a rewritten record counts as its difference.
	record.KeyInfo = append(record.KeyInfo[:1], keyRow("v", "b", "gone", 7, 0, 7), keyRow("v", "b", "gone", 8, 0, 1))
	w.put(omdb.DeletedTable, deleted, record)
	w.deliver()
	expect("DEF-T16", map[string]int64{
		"deletedTableCount": 3, "deletedTableUnReplicatedDataSize": 108, "deletedTableReplicatedDataSize": 324,
	})
	w.sameAsRebuild("insight")
}

// TestFileSizeExample is the example of spec/recon.md 1.6.
func TestFileSizeExample(t *testing.T) {
	w := newWorld(t)
	for i, size := range []int64{1000, 1024, 100000, 1 << 52} {
		w.key("b", string(rune('a'+i)), int64(i), size)
	}
	w.rebuild()
	expect := func(step string, counts map[int64]int64) {
		t.Helper()
		for bound, want := range counts {
			if got := w.count(derived.FileCountBySize, derived.AppendFileSizeCountKey(nil, "v", "b", bound)); got != want {
				t.Errorf("%s: (v,b,%d) = %d, want %d", step, bound, got, want)
			}
		}
	}
	expect("reprocess", map[int64]int64{1024: 2, 131072: 1, math.MaxInt64: 1})
	w.key("b", "c", 2, 50000)
	w.deliver()
	expect("UPDATE", map[int64]int64{1024: 2, 131072: 0, 65536: 1, math.MaxInt64: 1})
	w.sameAsRebuild("file sizes")
}

// TestContainerExample is the example of spec/recon.md 1.7, with DEF-T4.
func TestContainerExample(t *testing.T) {
	w := newWorld(t)
	w.key("b", "k1", 1, 1, 1, 2)
	w.key("b", "k2", 2, 1, 1, 3)
	w.rebuild()
	expect := func(step string, triples int, containers int64, counts map[int64]int64) {
		t.Helper()
		for id, want := range counts {
			if got := w.count(derived.ContainerKeyCount, derived.AppendLong(nil, id)); got != want {
				t.Errorf("%s: container %d has %d keys, want %d", step, id, got, want)
			}
		}
		if got := w.count(derived.SQLStats, []byte(derived.ContainerCountName)); got != containers {
			t.Errorf("%s: containerCount %d, want %d", step, got, containers)
		}
		if a, b := w.store.count(derived.ContainerKey), w.store.count(derived.KeyContainer); a != triples || b != triples {
			t.Errorf("%s: %d and %d triples, want %d", step, a, b, triples)
		}
	}
	expect("reprocess", 4, 3, map[int64]int64{1: 2, 2: 1, 3: 1})
	if _, found, _ := w.store.Get(derived.ContainerKey, derived.AppendContainerKey(nil, 2, []byte("/v/b/k1"), 0)); !found {
		t.Error("no row (2, k1)")
	}
	w.delKey("b", "k2")
	w.deliver()
	expect("DELETE", 2, 2, map[int64]int64{1: 1, 2: 1, 3: 0})
	// DEF-T2, DEF-T3: an overwrite moves the triples; delete and put of the
	// same ones in a fetch is no change.
	w.key("b", "k1", 1, 1, 9)
	w.deliver()
	expect("DEF-T2", 1, 1, map[int64]int64{1: 0, 2: 0, 9: 1})
	w.delKey("b", "k1")
	w.key("b", "k1", 4, 1, 9)
	w.deliver()
	expect("DEF-T3", 1, 1, map[int64]int64{9: 1})
	// DEF-T13: a key whose name begins with another's.
	w.key("b", "pre", 5, 1, 30)
	w.key("b", "pre1", 6, 1, 31)
	w.deliver()
	w.delKey("b", "pre")
	w.deliver()
	expect("DEF-T13", 2, 2, map[int64]int64{9: 1, 30: 0, 31: 1})
	w.sameAsRebuild("containers")
}
