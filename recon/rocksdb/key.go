package rocksdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Kind says what a record or a table entry does to its key. The values are
// RocksDB's: the low byte of an internal key's trailer, and, for the default
// family, the tag in a write batch.
type Kind uint8

// The kinds this package knows. Family variants of a batch tag are reported as
// these, with Record.Family set.
const (
	KindDelete       Kind = 0x0 // the key is gone
	KindPut          Kind = 0x1 // the key has this value
	KindMerge        Kind = 0x2 // an operand for a merge operator
	KindLogData      Kind = 0x3 // a note in a batch; touches no key
	KindSingleDelete Kind = 0x7 // the key is gone; it was put at most once before
	KindRangeDelete  Kind = 0xF // all keys in [Key, Value) are gone
)

// String names the kind as RocksDB's documentation does.
func (k Kind) String() string {
	switch k {
	case KindDelete:
		return "delete"
	case KindPut:
		return "put"
	case KindMerge:
		return "merge"
	case KindLogData:
		return "log data"
	case KindSingleDelete:
		return "single delete"
	case KindRangeDelete:
		return "range delete"
	}
	return fmt.Sprintf("kind 0x%x", uint8(k))
}

// MaxSequence is the largest sequence number: it has 56 bits, because it shares
// eight bytes with the kind.
const MaxSequence = 1<<56 - 1

// trailerBytes is what an internal key adds to the user key.
const trailerBytes = 8

// MakeTrailer packs a sequence number and a kind as an internal key's last
// eight bytes hold them (little endian).
func MakeTrailer(sequence uint64, kind Kind) uint64 { return sequence<<8 | uint64(kind) }

// SplitTrailer unpacks what MakeTrailer packed.
func SplitTrailer(trailer uint64) (sequence uint64, kind Kind) {
	return trailer >> 8, Kind(trailer & 0xff)
}

// compareInternal orders internal keys as RocksDB does: by user key ascending,
// then newest (largest trailer) first.
func compareInternal(aKey []byte, aTrailer uint64, bKey []byte, bTrailer uint64) int {
	if c := bytes.Compare(aKey, bKey); c != 0 {
		return c
	}
	switch {
	case aTrailer > bTrailer:
		return -1
	case aTrailer < bTrailer:
		return 1
	}
	return 0
}

// splitInternalKey splits an encoded internal key. ok is false when it is too
// short to hold a trailer.
func splitInternalKey(k []byte) (userKey []byte, trailer uint64, ok bool) {
	n := len(k) - trailerBytes
	if n < 0 {
		return nil, 0, false
	}
	return k[:n:n], binary.LittleEndian.Uint64(k[n:]), true
}

// appendInternalKey appends the encoded form of an internal key.
func appendInternalKey(dst, userKey []byte, trailer uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, userKey...), trailer)
}
