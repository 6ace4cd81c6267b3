package rocksdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestVerifyTablesOfRocksDB: every block of every table that RocksDB 7.7.3 wrote
// passes, whatever its format, checksum and codec.
func TestVerifyTablesOfRocksDB(t *testing.T) {
	for _, set := range conformanceSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			v, err := ReadCheckpoint(set.fs, set.dir)
			requireNoError(t, err)
			requireEqual(t, set.LastSequence, v.LastSequence)
			report, err := VerifyTables(context.Background(), set.fs, set.dir, v, VerifyOptions{})
			requireNoError(t, err)
			for _, f := range report.Families {
				for _, table := range f.Tables {
					requireEqual(t, set.FormatVersion, table.FormatVersion)
				}
			}
		})
	}
}

// sampleCheckpoint writes a checkpoint with a base and a table above it.
func sampleCheckpoint(t testing.TB, fs vfs.FS, dir string, o TableOptions, rows int) *Version {
	t.Helper()
	requireNoError(t, fs.MkdirAll(dir, 0o755))
	v := &Version{LastSequence: uint64(rows) + 10, Families: []Family{{ID: 0, Name: DefaultFamily}, {ID: 1, Name: "keyTable"}, {ID: 7, Name: "empty"}}}
	base, err := NewTableWriter(fs, fs.PathJoin(dir, "000010.sst"), o)
	requireNoError(t, err)
	for i := range rows {
		requireNoError(t, base.Add(fmt.Appendf(nil, "/vol/bucket/key%08d", i), fmt.Appendf(nil, "value %d %s", i, strings.Repeat("x", i%50))))
	}
	file, err := base.Close()
	requireNoError(t, err)
	v.Families[1].Files = append(v.Families[1].Files, file)
	upper, err := NewTableWriter(fs, fs.PathJoin(dir, "000011.sst"), o)
	requireNoError(t, err)
	for i := 0; i < rows; i += 10 {
		kind := KindPut
		if i%20 == 0 {
			kind = KindDelete
		}
		requireNoError(t, upper.AddSequenced(fmt.Appendf(nil, "/vol/bucket/key%08d", i), uint64(i+5), kind, []byte("new")))
	}
	file, err = upper.Close()
	requireNoError(t, err)
	v.Families[1].Files = append(v.Families[1].Files, file)
	requireNoError(t, WriteCheckpoint(fs, dir, v))
	return v
}

func TestCheckpointRoundTrip(t *testing.T) {
	for _, o := range []TableOptions{{}, {Compression: CompressionSnappy, BlockBytes: 32 << 10}, {BlockBytes: 300}} {
		t.Run(fmt.Sprintf("%s %d", o.Compression, o.BlockBytes), func(t *testing.T) {
			fs := vfs.NewMem()
			want := sampleCheckpoint(t, fs, "cp", o, 1000)
			requireEqual(t, "MANIFEST-000012", want.Manifest)
			requireEqual(t, uint64(13), want.NextFileNumber)
			got, err := ReadCheckpoint(fs, "cp")
			requireNoError(t, err)
			requireEqual(t, want, got)
			files := got.Family("keyTable").Files
			requireEqual(t, []int{0, 6}, []int{files[0].Level, files[1].Level})
			requireEqual(t, []uint64{5, 995}, []uint64{files[0].SmallestSeq, files[0].LargestSeq})

			tables := 0
			report, err := VerifyTables(context.Background(), fs, "cp", got, VerifyOptions{OnTable: func(string, TableReport) { tables++ }})
			requireNoError(t, err)
			requireEqual(t, 2, tables)
			family := report.Family("keyTable")
			requireEqual(t, []uint64{1100, 1050, 50}, []uint64{family.Entries, family.Puts, family.Deletes})
			requireEqual(t, uint64(0), report.Family("empty").Entries)
		})
	}
}

