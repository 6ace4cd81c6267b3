package rocksdb

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
)

// Compression is a block's codec, the byte in its trailer.
type Compression uint8

// RocksDB's codecs. bzip2 and Xpress are named but not read.
const (
	CompressionNone   Compression = 0
	CompressionSnappy Compression = 1
	CompressionZlib   Compression = 2
	CompressionBZip2  Compression = 3
	CompressionLZ4    Compression = 4
	CompressionLZ4HC  Compression = 5
	CompressionXpress Compression = 6
	CompressionZstd   Compression = 7
)

// String names the codec.
func (c Compression) String() string {
	names := [...]string{"none", "Snappy", "zlib", "bzip2", "LZ4", "LZ4HC", "Xpress", "Zstandard"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("compression type %d", uint8(c))
}

// maxBlockBytes bounds a block, compressed or not. A block is as large as the
// largest row at least, so this bounds rows too.
const maxBlockBytes = 1 << 30

// maxExpansion and smallBlockBytes bound the memory that a block's own claim
// about its plain length can cost: no codec here but Zstandard expands more than
// about 1,032 times, and blocks are tens of KiB.
const (
	maxExpansion    = 1100
	smallBlockBytes = 4 << 20
)

// decompressor undoes block compression. It keeps codec state between blocks
// and belongs to one iterator.
type decompressor struct {
	zstd  *zstd.Decoder
	flate io.ReadCloser
	raw   bytes.Reader
}

// decompress appends the plain form of block to dst[:0]. formatVersion is the
// table's: up to format 1 some codecs have another length prefix.
func (d *decompressor) decompress(dst, block []byte, codec Compression, formatVersion uint32) ([]byte, error) {
	if codec == CompressionSnappy {
		n, err := snappy.DecodedLen(block)
		if err != nil || !plausible(uint64(n), len(block)) {
			return nil, corruptf("Snappy block of %d bytes with an impossible plain length", len(block))
		}
		plain, err := snappy.Decode(grow(dst, n), block)
		if err != nil {
			return nil, corruptf("Snappy block: %v", err)
		}
		return plain, nil
	}
	plainBytes, payload, err := plainLength(block, codec, formatVersion)
	if err != nil {
		return nil, err
	}
	dst = grow(dst, plainBytes)[:0]
	switch codec {
	case CompressionZlib:
		dst, err = d.inflate(dst, payload, plainBytes)
	case CompressionLZ4, CompressionLZ4HC:
		dst, err = decodeLZ4(dst, payload, plainBytes)
	case CompressionZstd:
		dst, err = d.unzstd(dst, payload, plainBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s block: %w", ErrCorrupt, codec, err)
	}
	if len(dst) != plainBytes {
		return nil, corruptf("%s block: plain length %d, declared %d", codec, len(dst), plainBytes)
	}
	return dst, nil
}

// plainLength splits off the length prefix of the codecs that have one.
func plainLength(block []byte, codec Compression, formatVersion uint32) (int, []byte, error) {
	var n uint64
	switch codec {
	case CompressionZlib, CompressionLZ4, CompressionLZ4HC, CompressionZstd:
	default:
		return 0, nil, unsupportedf("%s blocks", codec)
	}
	switch {
	case formatVersion >= 2 || codec == CompressionZstd:
		c := cursor{data: block}
		n32, ok := c.uvarint32()
		if !ok {
			return 0, nil, corruptf("%s block without a plain length", codec)
		}
		n, block = uint64(n32), block[c.pos:]
	case codec == CompressionZlib:
		return 0, nil, unsupportedf("zlib blocks of format version %d", formatVersion)
	default:
		if len(block) < 8 {
			return 0, nil, corruptf("%s block without a plain length", codec)
		}
		n, block = binary.LittleEndian.Uint64(block), block[8:]
	}
	if !plausible(n, len(block)) {
		return 0, nil, corruptf("%s block of %d bytes with a plain length of %d", codec, len(block), n)
	}
	return int(n), block, nil
}

// plausible reports whether a block may really have so many plain bytes.
func plausible(plainBytes uint64, compressedBytes int) bool {
	return plainBytes <= maxBlockBytes &&
		plainBytes <= max(smallBlockBytes, uint64(compressedBytes)*maxExpansion)
}

func (d *decompressor) inflate(dst, payload []byte, plainBytes int) ([]byte, error) {
	d.raw.Reset(payload)
	if d.flate == nil {
		d.flate = flate.NewReader(&d.raw)
	} else if err := d.flate.(flate.Resetter).Reset(&d.raw, nil); err != nil {
		return nil, err
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)] // one more byte, to see the end or too much
		}
		n, err := d.flate.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return nil, err
		case len(dst) > plainBytes:
			return nil, errors.New("longer than declared")
		}
	}
}

func (d *decompressor) unzstd(dst, payload []byte, plainBytes int) ([]byte, error) {
	if d.zstd == nil {
		var err error
		// DecodeAll with one decoder starts no goroutine and writes into dst only.
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, err
		}
	}
	return d.zstd.DecodeAll(payload, dst[:0:plainBytes])
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// grow returns a slice of length n, in b's memory if it is large enough.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// decodeLZ4 appends the plain form of an LZ4 block (the raw block format,
// without a frame) to dst, and stops with an error beyond limit bytes.
func decodeLZ4(dst, src []byte, limit int) ([]byte, error) {
	errBad := errors.New("malformed sequence")
	length := func(n int) (int, bool) {
		if n != 15 {
			return n, true
		}
		for {
			if len(src) == 0 || n > limit {
				return 0, false
			}
			b := src[0]
			src = src[1:]
			n += int(b)
			if b != 255 {
				return n, true
			}
		}
	}
	for len(src) > 0 {
		token := src[0]
		src = src[1:]
		literals, ok := length(int(token >> 4))
		if !ok || literals > len(src) || literals > limit-len(dst) {
			return nil, errBad
		}
		dst = append(dst, src[:literals]...)
		src = src[literals:]
		if len(src) == 0 {
			return dst, nil
		}
		if len(src) < 2 {
			return nil, errBad
		}
		offset := int(binary.LittleEndian.Uint16(src))
		src = src[2:]
		match, ok := length(int(token & 15))
		match += 4
		if !ok || offset == 0 || offset > len(dst) || match > limit-len(dst) {
			return nil, errBad
		}
		for match > 0 {
			// The match may overlap what it produces: copy no more than is there.
			n := min(match, offset)
			at := len(dst) - offset
			dst = append(dst, dst[at:at+n]...)
			match -= n
		}
	}
	return nil, errBad
}
