package rocksdb

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestNotACheckpoint: what can be missing or wrong in a directory has an error
// that says so (OM-H10: a broken download must be refused, not served).
func TestNotACheckpoint(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(t *testing.T, f vfs.FS)
		is    error
		want  string
	}{
		{"no directory", func(t *testing.T, f vfs.FS) { requireNoError(t, f.RemoveAll("cp")) }, fs.ErrNotExist, "CURRENT"},
		{"no CURRENT", func(t *testing.T, f vfs.FS) { requireNoError(t, f.Remove("cp/CURRENT")) }, fs.ErrNotExist, "CURRENT"},
		{"empty CURRENT", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/CURRENT", nil) }, ErrCorrupt, "newline"},
		{"CURRENT cut", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/CURRENT", []byte("MANIFEST-00")) }, ErrCorrupt, "newline"},
		{"CURRENT leaves the directory", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/CURRENT", []byte("../MANIFEST-000001\n")) }, ErrCorrupt, "not a manifest of this directory"},
		{"CURRENT names a path", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/CURRENT", []byte("MANIFEST-1/../x\n")) }, ErrCorrupt, "not a manifest of this directory"},
		{"CURRENT huge", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/CURRENT", make([]byte, 5000)) }, ErrCorrupt, "5000 bytes"},
		{"manifest missing", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/CURRENT", []byte("MANIFEST-000099\n")) }, fs.ErrNotExist, "MANIFEST-000099, which CURRENT names"},
		{"manifest damaged", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/MANIFEST-000012", []byte("garbage garbage")) }, ErrCorrupt, "MANIFEST-000012"},
		{"manifest empty", func(t *testing.T, f vfs.FS) { writeFile(t, f, "cp/MANIFEST-000012", nil) }, ErrCorrupt, "no version edit"},
		{"table missing", func(t *testing.T, f vfs.FS) { requireNoError(t, f.Remove("cp/000011.sst")) }, fs.ErrNotExist, `table 000011.sst of family "keyTable"`},
		{"table cut", func(t *testing.T, f vfs.FS) {
			writeFile(t, f, "cp/000010.sst", readFile(t, f, "cp/000010.sst")[:100])
		}, ErrCorrupt, `table 000010.sst of family "keyTable" has 100 bytes`},
		{"never written", func(t *testing.T, f vfs.FS) {
			writeFile(t, f, "cp/MANIFEST-000012", EncodeManifest(&Version{NextFileNumber: 20}))
		}, ErrNotACheckpoint, "last sequence is 0"},
		{"foreign comparator", func(t *testing.T, f vfs.FS) {
			writeFile(t, f, "cp/MANIFEST-000012", EncodeManifest(&Version{Comparator: "mine", LastSequence: 1}))
		}, ErrUnsupported, `comparator "mine"`},
		{"log damaged", func(t *testing.T, f vfs.FS) {
			log := appendLogRecord(nil, []byte("not a write batch"))
			writeFile(t, f, "cp/000020.log", log)
		}, ErrCorrupt, "log 000020.log"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := vfs.NewMem()
			sampleCheckpoint(t, f, "cp", TableOptions{}, 100)
			tc.spoil(t, f)
			_, err := ReadCheckpoint(f, "cp")
			requireError(t, err, ErrNotACheckpoint, tc.want)
			requireError(t, err, tc.is, "checkpoint cp")
		})
	}
}

func TestWriteCheckpointRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		spoil func(v *Version)
		want  string
	}{
		{"last sequence 0", func(v *Version) { v.LastSequence = 0 }, "the last sequence is 0"},
		{"table missing", func(v *Version) { v.Families[1].Files[0].Number = 99 }, "000099.sst"},
		{"wrong size", func(v *Version) { v.Families[1].Files[0].SizeBytes++ }, "the manifest says"},
		{"no default family", func(v *Version) { v.Families = v.Families[1:] }, `family "default"`},
		{"same id", func(v *Version) { v.Families[2].ID = 1 }, "have the id 1"},
		{"same name", func(v *Version) { v.Families[2].Name = "keyTable" }, "have the name"},
		{"same number", func(v *Version) { v.Families[1].Files[1].Number = 11 }, "used twice"},
		{"newer than the database", func(v *Version) { v.LastSequence = 50 }, "do not fit the last sequence 50"},
		{"bad manifest name", func(v *Version) { v.Manifest = "../x" }, "not a manifest's name"},
		{"overlap", func(v *Version) { v.Families[1].Files[0].Level = 6 }, "overlaps"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := vfs.NewMem()
			v := sampleCheckpoint(t, f, "cp", TableOptions{}, 100)
			requireNoError(t, f.Remove("cp/CURRENT"))
			tc.spoil(v)
			err := WriteCheckpoint(f, "cp", v)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v does not mention %q", err, tc.want)
			}
			if _, err := f.Stat("cp/CURRENT"); err == nil {
				t.Fatalf("CURRENT was written all the same")
			}
		})
	}
}

func TestTableWriterRefuses(t *testing.T) {
	f := vfs.NewMem()
	_, err := NewTableWriter(f, "keys.sst", TableOptions{})
	requireError(t, err, err, "file number")
	_, err = NewTableWriter(f, "000001.sst", TableOptions{Compression: CompressionZlib})
	requireError(t, err, ErrUnsupported, "zlib")
	_, err = NewTableWriter(f, "missing/000001.sst", TableOptions{})
	requireError(t, err, fs.ErrNotExist, "missing/000001.sst")

	w, err := NewTableWriter(f, "000001.sst", TableOptions{})
	requireNoError(t, err)
	requireNoError(t, w.Add([]byte("b"), nil))
	requireError(t, w.AddSequenced([]byte("c"), 1, KindMerge, nil), ErrUnsupported, "merge")
	for _, key := range []string{"a", "b"} {
		if err := w.Add([]byte(key), nil); err == nil || !strings.Contains(err.Error(), "ascending order") {
			t.Fatalf("key %s: %v", key, err)
		}
	}
	if err := w.AddSequenced([]byte("c"), MaxSequence+1, KindPut, nil); err == nil {
		t.Fatalf("a sequence number of 57 bits was taken")
	}
	_, err = w.Close()
	requireNoError(t, err)
	if err := w.Add([]byte("d"), nil); err == nil {
		t.Fatalf("a closed table took a row")
	}
	requireNoError(t, w.Abort())
	if _, err := f.Stat("000001.sst"); err != nil {
		t.Fatalf("Abort after Close removed the table: %v", err)
	}

	w, err = NewTableWriter(f, "000002.sst", TableOptions{})
	requireNoError(t, err)
	if _, err = w.Close(); err == nil || !strings.Contains(err.Error(), "no rows") {
		t.Fatalf("empty table: %v", err)
	}
	if _, err := f.Stat("000002.sst"); err == nil {
		t.Fatalf("an empty table was left behind")
	}
}

// TestTableWriterAllocations: adding a row does not allocate (house rule for
// load paths).
func TestTableWriterAllocations(t *testing.T) {
	w, err := NewTableWriter(vfs.NewMem(), "000001.sst", TableOptions{})
	requireNoError(t, err)
	key, value := make([]byte, 8), make([]byte, 20)
	n := 0
	add := func() {
		n++
		key[4], key[5], key[6], key[7] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
		if err := w.Add(key, value); err != nil {
			t.Fatal(err)
		}
	}
	if perRow := testing.AllocsPerRun(20000, add); perRow > 0.1 {
		t.Fatalf("%v allocations a row", perRow)
	}
	requireNoError(t, w.Abort())
}
