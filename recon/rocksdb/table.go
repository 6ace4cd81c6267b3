package rocksdb

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// table is an open table file: its footer, meta-index and properties, which are
// read and checked when it is opened. It holds the file open until close.
type table struct {
	name       string
	file       vfs.File
	sizeBytes  uint64
	footer     footer
	properties tableProperties
	meta       []metaBlock
	blocks     blockReader
}

// metaBlock is an entry of the meta-index.
type metaBlock struct {
	name   string
	handle blockHandle
}

// openTable opens the table file f of dir. sequence numbers of an ingested
// table come from f.
func openTable(fs vfs.FS, dir string, f File) (*table, error) {
	name := f.Name()
	file, err := fs.Open(fs.PathJoin(dir, name), vfs.SequentialReadsOption)
	if err != nil {
		return nil, fmt.Errorf("open table %s in %s: %w", name, dir, err)
	}
	t := &table{name: name, file: file}
	if err := t.open(f); err != nil {
		return nil, closeAfter(t, fmt.Errorf("table %s in %s: %w", name, dir, err))
	}
	return t, nil
}

// closeAfter closes what was open when err happened; both errors count.
func closeAfter(c io.Closer, err error) error {
	if closeErr := c.Close(); closeErr != nil {
		return fmt.Errorf("%w (and closing failed: %w)", err, closeErr)
	}
	return err
}

func (t *table) open(f File) error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	t.sizeBytes = uint64(info.Size())
	if t.sizeBytes != f.SizeBytes {
		return corruptf("it has %d bytes, the manifest says %d", t.sizeBytes, f.SizeBytes)
	}
	tail := make([]byte, min(t.sizeBytes, footerBytes))
	if len(tail) > 0 {
		if _, err := t.file.ReadAt(tail, int64(t.sizeBytes)-int64(len(tail))); err != nil {
			return fmt.Errorf("read its footer: %w", err)
		}
	}
	if t.footer, err = parseFooter(tail); err != nil {
		return err
	}
	t.blocks = blockReader{file: t.file, limit: t.sizeBytes - t.footer.bytes, footer: t.footer}
	if err := t.readMetaIndex(); err != nil {
		return fmt.Errorf("its meta-index: %w", err)
	}
	if err := t.readProperties(f); err != nil {
		return fmt.Errorf("its properties: %w", err)
	}
	return nil
}

func (t *table) readMetaIndex() error {
	block, _, err := t.blocks.read(t.footer.metaIndex)
	if err != nil {
		return err
	}
	var e entryReader
	if err := e.reset(block); err != nil {
		return err
	}
	for {
		ok, err := e.next()
		if err != nil || !ok {
			return err
		}
		c := cursor{data: e.value}
		handle, ok := c.blockHandle()
		if !ok {
			return corruptf("entry %q has a malformed block handle", e.key)
		}
		t.meta = append(t.meta, metaBlock{string(e.key), handle})
	}
}

// metaHandle finds a meta block by name.
func (t *table) metaHandle(names ...string) (blockHandle, bool) {
	i := slices.IndexFunc(t.meta, func(m metaBlock) bool { return slices.Contains(names, m.name) })
	if i < 0 {
		return blockHandle{}, false
	}
	return t.meta[i].handle, true
}

func (t *table) readProperties(f File) error {
	if _, ok := t.metaHandle(metaDictionary); ok {
		return unsupportedf("compression dictionaries")
	}
	h, ok := t.metaHandle(metaProperties, metaLegacyProperties)
	if !ok {
		return corruptf("the table has none")
	}
	block, _, err := t.blocks.read(h)
	if err != nil {
		return err
	}
	if t.properties, err = parseProperties(block); err != nil {
		return err
	}
	p := &t.properties
	if p.comparator != "" && p.comparator != BytewiseComparator {
		return unsupportedf("comparator %q, only %q is read", p.comparator, BytewiseComparator)
	}
	if p.indexType > indexBinarySearchFirstKey {
		return unsupportedf("index type %d", p.indexType)
	}
	if p.external && p.globalSequence == 0 {
		p.globalSequence = f.LargestSeq
	}
	return nil
}

// partitioned reports whether a meta block is an index of filter partitions.
func (m metaBlock) partitioned() bool { return strings.HasPrefix(m.name, metaPartitionedStart) }

// newIndexReader returns a reader of the table's index blocks.
func (t *table) newIndexReader() indexReader {
	return indexReader{deltaCoded: t.properties.indexDelta, firstKeys: t.properties.indexType == indexBinarySearchFirstKey}
}

// Close closes the file and the codecs.
func (t *table) Close() error {
	t.blocks.codec.close()
	return t.file.Close()
}
