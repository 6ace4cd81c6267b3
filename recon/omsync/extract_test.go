package omsync

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/rocksdb"
)

type entry struct {
	name, body, link string
	kind             byte
}

func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		if err := w.WriteHeader(&tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Size: int64(len(e.body)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestExtractRefuses lists what comes with a 200 and is no snapshot, and the
// reason that a person reads (OM-H1, OM-H9, OM-H32).
func TestExtractRefuses(t *testing.T) {
	good := entry{name: "CURRENT", body: "MANIFEST-000005\n"}
	whole := archive(t, good, entry{name: "000010.sst", body: strings.Repeat("x", 4000)})
	for _, c := range []struct {
		name   string
		body   []byte
		reason string
	}{
		{"empty body", nil, "no tar archive but 0 bytes"},
		{"HTML page", []byte("<html>" + strings.Repeat("<p>please log in</p>", 100)), "begins with \"<html>"},
		{"short HTML page", []byte("<html>no</html>"), "begins with \"<html>"},
		{"cut inside a file", whole[:2600], "unexpected EOF"},
		{"path above the folder", archive(t, good, entry{name: "../x", body: "y"}), "leaves the candidate folder"},
		{"absolute path", archive(t, good, entry{name: "/etc/passwd", body: "y"}), "leaves the candidate folder"},
		{"sub folder", archive(t, good, entry{name: "db/000010.sst", body: "y"}), "leaves the candidate folder"},
		{"folder", archive(t, good, entry{name: "000010.sst", kind: tar.TypeDir}), "no plain file"},
		{"symbolic link", archive(t, good, entry{name: "000010.sst", kind: tar.TypeSymlink, link: "/etc/passwd"}), "no plain file"},
		{"hard link", archive(t, good, entry{name: "000010.sst", kind: tar.TypeLink, link: "CURRENT"}), "no plain file"},
		{"unknown file", archive(t, good, entry{name: "install.sh", body: "y"}), "no file of a RocksDB checkpoint"},
		{"one name twice", archive(t, good, good), "twice"},
		{"too large", archive(t, good, entry{name: "000010.sst", body: strings.Repeat("x", 20000)}), "larger than the limit of 10000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := vfs.NewMem()
			if err := fs.MkdirAll("/a/candidate", 0o755); err != nil {
				t.Fatal(err)
			}
			err := Extract(fs, "/a/candidate", bytes.NewReader(c.body), 10000)
			if err == nil {
				// A cut between two entries leaves a well-formed archive; the
				// files then do not make a checkpoint.
				_, err = rocksdb.ReadCheckpoint(fs, "/a/candidate")
			}
			if err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want a reason with %q", err, c.reason)
			}
			onlyCandidate(t, fs)
		})
	}
}

// TestExtractCutBetweenEntries: an archive that ends after a whole file is
// well-formed; what is missing is seen when the checkpoint is read (OM-H2).
func TestExtractCutBetweenEntries(t *testing.T) {
	fs := vfs.NewMem()
	if err := fs.MkdirAll("/a/candidate", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Extract(fs, "/a/candidate", bytes.NewReader(archive(t, entry{name: "000010.sst", body: "rows"})), 10000); err != nil {
		t.Fatal(err)
	}
	if _, err := rocksdb.ReadCheckpoint(fs, "/a/candidate"); err == nil || !strings.Contains(err.Error(), "CURRENT") {
		t.Errorf("a checkpoint without CURRENT is accepted: %v", err)
	}
}

func onlyCandidate(t testing.TB, fs vfs.FS) {
	t.Helper()
	for dir, want := range map[string]string{"/": "a", "/a": "candidate"} {
		names, err := fs.List(dir)
		if err != nil || len(names) != 1 || names[0] != want {
			t.Errorf("%s holds %v (%v): something was written outside the candidate folder", dir, names, err)
		}
	}
}

// FuzzExtract feeds any bytes: never a panic, never a file outside the folder,
// never more than the limit.
func FuzzExtract(f *testing.F) {
	good := archive(f, entry{name: "CURRENT", body: "MANIFEST-000005\n"}, entry{name: "000010.sst", body: "rows"})
	f.Add(good)
	f.Add(good[:700])
	f.Add([]byte("<html>"))
	f.Add(archive(f, entry{name: "../x", body: "y"}))
	f.Add(archive(f, entry{name: "000010.sst", kind: tar.TypeSymlink, link: "CURRENT"}))
	f.Fuzz(func(t *testing.T, body []byte) {
		const limit = 1 << 16
		fs := vfs.NewMem()
		if err := fs.MkdirAll("/a/candidate", 0o755); err != nil {
			t.Fatal(err)
		}
		err := Extract(fs, "/a/candidate", bytes.NewReader(body), limit)
		onlyCandidate(t, fs)
		names, listErr := fs.List("/a/candidate")
		if listErr != nil {
			t.Fatal(listErr)
		}
		total := int64(0)
		for _, name := range names {
			info, statErr := fs.Stat("/a/candidate/" + name)
			if statErr != nil || info.IsDir() {
				t.Fatalf("%s: %v", name, statErr)
			}
			total += info.Size()
		}
		if err == nil && total > limit {
			t.Fatalf("%d bytes were accepted, the limit is %d", total, limit)
		}
	})
}
