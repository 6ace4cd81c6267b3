package rocksdb

import "encoding/binary"

// Index types, the property rocksdb.block.based.table.index.type.
const (
	indexBinarySearch         = 0
	indexHash                 = 1 // a binary search index with helpers beside it
	indexTwoLevel             = 2
	indexBinarySearchFirstKey = 3
)

// indexReader steps through the entries of one index block. From format 4 on an
// entry that shares key bytes with the one before holds only the difference of
// the block sizes, because data blocks follow each other.
type indexReader struct {
	cursor     cursor
	deltaCoded bool
	firstKeys  bool // each entry also holds its block's first key
	key        []byte
	handle     blockHandle
}

func (x *indexReader) reset(block []byte) error {
	entries, err := blockEntries(block)
	if err != nil {
		return err
	}
	x.cursor = cursor{data: entries}
	x.key = x.key[:0]
	return nil
}

// next decodes one entry into key and handle; false at the end.
func (x *indexReader) next() (bool, error) {
	c := &x.cursor
	if c.done() {
		return false, nil
	}
	start := c.pos
	shared, ok1 := c.uvarint32()
	unshared, ok2 := c.uvarint32()
	if !ok1 || !ok2 || uint64(shared) > uint64(len(x.key)) {
		return false, corruptf("index entry at byte %d is malformed", start)
	}
	var valueBytes uint32
	if !x.deltaCoded {
		if valueBytes, ok1 = c.uvarint32(); !ok1 {
			return false, corruptf("index entry at byte %d is malformed", start)
		}
	}
	suffix, ok := c.bytes(uint64(unshared))
	if !ok {
		return false, corruptf("index entry at byte %d is cut short", start)
	}
	x.key = append(x.key[:shared], suffix...)
	if !x.deltaCoded {
		return true, x.value(start, valueBytes)
	}
	if shared == 0 {
		x.handle, ok = c.blockHandle()
	} else {
		ok = x.nextHandle()
	}
	if ok && x.firstKeys {
		_, ok = c.slice()
	}
	if !ok {
		return false, corruptf("index entry at byte %d has a malformed block handle", start)
	}
	return true, nil
}

// value reads a handle that has a length of its own; whatever follows the
// handle within it (a first key) is not needed.
func (x *indexReader) value(start int, valueBytes uint32) error {
	value, ok := x.cursor.bytes(uint64(valueBytes))
	if ok {
		c := cursor{data: value}
		x.handle, ok = c.blockHandle()
	}
	if !ok {
		return corruptf("index entry at byte %d has a malformed block handle", start)
	}
	return nil
}

// nextHandle reads a signed size difference: the block follows the last one.
func (x *indexReader) nextHandle() bool {
	c := &x.cursor
	delta, n := binary.Varint(c.data[c.pos:])
	if n <= 0 {
		return false
	}
	c.pos += n
	size := int64(x.handle.size) + delta
	if size < 0 || size > maxBlockBytes {
		return false
	}
	x.handle = blockHandle{offset: x.handle.end(), size: uint64(size)}
	return true
}
