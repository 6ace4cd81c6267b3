package dissect

import (
	"errors"
	"fmt"
)

// manifestFile is a table as the manifest describes it.
type manifestFile struct {
	level                   int
	number, size            uint64
	smallest, largest       version
	smallestSeq, largestSeq uint64
	family                  uint64
}

// manifest is what the version edits add up to.
type manifest struct {
	lastSequence, nextFile uint64
	families               map[uint64]string
	files                  []manifestFile
}

// logRecords undoes the log framing: 32 KiB blocks, 7-byte headers with masked
// CRC-32C over type and payload.
func logRecords(data []byte) ([][]byte, error) {
	const blockSize = 32768
	var records [][]byte
	var record []byte
	open := false
	for at := 0; at < len(data); {
		if left := blockSize - at%blockSize; left < 7 {
			at += left // trailer too small for a header
			continue
		}
		if len(data)-at < 7 {
			return nil, fmt.Errorf("half a record header at %d", at)
		}
		size, kind := int(little(data[at+4:at+6])), data[at+6]
		if at%blockSize+7+size > blockSize || at+7+size > len(data) {
			return nil, fmt.Errorf("record at %d with %d bytes does not fit", at, size)
		}
		if want, got := uint32(little(data[at:at+4])), storedCRC(data[at+6:at+7+size]); want != got {
			return nil, fmt.Errorf("record at %d: checksum %08x, stored %08x", at, got, want)
		}
		payload := data[at+7 : at+7+size]
		switch {
		case kind == 1 && !open:
			records = append(records, payload)
		case kind == 2 && !open:
			record, open = append([]byte{}, payload...), true
		case kind == 3 && open:
			record = append(record, payload...)
		case kind == 4 && open:
			records, open = append(records, append(record, payload...)), false
		default:
			return nil, fmt.Errorf("record at %d: type %d out of place", at, kind)
		}
		at += 7 + size
	}
	if open {
		return nil, errors.New("the last record has no end")
	}
	return records, nil
}

// parseManifest replays the version edits our writer makes; any other tag is an
// error.
func parseManifest(data []byte) (*manifest, error) {
	records, err := logRecords(data)
	if err != nil {
		return nil, err
	}
	m := &manifest{families: map[uint64]string{0: "default"}}
	for i, record := range records {
		if err := m.edit(record); err != nil {
			return nil, fmt.Errorf("edit %d: %w", i, err)
		}
	}
	if m.lastSequence == 0 {
		return nil, errors.New("last sequence is 0")
	}
	return m, nil
}

func (m *manifest) edit(record []byte) error {
	var family uint64
	var files []manifestFile
	for r := (reader{rest: record}); len(r.rest) > 0; {
		switch tag := r.varint(); tag {
		case 1:
			if name := r.str(); r.err == nil && string(name) != "leveldb.BytewiseComparator" {
				return fmt.Errorf("comparator %q", name)
			}
		case 2, 10:
			r.varint() // log numbers
		case 3:
			m.nextFile = r.varint()
		case 4:
			m.lastSequence = r.varint()
		case 100:
			f := manifestFile{level: int(r.varint()), number: r.varint(), size: r.varint()}
			var errSmallest, errLargest error
			f.smallest, errSmallest = parseInternal(r.str())
			f.largest, errLargest = parseInternal(r.str())
			f.smallestSeq, f.largestSeq = r.varint(), r.varint()
			if err := errors.Join(r.err, errSmallest, errLargest); err != nil {
				return err
			}
			files = append(files, f)
		case 200:
			family = r.varint()
		case 201:
			name := string(r.str())
			if old, ok := m.families[family]; ok {
				return fmt.Errorf("family %d is added as %q, it was %q", family, name, old)
			}
			m.families[family] = name
		case 203:
			r.varint() // largest family id
		case 8193:
			r.str() // database id
		default:
			return fmt.Errorf("tag %d", tag)
		}
		if r.err != nil {
			return r.err
		}
	}
	if _, ok := m.families[family]; !ok {
		return fmt.Errorf("family %d was not added", family)
	}
	for _, f := range files {
		f.family = family
		m.files = append(m.files, f)
	}
	return nil
}
