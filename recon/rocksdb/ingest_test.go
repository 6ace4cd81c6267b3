package rocksdb

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/remote"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"
)

// openPebble opens a quiet database that reads external tables of dir.
func openPebble(t failer, fs vfs.FS, dir string) *pebble.DB {
	t.Helper()
	o := &pebble.Options{
		FS:                          fs,
		FormatMajorVersion:          pebble.FormatNewest,
		DisableAutomaticCompactions: true,
		Logger:                      quietLogger{},
		EventListener:               &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
	}
	o.Experimental.RemoteStorage = remote.MakeSimpleFactory(map[remote.Locator]remote.Storage{"om": remote.NewLocalFS(dir, fs)})
	db, err := pebble.Open("pebble", o)
	requireNoError(t, err)
	requireNoError(t, db.SetCreatorID(1))
	return db
}

type quietLogger struct{}

func (quietLogger) Infof(string, ...any)  {}
func (quietLogger) Errorf(string, ...any) {}
func (quietLogger) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

// ingest puts every family of the plan under the prefix byte(id)+1.
func ingest(t failer, db *pebble.DB, plan IngestPlan) {
	t.Helper()
	for _, f := range plan.Families {
		for _, group := range f.Groups {
			var files []pebble.ExternalFile
			for _, file := range group {
				files = append(files, ExternalFile(file, "om", file.Name(), []byte{byte(f.ID) + 1}))
			}
			_, err := db.IngestExternalFiles(context.Background(), files)
			requireNoError(t, err)
		}
	}
}

// planOf verifies a checkpoint and plans its ingestion.
func planOf(t failer, fs vfs.FS, dir string) (*Version, IngestPlan) {
	t.Helper()
	v, err := ReadCheckpoint(fs, dir)
	requireNoError(t, err)
	report, err := VerifyTables(context.Background(), fs, dir, v, VerifyOptions{})
	requireNoError(t, err)
	plan, err := PlanIngest(v, report)
	requireNoError(t, err)
	return v, plan
}

// pebbleRows reads one prefix as "hexkey\thexvalue" lines.
func pebbleRows(t failer, db *pebble.DB, prefix byte) []string {
	t.Helper()
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{prefix}, UpperBound: []byte{prefix + 1}})
	requireNoError(t, err)
	var rows []string
	for it.First(); it.Valid(); it.Next() {
		rows = append(rows, hex.EncodeToString(it.Key()[1:])+"\t"+hex.EncodeToString(it.Value()))
	}
	requireNoError(t, it.Error())
	requireNoError(t, it.Close())
	return rows
}

// TestIngestAboveABase: a checkpoint with a table above a base is ingested where
// it lies; overwritten and deleted rows read right, by scan and by get, also
// after reopening (D14).
func TestIngestAboveABase(t *testing.T) {
	fs := vfs.NewMem()
	sampleCheckpoint(t, fs, "cp", TableOptions{Compression: CompressionSnappy}, 1000)
	_, plan := planOf(t, fs, "cp")
	requireEqual(t, false, plan.NeedsRewrite())
	requireEqual(t, 2, len(plan.Family("keyTable").Groups))
	want := scanAll(t, fs, "cp")["keyTable"]
	requireEqual(t, 950, len(want))

	db := openPebble(t, fs, "cp")
	ingest(t, db, plan)
	for range 2 {
		requireSameRows(t, "keyTable", want, pebbleRows(t, db, 2))
		requireEqual(t, "new", get(t, db, "\x02/vol/bucket/key00000010"))
		requireEqual(t, "<none>", get(t, db, "\x02/vol/bucket/key00000020"))
		requireEqual(t, "value 21 "+strings.Repeat("x", 21), get(t, db, "\x02/vol/bucket/key00000021"))
		requireNoError(t, db.Close())
		db = openPebble(t, fs, "cp")
	}
	requireNoError(t, db.Set([]byte("\x02/vol/bucket/key00000020"), []byte("delta"), pebble.Sync))
	requireEqual(t, "delta", get(t, db, "\x02/vol/bucket/key00000020"))
	requireNoError(t, db.Close())
}

