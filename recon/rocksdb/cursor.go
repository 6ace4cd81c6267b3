package rocksdb

import (
	"encoding/binary"
	"math"
)

// cursor decodes RocksDB's primitive encodings from a byte slice. Every getter
// reports false when the bytes end too early or the value does not fit, and
// then leaves pos at the start of what it could not read, so that an error can
// name the offset. Slices it returns are borrowed from data.
type cursor struct {
	data []byte
	pos  int
}

func (c *cursor) done() bool { return c.pos >= len(c.data) }

func (c *cursor) uvarint64() (uint64, bool) {
	// One-byte values are by far the most frequent (lengths, tags).
	if c.pos < len(c.data) && c.data[c.pos] < 0x80 {
		v := uint64(c.data[c.pos])
		c.pos++
		return v, true
	}
	v, n := binary.Uvarint(c.data[c.pos:])
	if n <= 0 {
		return 0, false
	}
	c.pos += n
	return v, true
}

func (c *cursor) uvarint32() (uint32, bool) {
	start := c.pos
	v, ok := c.uvarint64()
	if !ok || v > math.MaxUint32 {
		c.pos = start
		return 0, false
	}
	return uint32(v), true
}

// bytes reads n raw bytes.
func (c *cursor) bytes(n uint64) ([]byte, bool) {
	if n > uint64(len(c.data)-c.pos) {
		return nil, false
	}
	b := c.data[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return b, true
}

// slice reads a length (varint32) and that many bytes.
func (c *cursor) slice() ([]byte, bool) {
	start := c.pos
	n, ok := c.uvarint32()
	if !ok {
		return nil, false
	}
	b, ok := c.bytes(uint64(n))
	if !ok {
		c.pos = start
	}
	return b, ok
}

// appendSlice appends a length-prefixed byte string, what cursor.slice reads.
func appendSlice(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
