package rocksdb

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// Manifests and write-ahead logs share one framing: 32 KiB blocks of physical
// records, each with a masked CRC-32C (4 bytes), a length (2) and a type (1);
// the recyclable types add the number of the log they belong to (4). A logical
// record is one full physical record or a first, middles and a last.
const (
	logBlockBytes            = 32 << 10
	logHeaderBytes           = 7
	logRecyclableHeaderBytes = 11
)

const (
	logZero            = 0 // preallocated space, never written
	logFull            = 1
	logFirst           = 2
	logMiddle          = 3
	logLast            = 4
	logRecyclableFull  = 5
	logRecyclableLast  = 8
	logCompression     = 9    // compression of what follows; 10 and 11 are newer still
	logSafeToIgnoreBit = 0x80 // an unknown type with it may be skipped
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskCRC is RocksDB's rotation of a stored CRC, which keeps the CRC of data
// that embeds CRCs from being predictable.
func maskCRC(c uint32) uint32 { return (c>>15 | c<<17) + 0xa282ead8 }

// errTornLog means that a log ends inside a record. In a write-ahead log that is
// an unacknowledged write; in a manifest it is corruption.
var errTornLog = errors.New("log ends inside a record")

// logReader reads logical records from a log. Its memory is one block and the
// largest record.
type logReader struct {
	r      io.Reader
	block  [logBlockBytes]byte
	filled int   // valid bytes of block
	pos    int   // next unread byte of block
	base   int64 // file offset of block
	eof    bool  // block is the file's last

	number    uint32 // the log's own number, for recyclable records; 0: take the first seen
	record    []byte
	recordPos int64 // file offset of the record last returned
}

func newLogReader(r io.Reader, number uint64) *logReader {
	return &logReader{r: r, number: uint32(number)}
}

// next returns the next logical record, borrowed until the following call. At a
// clean end it returns io.EOF; when the file ends inside a record, errTornLog.
func (l *logReader) next() ([]byte, error) {
	l.record = l.record[:0]
	inside := false
	for {
		if err := l.fill(); err != nil {
			if errors.Is(err, io.EOF) && inside {
				return nil, errTornLog
			}
			return nil, err
		}
		start := l.base + int64(l.pos)
		kind, payload, err := l.physical()
		if err != nil {
			return nil, err
		}
		if kind == logZero {
			if inside {
				return nil, errTornLog
			}
			continue
		}
		if kind&logSafeToIgnoreBit != 0 {
			continue
		}
		if kind >= logCompression {
			return nil, unsupportedf("log: record type %d at offset %d (compression or user timestamps)", kind, start)
		}
		switch kind {
		case logFull, logFirst:
			if inside {
				return nil, corruptf("log: a record begins at offset %d inside another", start)
			}
			l.recordPos = start
		default:
			if !inside {
				return nil, corruptf("log: a continuation at offset %d follows no beginning", start)
			}
		}
		l.record = append(l.record, payload...)
		if kind == logFull || kind == logLast {
			return l.record, nil
		}
		inside = true
	}
}

// fill makes sure that unread bytes are in the block, or returns io.EOF.
func (l *logReader) fill() error {
	for l.pos >= l.filled {
		if l.eof {
			return io.EOF
		}
		l.base += int64(l.filled)
		n, err := io.ReadFull(l.r, l.block[:])
		l.filled, l.pos = n, 0
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			l.eof = true
		case err != nil:
			return err
		}
	}
	return nil
}

// physical reads one physical record; recyclable types are folded into the
// plain ones. It returns logZero for space that holds no record (a block's
// trailer, preallocation, the rest of a recycled log), after skipping it.
func (l *logReader) physical() (kind byte, payload []byte, err error) {
	rest := l.block[l.pos:l.filled]
	if len(rest) < logHeaderBytes {
		l.pos = l.filled
		if l.filled < logBlockBytes && !allZero(rest) {
			return 0, nil, errTornLog
		}
		return logZero, nil, nil
	}
	offset := l.base + int64(l.pos)
	length, kind := int(binary.LittleEndian.Uint16(rest[4:])), rest[6]
	if kind == logZero && length == 0 {
		l.pos = l.filled
		return logZero, nil, nil
	}
	header := logHeaderBytes
	if recyclableType(kind) {
		header = logRecyclableHeaderBytes
	}
	if header+length > len(rest) {
		if l.eof {
			l.pos = l.filled
			return 0, nil, errTornLog
		}
		return 0, nil, corruptf("log: the record at offset %d has length %d and crosses its block", offset, length)
	}
	if header == logRecyclableHeaderBytes {
		number := binary.LittleEndian.Uint32(rest[logHeaderBytes:])
		if l.number == 0 {
			l.number = number
		}
		if number != l.number {
			// What follows was written when the file was another log.
			l.pos, l.eof = l.filled, true
			return logZero, nil, nil
		}
	}
	stored := binary.LittleEndian.Uint32(rest)
	if actual := maskCRC(crc32.Checksum(rest[6:header+length], castagnoli)); actual != stored {
		return 0, nil, corruptf("log: checksum of the record at offset %d is %08x, stored %08x", offset, actual, stored)
	}
	l.pos += header + length
	if kind >= logRecyclableFull && kind <= logRecyclableLast {
		kind -= logRecyclableFull - logFull
	}
	return kind, rest[header : header+length], nil
}

// recyclableType reports whether records of the type carry a log number. The
// last two, of newer RocksDB versions, are known only to be stepped over or
// refused at the right length.
func recyclableType(kind byte) bool {
	return kind >= logRecyclableFull && kind <= logRecyclableLast || kind == 11 || kind == 131
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// appendLogRecord appends one logical record to a log whose bytes so far are
// dst, framed with the plain record types.
func appendLogRecord(dst, record []byte) []byte {
	for first := true; ; first = false {
		left := logBlockBytes - len(dst)%logBlockBytes
		if left < logHeaderBytes {
			dst = append(dst, make([]byte, left)...)
			left = logBlockBytes
		}
		n := min(len(record), left-logHeaderBytes)
		last := n == len(record)
		kind := byte(logMiddle)
		switch {
		case first && last:
			kind = logFull
		case first:
			kind = logFirst
		case last:
			kind = logLast
		}
		crc := crc32.Update(crc32.Checksum([]byte{kind}, castagnoli), castagnoli, record[:n])
		dst = binary.LittleEndian.AppendUint32(dst, maskCRC(crc))
		dst = append(dst, byte(n), byte(n>>8), kind)
		dst = append(dst, record[:n]...)
		if record = record[n:]; last {
			return dst
		}
	}
}