func get(t failer, db *pebble.DB, key string) string {
	t.Helper()
	value, closer, err := db.Get([]byte(key))
	if err == pebble.ErrNotFound {
		return "<none>"
	}
	requireNoError(t, err)
	defer closer.Close()
	return string(value)
}

// TestIngestTablesOfRocksDB: tables of format 2 that RocksDB itself wrote are
// ingested where they lie and read right; newer formats are planned as rewrites,
// and then ingested.
func TestIngestTablesOfRocksDB(t *testing.T) {
	for _, set := range conformanceSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			dir := set.dir
			_, plan := planOf(t, set.fs, dir)
			requireEqual(t, set.Name != "format-2", plan.NeedsRewrite())
			if plan.NeedsRewrite() {
				dir = "new"
				_, err := RewriteCheckpoint(context.Background(), set.fs, set.dir, dir, RewriteOptions{TableBytes: 10 << 10})
				requireNoError(t, err)
				_, plan = planOf(t, set.fs, dir)
			}
			db := openPebble(t, set.fs, dir)
			ingest(t, db, plan)
			want := set.rows(t)
			for name, id := range set.Families {
				requireSameRows(t, name, want[name], pebbleRows(t, db, byte(id)+1))
			}
			requireNoError(t, db.Close())
		})
	}
}

// TestRewriteReasons: each thing that Pebble cannot read in place is named.
func TestRewriteReasons(t *testing.T) {
	reasons := map[string]string{}
	for _, set := range conformanceSets(t) {
		_, plan := planOf(t, set.fs, set.dir)
		for _, f := range plan.Families {
			requireEqual(t, true, len(f.Rewrite) == 0 || len(f.Groups) == 0)
			reasons[set.Name] += strings.Join(f.Rewrite, "\n")
		}
	}
	requireEqual(t, "", reasons["format-2"])
	for name, want := range map[string]string{
		"format-3": "format version 3", "as-ozone-writes": "format version 5", "wal-tail": "log 000025.log may hold newer rows",
	} {
		if !strings.Contains(reasons[name], want) {
			t.Errorf("%s: %q does not mention %q", name, reasons[name], want)
		}
	}
	file := File{Number: 9}
	for _, tc := range []struct {
		report TableReport
		want   string
	}{
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, Codecs: []Compression{0, 1}}, ""},
		{TableReport{FormatVersion: 2, Checksum: ChecksumXXH3}, "XXH3 checksums"},
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, RangeDeletes: 2}, "2 range deletes"},
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, SingleDeletes: 1}, "1 single deletes"},
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, Merges: 1}, "1 merges"},
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, RepeatedKeys: 3}, "3 older versions of keys"},
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, External: true}, "not stored"},
		{TableReport{FormatVersion: 2, Checksum: ChecksumCRC32C, Codecs: []Compression{0, CompressionLZ4}}, "LZ4 blocks"},
	} {
		tc.report.File = file
		if got := tableRewriteReason(&tc.report); !strings.Contains(got, tc.want) || (tc.want == "") != (got == "") {
			t.Errorf("%+v: %q, want %q", tc.report, got, tc.want)
		}
	}
}

func TestPlanNeedsAReport(t *testing.T) {
	v := &Version{Families: []Family{{Name: DefaultFamily, Files: []File{{Number: 1}}}}}
	if _, err := PlanIngest(v, &Report{}); err == nil {
		t.Fatalf("a plan was made without verification")
	}
}

// TestIngestPlanOrder: bottom level first, each level in one call, then level 0
// oldest first.
func TestIngestPlanOrder(t *testing.T) {
	v := &Version{Families: []Family{{Name: DefaultFamily, Files: []File{
		{Number: 1, Level: 6, SmallestKey: []byte("a"), LargestKey: []byte("b")},
		{Number: 2, Level: 6, SmallestKey: []byte("c"), LargestKey: []byte("d")},
		{Number: 3, Level: 0, SmallestKey: []byte("a"), LargestKey: []byte("z"), SmallestSeq: 8, LargestSeq: 9},
		{Number: 4, Level: 0, SmallestKey: []byte("a"), LargestKey: []byte("z"), SmallestSeq: 5, LargestSeq: 7},
		{Number: 5, Level: 1, SmallestKey: []byte("b"), LargestKey: []byte("c")},
	}}}}
	v.normalize()
	var order []string
	for _, group := range ingestGroups(v.Families[0].Files) {
		var numbers []string
		for _, f := range group {
			numbers = append(numbers, fmt.Sprint(f.Number))
		}
		order = append(order, strings.Join(numbers, "+"))
	}
	requireEqual(t, []string{"1+2", "5", "4", "3"}, order)
}

