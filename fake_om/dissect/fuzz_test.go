package dissect

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParsers: no bytes make the instrument panic.
func FuzzParsers(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{11, 0x28, 'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'})
	f.Add([]byte{10, 0x00, 'a', 0x15, 1})
	f.Add([]byte{4, 9, 3, 20, 200, 1, 1, 201, 1, 1, 't'})
	f.Fuzz(func(t *testing.T, data []byte) {
		plain, err := unsnappy(data)
		if err == nil && len(plain) > 64*len(data)+64 {
			t.Fatalf("%d bytes from %d", len(plain), len(data))
		}
		m := manifest{families: map[uint64]string{0: "default"}}
		if err := m.edit(data); err == nil && len(m.files) > len(data) {
			t.Fatalf("%d files from %d bytes", len(m.files), len(data))
		}
		if _, err := parseManifest(data); err == nil && len(data) < 10 {
			t.Fatalf("a manifest of %d bytes", len(data))
		}
		path := filepath.Join(t.TempDir(), "table")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if rows, err := readTable(path); err == nil && len(rows) == 0 {
			t.Fatalf("a table without rows")
		}
		if operations, err := BatchOperations(data); err == nil && len(operations) > len(data) {
			t.Fatalf("%d operations from %d bytes", len(operations), len(data))
		}
	})
}

// TestUnsnappy: every copy form, by hand.
func TestUnsnappy(t *testing.T) {
	for _, tc := range []struct {
		src  []byte
		want string
	}{
		{[]byte{0}, ""},
		{[]byte{5, 4 << 2, 'h', 'e', 'l', 'l', 'o'}, "hello"},
		{[]byte{6, 0, 'a', 1<<2 | 1, 1}, "aaaaaa"},
		{[]byte{6, 1 << 2, 'a', 'b', 3<<2 | 2, 2, 0}, "ababab"},
		{[]byte{6, 1 << 2, 'a', 'b', 3<<2 | 3, 2, 0, 0, 0}, "ababab"},
		{[]byte{2, 60 << 2, 1, 'a', 'b'}, "ab"},
	} {
		got, err := unsnappy(tc.src)
		if err != nil || string(got) != tc.want {
			t.Errorf("%x: %q, %v; want %q", tc.src, got, err, tc.want)
		}
	}
	for _, src := range [][]byte{nil, {1}, {5, 4 << 2, 'h'}, {6, 0, 'a', 1<<2 | 1, 2}, {6, 0, 'a', 1<<2 | 1, 0}, {7, 0, 'a', 1<<2 | 1, 1}} {
		if got, err := unsnappy(src); err == nil {
			t.Errorf("%x passed as %q", src, got)
		}
	}
}
