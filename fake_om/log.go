package fakeom

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// batchLog is a node's write-ahead log: every batch it wrote and has not
// forgotten, in segment files. The node recovers its memtable from it and
// serves DBUpdates from it. A record is a length and a CRC-32C (fixed32 each),
// then the transaction's term and index (fixed64 each), then the batch.
type batchLog struct {
	fs       env.FS
	dir      string
	segments []*segment
	// records are the batches in the segments, in order.
	records []logRecord
	// writer is the open end of the last segment; nil until the next append.
	writer vfs.File
}

type segment struct {
	number    int64
	sizeBytes int64
	reader    vfs.File
}

// logRecord is where a batch lies and what it spans.
type logRecord struct {
	start, end  uint64
	info        omdb.TransactionInfo
	segment     *segment
	offsetBytes int64
	sizeBytes   int
}

const (
	recordHeaderBytes = 8
	recordInfoBytes   = 16
	// segmentBytes is when a new segment is begun; forgetting goes by segments.
	segmentBytes = 16 << 20
	// maxRecordBytes bounds what a damaged length can make us allocate.
	maxRecordBytes = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openLog reads the segments in dir and calls visit for each batch in order;
// the batch is visit's own. A segment may end inside a record that was never
// synced: whatever follows goes on from the last whole one.
func openLog(fs env.FS, dir string, visit func(r *logRecord, b rocksdb.Batch) error) (*batchLog, error) {
	if err := makeDir(fs, dir); err != nil {
		return nil, fmt.Errorf("fake OM log %s: %w", dir, err)
	}
	names, err := fs.List(dir)
	if err != nil {
		return nil, fmt.Errorf("fake OM log %s: %w", dir, err)
	}
	l := &batchLog{fs: fs, dir: dir}
	slices.Sort(names)
	for _, name := range names {
		text, ok := strings.CutSuffix(name, ".log")
		number, err := strconv.ParseInt(text, 10, 64)
		if !ok || err != nil {
			continue
		}
		s := &segment{number: number}
		l.segments = append(l.segments, s)
		if err := l.readSegment(s, visit); err != nil {
			return nil, errors.Join(fmt.Errorf("fake OM log %s: %w", l.path(s), err), l.close())
		}
	}
	return l, nil
}

func (l *batchLog) path(s *segment) string {
	return l.fs.PathJoin(l.dir, fmt.Sprintf("%08d.log", s.number))
}

func (l *batchLog) readSegment(s *segment, visit func(*logRecord, rocksdb.Batch) error) error {
	var err error
	if s.reader, err = l.fs.Open(l.path(s)); err != nil {
		return err
	}
	info, err := s.reader.Stat()
	if err != nil {
		return err
	}
	for size := info.Size(); ; {
		record, batch, ok, err := l.readRecord(s, size)
		if err != nil || !ok {
			return err
		}
		if n := len(l.records); n > 0 && record.start != l.records[n-1].end+1 {
			return fmt.Errorf("offset %d: the batch starts at sequence %d, the one before ended at %d; "+
				"remove the fake OM's folder to start afresh", record.offsetBytes, record.start, l.records[n-1].end)
		}
		l.records = append(l.records, *record)
		s.sizeBytes = record.offsetBytes + int64(record.sizeBytes)
		if err := visit(record, batch); err != nil {
			return err
		}
	}
}

// readRecord reads the record at the segment's end so far. ok is false when
// there is no whole one.
func (l *batchLog) readRecord(s *segment, fileBytes int64) (r *logRecord, b rocksdb.Batch, ok bool, err error) {
	var header [recordHeaderBytes]byte
	if fileBytes-s.sizeBytes < recordHeaderBytes {
		return nil, nil, false, nil
	}
	if err := readFull(s.reader, header[:], s.sizeBytes); err != nil {
		return nil, nil, false, err
	}
	size := int64(binary.LittleEndian.Uint32(header[:]))
	if size < recordInfoBytes || size > maxRecordBytes || size > fileBytes-s.sizeBytes-recordHeaderBytes {
		return nil, nil, false, nil
	}
	body := make([]byte, size)
	if err := readFull(s.reader, body, s.sizeBytes+recordHeaderBytes); err != nil {
		return nil, nil, false, err
	}
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
		return nil, nil, false, nil
	}
	b = rocksdb.Batch(body[recordInfoBytes:])
	start, count, err := b.Header()
	if err != nil {
		return nil, nil, false, err
	}
	return &logRecord{
		start: start, end: start + uint64(count) - 1,
		info: omdb.TransactionInfo{
			Term:  int64(binary.LittleEndian.Uint64(body)),
			Index: int64(binary.LittleEndian.Uint64(body[8:])),
		},
		segment: s, offsetBytes: s.sizeBytes + recordHeaderBytes + recordInfoBytes, sizeBytes: len(b),
	}, b, true, nil
}

