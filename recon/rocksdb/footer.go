package rocksdb

import (
	"encoding/binary"
	"fmt"
)

// A table ends with a footer: handles of the meta-index and the index, the
// format version and a magic number. Format 0 (LevelDB's) has a shorter one.
const (
	tableMagic        = 0x88e241b785f4cff7
	legacyTableMagic  = 0xdb4775248b80fb57
	footerBytes       = 53
	legacyFooterBytes = 48
	handleAreaBytes   = 40
	maxFormatVersion  = 5
)

// blockHandle locates a block's payload; its trailer follows.
type blockHandle struct{ offset, size uint64 }

// blockTrailerBytes follow every block: compression type and checksum.
const blockTrailerBytes = 5

func (h blockHandle) end() uint64 { return h.offset + h.size + blockTrailerBytes }

func (c *cursor) blockHandle() (blockHandle, bool) {
	start := c.pos
	offset, ok := c.uvarint64()
	if !ok {
		return blockHandle{}, false
	}
	size, ok := c.uvarint64()
	if !ok {
		c.pos = start
	}
	return blockHandle{offset, size}, ok
}

type footer struct {
	version          uint32
	checksum         ChecksumType
	metaIndex, index blockHandle
	bytes            uint64 // length of the footer itself
}

// parseFooter decodes the last bytes of a table; tail holds at least
// legacyFooterBytes of them, and footerBytes if the file has as many.
func parseFooter(tail []byte) (footer, error) {
	if len(tail) < legacyFooterBytes {
		return footer{}, corruptf("%d bytes are too few for a table's footer", len(tail))
	}
	var f footer
	var handles []byte
	switch magic := binary.LittleEndian.Uint64(tail[len(tail)-8:]); {
	case magic == legacyTableMagic:
		f.bytes, f.checksum = legacyFooterBytes, ChecksumCRC32C
		handles = tail[len(tail)-legacyFooterBytes:][:handleAreaBytes]
	case magic == tableMagic && len(tail) >= footerBytes:
		tail = tail[len(tail)-footerBytes:]
		f.bytes, f.checksum = footerBytes, ChecksumType(tail[0])
		f.version = binary.LittleEndian.Uint32(tail[1+handleAreaBytes:])
		handles = tail[1 : 1+handleAreaBytes]
		if f.version == 0 || f.version > maxFormatVersion {
			return footer{}, unsupportedf("table format version %d; 0 to %d are read", f.version, maxFormatVersion)
		}
	default:
		return footer{}, corruptf("the last 8 bytes are %016x, not a table's magic number", magic)
	}
	c := cursor{data: handles}
	var ok bool
	if f.metaIndex, ok = c.blockHandle(); ok {
		f.index, ok = c.blockHandle()
	}
	if !ok {
		return footer{}, corruptf("the footer's block handles are malformed")
	}
	return f, nil
}

// ChecksumType is the checksum that guards a table's blocks.
type ChecksumType uint8

// The checksums of RocksDB's footers. "None" and xxHash32 are named but not read.
const (
	ChecksumNone     ChecksumType = 0
	ChecksumCRC32C   ChecksumType = 1
	ChecksumXXHash   ChecksumType = 2
	ChecksumXXHash64 ChecksumType = 3
	ChecksumXXH3     ChecksumType = 4
)

// String names the checksum as RocksDB's documentation does.
func (c ChecksumType) String() string {
	switch c {
	case ChecksumNone:
		return "none"
	case ChecksumCRC32C:
		return "CRC-32C"
	case ChecksumXXHash:
		return "xxHash32"
	case ChecksumXXHash64:
		return "xxHash64"
	case ChecksumXXH3:
		return "XXH3"
	}
	return fmt.Sprintf("checksum type %d", uint8(c))
}
