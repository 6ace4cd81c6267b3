package rocksdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// entry is one row of a table: an internal key and its value. Slices are
// borrowed from whoever hands it out.
type entry struct {
	key     []byte
	trailer uint64
	value   []byte
}

// tableIterator reads all point entries of a table in order, checking every
// block it passes. It takes over the table's block reader for data; index blocks
// are read into copies of their own, as they outlive the data blocks.
type tableIterator struct {
	table *table

	top     indexReader // of a two-level index
	hasTop  bool
	index   indexReader
	topBuf  []byte
	idxBuf  []byte
	data    entryReader
	inBlock bool

	entry entry

	// blockDone, if set, is called when a data block has been read to its end
	// with the index key that bounds it.
	blockDone func(indexKey, lastKey []byte) error
	codecs    uint16 // a bit for each codec seen in data blocks
}

// newIterator positions before the first entry.
func (t *table) newIterator() (*tableIterator, error) {
	it := &tableIterator{table: t, index: t.newIndexReader()}
	block, _, err := t.blocks.read(t.footer.index)
	if err != nil {
		return nil, it.wrap("its index", err)
	}
	it.topBuf = append(it.topBuf, block...)
	if t.properties.indexType == indexTwoLevel {
		it.hasTop = true
		it.top = t.newIndexReader()
		err = it.top.reset(it.topBuf)
	} else {
		err = it.index.reset(it.topBuf)
	}
	if err != nil {
		return nil, it.wrap("its index", err)
	}
	return it, nil
}

func (it *tableIterator) wrap(what string, err error) error {
	return fmt.Errorf("table %s: %s: %w", it.table.name, what, err)
}

// next moves to the next entry; false at the end of the table.
func (it *tableIterator) next() (bool, error) {
	for {
		if it.inBlock {
			ok, err := it.data.next()
			if err != nil {
				return false, it.wrap(fmt.Sprintf("data block at offset %d", it.index.handle.offset), err)
			}
			if ok {
				return true, it.decode()
			}
			it.inBlock = false
			if it.blockDone != nil {
				if err := it.blockDone(it.index.key, it.data.key); err != nil {
					return false, it.wrap("its index", err)
				}
			}
		}
		ok, err := it.nextBlock()
		if err != nil || !ok {
			return false, err
		}
	}
}

// decode splits the current internal key.
func (it *tableIterator) decode() error {
	k := it.data.key
	n := len(k) - trailerBytes
	if n < 0 {
		return it.wrap(fmt.Sprintf("data block at offset %d", it.index.handle.offset),
			corruptf("key %x is too short for a sequence number", k))
	}
	trailer := binary.LittleEndian.Uint64(k[n:])
	if it.table.properties.external {
		trailer = MakeTrailer(it.table.properties.globalSequence, Kind(trailer&0xff))
	}
	it.entry = entry{key: k[:n:n], trailer: trailer, value: it.data.value}
	return nil
}

// nextBlock moves to the next data block; false behind the last.
func (it *tableIterator) nextBlock() (bool, error) {
	for {
		ok, err := it.index.next()
		if err != nil {
			return false, it.wrap("its index", err)
		}
		if ok {
			break
		}
		if ok, err = it.nextPartition(); err != nil || !ok {
			return false, err
		}
	}
	block, codec, err := it.table.blocks.read(it.index.handle)
	if err != nil {
		return false, it.wrap("data block", err)
	}
	it.codecs |= 1 << (codec & 15)
	if err := it.data.reset(block); err != nil {
		return false, it.wrap(fmt.Sprintf("data block at offset %d", it.index.handle.offset), err)
	}
	it.inBlock = true
	return true, nil
}

// nextPartition moves to the next index block of a two-level index.
func (it *tableIterator) nextPartition() (bool, error) {
	if !it.hasTop {
		return false, nil
	}
	ok, err := it.top.next()
	if err != nil || !ok {
		return false, err
	}
	block, _, err := it.table.blocks.read(it.top.handle)
	if err != nil {
		return false, it.wrap("index partition", err)
	}
	it.idxBuf = append(it.idxBuf[:0], block...)
	if err := it.index.reset(it.idxBuf); err != nil {
		return false, it.wrap(fmt.Sprintf("index partition at offset %d", it.top.handle.offset), err)
	}
	return true, nil
}

// rangeDeletes reads the table's range deletes, unclipped.
func (t *table) rangeDeletes() ([]rangeDelete, error) {
	h, ok := t.metaHandle(metaRangeDeletes)
	if !ok {
		return nil, nil
	}
	block, _, err := t.blocks.read(h)
	if err != nil {
		return nil, fmt.Errorf("table %s: range deletes: %w", t.name, err)
	}
	var e entryReader
	if err := e.reset(block); err != nil {
		return nil, fmt.Errorf("table %s: range deletes: %w", t.name, err)
	}
	var deletes []rangeDelete
	for {
		ok, err := e.next()
		if err != nil {
			return nil, fmt.Errorf("table %s: range deletes: %w", t.name, err)
		}
		if !ok {
			return deletes, nil
		}
		start, trailer, ok := splitInternalKey(e.key)
		sequence, kind := SplitTrailer(trailer)
		if !ok || kind != KindRangeDelete {
			return nil, fmt.Errorf("table %s: range deletes: %w", t.name, corruptf("key %x is not a range delete's", e.key))
		}
		if t.properties.external {
			sequence = t.properties.globalSequence
		}
		deletes = append(deletes, newRangeDelete(bytes.Clone(start), bytes.Clone(e.value), sequence))
	}
}
