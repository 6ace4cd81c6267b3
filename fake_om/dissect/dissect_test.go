package dissect_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"reconsim/fake_om/dissect"
	"reconsim/recon/rocksdb"
)

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func noError(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// row is a row for a table to be written.
type row struct {
	key      string
	sequence uint64
	kind     rocksdb.Kind
	value    string
}

func put(key string, sequence uint64, value string) row {
	return row{key, sequence, rocksdb.KindPut, value}
}

func del(key string, sequence uint64) row { return row{key, sequence, rocksdb.KindDelete, ""} }

func writeTable(t failer, dir string, number uint64, level int, o rocksdb.TableOptions, rows ...row) rocksdb.File {
	t.Helper()
	w, err := rocksdb.NewTableWriter(vfs.Default, filepath.Join(dir, fmt.Sprintf("%06d.sst", number)), o)
	noError(t, err)
	for _, r := range rows {
		noError(t, w.AddSequenced([]byte(r.key), r.sequence, r.kind, []byte(r.value)))
	}
	f, err := w.Close()
	noError(t, err)
	f.Level = level
	return f
}

// sample writes a checkpoint of two families with tables above a base, with
// overwritten and deleted rows, and an empty family.
func sample(t failer, dir string, o rocksdb.TableOptions) {
	t.Helper()
	var many []row
	for i := range 500 {
		many = append(many, put(fmt.Sprintf("key%05d", i), 0, strings.Repeat("value ", i%9)))
	}
	v := &rocksdb.Version{LastSequence: 99, Families: []rocksdb.Family{
		{ID: 0, Name: "default"},
		{ID: 3, Name: "keyTable", Files: []rocksdb.File{
			writeTable(t, dir, 1, 6, o, many...),
			writeTable(t, dir, 2, 0, o, put("key00002", 7, "older"), del("key00003", 8), put("key00004x", 9, "inserted")),
			writeTable(t, dir, 3, 0, o, put("key00002", 21, "newer"), put("key00003", 22, "again"), del("key00005", 23)),
		}},
		{ID: 4, Name: "fileTable", Files: []rocksdb.File{
			writeTable(t, dir, 4, 6, o, put("a", 0, "1"), put("b", 0, "2")),
			writeTable(t, dir, 5, 6, o, put("c", 0, "3")),
			writeTable(t, dir, 6, 0, o, put("a", 30, "new"), del("b", 31)),
		}},
		{ID: 5, Name: "emptyTable"},
	}}
	noError(t, rocksdb.WriteCheckpoint(vfs.Default, dir, v))
}

func text(rows []dissect.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, fmt.Sprintf("%s=%s", r.Key, r.Value))
	}
	return out
}

// TestRowsOfOurWriter: what recon/rocksdb writes is, byte by byte, what it should
// be, and its live rows are right also where tables lie above a base (D14).
func TestRowsOfOurWriter(t *testing.T) {
	for _, o := range []rocksdb.TableOptions{{}, {BlockBytes: 100}, {Compression: rocksdb.CompressionSnappy, BlockBytes: 32 << 10}} {
		t.Run(fmt.Sprintf("%s %d", o.Compression, o.BlockBytes), func(t *testing.T) {
			dir := t.TempDir()
			sample(t, dir, o)
			c, err := dissect.Open(dir)
			noError(t, err)
			if got := text(c.Rows["fileTable"]); !reflect.DeepEqual(got, []string{"a=new", "c=3"}) {
				t.Fatalf("fileTable: %q", got)
			}
			rows := c.Rows["keyTable"]
			if len(rows) != 500 { // one deleted for good, one inserted
				t.Fatalf("keyTable has %d rows", len(rows))
			}
			want := []string{"key00002=newer", "key00003=again", "key00004=" + strings.Repeat("value ", 4), "key00004x=inserted", "key00006=" + strings.Repeat("value ", 6)}
			if got := text(rows[2:7]); !reflect.DeepEqual(got, want) {
				t.Fatalf("keyTable: %q", got)
			}
			if got, ok := c.Rows["emptyTable"]; !ok || len(got) != 0 {
				t.Fatalf("emptyTable: %v %v", got, ok)
			}
			if !reflect.DeepEqual(c.Families, map[string]uint32{"default": 0, "keyTable": 3, "fileTable": 4, "emptyTable": 5}) || c.LastSequence != 99 {
				t.Fatalf("families %v, last sequence %d", c.Families, c.LastSequence)
			}
		})
	}
}

