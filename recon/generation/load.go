package generation

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/tasks"
)

// tableBytes is the raw size at which a table of derived rows is finished and
// the next one begun.
const tableBytes = 64 << 20

// LoadSinks merges everything the sinks took into sorted tables and ingests
// them, and counts the containers, which only the merged rows tell.
func (s *Staged) LoadSinks(ctx context.Context) error {
	begun := s.env.Now()
	w := &tableWriter{s: s}
	err := s.sinks.merge(func(row merged) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		s.rows[omdb.Table(row.key[0])]++
		return w.add(row.key, row.value)
	})
	if err = errors.Join(err, w.finish()); err != nil {
		return fmt.Errorf("write derived tables: %w", err)
	}
	err = s.store.call(ctx, "ingest", func() error {
		if err := s.store.quietFlush(); err != nil {
			return err
		}
		return s.store.db.Ingest(ctx, w.paths)
	})
	if err != nil {
		return fmt.Errorf("ingest derived tables: %w", err)
	}
	s.sinks.loaded = s.env.Now().Sub(begun)
	s.rows[derived.SQLStats]++
	return s.WriteRows(ctx, func(w omdb.Writer) error { return tasks.PutContainerCount(s, w) }, s.meta)
}

// neverSynced is the planted mistake SkipTableSync.
type neverSynced struct{ vfs.File }

func (neverSynced) Sync() error { return nil }

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
		if t.s.env.Mutated(point.SkipTableSync) {
			f = neverSynced{f}
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
