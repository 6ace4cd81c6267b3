package fakeom

import "encoding/binary"

// The appenders below write protobuf fields by hand, in ascending order of
// their numbers, because generated code would allocate for every row.

const (
	wireVarint = 0
	wireBytes  = 2
)

func appendTag(dst []byte, field int, wire uint64) []byte {
	return binary.AppendUvarint(dst, uint64(field)<<3|wire)
}

// appendInt appends a varint field; a negative number takes ten bytes, as in
// Java.
func appendInt(dst []byte, field int, v int64) []byte {
	return binary.AppendUvarint(appendTag(dst, field, wireVarint), uint64(v))
}

func appendBool(dst []byte, field int, v bool) []byte {
	dst = appendTag(dst, field, wireVarint)
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendString(dst []byte, field int, s string) []byte {
	dst = binary.AppendUvarint(appendTag(dst, field, wireBytes), uint64(len(s)))
	return append(dst, s...)
}

// beginMessage appends the tag of a nested message and returns where its bytes
// begin; endMessage then puts their length before them.
func beginMessage(dst []byte, field int) ([]byte, int) {
	dst = appendTag(dst, field, wireBytes)
	return dst, len(dst)
}

func endMessage(dst []byte, start int) []byte {
	var length [binary.MaxVarintLen64]byte
	size := len(dst) - start
	n := binary.PutUvarint(length[:], uint64(size))
	dst = append(dst, length[:n]...)
	copy(dst[start+n:], dst[start:start+size])
	copy(dst[start:], length[:n])
	return dst
}
