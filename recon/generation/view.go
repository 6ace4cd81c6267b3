package generation

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"reconsim/recon/omdb"
)

// View is one immutable state of a generation. It is shared by all readers
// that pin it while it is the newest.
type View struct {
	reader
	gen      *Generation
	snapshot *pebble.Snapshot
	meta     *Meta
	pins     atomic.Int64
}

// NewView makes the view of the newest state, with one pin that belongs to the
// caller. The caller is the only one who changes the generation.
func (g *Generation) NewView(ctx context.Context) (*View, error) {
	if err := g.sqlLock.LockContext(ctx); err != nil {
		return nil, err
	}
	defer g.sqlLock.Unlock()
	return g.newView(), nil
}

func (g *Generation) newView() *View {
	g.retain()
	snapshot := g.store.db.NewSnapshot()
	v := &View{reader: reader{snapshot}, gen: g, snapshot: snapshot, meta: g.meta.Load()}
	v.pins.Store(1)
	return v
}

// Label says which generation and watermark the view is.
func (v *View) Label() Label { return v.meta.Label() }

// Meta is the META row as it was when the view was made.
func (v *View) Meta() Meta { return *v.meta }

// Generation is the generation that the view is of.
func (v *View) Generation() *Generation { return v.gen }

// ScanAll calls fn for every row of every table, in the order of tables and
// keys, until fn returns false. Key and value are borrowed.
func (v *View) ScanAll(fn func(t omdb.Table, key, value []byte) (bool, error)) error {
	it, err := v.snapshot.NewIter(&pebble.IterOptions{UpperBound: []byte{outboxPrefix}})
	if err != nil {
		return fmt.Errorf("scan all tables: %w", err)
	}
	for ok := it.First(); ok && err == nil; {
		var value []byte
		if value, err = it.ValueAndErr(); err == nil {
			ok, err = fn(omdb.Table(it.Key()[0]), it.Key()[1:], value)
		}
		ok = ok && it.Next()
	}
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return fmt.Errorf("scan all tables: %w", err)
	}
	return nil
}

// TryPin takes a pin unless the last one is already gone.
func (v *View) TryPin() bool {
	for {
		n := v.pins.Load()
		if n == 0 {
			return false
		}
		if v.pins.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Unpin gives a pin back. With the last one the snapshot closes, and after the
// last view of a retired generation the store.
func (v *View) Unpin() {
	switch n := v.pins.Add(-1); {
	case n == 0:
		_ = v.snapshot.Close()
		v.gen.release()
	case n < 0:
		panic("generation: a view was unpinned more often than pinned")
	}
}

// ReadSQL reads what is needed while the SQL file stands still. choose, if not
// nil, runs first, under the same lock, and may pick a newer view of the
// generation. reached is the sequence that the rows belong to: it must be the
// view's, or the two must not be shown together.
func (g *Generation) ReadSQL(ctx context.Context, need Need, choose func()) (rows SQLRows, reached uint64, err error) {
	if err := g.sqlLock.LockContext(ctx); err != nil {
		return SQLRows{}, 0, err
	}
	defer g.sqlLock.Unlock()
	if choose != nil {
		choose()
	}
	if _, reached, err = g.sql.watermark(); err != nil {
		return SQLRows{}, 0, err
	}
	rows, err = g.sql.read(need)
	return rows, reached, err
}

func (g *Generation) retain() {
	g.refs.Lock()
	defer g.refs.Unlock()
	g.refs.n++
}

func (g *Generation) release() {
	g.refs.Lock()
	g.refs.n--
	last, onClose := g.refs.n == 0, g.refs.onClose
	g.refs.Unlock()
	if last {
		// The reader that was last must not pay for closing a store.
		g.env.Go("close-generation", func() {
			err := g.closeFiles()
			if onClose != nil {
				onClose(err)
			}
		})
	}
}

// Retire gives up the owner's hold. When the last pin is gone too the store is
// closed and then onClose is told how that went, in an actor of its own.
func (g *Generation) Retire(onClose func(error)) {
	g.refs.Lock()
	g.refs.onClose = onClose
	g.refs.Unlock()
	g.release()
}

// closeFiles closes the store, then SQL; snapshots are closed before.
func (g *Generation) closeFiles() error {
	err := g.store.close()
	if g.sql != nil {
		err = errors.Join(err, g.sql.close())
	}
	if err != nil {
		return fmt.Errorf("close generation %d: %w", g.build, err)
	}
	return nil
}
