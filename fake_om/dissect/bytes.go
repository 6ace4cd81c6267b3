package dissect

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// reader consumes little-endian numbers, varints and byte strings. Its first
// failure sticks; callers look at err when they are done.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%s cut short, %d bytes left", what, len(r.rest))
	}
	r.rest = nil
}

func (r *reader) varint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail("varint")
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail(fmt.Sprintf("string of %d bytes", n))
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) str() []byte { return r.take(r.varint()) }

// storedCRC is the CRC-32C of data as RocksDB stores it: rotated and shifted.
func storedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return ((crc >> 15) | (crc << 17)) + 0xa282ead8
}

// unsnappy undoes Snappy's block format.
func unsnappy(src []byte) ([]byte, error) {
	r := reader{rest: src}
	want := r.varint()
	if want > uint64(len(src))*64+64 {
		return nil, fmt.Errorf("snappy: %d bytes cannot hold %d", len(src), want)
	}
	var out []byte
	for r.err == nil && len(r.rest) > 0 {
		tag := r.take(1)[0]
		var length, offset int
		switch tag & 3 {
		case 0:
			length = int(tag>>2) + 1
			if extra := length - 60; extra > 0 {
				length = int(little(r.take(uint64(extra)))) + 1
			}
			out = append(out, r.take(uint64(length))...)
			continue
		case 1:
			length = int(tag>>2&7) + 4
			offset = int(tag>>5)<<8 | int(little(r.take(1)))
		case 2:
			length, offset = int(tag>>2)+1, int(little(r.take(2)))
		case 3:
			length, offset = int(tag>>2)+1, int(little(r.take(4)))
		}
		if r.err == nil && (offset == 0 || offset > len(out)) {
			return nil, fmt.Errorf("snappy: copy from %d bytes back, %d written", offset, len(out))
		}
		for ; r.err == nil && length > 0; length-- {
			out = append(out, out[len(out)-offset])
		}
	}
	if r.err == nil && uint64(len(out)) != want {
		return nil, fmt.Errorf("snappy: %d bytes came out, %d announced", len(out), want)
	}
	return out, r.err
}

// little reads up to eight bytes as a little-endian number.
func little(b []byte) uint64 {
	var n uint64
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return n
}
