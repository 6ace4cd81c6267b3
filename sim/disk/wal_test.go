package disk

import (
	"bytes"
	"testing"

	pebblerecord "github.com/cockroachdb/pebble/v2/record"
)

// TestHashLogLeavesTimingOut: two logs with the same records have the same hash
// whenever each learned that it was synced, and another record another one; what
// is no log of a generation is hashed as it is.
func TestHashLogLeavesTimingOut(t *testing.T) {
	const name = "/recon/generations/gen-00000001/db/000004.log"
	logged := func(last string) []byte {
		var out bytes.Buffer
		w := pebblerecord.NewLogWriter(&out, 4, pebblerecord.LogWriterConfig{WriteWALSyncOffsets: func() bool { return true }})
		for _, text := range []string{"first", string(bytes.Repeat([]byte("long"), 20_000)), last} {
			if _, err := w.WriteRecord([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	one, other := logged("last"), logged("lost")
	late := bytes.Clone(one)
	late[0] ^= 0xff             // The checksum
	late[walSyncedAt+2] ^= 0xff // and the synced offset of the first chunk.
	sum, ok := hashLog(name, one, 0)
	if !ok {
		t.Fatal("a log was not understood")
	}
	if again, ok := hashLog(name, late, 0); !ok || again != sum {
		t.Error("the synced offset is in the hash")
	}
	if another, ok := hashLog(name, other, 0); !ok || another == sum {
		t.Error("another record has the same hash")
	}
	for name, p := range map[string][]byte{"/om/om1/log-0/00000001.log": one, name: []byte("no chunk, but long enough for a header")} {
		if _, ok := hashLog(name, p, 0); ok {
			t.Errorf("%s with %d bytes passes for a log", name, len(p))
		}
	}
}
