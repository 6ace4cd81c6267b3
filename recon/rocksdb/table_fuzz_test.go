package rocksdb

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
)

func typed(err error) bool {
	return err == nil || errors.Is(err, ErrCorrupt) || errors.Is(err, ErrUnsupported)
}

// FuzzTable: any bytes in the place of a table are verified or refused.
func FuzzTable(f *testing.F) {
	fs := vfs.NewMem()
	sampleCheckpoint(f, fs, "cp", TableOptions{BlockBytes: 100}, 20)
	f.Add(readFile(f, fs, "cp/000010.sst"))
	f.Add(readFile(f, fs, "cp/000011.sst"))
	set := conformanceSetNamed(f, "range-tombstones")
	f.Add(readFile(f, set.fs, "db/000035.sst"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fs := vfs.NewMem()
		writeFile(t, fs, "000010.sst", data)
		file := File{Number: 10, SizeBytes: uint64(len(data)), LargestSeq: MaxSequence, SmallestKey: []byte("a"), LargestKey: []byte("z")}
		if _, err := VerifyTable(context.Background(), fs, "", file); !typed(err) {
			t.Fatalf("error of an unknown sort: %v", err)
		}
	})
}

// FuzzTableBlocks gives the parsers behind the checksums bytes that no checksum
// would let through.
func FuzzTableBlocks(f *testing.F) {
	plain := bytes.Repeat([]byte("some block "), 30)
	zw, err := zstd.NewWriter(nil)
	requireNoError(f, err)
	for codec := range byte(9) {
		f.Add(codec, uint32(5), plain)
	}
	f.Add(byte(CompressionSnappy), uint32(2), snappy.Encode(nil, plain))
	f.Add(byte(CompressionZstd), uint32(2), zw.EncodeAll(plain, []byte{0xca, 2}))
	f.Add(byte(CompressionLZ4), uint32(2), []byte{5, 0x50, 'a', 'b', 'c', 'd', 'e'})
	f.Add(byte(CompressionLZ4), uint32(2), []byte{12, 0x14, 'a', 1, 0, 0x30, 'b', 'c', 'd'})
	set := conformanceSetNamed(f, "range-tombstones")
	f.Add(byte(0), uint32(5), readFile(f, set.fs, "db/000035.sst"))
	f.Fuzz(func(t *testing.T, codec byte, version uint32, data []byte) {
		var d decompressor
		defer d.close()
		block := data
		if codec != 0 {
			var err error
			if block, err = d.decompress(nil, data, Compression(codec), version); !typed(err) {
				t.Fatalf("error of an unknown sort: %v", err)
			}
		}
		if _, err := parseFooter(block); !typed(err) {
			t.Fatalf("error of an unknown sort: %v", err)
		}
		if _, err := parseProperties(block); !typed(err) {
			t.Fatalf("error of an unknown sort: %v", err)
		}
		for _, deltaCoded := range []bool{false, true} {
			for _, firstKeys := range []bool{false, true} {
				x := indexReader{deltaCoded: deltaCoded, firstKeys: firstKeys}
				err := x.reset(block)
				for ok := err == nil; ok; {
					ok, err = x.next()
				}
				if !typed(err) {
					t.Fatalf("error of an unknown sort: %v", err)
				}
			}
		}
	})
}

// TestLZ4 decodes a hand-made block with literals, an overlapping match and long
// lengths.
func TestLZ4(t *testing.T) {
	src := []byte{0x1f, 'a', 1, 0, 255, 1, 0x30, 'x', 'y', 'z'}
	want := append(bytes.Repeat([]byte("a"), 1+15+255+1+4), "xyz"...)
	got, err := decodeLZ4(nil, src, len(want))
	requireNoError(t, err)
	requireEqual(t, string(want), string(got))
	for cut := range src {
		if got, err := decodeLZ4(nil, src[:cut], len(want)); err == nil && len(got) == len(want) {
			t.Errorf("cut at %d passed", cut)
		}
	}
}

// TestLegacyFooter reads format 0's shorter footer.
func TestLegacyFooter(t *testing.T) {
	tail := make([]byte, 60)
	copy(tail[12:], []byte{10, 20, 30, 40})
	copy(tail[52:], []byte{0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb})
	got, err := parseFooter(tail)
	requireNoError(t, err)
	requireEqual(t, footer{checksum: ChecksumCRC32C, metaIndex: blockHandle{10, 20}, index: blockHandle{30, 40}, bytes: legacyFooterBytes}, got)
}
