package derived

import (
	"bytes"
	"encoding/hex"
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// TestSizeBins is the table of spec/recon.md 1.3.
func TestSizeBins(t *testing.T) {
	for _, c := range []struct {
		size  int64
		bin   int
		bound int64
	}{
		{0, 0, 1024}, {1, 0, 1024}, {1000, 0, 1024}, {1024, 0, 1024},
		{1025, 1, 2048}, {2048, 1, 2048}, {2049, 2, 4096}, {4096, 2, 4096},
		{10000, 4, 16384}, {131072, 7, 131072}, {131073, 8, 262144},
		{1 << 49, 39, 1 << 49}, {1<<49 + 1, 40, 1 << 50}, {1<<50 - 1, 40, 1 << 50},
		{1 << 50, 40, math.MaxInt64}, {1<<50 + 1, 40, math.MaxInt64}, {math.MaxInt64, 40, math.MaxInt64},
	} {
		bin, ok := SizeBin(c.size)
		if !ok || bin != c.bin {
			t.Errorf("SizeBin(%d) = %d %v, want %d", c.size, bin, ok, c.bin)
		}
		index, ok := SizeBoundIndex(c.size)
		if !ok || SizeBound(index) != c.bound {
			t.Errorf("bound of %d = %d %v, want %d", c.size, SizeBound(index), ok, c.bound)
		}
	}
	if _, ok := SizeBin(-1); ok {
		t.Error("a negative size has a bin")
	}
	if _, ok := SizeBoundIndex(math.MinInt64); ok {
		t.Error("a negative size has a bound")
	}
	bounds := map[int64]bool{}
	for i := range BoundCount {
		bounds[SizeBound(i)] = true
	}
	if len(bounds) != 42 || BinCount != 41 {
		t.Errorf("%d bounds, %d bins", len(bounds), BinCount)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestContainerKeys is the example of spec/recon.md 2.2, and names with "_".
func TestContainerKeys(t *testing.T) {
	key := []byte("/vol1/bucket1/key1")
	if got := AppendContainerKey(nil, 1, key, 0); !bytes.Equal(got, unhex(t, "00000000000000015f2f766f6c312f6275636b6574312f6b6579315f0000000000000000")) {
		t.Errorf("container key %x", got)
	}
	if got := AppendKeyContainer(nil, key, 0, 1); !bytes.Equal(got, unhex(t, "2f766f6c312f6275636b6574312f6b6579315f00000000000000005f0000000000000001")) {
		t.Errorf("key container %x", got)
	}
	if got := AppendKeyContainerPrefix(nil, key); string(got) != "/vol1/bucket1/key1_" {
		t.Errorf("prefix %q", got)
	}
	for _, name := range []string{"", "_", "/v/b/a_b", "________________________", "/v/b/\x00\x00\x00\x00\x00\x00\x00\x00_"} {
		for _, n := range []int64{0, 1, -1, '_' << 8, math.MaxInt64, math.MinInt64} {
			id, got, version, ok := ParseContainerKey(AppendContainerKey(nil, n, []byte(name), n+1))
			if !ok || id != n || string(got) != name || version != n+1 {
				t.Errorf("container key of %q %d: %d %q %d %v", name, n, id, got, version, ok)
			}
			got, version, id, ok = ParseKeyContainer(AppendKeyContainer(nil, []byte(name), n+1, n))
			if !ok || id != n || string(got) != name || version != n+1 {
				t.Errorf("key container of %q %d: %d %q %d %v", name, n, id, got, version, ok)
			}
		}
	}
	for _, bad := range []string{"", "_", "0123456789", "01234567_9_234567", "01234567x_12345678", "01234567_x12345678"} {
		if _, _, _, ok := ParseContainerKey([]byte(bad)); ok {
			t.Errorf("ParseContainerKey takes %q", bad)
		}
		if _, _, _, ok := ParseKeyContainer([]byte(bad)); ok && bad != "" {
			t.Errorf("ParseKeyContainer takes %q", bad)
		}
	}
}

// TestStats is the example of spec/recon.md 2.2.
func TestStats(t *testing.T) {
	for n, want := range map[int64]string{5: "0805", 0: "0800", -1: "08ffffffffffffffffff01"} {
		got := AppendStatsValue(nil, n)
		if hex.EncodeToString(got) != want {
			t.Errorf("stats value %d: %x, want %s", n, got, want)
		}
		if back, err := ParseStatsValue(got); err != nil || back != n {
			t.Errorf("stats value %d read as %d, %v", n, back, err)
		}
	}
	for _, bad := range []string{"", "08", "0a00", "1005", "ff"} {
		if n, err := ParseStatsValue(unhex(t, bad)); err == nil {
			t.Errorf("%s is read as %d", bad, n)
		}
	}
	if CountName(omdb.DTokenTable) != "dTokenTableCount" ||
		UnreplicatedSizeName(omdb.DeletedTable) != "deletedTableUnReplicatedDataSize" ||
		ReplicatedSizeName(omdb.OpenFileTable) != "openFileTableReplicatedDataSize" || len(SizedTables()) != 4 {
		t.Error("names of statistics are not Ozone's")
	}
}

// TestFileSizeCountKey is the example of spec/recon.md 2.2.
func TestFileSizeCountKey(t *testing.T) {
	got := AppendFileSizeCountKey(nil, "vol1", []byte("bucket1"), 1024)
	if !bytes.Equal(got, unhex(t, "0a04766f6c3112076275636b657431188008")) {
		t.Errorf("key %x", got)
	}
	long := string(bytes.Repeat([]byte("x"), 300))
	for _, bound := range []int64{1024, math.MaxInt64} {
		key := AppendFileSizeCountKey(nil, long, "", bound)
		volume, bucket, back, err := ParseFileSizeCountKey(key)
		if err != nil || string(volume) != long || len(bucket) != 0 || back != bound {
			t.Errorf("%d: %q %q %d %v", bound, volume, bucket, back, err)
		}
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(&ozonepb.FileSizeCountKeyProto{
			Volume: &long, Bucket: proto.String(""), FileSizeUpperBound: &bound,
		})
		if err != nil || !bytes.Equal(key, want) {
			t.Errorf("%x, protobuf %x %v", key, want, err)
		}
	}
	for _, bad := range []string{"", "0a04", "0a0476", "1800", "0a00120018", "0b0c"} {
		if _, _, _, err := ParseFileSizeCountKey(unhex(t, bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func sampleSummary() *NSSummary {
	s := &NSSummary{
		NumOfFiles: 3, SizeOfFiles: 3002550, ReplicatedSizeOfFiles: 9007650,
		ChildDirs: []int64{-5, 4, 7}, DirName: []byte("d1"), ParentID: math.MinInt64,
	}
	s.FileSizeBucket[0], s.FileSizeBucket[40] = 1, -2
	return s
}

// TestNSSummary: the layout and length of spec/recon.md 2.2.
func TestNSSummary(t *testing.T) {
	want := sampleSummary()
	value := AppendNSSummary(nil, want)
	if len(value) != 202+8*3+2 {
		t.Errorf("%d bytes", len(value))
	}
	var got NSSummary
	if err := DecodeNSSummary(value, &got); err != nil || !equalSummaries(&got, want) {
		t.Errorf("%+v %v, want %+v", got, err, want)
	}
	// Rows of older layouts end earlier.
	if err := DecodeNSSummary(value[:len(value)-8], &got); err != nil || got.ParentID != want.ParentID || got.ReplicatedSizeOfFiles != Unknown {
		t.Errorf("without replicated size: %+v %v", got, err)
	}
	if err := DecodeNSSummary(value[:len(value)-16], &got); err != nil || got.ParentID != Unknown || got.ReplicatedSizeOfFiles != Unknown {
		t.Errorf("without parent: %+v %v", got, err)
	}
	// A hash set's order of children is read as ascending.
	mixed := sampleSummary()
	mixed.ChildDirs = []int64{7, -5, 4}
	if err := DecodeNSSummary(AppendNSSummary(nil, mixed), &got); err != nil || !equalSummaries(&got, want) {
		t.Errorf("children in another order: %+v %v", got, err)
	}
	for n := range value {
		if n == len(value)-8 || n == len(value)-16 {
			continue
		}
		if DecodeNSSummary(value[:n], &got) == nil {
			t.Errorf("the first %d of %d bytes are taken", n, len(value))
		}
	}
	if DecodeNSSummary(append(value, 0), &got) == nil {
		t.Error("a byte too many is taken")
	}
}

func equalSummaries(a, b *NSSummary) bool {
	return a.NumOfFiles == b.NumOfFiles && a.SizeOfFiles == b.SizeOfFiles && a.ReplicatedSizeOfFiles == b.ReplicatedSizeOfFiles &&
		a.FileSizeBucket == b.FileSizeBucket && slices.Equal(a.ChildDirs, b.ChildDirs) && bytes.Equal(a.DirName, b.DirName) &&
		a.ParentID == b.ParentID
}

func TestLong(t *testing.T) {
	for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		if back, ok := ParseLong(AppendLong(nil, n)); !ok || back != n {
			t.Errorf("%d read as %d %v", n, back, ok)
		}
	}
	if _, ok := ParseLong([]byte{1, 2, 3}); ok {
		t.Error("three bytes are an int64")
	}
}

func TestTables(t *testing.T) {
	seen := map[omdb.Table]bool{}
	for _, table := range Tables() {
		if table < 0x40 || seen[table] || TableName(table) == "" {
			t.Errorf("table %#x %q", table, TableName(table))
		}
		seen[table] = true
	}
}

// TestAppendAllocatesNothing: encoding into a buffer that is long enough.
func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1024)
	key, summary := []byte("/vol1/bucket1/key1"), sampleSummary()
	var decoded NSSummary
	allocations := testing.AllocsPerRun(100, func() {
		buf = AppendContainerKey(buf[:0], 1, key, 2)
		buf = AppendKeyContainer(buf[:0], key, 2, 1)
		buf = AppendFileSizeCountKey(buf[:0], key, key, 1024)
		buf = AppendStatsValue(buf[:0], 5)
		buf = AppendNSSummary(buf[:0], summary)
		if DecodeNSSummary(buf, &decoded) != nil {
			t.Fatal("cannot read what was written")
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// FuzzNSSummary: whatever is taken is written again as the same content.
func FuzzNSSummary(f *testing.F) {
	value := AppendNSSummary(nil, sampleSummary())
	f.Add(value)
	f.Add(value[:len(value)-8])
	f.Add(value[:len(value)-16])
	f.Add(AppendNSSummary(nil, &NSSummary{}))
	f.Fuzz(func(t *testing.T, value []byte) {
		var first, second NSSummary
		if DecodeNSSummary(value, &first) != nil {
			return
		}
		if err := DecodeNSSummary(AppendNSSummary(nil, &first), &second); err != nil || !equalSummaries(&first, &second) {
			t.Fatalf("%+v became %+v, %v", first, second, err)
		}
	})
}

// FuzzDerivedKeys: what a parser takes is what its builder makes, or, for the
// messages, reads the same again.
func FuzzDerivedKeys(f *testing.F) {
	f.Add(AppendContainerKey(nil, 1, []byte("/v/b/k"), 0))
	f.Add(AppendKeyContainer(nil, []byte("/v/b/k"), 0, 1))
	f.Add(AppendFileSizeCountKey(nil, "v", "b", 1024))
	f.Add(AppendStatsValue(nil, 1<<40))
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, key, version, ok := ParseContainerKey(b); ok && !bytes.Equal(AppendContainerKey(nil, id, key, version), b) {
			t.Errorf("container key %x", b)
		}
		if key, version, id, ok := ParseKeyContainer(b); ok && !bytes.Equal(AppendKeyContainer(nil, key, version, id), b) {
			t.Errorf("key container %x", b)
		}
		if volume, bucket, bound, err := ParseFileSizeCountKey(b); err == nil {
			v, bu, bo, err := ParseFileSizeCountKey(AppendFileSizeCountKey(nil, volume, bucket, bound))
			if err != nil || !bytes.Equal(v, volume) || !bytes.Equal(bu, bucket) || bo != bound {
				t.Errorf("file size count key %x", b)
			}
		}
		if n, err := ParseStatsValue(b); err == nil {
			if back, err := ParseStatsValue(AppendStatsValue(nil, n)); err != nil || back != n {
				t.Errorf("stats value %x", b)
			}
		}
	})
}