// append writes a batch; sync makes it durable.
func (l *batchLog) append(b *writeBatch) error {
	s, err := l.tail()
	if err != nil {
		return fmt.Errorf("fake OM log %s: %w", l.dir, err)
	}
	record := make([]byte, recordHeaderBytes+recordInfoBytes, recordHeaderBytes+recordInfoBytes+len(b.bytes))
	binary.LittleEndian.PutUint64(record[recordHeaderBytes:], uint64(b.info.Term))
	binary.LittleEndian.PutUint64(record[recordHeaderBytes+8:], uint64(b.info.Index))
	record = append(record, b.bytes...)
	body := record[recordHeaderBytes:]
	binary.LittleEndian.PutUint32(record, uint32(len(body)))
	binary.LittleEndian.PutUint32(record[4:], crc32.Checksum(body, castagnoli))
	if _, err := l.writer.Write(record); err != nil {
		return fmt.Errorf("fake OM log %s: %w", l.path(s), err)
	}
	l.records = append(l.records, logRecord{
		start: b.start, end: b.end(), info: b.info, segment: s,
		offsetBytes: s.sizeBytes + recordHeaderBytes + recordInfoBytes, sizeBytes: len(b.bytes),
	})
	s.sizeBytes += int64(len(record))
	return nil
}

// tail is the segment to append to. A log that was opened is never written to
// where it ended, because a torn record may lie there.
func (l *batchLog) tail() (*segment, error) {
	if l.writer != nil {
		if s := l.segments[len(l.segments)-1]; s.sizeBytes < segmentBytes {
			return s, nil
		}
		if err := l.closeWriter(); err != nil {
			return nil, err
		}
	}
	s := &segment{number: 1}
	if n := len(l.segments); n > 0 {
		s.number = l.segments[n-1].number + 1
	}
	w, err := l.fs.Create(l.path(s), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	l.writer = w
	if s.reader, err = l.fs.Open(l.path(s)); err != nil {
		return nil, err
	}
	l.segments = append(l.segments, s)
	return s, syncDir(l.fs, l.dir)
}

func (l *batchLog) sync() error {
	if l.writer == nil {
		return nil
	}
	if err := l.writer.Sync(); err != nil {
		return fmt.Errorf("fake OM log %s: %w", l.dir, err)
	}
	return nil
}

// read returns a batch's bytes, which the caller owns.
func (l *batchLog) read(r *logRecord) ([]byte, error) {
	b := make([]byte, r.sizeBytes)
	if err := readFull(r.segment.reader, b, r.offsetBytes); err != nil {
		return nil, fmt.Errorf("fake OM log %s at offset %d: %w", l.path(r.segment), r.offsetBytes, err)
	}
	return b, nil
}

// sizeBytes is what all segments take up.
func (l *batchLog) sizeBytes() int64 {
	total := int64(0)
	for _, s := range l.segments {
		total += s.sizeBytes
	}
	return total
}

// forget removes the segments, except the open one, of which every batch ends
// at or before sequence.
func (l *batchLog) forget(sequence uint64) error {
	for len(l.segments) > 1 || l.writer == nil && len(l.segments) == 1 {
		s, n := l.segments[0], 0
		for n < len(l.records) && l.records[n].segment == s {
			n++
		}
		if n > 0 && l.records[n-1].end > sequence {
			return nil
		}
		if err := errors.Join(s.reader.Close(), l.fs.Remove(l.path(s))); err != nil {
			return fmt.Errorf("fake OM log %s: %w", l.path(s), err)
		}
		l.segments = l.segments[1:]
		l.records = slices.Clone(l.records[n:])
	}
	return nil
}

// clear removes everything.
func (l *batchLog) clear() error {
	if err := l.closeWriter(); err != nil {
		return fmt.Errorf("fake OM log %s: %w", l.dir, err)
	}
	if n := len(l.records); n > 0 {
		return l.forget(l.records[n-1].end)
	}
	return l.forget(0)
}

func (l *batchLog) closeWriter() error {
	if l.writer == nil {
		return nil
	}
	err := errors.Join(l.writer.Sync(), l.writer.Close())
	l.writer = nil
	return err
}

func (l *batchLog) close() error {
	err := l.closeWriter()
	for _, s := range l.segments {
		if s.reader != nil {
			err = errors.Join(err, s.reader.Close())
		}
	}
	return err
}
