package generation

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// tableBytes is the raw size at which a table of derived rows is finished and
// the next one begun.
const tableBytes = 64 << 20

// LoadSinks merges everything the sinks took into sorted tables and ingests
// them. containerCount, which is a fact about all container rows together, is
// derived here.
func (s *Staged) LoadSinks(ctx context.Context) error {
	if s.sinks == nil {
		return errors.New("no task wrote a derived row; a rebuild always has statistics")
	}
	w := &tableWriter{s: s}
	err := s.sinks.merge(func(row merged) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		t := omdb.Table(row.key[0])
		// containerCount sorts last, so it can be written once all is counted.
		s.rows[t]++
		return w.add(row.key, row.value)
	})
	if err == nil {
		count := derived.AppendLong(nil, s.rows[derived.ContainerKeyCount])
		err = w.add(storeKey(nil, derived.SQLStats, []byte(derived.ContainerCountName)), count)
	}
	if err = errors.Join(err, w.finish()); err != nil {
		return fmt.Errorf("write derived tables: %w", err)
	}
	err = s.store.call(ctx, "ingest", func() error { return s.store.db.Ingest(ctx, w.paths) })
	if err != nil {
		return fmt.Errorf("ingest derived tables: %w", err)
	}
	return nil
}

// tableWriter cuts a stream of sorted rows into tables.
type tableWriter struct {
	s     *Staged
	w     *sstable.Writer
	bytes int
	paths []string
}

func (t *tableWriter) add(key, value []byte) error {
	if t.w == nil {
		fs := t.s.env.FS()
		path := fs.PathJoin(t.s.dir, sinkDirName, fmt.Sprintf("%06d.sst", len(t.paths)+1))
		f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return fmt.Errorf("create derived table: %w", err)
		}
		t.w = sstable.NewWriter(objstorageprovider.NewFileWritable(f), sstable.WriterOptions{
			Comparer: pebble.DefaultComparer, TableFormat: t.s.store.db.TableFormat(), BlockSize: 32 << 10,
		})
		t.paths, t.bytes = append(t.paths, path), 0
	}
	if err := t.w.Set(key, value); err != nil {
		return fmt.Errorf("write derived table: %w", err)
	}
	if t.bytes += len(key) + len(value); t.bytes >= tableBytes {
		return t.finish()
	}
	return nil
}

func (t *tableWriter) finish() error {
	if t.w == nil {
		return nil
	}
	err := t.w.Close()
	t.w = nil
	return err
}
