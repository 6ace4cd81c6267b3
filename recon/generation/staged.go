package generation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/tasks"
)

// Staged is a generation being built by one rebuild. Nothing of it is visible
// to readers and a crash discards it.
type Staged struct {
	env    *env.Env
	layout *Layout
	dir    string
	store  *store
	sinks  *sinks
	meta   Meta
	// rows counts the derived rows by table, for validation.
	rows    map[omdb.Table]int64
	opened  *Generation
	options StageOptions
}

// StageOptions is what a rebuild may use.
type StageOptions struct {
	// Build is the new generation's number.
	Build uint64
	// SinkBytes bounds the memory of one sink before it spills.
	SinkBytes int
}

// Stage makes the directory of a new generation, under its final name (D3).
func (l *Layout) Stage(ctx context.Context, o StageOptions) (*Staged, error) {
	if err := l.env.Point(ctx, point.StagingCreate, Name(o.Build), 0); err != nil {
		return nil, fmt.Errorf("stage generation %d: %w", o.Build, err)
	}
	s := &Staged{env: l.env, layout: l, dir: l.Path(Name(o.Build)), options: o, rows: map[omdb.Table]int64{}}
	s.meta = Meta{Schema: schemaVersion, Build: o.Build}
	err := l.env.FS().MkdirAll(l.env.FS().PathJoin(s.dir, omDirName), 0o755)
	if err == nil {
		s.sinks, err = newSinks(l.env, l.env.FS().PathJoin(s.dir, sinkDirName), o.SinkBytes)
	}
	if err != nil {
		// Nobody gets a Staged to roll back, so what was made goes here.
		return nil, errors.Join(fmt.Errorf("stage generation %d: %w", o.Build, err), l.Remove(o.Build))
	}
	return s, nil
}

// Build is the staged generation's number.
func (s *Staged) Build() uint64 { return s.options.Build }

// Meta is the staged generation's META as it will be.
func (s *Staged) Meta() Meta {
	if s.opened != nil {
		return s.opened.Meta()
	}
	return s.meta
}

// AdoptGeneration takes over another generation's OM rows without a download:
// a checkpoint of its store, hard links of its external tables, and none of
// its derived rows (D1). The other generation must stand still meanwhile.
func (s *Staged) AdoptGeneration(ctx context.Context, from *Generation) error {
	m := from.Meta()
	fs := s.env.FS()
	fromDir := s.layout.Path(Name(from.build))
	if err := s.linkTables(fs.PathJoin(fromDir, omDirName), m.External); err != nil {
		return err
	}
	err := from.store.call(ctx, "checkpoint", func() error {
		return from.store.db.Checkpoint(fs.PathJoin(s.dir, dbDirName), pebble.WithFlushedWAL())
	})
	if err != nil {
		return fmt.Errorf("checkpoint generation %d: %w", from.build, err)
	}
	if s.store, err = openStore(s.env, s.dir, storeOptions{mustExist: true, cache: s.layout.cache}); err != nil {
		return err
	}
	err = s.store.call(ctx, "excise", func() error {
		if err := s.store.quietFlush(); err != nil {
			return err
		}
		return s.store.db.Excise(ctx, pebble.KeyRange{Start: []byte{0x40}, End: []byte{metaPrefix}})
	})
	if err != nil {
		return fmt.Errorf("remove the derived rows of generation %d from its copy: %w", from.build, err)
	}
	build := s.meta.Build
	s.meta = m
	s.meta.Build, s.meta.Sealed, s.meta.BaseSeq = build, false, m.AppliedSeq
	return s.setMeta(ctx)
}

// WriteRows adds changes of OM rows before the tasks see them; applied is META
// after the changes.
func (s *Staged) WriteRows(ctx context.Context, write func(omdb.Writer) error, applied Meta) error {
	b := &deltaStore{batch: s.store.db.NewBatch()}
	defer func() { _ = b.batch.Close() }()
	if err := write(b); err != nil {
		return fmt.Errorf("write OM rows: %w", err)
	}
	applied.BaseSeq = applied.AppliedSeq
	if err := b.batch.Set(metaKey, applied.encode(), nil); err != nil {
		return err
	}
	if err := s.store.call(ctx, "rows", func() error { return s.store.commit(b.batch) }); err != nil {
		return fmt.Errorf("write OM rows: %w", err)
	}
	s.meta = applied
	return nil
}

func (s *Staged) setMeta(ctx context.Context) error {
	return s.store.call(ctx, "meta", func() error {
		b := s.store.db.NewBatch()
		defer func() { _ = b.Close() }()
		if err := b.Set(metaKey, s.meta.encode(), nil); err != nil {
			return err
		}
		return s.store.commit(b)
	})
}

