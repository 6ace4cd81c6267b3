package generation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// Generation is an open generation: its store, its SQL file and the number of
// those who still use them.
type Generation struct {
	env    *env.Env
	layout *Layout
	build  uint64
	store  *store
	sql    *sqlFile
	// sqlLock covers every use of the SQL connection, and a delta's SQL commit
	// together with the publication of its view (D2).
	sqlLock *env.Mutex
	// meta is what the store holds; only the delta applier changes it.
	meta atomic.Pointer[Meta]
	refs struct {
		sync.Mutex
		n       int
		onClose func(error)
	}
}

// Open opens a sealed generation, verifies its external tables if verify is
// set, and brings SQL up to META from the outbox.
func (l *Layout) Open(ctx context.Context, build uint64, verify bool) (*Generation, error) {
	if err := l.env.Point(ctx, point.OpenGeneration, Name(build), 0); err != nil {
		return nil, fmt.Errorf("open generation %d: %w", build, err)
	}
	fs := l.env.FS()
	dir := l.Path(Name(build))
	for _, part := range []string{dbDirName, sqlName} {
		if _, err := fs.Stat(fs.PathJoin(dir, part)); err != nil {
			return nil, fmt.Errorf("generation %d has no %s and cannot be opened: %w", build, part, err)
		}
	}
	s, err := openStore(l.env, dir, storeOptions{wal: true, mustExist: true, cache: l.cache})
	if err != nil {
		return nil, err
	}
	g := &Generation{env: l.env, layout: l, build: build, store: s, sqlLock: l.env.NewMutex()}
	g.refs.n = 1
	if err := g.recover(ctx, dir, verify); err != nil {
		return nil, errors.Join(fmt.Errorf("open generation %d: %w", build, err), g.closeFiles())
	}
	return g, nil
}

func (g *Generation) recover(ctx context.Context, dir string, verify bool) error {
	m, err := readMeta(g.store.db)
	if err != nil {
		return err
	}
	if !m.Sealed {
		return errors.New("it was never sealed: its rebuild did not end")
	}
	if m.Build != g.build {
		return fmt.Errorf("META is of generation %d: the directory was renamed or copied", m.Build)
	}
	g.meta.Store(&m)
	if verify {
		if err := verifyExternal(ctx, g.env, dir, m.External); err != nil {
			return err
		}
	}
	if g.sql, err = openSQL(g.env, g.env.FS().PathJoin(dir, sqlName)); err != nil {
		return err
	}
	return g.bringSQLForward()
}

// Build is the generation's number.
func (g *Generation) Build() uint64 { return g.build }

// Meta is the content of the META row.
func (g *Generation) Meta() Meta { return *g.meta.Load() }

// Reader reads the newest committed rows; only the delta applier, which alone
// changes them, gets a consistent state from it.
func (g *Generation) Reader() omdb.Reader { return reader{g.store.db} }

// Delta is one fetch of changes for a generation.
type Delta struct {
	// Write puts the changed OM rows into w.
	Write func(w omdb.Writer) error
	// Derive folds the fetch into the derived tables; store already has the
	// changed OM rows.
	Derive func(ctx context.Context, store omdb.Store) error
	// Applied is META after the fetch. Only its AppliedSeq, Applied and AsOf
	// are taken over.
	Applied Meta
}

// Apply commits a delta: OM rows, derived rows, outbox and META in one synced
// batch. SQL and readers follow by Advance. Nothing is changed on an error.
func (g *Generation) Apply(ctx context.Context, d Delta) error {
	before := g.Meta()
	if d.Applied.AppliedSeq <= before.AppliedSeq || d.Applied.Build != before.Build {
		return fmt.Errorf("delta to sequence %d of generation %d does not follow sequence %d of generation %d",
			d.Applied.AppliedSeq, d.Applied.Build, before.AppliedSeq, before.Build)
	}
	after := before
	after.AppliedSeq, after.Applied, after.AsOf = d.Applied.AppliedSeq, d.Applied.Applied, d.Applied.AsOf
	if err := g.store.dead(); err != nil {
		return err
	}
	b := &deltaStore{reader: reader{}, batch: g.store.db.NewIndexedBatch()}
	b.reader.from = b.batch
	defer func() { _ = b.batch.Close() }()
	if err := d.Write(b); err != nil {
		return fmt.Errorf("write OM rows: %w", err)
	}
	if err := d.Derive(ctx, b); err != nil {
		return err
	}
	if err := g.finishBatch(b, after); err != nil {
		return err
	}
	if err := g.env.Point(ctx, point.DeltaCommit, Name(g.build), int64(after.AppliedSeq)); err != nil {
		return fmt.Errorf("commit delta: %w", err)
	}
	// A context that ends must not cut a commit in two: it is not passed on.
	if err := g.store.call(context.WithoutCancel(ctx), "commit", func() error { return g.store.commit(b.batch) }); err != nil {
		return fmt.Errorf("commit delta to sequence %d: %w", after.AppliedSeq, err)
	}
	g.meta.Store(&after)
	return nil
}

