package generation

import (
	"context"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// View is one immutable state of a generation. It is shared by all readers
// that pin it while it is the newest.
type View struct {
	reader
	gen      *Generation
	snapshot *pebble.Snapshot
	label    Label
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
	v := &View{reader: reader{snapshot}, gen: g, snapshot: snapshot, label: g.Meta().Label()}
	v.pins.Store(1)
	return v
}

// Label says which generation and watermark the view is.
func (v *View) Label() Label { return v.label }

// Generation is the generation that the view is of.
func (v *View) Generation() *Generation { return v.gen }

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

// WithSQL runs fn while the SQL file stands still, and afterwards reads what
// is needed. fn may choose a newer view of the same generation.
func (g *Generation) WithSQL(ctx context.Context, need Need, fn func()) (SQLRows, error) {
	if err := g.sqlLock.LockContext(ctx); err != nil {
		return SQLRows{}, err
	}
	defer g.sqlLock.Unlock()
	fn()
	return g.sql.read(need)
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
			_ = g.closeFiles()
			if onClose != nil {
				onClose(g)
			}
		})
	}
}

// Retire gives up the owner's hold. When the last pin is gone too the store is
// closed and then onClose is called, in an actor of its own.
func (g *Generation) Retire(onClose func(*Generation)) {
	g.refs.Lock()
	g.refs.onClose = onClose
	g.refs.Unlock()
	g.release()
}

// closeFiles closes the store, then SQL; snapshots are closed before.
func (g *Generation) closeFiles() error {
	err := g.store.close()
	if g.sql != nil {
		if sqlErr := g.sql.close(); err == nil {
			err = sqlErr
		}
	}
	return err
}
