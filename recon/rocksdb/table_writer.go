package rocksdb

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TableOptions shape the tables a TableWriter makes. The zero value is good for
// Pebble to read where the table lies: 16 KiB blocks, no compression.
type TableOptions struct {
	// Compression is CompressionNone or CompressionSnappy.
	Compression Compression
	// BlockBytes is the plain size of a data block; 0 means 16 KiB, an Ozone
	// Manager's.
	BlockBytes int
}

const defaultBlockBytes = 16 << 10

// noMergeOperator is what RocksDB records for a family without merge operator.
const noMergeOperator = "nullptr"

// TableWriter writes one table file that both RocksDB (7.7 and about) opens and
// Pebble ingests where it lies: format version 2, CRC-32C, puts and deletes, one
// version of each key. Rows come in strictly ascending order of user keys. The
// index has one level, so memory grows with the table (about one key for each
// block): keep tables below some GiB. Close or Abort must be called, or a file
// and a goroutine of Pebble's writer stay behind.
type TableWriter struct {
	fs     FS
	path   string
	number uint64
	w      sstable.RawWriter

	rows    uint64
	file    File
	lastKey []byte
	closed  bool
}

// NewTableWriter creates the table at path, whose base name must be digits and
// ".sst"; the digits are the file number.
func NewTableWriter(fs FS, path string, o TableOptions) (*TableWriter, error) {
	digits, ok := strings.CutSuffix(fs.PathBase(path), ".sst")
	number, err := strconv.ParseUint(digits, 10, 64)
	if !ok || err != nil || number == 0 {
		return nil, fmt.Errorf("table %s: its name must be a file number above 0 and .sst", path)
	}
	compression := block.NoCompression
	switch o.Compression {
	case CompressionNone:
	case CompressionSnappy:
		compression = block.SnappyCompression
	default:
		return nil, unsupportedf("writing tables with %s compression", o.Compression)
	}
	if o.BlockBytes == 0 {
		o.BlockBytes = defaultBlockBytes
	}
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("create table %s: %w", path, err)
	}
	w := sstable.NewRawWriter(objstorageprovider.NewFileWritable(f), sstable.WriterOptions{
		Comparer:    pebble.DefaultComparer,
		MergerName:  noMergeOperator,
		TableFormat: sstable.TableFormatRocksDBv2,
		Checksum:    block.ChecksumTypeCRC32c,
		Compression: compression,
		BlockSize:   o.BlockBytes,
		// RocksDB was seen to read single-level indexes of this writer; the
		// automatic two-level index is left alone.
		IndexBlockSize: math.MaxInt32,
	})
	return &TableWriter{fs: fs, path: path, number: number, w: w}, nil
}

// Add puts a row with sequence number 0: a base, below which nothing lies.
func (t *TableWriter) Add(key, value []byte) error {
	return t.AddSequenced(key, 0, KindPut, value)
}

// AddSequenced adds a row of a table that lies above others. It needs the real
// sequence number, because RocksDB decides by it which row of a key is newer.
// kind is KindPut or KindDelete; value is ignored for a delete.
func (t *TableWriter) AddSequenced(userKey []byte, sequence uint64, kind Kind, value []byte) error {
	switch {
	case t.closed:
		return fmt.Errorf("table %s is closed", t.path)
	case kind != KindPut && kind != KindDelete:
		return fmt.Errorf("table %s: %w", t.path, unsupportedf("writing a %s", kind))
	case sequence > MaxSequence:
		return fmt.Errorf("table %s: sequence number %d exceeds 56 bits", t.path, sequence)
	case t.rows > 0 && bytes.Compare(t.lastKey, userKey) >= 0:
		return fmt.Errorf("table %s: key %x does not lie behind %x; rows must be added in ascending order",
			t.path, userKey, t.lastKey)
	}
	if kind == KindDelete {
		value = nil
	}
	trailer := MakeTrailer(sequence, kind)
	key := pebble.InternalKey{UserKey: userKey, Trailer: pebble.InternalKeyTrailer(trailer)}
	if err := t.w.Add(key, value, false); err != nil {
		return fmt.Errorf("table %s: %w", t.path, err)
	}
	if t.rows == 0 {
		t.file.SmallestKey, t.file.SmallestTrailer = cloneBytes(userKey), trailer
		t.file.SmallestSeq = sequence
	}
	t.lastKey = append(t.lastKey[:0], userKey...)
	t.file.LargestTrailer = trailer
	t.file.SmallestSeq = min(t.file.SmallestSeq, sequence)
	t.file.LargestSeq = max(t.file.LargestSeq, sequence)
	t.rows++
	return nil
}

// Rows is the number of rows added.
func (t *TableWriter) Rows() uint64 { return t.rows }

// EstimatedBytes is about the size of the file if it were closed now.
func (t *TableWriter) EstimatedBytes() uint64 { return t.w.EstimatedSize() }

// Close finishes the table, syncs and closes its file (the directory is left to
// WriteCheckpoint), and returns what a manifest says about it. Level is the
// bottom level if all sequence numbers are 0, and 0 otherwise; change it if the
// table belongs elsewhere. A table without rows is an error; on any error the file is
// removed.
func (t *TableWriter) Close() (File, error) {
	if t.closed {
		return File{}, fmt.Errorf("table %s is closed", t.path)
	}
	if t.rows == 0 {
		return File{}, errors.Join(fmt.Errorf("table %s has no rows", t.path), t.Abort())
	}
	t.closed = true
	err := t.w.Close()
	var meta *sstable.WriterMetadata
	if err == nil {
		meta, err = t.w.Metadata()
	}
	if err != nil {
		return File{}, fmt.Errorf("close table %s: %w", t.path, errors.Join(err, t.fs.Remove(t.path)))
	}
	f := t.file
	f.Number, f.SizeBytes = t.number, meta.Size
	f.LargestKey = t.lastKey
	if f.LargestSeq == 0 {
		f.Level = bottomLevel
	}
	return f, nil
}

// Abort gives the table up and removes its file. After Close it does nothing, so
// it may be deferred.
func (t *TableWriter) Abort() error {
	if t.closed {
		return nil
	}
	t.closed = true
	// The writer only ends its goroutine when it is closed; what it writes goes.
	closeErr := t.w.Close()
	if err := errors.Join(closeErr, t.fs.Remove(t.path)); err != nil {
		return fmt.Errorf("abort table %s: %w", t.path, err)
	}
	return nil
}
