package rocksdb

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// conformanceSet is one database of testdata, unpacked into memory.
type conformanceSet struct {
	Name          string            `json:"name"`
	FormatVersion uint32            `json:"formatVersion"`
	LastSequence  uint64            `json:"lastSequence"`
	Families      map[string]uint32 `json:"families"`

	fs  *vfs.MemFS
	dir string
}

// conformanceSets unpacks every set of testdata.
func conformanceSets(t testing.TB) []conformanceSet {
	t.Helper()
	names, err := filepath.Glob("testdata/*/set.json")
	requireNoError(t, err)
	if len(names) < 12 {
		t.Fatalf("only %d sets in testdata", len(names))
	}
	var sets []conformanceSet
	for _, name := range names {
		sets = append(sets, conformanceSetNamed(t, filepath.Base(filepath.Dir(name))))
	}
	return sets
}

// conformanceSetNamed unpacks one set of testdata.
func conformanceSetNamed(t testing.TB, name string) conformanceSet {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name, "set.json"))
	requireNoError(t, err)
	set := conformanceSet{fs: vfs.NewMem(), dir: "db"}
	requireNoError(t, json.Unmarshal(data, &set))
	requireEqual(t, name, set.Name)
	requireNoError(t, set.fs.MkdirAll(set.dir, 0o755))
	unpack(t, filepath.Join("testdata", name, "db.tar.gz"), set.fs, set.dir)
	return set
}

func unpack(t testing.TB, archive string, fs vfs.FS, dir string) {
	t.Helper()
	f, err := os.Open(archive)
	requireNoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	requireNoError(t, err)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		requireNoError(t, err)
		if h.Typeflag != tar.TypeReg {
			continue
		}
		data, err := io.ReadAll(r)
		requireNoError(t, err)
		writeFile(t, fs, fs.PathJoin(dir, filepath.Base(h.Name)), data)
	}
}

// rows returns the lines of rows.tsv by family: "hexkey\thexvalue".
func (s *conformanceSet) rows(t testing.TB) map[string][]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", s.Name, "rows.tsv.gz"))
	requireNoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	requireNoError(t, err)
	rows := map[string][]string{}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		family, row, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			t.Fatalf("%s: bad line %q", s.Name, lines.Text())
		}
		rows[family] = append(rows[family], row)
	}
	requireNoError(t, lines.Err())
	return rows
}

func writeFile(t testing.TB, fs vfs.FS, path string, data []byte) {
	t.Helper()
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	requireNoError(t, err)
	// A file may scribble over what it is given (MemFS does under -race).
	_, err = f.Write(bytes.Clone(data))
	requireNoError(t, err)
	requireNoError(t, f.Sync())
	requireNoError(t, f.Close())
}

func readFile(t testing.TB, fs vfs.FS, path string) []byte {
	t.Helper()
	f, err := fs.Open(path)
	requireNoError(t, err)
	defer f.Close()
	data, err := io.ReadAll(f)
	requireNoError(t, err)
	return bytes.Clone(data)
}

func manifestOf(t testing.TB, set conformanceSet) []byte {
	t.Helper()
	current := readFile(t, set.fs, set.fs.PathJoin(set.dir, "CURRENT"))
	return readFile(t, set.fs, set.fs.PathJoin(set.dir, strings.TrimSpace(string(current))))
}