// TestEveryFlippedByteIsFound: the instrument notices any damage to any file.
func TestEveryFlippedByteIsFound(t *testing.T) {
	dir := t.TempDir()
	sample(t, dir, rocksdb.TableOptions{BlockBytes: 1000})
	entries, err := os.ReadDir(dir)
	noError(t, err)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		good, err := os.ReadFile(path)
		noError(t, err)
		step := 1 + len(good)/150
		for i := 0; i < len(good); i += step {
			bad := bytes.Clone(good)
			bad[i] ^= 0x10
			noError(t, os.WriteFile(path, bad, 0o644))
			if _, err := dissect.Rows(dir); err == nil {
				t.Fatalf("%s: a flipped bit in byte %d of %d passed", e.Name(), i, len(good))
			}
		}
		noError(t, os.WriteFile(path, good, 0o644))
	}
	_, err = dissect.Rows(dir)
	noError(t, err)
}

// TestRefusals: what is well formed but wrong.
func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		name  string
		write func(t *testing.T, dir string)
		want  string
	}{
		{"upper table without sequence numbers", func(t *testing.T, dir string) {
			v := &rocksdb.Version{LastSequence: 9, Families: []rocksdb.Family{{ID: 0, Name: "default", Files: []rocksdb.File{
				writeTable(t, dir, 1, 6, rocksdb.TableOptions{}, put("a", 0, "1")),
				writeTable(t, dir, 2, 0, rocksdb.TableOptions{}, del("a", 0)),
			}}}}
			noError(t, rocksdb.WriteCheckpoint(vfs.Default, dir, v))
		}, "two versions with sequence number 0"},
		{"manifest with other sequence numbers", func(t *testing.T, dir string) {
			f := writeTable(t, dir, 1, 6, rocksdb.TableOptions{}, put("a", 3, "1"))
			f.LargestSeq = 5
			v := &rocksdb.Version{LastSequence: 9, Families: []rocksdb.Family{{ID: 0, Name: "default", Files: []rocksdb.File{f}}}}
			noError(t, rocksdb.WriteCheckpoint(vfs.Default, dir, v))
		}, "sequence numbers 3 to 3, listed as 3 to 5"},
		{"table beside the manifest", func(t *testing.T, dir string) {
			sample(t, dir, rocksdb.TableOptions{})
			writeTable(t, dir, 77, 6, rocksdb.TableOptions{}, put("a", 0, "1"))
		}, "000077.sst is not in the manifest"},
		{"log with rows", func(t *testing.T, dir string) {
			sample(t, dir, rocksdb.TableOptions{})
			noError(t, os.WriteFile(filepath.Join(dir, "000099.log"), []byte("x"), 0o644))
		}, "log 000099.log"},
		{"no CURRENT", func(t *testing.T, dir string) {}, "CURRENT"},
		{"table cut", func(t *testing.T, dir string) {
			sample(t, dir, rocksdb.TableOptions{})
			noError(t, os.Truncate(filepath.Join(dir, "000001.sst"), 20))
		}, "footer: the file has 20 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			tc.write(t, dir)
			if _, err := dissect.Rows(dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v does not mention %q", err, tc.want)
			}
		})
	}
}