// TestWriterIsDeterministic: the same rows give the same bytes (D6).
func TestWriterIsDeterministic(t *testing.T) {
	a, b := vfs.NewMem(), vfs.NewMem()
	v := sampleCheckpoint(t, a, "cp", TableOptions{Compression: CompressionSnappy}, 2000)
	sampleCheckpoint(t, b, "cp", TableOptions{Compression: CompressionSnappy}, 2000)
	for _, name := range []string{"000010.sst", "000011.sst", v.Manifest, "CURRENT"} {
		requireEqual(t, readFile(t, a, "cp/"+name), readFile(t, b, "cp/"+name))
	}
}

// TestEveryFlippedBitIsFound flips bits all over the tables that both writers
// made: VerifyTables must notice each one outside the footer's padding (D14:
// Pebble itself verifies nothing about an external file).
func TestEveryFlippedBitIsFound(t *testing.T) {
	fs := vfs.NewMem()
	sampleCheckpoint(t, fs, "db", TableOptions{BlockBytes: 500}, 200)
	rocks := conformanceSetNamed(t, "range-tombstones")
	partitioned := conformanceSetNamed(t, "partitioned-index")
	for _, cp := range []struct {
		fs    vfs.FS
		table string
		step  int
	}{{fs, "000010.sst", 1}, {fs, "000011.sst", 1}, {rocks.fs, "000032.sst", 1}, {partitioned.fs, "000015.sst", 997}} {
		path := "db/" + cp.table
		good := readFile(t, cp.fs, path)
		padding := len(good) - footerBytes + 1
		c := cursor{data: good[padding:]}
		c.blockHandle()
		c.blockHandle()
		for i := 0; i < len(good); i += cp.step {
			// The lowest bits of the version tell apart formats that may well read
			// the same; such a table reads right, or is refused by PlanIngest.
			if i >= padding+c.pos && i <= padding+handleAreaBytes {
				continue
			}
			bad := append([]byte(nil), good...)
			bad[i] ^= 1 << (i % 8)
			writeFile(t, cp.fs, path, bad)
			v, err := ReadCheckpoint(cp.fs, "db")
			requireNoError(t, err)
			_, err = VerifyTables(context.Background(), cp.fs, "db", v, VerifyOptions{})
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("%s: flipped bit in byte %d of %d: %v", path, i, len(good), err)
			}
			if !strings.Contains(err.Error(), cp.table) {
				t.Fatalf("error does not name %s: %v", cp.table, err)
			}
		}
		writeFile(t, cp.fs, path, good)
	}
}

// TestAnotherTableIsFound: a whole, valid table in the place of another is
// noticed even when its size is the same.
func TestAnotherTableIsFound(t *testing.T) {
	fs := vfs.NewMem()
	requireNoError(t, fs.MkdirAll("cp", 0o755))
	write := func(name, key, value string, sequence uint64) File {
		w, err := NewTableWriter(fs, "cp/"+name, TableOptions{})
		requireNoError(t, err)
		requireNoError(t, w.AddSequenced([]byte(key), sequence, KindPut, []byte(value)))
		f, err := w.Close()
		requireNoError(t, err)
		return f
	}
	for _, tc := range []struct{ name, key, value, want string }{
		{"another key", "b", "1", "its first key is 62, the manifest says 61"},
		{"cut", "", "", "bytes, the manifest says"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := write("000010.sst", "a", "1", 3)
			if tc.key != "" {
				write("000010.sst", tc.key, tc.value, 3)
			} else {
				writeFile(t, fs, "cp/000010.sst", readFile(t, fs, "cp/000010.sst")[1:])
			}
			_, err := VerifyTable(context.Background(), fs, "cp", f)
			requireError(t, err, ErrCorrupt, tc.want)
		})
	}
	f := write("000010.sst", "a", "1", 3)
	f.SmallestSeq, f.LargestSeq = 4, 4
	_, err := VerifyTable(context.Background(), fs, "cp", f)
	requireError(t, err, ErrCorrupt, "sequence 3, the manifest says 4 to 4")
}

func TestVerifyStopsWhenCancelled(t *testing.T) {
	fs := vfs.NewMem()
	v := sampleCheckpoint(t, fs, "cp", TableOptions{}, checkEvery*2)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	cancel()
	_, err := VerifyTables(ctx, fs, "cp", v, VerifyOptions{})
	requireError(t, err, context.Canceled, "")
}
