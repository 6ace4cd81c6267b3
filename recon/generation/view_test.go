package generation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// TestPinnedView: D2, FP19. A pinned view stays as it is over deltas, a commit of
// another generation and the retirement of its own; nothing is closed under it.
func TestPinnedView(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	old := must(g.NewView(ctx))(t)
	label := old.Label()
	all := append(omdb.Tables(), derivedTables...)
	before := rowsOf(t, old, all)
	var newer *View
	for i := range 3 {
		b.change(i)
		check(t, g.Apply(ctx, b.delta(g)))
		check(t, g.Advance(ctx, func(v *View) {
			if newer != nil {
				newer.Unpin()
			}
			newer = v
		}))
		sameRows(t, fmt.Sprintf("after delta %d", i), rowsOf(t, old, all), before)
	}
	if old.Label() != label || newer.Label().AppliedSeq != b.om.Seq || newer.Label().Build != 1 {
		t.Errorf("old view %+v, newer %+v", old.Label(), newer.Label())
	}
	b.sameAsOM("the newer view", newer)

	next := b.sealed(2, b.fromOM)
	check(t, b.layout.MovePointer(ctx, 2))
	done := make(chan error, 1)
	g.Retire(func(err error) { done <- err })
	newer.Unpin()
	select {
	case <-done:
		t.Fatal("the generation was closed under a pinned view")
	default:
	}
	sameRows(t, "after the commit", rowsOf(t, old, all), before)
	if !old.TryPin() {
		t.Fatal("a pinned view cannot be pinned")
	}
	old.Unpin()
	old.Unpin()
	check(t, <-done)
	if old.TryPin() {
		t.Error("a view whose last pin is gone was pinned")
	}
	b.closeStaged(next)
}

// TestUnpinTwice: giving a pin back twice is a mistake of the program.
func TestUnpinTwice(t *testing.T) {
	b := newBench(t)
	g := b.served(1)
	v := must(g.NewView(context.Background()))(t)
	v.Unpin()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		v.Unpin()
	}()
	b.closed(g)
}

// TestAdvanceAndViews: D2. Readers move with SQL or not at all: if SQL cannot
// follow, the older view stays; once it has, the newer is published even if its
// point fails, since the older one would be read with newer SQL.
func TestAdvanceAndViews(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		at        point.Point
		published bool
	}{{point.DeltaSQL, false}, {point.DeltaPublish, true}, {point.None, true}} {
		b := newBench(t)
		g := b.served(1)
		b.change(1)
		check(t, g.Apply(ctx, b.delta(g)))
		b.faults.fail(c.at)
		var seen []uint64
		publish := func(v *View) { seen = append(seen, v.Label().AppliedSeq); v.Unpin() }
		err := g.Advance(ctx, publish)
		b.faults.clear(c.at)
		if want := c.at != point.None; errors.Is(err, errPlanted) != want {
			t.Errorf("%s: %v", c.at, err)
		}
		_, reached := sqlOf(t, g)
		if c.published != slices.Equal(seen, []uint64{b.om.Seq}) || c.published != (reached == b.om.Seq) {
			t.Errorf("%s: published %v, SQL at %d of %d", c.at, seen, reached, b.om.Seq)
		}
		if !c.published {
			check(t, g.Advance(ctx, publish))
			if !slices.Equal(seen, []uint64{b.om.Seq}) {
				t.Errorf("%s, once more: published %v", c.at, seen)
			}
		}
		b.closed(g)
	}
}

// TestReadSQLUnderTheLock: the rows, the watermark and the chosen view belong
// together while deltas go on (D2).
func TestReadSQLUnderTheLock(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	current := must(g.NewView(ctx))(t)
	group, _ := env.New(env.Options{FS: b.fs, Runtime: env.NewGoroutines()}).NewGroup(ctx, 3)
	stop := make(chan struct{})
	for range 2 {
		group.Go("reader", func(context.Context) error {
			for {
				select {
				case <-stop:
					return nil
				default:
				}
				var label Label
				rows, reached, err := g.ReadSQL(ctx, Need{Stats: true}, func() { label = current.Label() })
				if err != nil || reached != label.AppliedSeq || len(rows.Stats) == 0 {
					return fmt.Errorf("SQL at %d, view at %d, %d rows: %w", reached, label.AppliedSeq, len(rows.Stats), err)
				}
			}
		})
	}
	for i := range 15 {
		b.change(i)
		check(t, g.Apply(ctx, b.delta(g)))
		check(t, g.Advance(ctx, func(v *View) { current.Unpin(); current = v }))
	}
	close(stop)
	check(t, group.Wait())
	ended, cancel := context.WithCancelCause(ctx)
	cancel(errPlanted)
	g.sqlLock.Lock()
	if _, _, err := g.ReadSQL(ended, Need{}, nil); !errors.Is(err, errPlanted) {
		t.Errorf("waiting for SQL with an ended context: %v", err)
	}
	if _, err := g.NewView(ended); !errors.Is(err, errPlanted) {
		t.Errorf("waiting for a view with an ended context: %v", err)
	}
	g.sqlLock.Unlock()
	current.Unpin()
	b.closed(g)
}
