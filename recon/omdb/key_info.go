package omdb

// KeyInfo is the view of a KeyInfo message: a row of keyTable, fileTable, the
// open tables and deletedDirectoryTable, or a part of another message. All
// slices are borrowed.
type KeyInfo struct {
	VolumeName, BucketName []byte
	// KeyName is the whole name in keyTable, the last component in fileTable
	// and the whole path in the other tables.
	KeyName []byte
	// DataSize is the length in bytes. A size above the largest Java long is
	// negative here.
	DataSize    int64
	Replication Replication
	// CreationTime and ModificationTime are milliseconds since 1970.
	CreationTime, ModificationTime int64
	ObjectID, UpdateID             int64
	// ParentID is 0 outside FSO buckets.
	ParentID int64
	// IsFile is false for a directory of deletedDirectoryTable.
	IsFile bool
	Owner  []byte

	origin origin
	// blocks scans from the first list of locations on.
	blocks scanner
}

// origin is the row that a view lies in, for errors.
type origin struct {
	table Table
	key   []byte
}

// corrupt makes the error of a failure, and nil of none.
func (o origin) corrupt(f failure) error {
	if f.reason == "" {
		return nil
	}
	return &CorruptRowError{Table: o.table, Key: append([]byte(nil), o.key...), OffsetBytes: f.at, Reason: f.reason}
}

// ReplicatedSize is the number of bytes the key takes on disks.
func (k *KeyInfo) ReplicatedSize() int64 { return k.Replication.ReplicatedSize(k.DataSize) }

const keyInfoRequired = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9

// parse reads the message that s scans.
func (k *KeyInfo) parse(s scanner, o origin) failure {
	*k = KeyInfo{origin: o}
	var seen uint32
	hasBlocks := false
	for {
		start := s.pos
		if !s.next() {
			break
		}
		switch s.tag {
		case 1<<3 | wireBytes:
			k.VolumeName = s.bytes()
		case 2<<3 | wireBytes:
			k.BucketName = s.bytes()
		case 3<<3 | wireBytes:
			k.KeyName = s.bytes()
		case 4<<3 | wireVarint:
			k.DataSize = s.long()
		case 5<<3 | wireVarint:
			k.Replication.Type = ReplicationType(s.int())
		case 6<<3 | wireVarint:
			k.Replication.Factor = s.int()
		case 7<<3 | wireBytes:
			if !hasBlocks {
				hasBlocks = true
				k.blocks = scanner{value: s.value, pos: start, end: s.end}
			}
		case 8<<3 | wireVarint:
			k.CreationTime = s.long()
		case 9<<3 | wireVarint:
			k.ModificationTime = s.long()
		case 14<<3 | wireVarint:
			k.ObjectID = s.long()
		case 15<<3 | wireVarint:
			k.UpdateID = s.long()
		case 16<<3 | wireVarint:
			k.ParentID = s.long()
		case 17<<3 | wireBytes:
			if ec := k.Replication.parseEC(s.nested()); ec.reason != "" {
				return ec
			}
		case 19<<3 | wireVarint:
			k.IsFile = s.number != 0
		case 20<<3 | wireBytes:
			k.Owner = s.bytes()
		default:
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, keyInfoRequired)
}

// Block is one block of a key.
type Block struct {
	// Version is that of the list the block stands in.
	Version              int64
	ContainerID, LocalID int64
	OffsetBytes          int64
	LengthBytes          int64
}

// Blocks begins to read the blocks of all versions. Use it as
//
//	for blocks := key.Blocks(); blocks.Next(); { … blocks.Block … }
//
// and look at Err after the loop.
func (k *KeyInfo) Blocks() BlockIterator {
	return BlockIterator{origin: k.origin, outer: k.blocks}
}

// BlockIterator reads a key's blocks from its row.
type BlockIterator struct {
	// Block is the current one.
	Block  Block
	origin origin
	outer  scanner
	list   scanner
	failed failure
}

// Next steps to the next block; false at the end or on a corrupt row.
func (it *BlockIterator) Next() bool {
	if it.failed.reason != "" {
		return false
	}
	for {
		for it.list.next() {
			if it.list.tag == 2<<3|wireBytes {
				version := it.Block.Version
				it.Block = Block{Version: version}
				it.failed = it.Block.parse(it.list.nested())
				return it.failed.reason == ""
			}
		}
		if it.list.reason != "" {
			it.failed = it.list.failure()
			return false
		}
		if !it.nextList() {
			return false
		}
	}
}

// nextList steps to the next list of locations and finds its version, which
// stands first but need not.
func (it *BlockIterator) nextList() bool {
	for it.outer.next() {
		if it.outer.tag != 7<<3|wireBytes {
			continue
		}
		it.Block.Version = 0
		fields := it.outer.nested()
		it.list = fields
		for fields.next() {
			if fields.tag == 1<<3|wireVarint {
				it.Block.Version = fields.long()
			}
		}
		return true
	}
	it.failed = it.outer.failure()
	return false
}

// Err is the failure that ended the iteration, if any.
func (it *BlockIterator) Err() error { return it.origin.corrupt(it.failed) }

// The bits of what a KeyLocation must hold: its block id's two parts, its
// offset and its length.
const (
	seenContainer = 1 << iota
	seenLocal
	seenOffset
	seenLength
	seenAll = seenContainer | seenLocal | seenOffset | seenLength
)

// parse reads a KeyLocation.
func (b *Block) parse(s scanner) failure {
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			ids := s.nested()
			for ids.next() {
				if ids.tag == 1<<3|wireBytes {
					if c := b.parseIDs(ids.nested(), &seen); c.reason != "" {
						return c
					}
				}
			}
			if ids.reason != "" {
				return ids.failure()
			}
		case 3<<3 | wireVarint:
			b.OffsetBytes = s.long()
			seen |= seenOffset
		case 4<<3 | wireVarint:
			b.LengthBytes = s.long()
			seen |= seenLength
		}
	}
	return s.finish(seen, seenAll)
}

// parseIDs reads a ContainerBlockID.
func (b *Block) parseIDs(s scanner, seen *uint32) failure {
	for s.next() {
		switch s.tag {
		case 1<<3 | wireVarint:
			b.ContainerID = s.long()
			*seen |= seenContainer
		case 2<<3 | wireVarint:
			b.LocalID = s.long()
			*seen |= seenLocal
		}
	}
	return s.failure()
}
