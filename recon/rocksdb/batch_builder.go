package rocksdb

import "encoding/binary"

// BatchBuilder writes a write batch as RocksDB does: operations on family 0 use
// the tags without a family id. The zero value is an empty batch that starts at
// sequence 0. Its buffer is reused by Reset, so building many batches allocates
// only when one is larger than all before it.
type BatchBuilder struct {
	buf   []byte
	count uint32
}

// Reset empties the builder and sets the sequence number of the first
// operation.
func (b *BatchBuilder) Reset(startSequence uint64) {
	b.buf = binary.LittleEndian.AppendUint64(b.buf[:0], startSequence)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, 0)
	b.count = 0
}

// Put sets key to value.
func (b *BatchBuilder) Put(family uint32, key, value []byte) {
	b.operation(family, tagPut, tagFamilyPut)
	b.buf = appendSlice(appendSlice(b.buf, key), value)
}

// Merge adds an operand for key's merge operator.
func (b *BatchBuilder) Merge(family uint32, key, operand []byte) {
	b.operation(family, tagMerge, tagFamilyMerge)
	b.buf = appendSlice(appendSlice(b.buf, key), operand)
}

// Delete removes key.
func (b *BatchBuilder) Delete(family uint32, key []byte) {
	b.operation(family, tagDelete, tagFamilyDelete)
	b.buf = appendSlice(b.buf, key)
}

// SingleDelete removes key, which must have been put at most once since it was
// last removed.
func (b *BatchBuilder) SingleDelete(family uint32, key []byte) {
	b.operation(family, tagSingleDelete, tagFamilySingleDelete)
	b.buf = appendSlice(b.buf, key)
}

// RangeDelete removes every key in [start, end).
func (b *BatchBuilder) RangeDelete(family uint32, start, end []byte) {
	b.operation(family, tagRangeDelete, tagFamilyRangeDelete)
	b.buf = appendSlice(appendSlice(b.buf, start), end)
}

// LogData adds a note that touches no key and uses no sequence number.
func (b *BatchBuilder) LogData(note []byte) {
	b.header()
	b.buf = appendSlice(append(b.buf, tagLogData), note)
}

// Count returns the number of operations added since Reset, log data aside.
func (b *BatchBuilder) Count() uint32 { return b.count }

// Bytes returns the batch. It is borrowed from the builder: valid until the
// next call that adds or resets.
func (b *BatchBuilder) Bytes() Batch {
	b.header()
	binary.LittleEndian.PutUint32(b.buf[8:], b.count)
	return Batch(b.buf)
}

// operation appends a record's tag and, except for family 0, its family id.
func (b *BatchBuilder) operation(family uint32, tag, familyTag byte) {
	b.header()
	b.count++
	if family == 0 {
		b.buf = append(b.buf, tag)
		return
	}
	b.buf = binary.AppendUvarint(append(b.buf, familyTag), uint64(family))
}

// header makes the zero value usable.
func (b *BatchBuilder) header() {
	if len(b.buf) == 0 {
		b.Reset(0)
	}
}
