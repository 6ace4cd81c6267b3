package omsync

import (
	"archive/tar"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/rocksdb"
)

// tree lists every file below a folder with its size, folders with -1.
func tree(tb testing.TB, fs vfs.FS, dir string) map[string]int64 {
	tb.Helper()
	files := map[string]int64{}
	names, err := fs.List(dir)
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		path := fs.PathJoin(dir, name)
		info, err := fs.Stat(path)
		if err != nil {
			tb.Fatal(err)
		}
		files[path] = info.Size()
		if info.IsDir() {
			files[path] = -1
			for below, size := range tree(tb, fs, path) {
				files[below] = size
			}
		}
	}
	return files
}

// newExtractFS has a candidate folder and a neighbour that must stay as it is.
func newExtractFS(tb testing.TB) vfs.FS {
	tb.Helper()
	fs := vfs.NewMem()
	for _, dir := range []string{"/recon/candidate", "/recon/generations"} {
		if err := fs.MkdirAll(dir, 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	return fs
}

const extractDir = "/recon/candidate"

// requireInside fails if anything but plain checkpoint files directly in the
// candidate folder was written, or more than maxBytes of them.
func requireInside(tb testing.TB, fs vfs.FS, maxBytes int64) {
	tb.Helper()
	total := int64(0)
	for path, size := range tree(tb, fs, "/") {
		if slices.Contains([]string{"/recon", extractDir, "/recon/generations"}, path) {
			continue
		}
		name, inside := strings.CutPrefix(path, extractDir+"/")
		if !inside || size < 0 || !entryNames.MatchString(name) {
			tb.Errorf("%s was written (%d bytes)", path, size)
		}
		total += size
	}
	if total > maxBytes {
		tb.Errorf("%d bytes were written, the limit is %d", total, maxBytes)
	}
}

func TestExtractRefuses(t *testing.T) {
	good := checkpointEntries(t)
	archive := archiveOf(t, good...)
	with := func(extra entry) []byte { return archiveOf(t, append(slices.Clone(good), extra)...) }
	for _, tc := range []struct {
		id, name string
		archive  []byte
		maxBytes int64
		want     string
	}{
		{"OM-H32", "HTML", []byte("<html><body>" + strings.Repeat("login ", 200) + "</body></html>"), 1 << 20, `this is no tar archive (it begins with "<html><body>`},
		{"OM-H32", "short HTML", []byte("<html></html>"), 1 << 20, `no tar archive but 13 bytes (it begins with "<html></html>")`},
		{"OM-H32", "empty body", nil, 1 << 20, "no tar archive but 0 bytes"},
		{"OM-H1", "cut inside a file", archive[:512+100], 1 << 20, "extract /recon/candidate/000011.sst: unexpected EOF"},
		{"OM-H1", "cut inside a header", archive[:len(archive)-1024-100-512], 1 << 20, "unexpected EOF"},
		{"OM-H9", "path above", with(entry{name: "../x"}), 1 << 20, `"../x" leaves the candidate folder`},
		{"OM-H9", "path above and back", with(entry{name: "a/../../candidate/000012.sst"}), 1 << 20, "leaves the candidate folder"},
		{"OM-H9", "absolute path", with(entry{name: "/etc/000012.sst"}), 1 << 20, "leaves the candidate folder or makes a new one"},
		{"OM-H9", "folder above", with(entry{name: ".."}), 1 << 20, "leaves the candidate folder"},
		{"OM-H9", "file in a folder", with(entry{name: "d/000012.sst"}), 1 << 20, "makes a new one"},
		{"OM-H9", "folder", with(entry{name: "d/", kind: tar.TypeDir}), 1 << 20, "is no plain file (type '5')"},
		{"OM-H9", "symbolic link", with(entry{name: "000012.sst", kind: tar.TypeSymlink}), 1 << 20, "links and folders are refused"},
		{"OM-H9", "hard link", with(entry{name: "000012.sst", kind: tar.TypeLink}), 1 << 20, "links and folders are refused"},
		{"OM-H9", "device", with(entry{name: "000012.sst", kind: tar.TypeChar}), 1 << 20, "is no plain file (type '3')"},
		{"OM-H1", "a name twice", with(good[0]), 1 << 20, "the archive has 000011.sst twice"},
		{"OM-H1", "a name twice in two spellings", with(entry{name: "./CURRENT"}), 1 << 20, "the archive has CURRENT twice"},
		{"OM-H1", "unknown name", with(entry{name: "hardLinkFile"}), 1 << 20, `"hardLinkFile" is no file of a RocksDB checkpoint`},
		{"OM-H8", "larger than the limit", archive, 100, "larger than the limit of 100 bytes: raise reconsim.snapshot.transfer.max.bytes"},
	} {
		t.Run(tc.id+" "+tc.name, func(t *testing.T) {
			fs := newExtractFS(t)
			err := Extract(fs, extractDir, bytes.NewReader(tc.archive), tc.maxBytes)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v does not mention %q", err, tc.want)
			}
			requireInside(t, fs, tc.maxBytes)
		})
	}
}

// TestExtractNeedsWholeCheckpoint: a cut between two entries is a well-formed
// archive, so what it lacks is found by reading the checkpoint (OM-H1, OM-H2).
func TestExtractNeedsWholeCheckpoint(t *testing.T) {
	good := checkpointEntries(t)
	firstEntry := int64(512 + (len(good[0].content)+511)/512*512)
	for _, tc := range []struct {
		id, name string
		archive  []byte
		want     string
	}{
		{"OM-H1", "whole", archiveOf(t, good...), ""},
		{"OM-H1", "cut between entries", archiveOf(t, good...)[:firstEntry], "CURRENT: "},
		{"OM-H1", "no CURRENT", archiveOf(t, good[:2]...), "CURRENT: "},
		{"OM-H1", "no manifest", archiveOf(t, good[0], good[2]), "which CURRENT names"},
		{"OM-H1", "no table", archiveOf(t, good[1:]...), "table 000011.sst of family \"transactionInfoTable\""},
		{"OM-H1", "a shorter table", archiveOf(t, entry{name: good[0].name, content: good[0].content[:50]}, good[1], good[2]), "has 50 bytes, the manifest says"},
		{"OM-H32", "archive of nothing", make([]byte, 1024), "CURRENT: "},
	} {
		t.Run(tc.id+" "+tc.name, func(t *testing.T) {
			fs := newExtractFS(t)
			if err := Extract(fs, extractDir, bytes.NewReader(tc.archive), 1<<20); err != nil {
				t.Fatal(err)
			}
			_, err := rocksdb.ReadCheckpoint(fs, extractDir)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want one that mentions %q", err, tc.want)
			}
		})
	}
}

// FuzzExtract: no bytes make Extract panic, write anything but checkpoint
// files in its folder, or write more than the limit (OM-H9, OM-H32).
func FuzzExtract(f *testing.F) {
	good := checkpointEntries(f)
	archive := archiveOf(f, good...)
	for _, seed := range [][]byte{
		archive, archive[:700], []byte("<html></html>"), {}, make([]byte, 1024),
		archiveOf(f, entry{name: "../x"}), archiveOf(f, entry{name: "000012.sst", kind: tar.TypeSymlink}),
		archiveOf(f, entry{name: "000012.sst", kind: tar.TypeLink}), archiveOf(f, good[0], good[0]),
		archiveOf(f, entry{name: "000012.sst", content: make([]byte, 40<<10)}),
	} {
		f.Add(seed)
	}
	const maxBytes = 16 << 10
	f.Fuzz(func(t *testing.T, archive []byte) {
		fs := newExtractFS(t)
		err := Extract(fs, extractDir, io.LimitReader(bytes.NewReader(archive), 1<<20), maxBytes)
		if err != nil && err.Error() == "" {
			t.Error("a refusal without a reason")
		}
		requireInside(t, fs, maxBytes)
	})
}
