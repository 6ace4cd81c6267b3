package omdb

// RepeatedKeyInfo is the view of a deletedTable row: the versions of a key that
// wait for their blocks to be reclaimed.
type RepeatedKeyInfo struct {
	// KeyCount is the number of keys in the row.
	KeyCount int
	BucketID int64

	origin origin
	fields scanner
}

func (r *RepeatedKeyInfo) parse(s scanner, o origin) failure {
	*r = RepeatedKeyInfo{origin: o, fields: s}
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			r.KeyCount++
		case 2<<3 | wireVarint:
			r.BucketID = s.long()
		}
	}
	return s.failure()
}

// Keys begins to read the keys in the row.
func (r *RepeatedKeyInfo) Keys() KeyIterator {
	return KeyIterator{origin: r.origin, fields: r.fields, tag: 1<<3 | wireBytes}
}

// MultipartKeyInfo is the view of a multipartInfoTable row: one upload.
type MultipartKeyInfo struct {
	UploadID []byte
	// CreationTime is milliseconds since 1970.
	CreationTime                 int64
	Replication                  Replication
	ObjectID, UpdateID, ParentID int64
	// SchemaVersion 0 has the parts in this row, 1 in multipartPartsTable.
	SchemaVersion                   int32
	VolumeName, BucketName, KeyName []byte

	origin origin
	fields scanner
}

const multipartRequired = 1<<1 | 1<<2 | 1<<3

func (m *MultipartKeyInfo) parse(s scanner, o origin) failure {
	*m = MultipartKeyInfo{origin: o, fields: s}
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			m.UploadID = s.bytes()
		case 2<<3 | wireVarint:
			m.CreationTime = s.long()
		case 3<<3 | wireVarint:
			m.Replication.Type = ReplicationType(s.int())
		case 4<<3 | wireVarint:
			m.Replication.Factor = s.int()
		case 6<<3 | wireVarint:
			m.ObjectID = s.long()
		case 7<<3 | wireVarint:
			m.UpdateID = s.long()
		case 8<<3 | wireVarint:
			m.ParentID = s.long()
		case 9<<3 | wireBytes:
			if ec := m.Replication.parseEC(s.nested()); ec.reason != "" {
				return ec
			}
		case 10<<3 | wireVarint:
			m.SchemaVersion = s.int()
		case 11<<3 | wireBytes:
			m.VolumeName = s.bytes()
		case 12<<3 | wireBytes:
			m.BucketName = s.bytes()
		case 13<<3 | wireBytes:
			m.KeyName = s.bytes()
		default:
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, multipartRequired)
}

// Parts begins to read the parts that lie in the row itself (schema 0).
func (m *MultipartKeyInfo) Parts() KeyIterator {
	return KeyIterator{origin: m.origin, fields: m.fields, tag: 5<<3 | wireBytes, parts: true}
}

// KeyIterator reads the keys inside a row of deletedTable or the parts inside
// one of multipartInfoTable.
type KeyIterator struct {
	// Key is the current one, valid until the next call of Next.
	Key KeyInfo
	// PartName and PartNumber are set for parts.
	PartName   []byte
	PartNumber int32

	origin origin
	fields scanner
	tag    uint64
	parts  bool
	failed failure
}

// Next steps to the next key; false at the end or on a corrupt row.
func (it *KeyIterator) Next() bool {
	if it.failed.reason != "" {
		return false
	}
	for it.fields.next() {
		if it.fields.tag != it.tag {
			continue
		}
		if it.parts {
			it.failed = it.parsePart(it.fields.nested())
		} else {
			it.failed = it.Key.parse(it.fields.nested(), it.origin)
		}
		return it.failed.reason == ""
	}
	it.failed = it.fields.failure()
	return false
}

const partRequired = 1<<1 | 1<<2 | 1<<3

// parsePart reads a PartKeyInfo. Its key message stands once; were it there
// twice, the last would count.
func (it *KeyIterator) parsePart(s scanner) failure {
	var seen uint32
	for s.next() {
		switch s.tag {
		case 1<<3 | wireBytes:
			it.PartName = s.bytes()
		case 2<<3 | wireVarint:
			it.PartNumber = s.int()
		case 3<<3 | wireBytes:
			if key := it.Key.parse(s.nested(), it.origin); key.reason != "" {
				return key
			}
		default:
			continue
		}
		seen |= 1 << (s.tag >> 3)
	}
	return s.finish(seen, partRequired)
}

// Err is the failure that ended the iteration, if any.
func (it *KeyIterator) Err() error { return it.origin.corrupt(it.failed) }