// TestRowsEqualAModel: random layers of puts and deletes.
func TestRowsEqualAModel(t *testing.T) {
	scratch := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		dir := filepath.Join(scratch, fmt.Sprint(n))
		noError(t, os.Mkdir(dir, 0o755))
		model := map[string]string{}
		v := &rocksdb.Version{Families: []rocksdb.Family{{ID: 0, Name: "default"}}}
		sequence := uint64(0)
		for layer := range rapid.IntRange(1, 4).Draw(t, "layers") {
			keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab]{0,3}[a-e]`), 1, 30, rapid.ID[string]).Draw(t, "keys")
			slices.Sort(keys)
			var rows []row
			for _, key := range keys {
				if layer > 0 {
					sequence++
				}
				if layer > 0 && rapid.Bool().Draw(t, "delete") {
					rows = append(rows, del(key, sequence))
					delete(model, key)
					continue
				}
				value := strings.Repeat(key, rapid.IntRange(0, 40).Draw(t, "repeat"))
				rows = append(rows, put(key, sequence, value))
				model[key] = value
			}
			o := rocksdb.TableOptions{
				Compression: rapid.SampledFrom([]rocksdb.Compression{rocksdb.CompressionNone, rocksdb.CompressionSnappy}).Draw(t, "codec"),
				BlockBytes:  rapid.SampledFrom([]int{1, 200, 0}).Draw(t, "block"),
			}
			level := 0
			if layer == 0 {
				level = 6
			}
			v.Families[0].Files = append(v.Families[0].Files, writeTable(t, dir, uint64(layer+1), level, o, rows...))
		}
		v.LastSequence = sequence + 1
		noError(t, rocksdb.WriteCheckpoint(vfs.Default, dir, v))
		var want []string
		for key, value := range model {
			want = append(want, key+"="+value)
		}
		slices.SortFunc(want, func(a, b string) int {
			ka, _, _ := strings.Cut(a, "=")
			kb, _, _ := strings.Cut(b, "=")
			return strings.Compare(ka, kb)
		})
		rows, err := dissect.Rows(dir)
		noError(t, err)
		if got := text(rows["default"]); !slices.Equal(got, want) {
			t.Fatalf("got %q\nwant %q", got, want)
		}
	})
}

// TestLongManifest: edits that span log blocks.
func TestLongManifest(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("k", 3000)
	v := &rocksdb.Version{LastSequence: 5, Families: []rocksdb.Family{{ID: 0, Name: "default"}, {ID: 1, Name: "t"}}}
	for i := range 40 {
		v.Families[1].Files = append(v.Families[1].Files,
			writeTable(t, dir, uint64(i+1), 6, rocksdb.TableOptions{}, put(fmt.Sprintf("%s%03d", long, i), 0, "v")))
	}
	noError(t, rocksdb.WriteCheckpoint(vfs.Default, dir, v))
	rows, err := dissect.Rows(dir)
	noError(t, err)
	if len(rows["t"]) != 40 {
		t.Fatalf("%d rows", len(rows["t"]))
	}
}

// TestBatch: the builder's bytes, taken apart by hand.
func TestBatch(t *testing.T) {
	var b rocksdb.BatchBuilder
	b.Reset(41)
	b.Put(300, []byte("k"), []byte("v"))
	b.Delete(0, []byte("d"))
	b.LogData([]byte("note"))
	b.SingleDelete(2, []byte("s"))
	b.RangeDelete(0, []byte("a"), []byte("z"))
	sequence, count, err := dissect.BatchHeader(b.Bytes())
	noError(t, err)
	if sequence != 41 || count != 4 {
		t.Fatalf("header %d, %d", sequence, count)
	}
	operations, err := dissect.BatchOperations(b.Bytes())
	noError(t, err)
	var got []string
	for _, o := range operations {
		got = append(got, fmt.Sprintf("%s %d %s %s", o.Kind, o.Family, o.Key, o.Value))
	}
	if !slices.Equal(got, []string{"put 300 k v", "delete 0 d ", "single delete 2 s ", "range delete 0 a z"}) {
		t.Fatalf("%q", got)
	}
	for cut := range b.Bytes() {
		if _, err := dissect.BatchOperations(b.Bytes()[:cut]); err == nil {
			t.Fatalf("a batch cut at %d passed", cut)
		}
	}
}
