package rocksdb

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// readAheadBytes is how much of a table is read at once when it is scanned.
const readAheadBytes = 256 << 10

// xxh3LastByteFactor spreads the trailer's type byte over an XXH3 checksum.
const xxh3LastByteFactor = 0x6b9083d9

// blockReader reads blocks of one table, front to back or by handle, checks
// them and undoes their compression. It belongs to one iterator; the block it
// returns is valid until its next call.
type blockReader struct {
	file   vfs.File
	limit  uint64 // blocks end before this offset
	footer footer

	window   []byte // bytes of the file from windowAt on
	windowAt uint64
	plain    []byte
	codec    decompressor
}

// read returns the block at h, checked and plain, and the codec it had.
func (r *blockReader) read(h blockHandle) ([]byte, Compression, error) {
	raw, err := r.raw(h)
	if err != nil {
		return nil, 0, err
	}
	payload, codec := raw[:h.size], Compression(raw[h.size])
	if err := r.verify(raw, h); err != nil {
		return nil, 0, err
	}
	if codec == CompressionNone {
		return payload, codec, nil
	}
	plain, err := r.codec.decompress(r.plain, payload, codec, r.footer.version)
	if err != nil {
		return nil, 0, err
	}
	r.plain = plain
	return plain, codec, nil
}

// raw returns the block's payload and trailer as they stand in the file.
func (r *blockReader) raw(h blockHandle) ([]byte, error) {
	if h.size > maxBlockBytes || h.offset > r.limit || h.end() > r.limit {
		return nil, corruptf("block at offset %d with %d bytes reaches beyond the table's %d bytes of blocks",
			h.offset, h.size, r.limit)
	}
	n := h.size + blockTrailerBytes
	if h.offset < r.windowAt || h.end() > r.windowAt+uint64(len(r.window)) {
		want := min(max(n, readAheadBytes), r.limit-h.offset)
		r.window = grow(r.window, int(want))
		r.windowAt = h.offset
		if _, err := r.file.ReadAt(r.window, int64(h.offset)); err != nil {
			r.window = r.window[:0]
			return nil, err
		}
	}
	at := h.offset - r.windowAt
	return r.window[at : at+n : at+n], nil
}

// verify compares a block's checksum, which covers payload and codec byte.
func (r *blockReader) verify(raw []byte, h blockHandle) error {
	covered, stored := raw[:h.size+1], binary.LittleEndian.Uint32(raw[h.size+1:])
	var actual uint32
	switch r.footer.checksum {
	case ChecksumCRC32C:
		actual = maskCRC(crc32.Checksum(covered, castagnoli))
	case ChecksumXXHash64:
		actual = uint32(xxhash.Sum64(covered))
	case ChecksumXXH3:
		actual = uint32(xxh3(raw[:h.size])) ^ uint32(raw[h.size])*xxh3LastByteFactor
	default:
		// A table without checksums is refused too: its damage could not be seen.
		return unsupportedf("tables with checksum %s", r.footer.checksum)
	}
	if actual != stored {
		return corruptf("%s of the block at offset %d is %08x, stored %08x", r.footer.checksum, h.offset, actual, stored)
	}
	return nil
}

// Data and index blocks end with the offsets of their restart points and their
// count. In a data block the count's top bit says that a hash index stands
// before the count.
const (
	hashIndexBit           = 1 << 31
	maxHashIndexBlockBytes = 64 << 10
)

// blockEntries returns the part of a block that holds entries.
func blockEntries(block []byte) ([]byte, error) {
	if len(block) < 4 {
		return nil, corruptf("a block of %d bytes has no restart points", len(block))
	}
	rest := len(block) - 4
	restarts := binary.LittleEndian.Uint32(block[rest:])
	if len(block) <= maxHashIndexBlockBytes && restarts&hashIndexBit != 0 {
		restarts &^= hashIndexBit
		if rest < 2 {
			return nil, corruptf("a block of %d bytes has no room for its hash index", len(block))
		}
		buckets := int(binary.LittleEndian.Uint16(block[rest-2:]))
		if rest -= 2 + buckets; rest < 0 {
			return nil, corruptf("a hash index of %d buckets in a block of %d bytes", buckets, len(block))
		}
	}
	if uint64(restarts)*4 > uint64(rest) {
		return nil, corruptf("%d restart points in a block of %d bytes", restarts, len(block))
	}
	return block[: rest-4*int(restarts) : rest-4*int(restarts)], nil
}

// entryReader steps through the entries of a data, properties, meta-index or
// range delete block. Its key buffer is reused.
type entryReader struct {
	cursor cursor
	key    []byte // valid until the next call of next
	value  []byte // borrowed from the block
}

func (e *entryReader) reset(block []byte) error {
	entries, err := blockEntries(block)
	if err != nil {
		return err
	}
	e.cursor = cursor{data: entries}
	e.key = e.key[:0]
	return nil
}

// next decodes one entry; false at the end.
func (e *entryReader) next() (bool, error) {
	c := &e.cursor
	if c.done() {
		return false, nil
	}
	start := c.pos
	shared, ok1 := c.uvarint32()
	unshared, ok2 := c.uvarint32()
	valueBytes, ok3 := c.uvarint32()
	if !ok1 || !ok2 || !ok3 || uint64(shared) > uint64(len(e.key)) {
		return false, corruptf("block entry at byte %d is malformed", start)
	}
	suffix, ok1 := c.bytes(uint64(unshared))
	value, ok2 := c.bytes(uint64(valueBytes))
	if !ok1 || !ok2 {
		return false, corruptf("block entry at byte %d is cut short", start)
	}
	e.key = append(e.key[:shared], suffix...)
	e.value = value
	return true, nil
}
