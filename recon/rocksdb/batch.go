package rocksdb

import "encoding/binary"

// batchHeaderBytes is the length of a write batch's header: the sequence
// number of its first operation (fixed64) and its operation count (fixed32).
const batchHeaderBytes = 12

// Tags of a write batch record. Those with "Family" carry a column family id
// after the tag; the others speak of family 0 (spec/om.md 5.3).
const (
	tagDelete             = 0x0
	tagPut                = 0x1
	tagMerge              = 0x2
	tagLogData            = 0x3
	tagFamilyDelete       = 0x4
	tagFamilyPut          = 0x5
	tagFamilyMerge        = 0x6
	tagSingleDelete       = 0x7
	tagFamilySingleDelete = 0x8
	tagNoop               = 0xD
	tagFamilyRangeDelete  = 0xE
	tagRangeDelete        = 0xF
)

// Record is one operation of a write batch. Key and Value are borrowed from the
// batch's bytes: copy what outlives them. For KindRangeDelete the range is
// [Key, Value); for KindLogData the note is in Value.
type Record struct {
	Kind       Kind
	Family     uint32
	Key, Value []byte
}

// Batch is a RocksDB write batch as it stands in a log or on the wire. It may
// come from anywhere: Header and Walk check what they read.
type Batch []byte

// Header returns the sequence number of the batch's first operation and the
// number of operations that use one. The next batch of the same database starts
// at startSequence+count. It checks the header only; Verify checks the rest.
func (b Batch) Header() (startSequence uint64, count uint32, err error) {
	if len(b) < batchHeaderBytes {
		return 0, 0, corruptf("write batch: %d bytes, its header alone has %d", len(b), batchHeaderBytes)
	}
	startSequence = binary.LittleEndian.Uint64(b)
	count = binary.LittleEndian.Uint32(b[8:])
	if startSequence > MaxSequence || uint64(count) > MaxSequence-startSequence {
		return 0, 0, corruptf("write batch: sequence %d with %d operations exceeds 56 bits", startSequence, count)
	}
	return startSequence, count, nil
}

// Verify reads the whole batch and reports the first thing that is wrong: a
// length past the end, an unknown tag (with its offset), or a count in the
// header that differs from the operations found. It allocates nothing.
func (b Batch) Verify() error {
	_, count, err := b.Header()
	if err != nil {
		return err
	}
	var found uint64
	r := batchReader{cursor: cursor{data: b, pos: batchHeaderBytes}}
	for r.next() {
		if r.record.Kind.usesSequence() {
			found++
		}
	}
	if r.err != nil {
		return r.err
	}
	if found != uint64(count) {
		return corruptf("write batch: header counts %d operations, %d found", count, found)
	}
	return nil
}

// Walk verifies the whole batch, then calls fn for each record in order, so fn
// never sees a part of a damaged batch. index counts the records handed to fn
// from 0; sequence is the operation's own number. KindLogData uses none and is
// given the number of the operation after it; no-ops are not handed out. Walk
// stops at fn's first error and returns it unchanged.
func (b Batch) Walk(fn func(index int, sequence uint64, r Record) error) error {
	if err := b.Verify(); err != nil {
		return err
	}
	sequence, _, err := b.Header()
	if err != nil {
		return err
	}
	r := batchReader{cursor: cursor{data: b, pos: batchHeaderBytes}}
	for index := 0; r.next(); index++ {
		if err := fn(index, sequence, r.record); err != nil {
			return err
		}
		if r.record.Kind.usesSequence() {
			sequence++
		}
	}
	return r.err
}

func (k Kind) usesSequence() bool { return k != KindLogData }

// batchReader steps through the records behind a batch's header.
type batchReader struct {
	cursor cursor
	record Record
	err    error
}

// next reads one record into r.record; false at the end or on error.
func (r *batchReader) next() bool {
	c := &r.cursor
	for !c.done() {
		start := c.pos
		tag := c.data[c.pos]
		c.pos++
		if tag == tagNoop {
			continue
		}
		if int(tag) >= len(batchShapes) || !batchShapes[tag].known {
			r.err = corruptf("write batch: unknown tag 0x%x at offset %d", tag, start)
			return false
		}
		shape := &batchShapes[tag]
		r.record = Record{Kind: shape.kind}
		ok := true
		if shape.family {
			r.record.Family, ok = c.uvarint32()
		}
		if ok && shape.key {
			r.record.Key, ok = c.slice()
		}
		if ok && shape.value {
			r.record.Value, ok = c.slice()
		}
		if !ok {
			r.err = corruptf("write batch: the %s record at offset %d is cut short or has a bad length at offset %d",
				shape.kind, start, c.pos)
			return false
		}
		return true
	}
	return false
}

// batchShape says what follows a tag.
type batchShape struct {
	known              bool
	kind               Kind
	family, key, value bool
}

var batchShapes = [16]batchShape{
	tagDelete:             {known: true, kind: KindDelete, key: true},
	tagPut:                {known: true, kind: KindPut, key: true, value: true},
	tagMerge:              {known: true, kind: KindMerge, key: true, value: true},
	tagLogData:            {known: true, kind: KindLogData, value: true},
	tagFamilyDelete:       {known: true, kind: KindDelete, family: true, key: true},
	tagFamilyPut:          {known: true, kind: KindPut, family: true, key: true, value: true},
	tagFamilyMerge:        {known: true, kind: KindMerge, family: true, key: true, value: true},
	tagSingleDelete:       {known: true, kind: KindSingleDelete, key: true},
	tagFamilySingleDelete: {known: true, kind: KindSingleDelete, family: true, key: true},
	tagFamilyRangeDelete:  {known: true, kind: KindRangeDelete, family: true, key: true, value: true},
	tagRangeDelete:        {known: true, kind: KindRangeDelete, key: true, value: true},
}
