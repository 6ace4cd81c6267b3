package derived

import "encoding/binary"

// separator stands between the parts of a triple's key.
const separator = '_'

// tailBytes is the length of "_" and an int64.
const tailBytes = 1 + 8

// AppendContainerKey appends containerKeyTable's key of a triple:
// container "_" key "_" version. K is the OM's database key.
func AppendContainerKey(dst []byte, containerID int64, key []byte, version int64) []byte {
	dst = append(AppendLong(dst, containerID), separator)
	dst = append(append(dst, key...), separator)
	return AppendLong(dst, version)
}

// AppendKeyContainer appends keyContainerTable's key of a triple:
// key "_" version "_" container.
func AppendKeyContainer(dst, key []byte, version, containerID int64) []byte {
	dst = AppendLong(AppendKeyContainerPrefix(dst, key), version)
	return AppendLong(append(dst, separator), containerID)
}

// AppendKeyContainerPrefix appends what all of a key's rows of
// keyContainerTable begin with. Rows of other keys may begin with it too, so
// whoever scans compares the parsed key (DEF-T13).
func AppendKeyContainerPrefix(dst, key []byte) []byte {
	return append(append(dst, key...), separator)
}

// ParseContainerKey takes a key of containerKeyTable apart; key is borrowed. It
// reads the fixed-width parts from both ends, because a key may hold "_".
func ParseContainerKey(b []byte) (containerID int64, key []byte, version int64, ok bool) {
	n := len(b) - tailBytes
	if n < tailBytes || b[8] != separator || b[n] != separator {
		return 0, nil, 0, false
	}
	return long(b), b[tailBytes:n:n], long(b[n+1:]), true
}

// ParseKeyContainer takes a key of keyContainerTable apart; key is borrowed.
func ParseKeyContainer(b []byte) (key []byte, version, containerID int64, ok bool) {
	n := len(b) - 2*tailBytes
	if n < 0 || b[n] != separator || b[n+tailBytes] != separator {
		return nil, 0, 0, false
	}
	return b[:n:n], long(b[n+1:]), long(b[n+tailBytes+1:]), true
}

// PresentValue is the value of every triple in both tables: int32 1. It must
// not be changed.
var PresentValue = []byte{0, 0, 0, 1}

// AppendLong appends an int64 as keys and counters hold it.
func AppendLong(dst []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}

// ParseLong reads an int64 key or counter; ok is false unless b is eight bytes.
func ParseLong(b []byte) (n int64, ok bool) {
	if len(b) != 8 {
		return 0, false
	}
	return long(b), true
}

func long(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }
