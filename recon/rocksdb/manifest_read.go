package rocksdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Tags of a version edit's fields, and of the custom fields of a tagNewFile4.
const (
	tagComparator         = 1
	tagLogNumber          = 2
	tagNextFile           = 3
	tagLastSequence       = 4
	tagCompactCursor      = 5
	tagDeletedFile        = 6
	tagNewFile            = 7
	tagPrevLogNumber      = 9
	tagMinLogNumberToKeep = 10
	tagNewFile2           = 100
	tagNewFile3           = 102
	tagNewFile4           = 103
	tagColumnFamily       = 200
	tagColumnFamilyAdd    = 201
	tagColumnFamilyDrop   = 202
	tagMaxColumnFamily    = 203
	tagInAtomicGroup      = 300
	tagBlobFileAddition   = 400
	tagBlobFileGarbage    = 401
	tagSafeIgnoreMask     = 1 << 13 // an unknown tag with it is followed by a slice to skip
	tagDatabaseID         = tagSafeIgnoreMask + 1

	customTerminate         = 1
	customOldestBlobFile    = 4
	customPathID            = 65
	customNonSafeIgnoreMask = 1 << 6 // an unknown custom field with it must not be skipped
)

// ReadManifest replays the version edits of a manifest's bytes into the version
// they lead to. Errors wrap ErrCorrupt or ErrUnsupported and name the offset of
// the record in the manifest. A manifest that ends inside a record, or inside an
// atomic group of edits, is corrupt: a checkpoint's manifest is whole.
func ReadManifest(data []byte) (*Version, error) {
	m := manifestReader{families: map[uint32]*familyState{0: newFamilyState(0, DefaultFamily)}}
	log := newLogReader(bytes.NewReader(data), 0)
	for {
		record, err := log.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errTornLog) {
			return nil, corruptf("manifest: %v (%d bytes in all)", err, len(data))
		}
		if err != nil {
			return nil, fmt.Errorf("manifest: %w", err)
		}
		if err := m.apply(record); err != nil {
			return nil, fmt.Errorf("manifest: edit at offset %d: %w", log.recordPos, err)
		}
	}
	return m.finish()
}

// manifestReader holds the state that edits are applied to.
type manifestReader struct {
	version      Version
	families     map[uint32]*familyState
	edits        int
	groupPending bool // an atomic group is not complete
}

type familyState struct {
	family     Family
	comparator string
	files      map[uint64]File
}

func newFamilyState(id uint32, name string) *familyState {
	return &familyState{family: Family{ID: id, Name: name}, files: map[uint64]File{}}
}

// edit is one version edit, decoded.
type edit struct {
	family     uint32
	add, drop  bool
	name       string
	comparator *string
	logNumber  *uint64
	newFiles   []File
	deleted    []uint64
	// remaining counts the edits that complete the atomic group this one is
	// part of; nil outside a group.
	remaining *uint32
}

func (m *manifestReader) apply(record []byte) error {
	var e edit
	c := cursor{data: record}
	for !c.done() {
		start := c.pos
		tag, ok := c.uvarint32()
		if !ok {
			return corruptf("bad tag at byte %d of the edit", start)
		}
		ok, err := m.field(&e, &c, tag)
		if err != nil {
			return err
		}
		if !ok {
			return corruptf("field with tag %d at byte %d of the edit is cut short or malformed at byte %d", tag, start, c.pos)
		}
	}
	m.edits++
	m.groupPending = e.remaining != nil && *e.remaining > 0
	return m.applyToFamily(&e)
}

// field decodes one field; false when its bytes are malformed.
func (m *manifestReader) field(e *edit, c *cursor, tag uint32) (ok bool, err error) {
	switch tag {
	case tagComparator:
		var b []byte
		if b, ok = c.slice(); ok {
			name := string(b)
			e.comparator = &name
		}
	case tagLogNumber:
		var n uint64
		if n, ok = c.uvarint64(); ok {
			e.logNumber = &n
		}
	case tagNextFile:
		return readInto(c, &m.version.NextFileNumber), nil
	case tagLastSequence:
		return readInto(c, &m.version.LastSequence), nil
	case tagMinLogNumberToKeep:
		return readInto(c, &m.version.MinLogNumberToKeep), nil
	case tagPrevLogNumber:
		_, ok = c.uvarint64()
	case tagCompactCursor:
		if _, ok = c.uvarint32(); ok {
			_, ok = c.slice()
		}
	case tagDeletedFile:
		if _, ok = c.uvarint32(); ok {
			var number uint64
			number, ok = c.uvarint64()
			e.deleted = append(e.deleted, number)
		}
	case tagNewFile, tagNewFile2, tagNewFile3, tagNewFile4:
		return readNewFile(e, c, tag)
	case tagColumnFamily:
		e.family, ok = c.uvarint32()
	case tagColumnFamilyAdd:
		var b []byte
		b, ok = c.slice()
		e.add, e.name = true, string(b)
	case tagColumnFamilyDrop:
		e.drop, ok = true, true
	case tagMaxColumnFamily:
		_, ok = c.uvarint32()
	case tagInAtomicGroup:
		var n uint32
		n, ok = c.uvarint32()
		e.remaining = &n
	case tagDatabaseID:
		var b []byte
		b, ok = c.slice()
		m.version.DatabaseID = string(b)
	case tagBlobFileAddition, tagBlobFileGarbage:
		return false, unsupportedf("blob files")
	default:
		if tag&tagSafeIgnoreMask == 0 {
			return false, unsupportedf("manifest tag %d", tag)
		}
		_, ok = c.slice()
	}
	return ok, nil
}

func readInto(c *cursor, target *uint64) bool {
	n, ok := c.uvarint64()
	if ok {
		*target = n
	}
	return ok
}

// readNewFile decodes the four historical forms of "this file was added".
func readNewFile(e *edit, c *cursor, tag uint32) (bool, error) {
	var f File
	level, ok := c.uvarint32()
	if !ok || level > maxLevel {
		return false, nil
	}
	f.Level = int(level)
	if f.Number, ok = c.uvarint64(); !ok {
		return false, nil
	}
	if tag == tagNewFile3 {
		path, ok := c.uvarint32()
		if !ok {
			return false, nil
		}
		if path != 0 {
			return false, unsupportedf("table %s lies on database path %d", f.Name(), path)
		}
	}
	if f.SizeBytes, ok = c.uvarint64(); !ok {
		return false, nil
	}
	if f.SmallestKey, f.SmallestTrailer, ok = readBound(c); !ok {
		return false, nil
	}
	if f.LargestKey, f.LargestTrailer, ok = readBound(c); !ok {
		return false, nil
	}
	if tag != tagNewFile {
		if f.SmallestSeq, ok = c.uvarint64(); !ok {
			return false, nil
		}
		if f.LargestSeq, ok = c.uvarint64(); !ok {
			return false, nil
		}
	}
	if tag == tagNewFile4 {
		if ok, err := skipCustomFields(&f, c); !ok || err != nil {
			return ok, err
		}
	}
	e.newFiles = append(e.newFiles, f)
	return true, nil
}

func readBound(c *cursor) (userKey []byte, trailer uint64, ok bool) {
	b, ok := c.slice()
	if !ok {
		return nil, 0, false
	}
	userKey, trailer, ok = splitInternalKey(b)
	return cloneBytes(userKey), trailer, ok
}

// skipCustomFields passes over what tagNewFile4 adds (times, checksums, unique
// ids), and refuses what changes the file's meaning.
func skipCustomFields(f *File, c *cursor) (bool, error) {
	for {
		tag, ok := c.uvarint32()
		if !ok {
			return false, nil
		}
		if tag == customTerminate {
			return true, nil
		}
		field, ok := c.slice()
		if !ok {
			return false, nil
		}
		switch {
		case tag == customPathID && (len(field) != 1 || field[0] != 0):
			return false, unsupportedf("table %s lies on database path %x", f.Name(), field)
		case tag == customPathID:
		case tag == customOldestBlobFile && !bytes.Equal(field, []byte{0}):
			return false, unsupportedf("table %s refers to blob files", f.Name())
		case tag&customNonSafeIgnoreMask != 0:
			return false, unsupportedf("table %s has the unknown field %d, which must not be ignored", f.Name(), tag)
		}
	}
}

func (m *manifestReader) applyToFamily(e *edit) error {
	if e.drop {
		if m.families[e.family] == nil || e.family == 0 {
			return corruptf("family %d cannot be dropped", e.family)
		}
		delete(m.families, e.family)
		return nil
	}
	if e.add {
		if m.families[e.family] != nil && e.family != 0 {
			return corruptf("family %d is added twice", e.family)
		}
		if e.family != 0 || e.name != DefaultFamily {
			m.families[e.family] = newFamilyState(e.family, e.name)
		}
	}
	f := m.families[e.family]
	if f == nil {
		return corruptf("it changes family %d, which does not exist", e.family)
	}
	if e.comparator != nil {
		f.comparator = *e.comparator
	}
	if e.logNumber != nil {
		f.family.LogNumber = *e.logNumber
	}
	for _, number := range e.deleted {
		if _, ok := f.files[number]; !ok {
			return corruptf("it deletes table %06d.sst of family %d, which is not there", number, e.family)
		}
		delete(f.files, number)
	}
	for _, file := range e.newFiles {
		if _, ok := f.files[file.Number]; ok {
			return corruptf("it adds table %s of family %d twice", file.Name(), e.family)
		}
		f.files[file.Number] = file
	}
	return nil
}

// finish turns the state into a sorted, checked version.
func (m *manifestReader) finish() (*Version, error) {
	if m.edits == 0 {
		return nil, corruptf("manifest: no version edit in it")
	}
	if m.groupPending {
		return nil, corruptf("manifest: it ends inside an atomic group of edits")
	}
	v := m.version
	v.Comparator = BytewiseComparator
	for _, id := range slices.Sorted(maps.Keys(m.families)) {
		f := m.families[id]
		if f.comparator != "" && f.comparator != BytewiseComparator {
			return nil, unsupportedf("manifest: family %q has the comparator %q, only %q is read",
				f.family.Name, f.comparator, BytewiseComparator)
		}
		for _, number := range slices.Sorted(maps.Keys(f.files)) {
			f.family.Files = append(f.family.Files, f.files[number])
		}
		v.Families = append(v.Families, f.family)
	}
	v.normalize()
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return &v, nil
}