// linkTables hard-links table files into this generation and makes the links
// durable, as ingestion makes nothing durable for external files.
func (s *Staged) linkTables(fromDir string, tables []ExternalTable) error {
	fs := s.env.FS()
	omDir := fs.PathJoin(s.dir, omDirName)
	for _, t := range tables {
		if err := fs.Link(fs.PathJoin(fromDir, t.File.Name()), fs.PathJoin(omDir, t.File.Name())); err != nil {
			return fmt.Errorf("link OM table %s: %w", t.File.Name(), err)
		}
	}
	return s.syncDirs(omDir, s.dir, s.layout.dir)
}

// syncDirs makes the entries of directories durable.
func (s *Staged) syncDirs(dirs ...string) error {
	if s.env.Mutated(point.SkipDirectorySync) {
		return nil
	}
	for _, dir := range dirs {
		if err := env.SyncDir(s.env.FS(), dir); err != nil {
			return err
		}
	}
	return nil
}

// Reader reads the OM rows that the rebuild starts from.
func (s *Staged) Reader() omdb.Reader { return reader{s.store.db} }

// Get and Scan make the staged generation a source of rows for the tasks.
func (s *Staged) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	return reader{s.store.db}.Get(t, key)
}

// Scan calls fn for the rows in [lower, upper).
func (s *Staged) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	return reader{s.store.db}.Scan(t, lower, upper, fn)
}

// Splits returns ascending keys that cut a table into ranges of about one
// table file each, at most parts of them.
func (s *Staged) Splits(t omdb.Table, parts int) ([][]byte, error) {
	levels, err := s.store.db.SSTables()
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	var keys [][]byte
	for _, level := range levels {
		for _, table := range level {
			if k := table.Smallest.UserKey; len(k) > 1 && k[0] == byte(t) {
				keys = append(keys, bytes.Clone(k[1:]))
			}
		}
	}
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	if len(keys) > 0 {
		keys = keys[1:] // The first range is open at its low end (DEF-T10).
	}
	if step := (len(keys) + parts) / parts; step > 1 {
		var fewer [][]byte
		for i := step - 1; i < len(keys); i += step {
			fewer = append(fewer, keys[i])
		}
		keys = fewer
	}
	return keys, nil
}

// NewSink opens a sink for one actor of a task.
func (s *Staged) NewSink(ctx context.Context, task string) (tasks.Sink, error) {
	return s.sinks.open(ctx, task), nil
}

// EstimateRows is about the number of rows of a table: entries of its files,
// of which one may hide another.
func (s *Staged) EstimateRows(t omdb.Table) (int64, error) {
	rows := uint64(0)
	for _, e := range s.meta.External {
		if e.Table == t {
			rows += e.Rows
		}
	}
	return int64(rows), nil
}

// Seal completes the staged generation after its last sink was written:
// flushes, fills SQL, marks META as sealed, syncs every file and directory,
// closes the store and opens it as a generation proper. asOf is when the OM
// rows were the OM's, for a source that did not say so itself.
func (s *Staged) Seal(ctx context.Context, asOf time.Time) error {
	if err := s.env.Point(ctx, point.StagingSeal, Name(s.Build()), 0); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	s.meta.Sealed = true
	if s.meta.AsOf.IsZero() {
		s.meta.AsOf = asOf
	}
	if err := s.setMeta(ctx); err != nil {
		return err
	}
	if err := s.store.call(ctx, "flush", s.store.db.Flush); err != nil {
		return fmt.Errorf("flush staged generation: %w", err)
	}
	fs := s.env.FS()
	if err := buildSQL(s.env, fs.PathJoin(s.dir, sqlName), reader{s.store.db}, s.meta); err != nil {
		return err
	}
	if err := s.store.close(); err != nil {
		return fmt.Errorf("close staged generation: %w", err)
	}
	s.store = nil
	if err := fs.RemoveAll(fs.PathJoin(s.dir, sinkDirName)); err != nil {
		return fmt.Errorf("remove sorted runs: %w", err)
	}
	err := s.syncDirs(fs.PathJoin(s.dir, omDirName), fs.PathJoin(s.dir, dbDirName), s.dir, s.layout.dir)
	if err != nil {
		return err
	}
	s.opened, err = s.layout.Open(ctx, s.Build(), true)
	return err
}

// Sealed is the generation after Seal.
func (s *Staged) Sealed() *Generation { return s.opened }

// Close closes whatever is open, so that the directory can be moved or removed.
// done is told how that went, later and in an actor of its own for a sealed
// generation, which readers may still have.
func (s *Staged) Close(done func(error)) {
	if s.opened != nil {
		s.opened.Retire(done)
		return
	}
	var err error
	if s.store != nil {
		err = s.store.close()
	}
	done(err)
}

// syncFile makes a file durable that was written through another handle.
func syncFile(fs vfs.FS, path string) error {
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("open %s to sync it: %w", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", path, err)
	}
	return nil
}