// finishBatch adds the outbox entry and META, and removes entries that SQL has
// durably.
func (g *Generation) finishBatch(b *deltaStore, applied Meta) error {
	g.sqlLock.Lock()
	_, reached, err := g.sql.watermark()
	g.sqlLock.Unlock()
	if err != nil {
		return err
	}
	it, err := g.store.db.NewIter(&pebble.IterOptions{LowerBound: outboxKey(0), UpperBound: outboxKey(reached + 1)})
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		if err := b.batch.Delete(it.Key(), nil); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	return errors.Join(
		b.batch.Set(outboxKey(applied.AppliedSeq), encodeOutbox(b.sql), nil),
		b.batch.Set(metaKey, applied.encode(), nil))
}

// Advance brings SQL up to META and, under the same lock, hands the view of
// that state to publish. If SQL cannot follow, readers keep the state they
// have, and a later Advance continues. Once SQL has moved the view is
// published whatever happens, as the older one would be read with newer SQL;
// an error is then only told.
func (g *Generation) Advance(ctx context.Context, publish func(*View)) error {
	if err := g.sqlLock.LockContext(ctx); err != nil {
		return err
	}
	defer g.sqlLock.Unlock()
	if err := g.env.Point(ctx, point.DeltaSQL, Name(g.build), int64(g.Meta().AppliedSeq)); err != nil {
		return fmt.Errorf("bring SQL up: %w", err)
	}
	if err := g.bringSQLForward(); err != nil {
		return err
	}
	if publish == nil {
		return nil
	}
	err := g.env.Point(ctx, point.DeltaPublish, Name(g.build), int64(g.Meta().AppliedSeq))
	publish(g.newView())
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// bringSQLForward applies the outbox in one transaction: SQL is never seen
// between two watermarks.
func (g *Generation) bringSQLForward() error {
	build, reached, err := g.sql.watermark()
	if err != nil {
		return err
	}
	m := g.Meta()
	switch {
	case build != m.Build || reached > m.AppliedSeq:
		return fmt.Errorf("SQL is at generation %d sequence %d, META at %d and %d: SQL must never be ahead", build, reached, m.Build, m.AppliedSeq)
	case reached == m.AppliedSeq:
		return nil
	}
	return g.sql.transaction(m.Build, m.AppliedSeq, func() error {
		last, err := g.applyOutbox(reached)
		if err == nil && last != m.AppliedSeq {
			err = fmt.Errorf("the outbox ends at sequence %d, META is at %d", last, m.AppliedSeq)
		}
		return err
	})
}

// applyOutbox applies the entries after a sequence; last is that of the last.
func (g *Generation) applyOutbox(reached uint64) (last uint64, err error) {
	it, err := g.store.db.NewIter(&pebble.IterOptions{LowerBound: outboxKey(reached + 1), UpperBound: []byte{outboxPrefix + 1}})
	if err != nil {
		return 0, fmt.Errorf("read outbox: %w", err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		last = binary.BigEndian.Uint64(it.Key()[1:])
		var changes []sqlChange
		if changes, err = decodeOutbox(it.Value()); err == nil {
			err = g.sql.apply(changes)
		}
	}
	return last, errors.Join(err, it.Error(), it.Close())
}

// deltaStore is the batch of a delta: it reads what it wrote, and notes what
// SQL must follow.
type deltaStore struct {
	reader
	batch *pebble.Batch
	sql   []sqlChange
	key   []byte
}

var _ omdb.Store = (*deltaStore)(nil)

// Put sets a row.
func (b *deltaStore) Put(t omdb.Table, key, value []byte) error {
	if value == nil {
		value = []byte{}
	}
	b.key = storeKey(b.key[:0], t, key)
	return errors.Join(b.batch.Set(b.key, value, nil), b.note(t, key, value))
}

// Delete removes a row.
func (b *deltaStore) Delete(t omdb.Table, key []byte) error {
	b.key = storeKey(b.key[:0], t, key)
	return errors.Join(b.batch.Delete(b.key, nil), b.note(t, key, nil))
}

func (b *deltaStore) note(t omdb.Table, key, value []byte) error {
	c, ok, err := sqlChangeOf(t, key, value)
	if ok {
		b.sql = append(b.sql, c)
	}
	return err
}