// TestIngestedRowsEqualAModel: random bases and layers of puts and deletes, cut
// into levels and level 0 files; the merge here and Pebble after ingestion both
// give the model's rows.
func TestIngestedRowsEqualAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		requireNoError(t, fs.MkdirAll("cp", 0o755))
		model := map[string]string{}
		v := &Version{Families: []Family{{Name: DefaultFamily}}}
		sequence, number := uint64(0), uint64(1)
		for layer := range rapid.IntRange(1, 5).Draw(t, "layers") {
			keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]{0,2}[a-d]`), 1, 20, rapid.ID[string]).Draw(t, "keys")
			slices.Sort(keys)
			level := []int{6, 2, 1, 0, 0}[layer]
			cut := rapid.IntRange(1, len(keys)).Draw(t, "cut")
			if level == 0 {
				cut = len(keys)
			}
			for part := range slices.Chunk(keys, cut) {
				w, err := NewTableWriter(fs, "cp/"+File{Number: number}.Name(), TableOptions{BlockBytes: rapid.SampledFrom([]int{1, 40, 0}).Draw(t, "block")})
				requireNoError(t, err)
				for _, key := range part {
					kind, value := KindPut, fmt.Sprintf("%d of layer %d", sequence, layer)
					if layer > 0 {
						sequence++
						if rapid.Bool().Draw(t, "delete") {
							kind = KindDelete
						}
					}
					requireNoError(t, w.AddSequenced([]byte(key), sequence, kind, []byte(value)))
					if model[key] = value; kind == KindDelete {
						delete(model, key)
					}
				}
				f, err := w.Close()
				requireNoError(t, err)
				f.Level = level
				v.Families[0].Files = append(v.Families[0].Files, f)
				number++
			}
		}
		v.LastSequence = sequence + 1
		requireNoError(t, WriteCheckpoint(fs, "cp", v))
		var want []string
		for key, value := range model {
			want = append(want, hex.EncodeToString([]byte(key))+"\t"+hex.EncodeToString([]byte(value)))
		}
		slices.Sort(want)
		requireSameRows(t, "merge", want, scanAll(t, fs, "cp")[DefaultFamily])
		_, plan := planOf(t, fs, "cp")
		requireEqual(t, false, plan.NeedsRewrite())
		db := openPebble(t, fs, "cp")
		ingest(t, db, plan)
		requireSameRows(t, "Pebble", want, pebbleRows(t, db, 1))
		requireNoError(t, db.Close())
	})
}

// BenchmarkScan and BenchmarkVerify are the load path's cost of a row.
func BenchmarkScan(b *testing.B) {
	fs := vfs.NewMem()
	v := sampleCheckpoint(b, fs, "cp", TableOptions{}, 200000)
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		requireNoError(b, ScanFamily(context.Background(), fs, "cp", v, 1, func(_, value []byte) error { rows++; _, err := io.Discard.Write(value); return err }))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}

func BenchmarkVerify(b *testing.B) {
	fs := vfs.NewMem()
	v := sampleCheckpoint(b, fs, "cp", TableOptions{}, 200000)
	b.ReportAllocs()
	for b.Loop() {
		_, err := VerifyTables(context.Background(), fs, "cp", v, VerifyOptions{})
		requireNoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*220000), "ns/row")
}

// TestScanAllocations: reading rows does not allocate per row.
func TestScanAllocations(t *testing.T) {
	fs := vfs.NewMem()
	v := sampleCheckpoint(t, fs, "cp", TableOptions{Compression: CompressionSnappy}, 20000)
	rows := 0
	allocations := testing.AllocsPerRun(3, func() {
		rows = 0
		requireNoError(t, ScanFamily(context.Background(), fs, "cp", v, 1, func(_, _ []byte) error { rows++; return nil }))
	})
	requireEqual(t, 19000, rows)
	if allocations > 1000 {
		t.Fatalf("%v allocations for 20000 rows", allocations)
	}
}
