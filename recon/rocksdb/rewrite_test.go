package rocksdb

import (
	"context"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// scanAll reads every family as "hexkey\thexvalue" lines.
func scanAll(t failer, fs vfs.FS, dir string) map[string][]string {
	t.Helper()
	v, err := ReadCheckpoint(fs, dir)
	requireNoError(t, err)
	rows := map[string][]string{}
	for _, f := range v.Families {
		err := ScanFamily(context.Background(), fs, dir, v, f.ID, func(key, value []byte) error {
			rows[f.Name] = append(rows[f.Name], hex.EncodeToString(key)+"\t"+hex.EncodeToString(value))
			return nil
		})
		requireNoError(t, err)
	}
	return rows
}

// TestRowsOfRocksDB: our merge of each database's tables and logs gives exactly
// the rows that RocksDB's own iterator gave (D14).
func TestRowsOfRocksDB(t *testing.T) {
	for _, set := range conformanceSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			want, got := set.rows(t), scanAll(t, set.fs, set.dir)
			for name := range set.Families {
				requireSameRows(t, name, want[name], got[name])
			}
			requireEqual(t, len(want), len(got))
		})
	}
}

func requireSameRows(t failer, family string, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("%s: row %d is %.200s, want %.200s", family, i, got[i], want[i])
		}
	}
	if len(want) != len(got) {
		t.Fatalf("%s: %d rows, want %d", family, len(got), len(want))
	}
}

// TestRewriteOfRocksDB: what is rewritten has the same rows and sequence number,
// verifies, and needs no further rewrite.
func TestRewriteOfRocksDB(t *testing.T) {
	for _, set := range conformanceSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			rows := map[string]uint64{}
			v, err := RewriteCheckpoint(context.Background(), set.fs, set.dir, "new", RewriteOptions{
				TableBytes: 8 << 10,
				OnFamily:   func(family string, n uint64) { rows[family] = n },
			})
			requireNoError(t, err)
			requireEqual(t, set.LastSequence, v.LastSequence)
			again, err := ReadCheckpoint(set.fs, "new")
			requireNoError(t, err)
			requireEqual(t, v, again)
			report, err := VerifyTables(context.Background(), set.fs, "new", v, VerifyOptions{})
			requireNoError(t, err)
			plan, err := PlanIngest(v, report)
			requireNoError(t, err)
			requireEqual(t, false, plan.NeedsRewrite())
			want, got := set.rows(t), scanAll(t, set.fs, "new")
			for name, id := range set.Families {
				requireSameRows(t, name, want[name], got[name])
				requireEqual(t, uint64(len(want[name])), rows[name])
				requireEqual(t, id, v.Family(name).ID)
			}
			if set.Name == "as-ozone-writes" && len(v.Family("keyTable").Files) < 2 {
				t.Fatalf("one table in spite of the size limit")
			}
		})
	}
}

func TestRewriteKeepsOnlyWhatIsAskedFor(t *testing.T) {
	set := conformanceSetNamed(t, "as-ozone-writes")
	v, err := RewriteCheckpoint(context.Background(), set.fs, set.dir, "new", RewriteOptions{
		Keep: func(family string) bool { return family == "fileTable" },
	})
	requireNoError(t, err)
	requireEqual(t, []int{0, 1}, []int{len(v.Family("keyTable").Files), len(v.Family("fileTable").Files)})
}

// TestRewriteCancelled: no CURRENT is left, so nobody takes the part for whole.
func TestRewriteCancelled(t *testing.T) {
	set := conformanceSetNamed(t, "as-ozone-writes")
	ctx, cancel := context.WithCancel(context.Background())
	_, err := RewriteCheckpoint(ctx, set.fs, set.dir, "new", RewriteOptions{OnFamily: func(string, uint64) { cancel() }})
	requireError(t, err, context.Canceled, "rewrite checkpoint db into new")
	_, err = ReadCheckpoint(set.fs, "new")
	requireError(t, err, ErrNotACheckpoint, "CURRENT")
}

// TestTornLog: a log cut at any byte gives the rows of a prefix of its batches;
// a batch is there whole or not at all.
func TestTornLog(t *testing.T) {
	set := conformanceSetNamed(t, "wal-tail")
	path := set.fs.PathJoin(set.dir, "000025.log")
	whole := readFile(t, set.fs, path)
	full, err := ReadCheckpoint(set.fs, set.dir)
	requireNoError(t, err)
	requireEqual(t, 1, len(full.Logs))
	if full.Logs[0].LiveRecords == 0 || full.Logs[0].Torn {
		t.Fatalf("log %+v", full.Logs[0])
	}
	last := uint64(0)
	for cut := 0; cut < len(whole); cut += 61 {
		writeFile(t, set.fs, path, whole[:cut])
		v, err := ReadCheckpoint(set.fs, set.dir)
		requireNoError(t, err)
		if n := v.Logs[0].LiveRecords; n < last || n > full.Logs[0].LiveRecords {
			t.Fatalf("cut at %d: %d records after %d", cut, n, last)
		}
		last = v.Logs[0].LiveRecords
	}
	// A later log says that the writer went on: then the cut is a loss.
	writeFile(t, set.fs, path, whole[:len(whole)-5])
	writeFile(t, set.fs, set.fs.PathJoin(set.dir, "000099.log"), nil)
	_, err = ReadCheckpoint(set.fs, set.dir)
	requireError(t, err, ErrCorrupt, "a newer log follows")
}

// TestLogOfRangeDeletes: range deletes in a log hide older rows of tables and of
// the log, not newer ones.
func TestLogOfRangeDeletes(t *testing.T) {
	f := vfs.NewMem()
	sampleCheckpoint(t, f, "cp", TableOptions{}, 30)
	var b BatchBuilder
	b.Reset(1000)
	b.Put(1, []byte("/vol/bucket/key00000004x"), []byte("hidden"))
	b.RangeDelete(1, []byte("/vol/bucket/key00000002"), []byte("/vol/bucket/key00000028"))
	b.Put(1, []byte("/vol/bucket/key00000005"), []byte("seen"))
	b.Put(99, []byte("of a dropped family"), nil)
	writeFile(t, f, "cp/000050.log", appendLogRecord(nil, b.Bytes()))
	v, err := ReadCheckpoint(f, "cp")
	requireNoError(t, err)
	requireEqual(t, uint64(1002), v.LastSequence)
	requireEqual(t, uint64(3), v.LiveLogRecords())
	var got []string
	requireNoError(t, ScanFamily(context.Background(), f, "cp", v, 1, func(key, value []byte) error {
		got = append(got, fmt.Sprintf("%s %.4s", key[len(key)-2:], value))
		return nil
	}))
	requireEqual(t, []string{"01 valu", "05 seen", "28 valu", "29 valu"}, got)
}
