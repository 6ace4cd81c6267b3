package generation

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"reconsim/recon/omdb"
)

// TestAdoptGeneration: D1. A rebuild without a download starts from the served
// generation's rows, its external tables hard-linked, its derived rows and
// outbox gone; what comes out is what a rebuild from the OM makes.
func TestAdoptGeneration(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	for i := range 3 {
		b.change(i)
		check(t, g.Apply(ctx, b.delta(g)))
		check(t, g.Advance(ctx, nil))
	}
	s := must(b.layout.Stage(ctx, StageOptions{Build: 2}))(t)
	check(t, s.AdoptGeneration(ctx, g))
	b.sameAsOM("adopted", s)
	if rows := rowsOf(t, s.Reader(), derivedTables); len(rows) != 0 {
		t.Errorf("%d derived rows came along: %v", len(rows), rows)
	}
	if n := b.outboxEntries(&Generation{store: s.store}); n != 0 {
		t.Errorf("%d outbox entries came along", n)
	}
	for _, e := range g.Meta().External {
		one := must(os.Stat(b.layout.Path(Name(1), omDirName, e.File.Name())))(t)
		two := must(os.Stat(b.layout.Path(Name(2), omDirName, e.File.Name())))(t)
		if !os.SameFile(one, two) {
			t.Errorf("%s was copied", e.File.Name())
		}
	}
	m := s.Meta()
	if m.Build != 2 || m.Sealed || m.BaseSeq != b.om.Seq || m.AppliedSeq != b.om.Seq || m.Lineage != g.Meta().Lineage {
		t.Errorf("META %+v", m)
	}
	seen := b.derive(s)
	check(t, s.Seal(ctx, time.Unix(9000, 0)))
	check(t, s.Validate(ctx, seen))
	if asOf := s.Meta().AsOf; !asOf.Equal(g.Meta().AsOf) {
		t.Errorf("as of %v: the rows are those of %v", asOf, g.Meta().AsOf)
	}
	// The one it came from lives on, and either can go first.
	b.change(5)
	check(t, g.Apply(ctx, b.delta(g)))
	check(t, g.Advance(ctx, nil))
	b.closed(g)
	check(t, b.layout.Remove(1))
	check(t, s.Sealed().Apply(ctx, b.delta(s.Sealed())))
	check(t, s.Sealed().Advance(ctx, nil))
	b.sameAsOM("adopted, with a delta", s.Sealed().Reader())
	b.closeStaged(s)
	again := must(b.layout.Open(ctx, 2, true))(t)
	b.sameAsOM("adopted, opened again", again.Reader())
	b.sqlFitsDerived("adopted, opened again", again)
	b.closed(again)
}

// TestAdoptWithRows: the fetch that a task could not take is added to the rows
// before the tasks see them.
func TestAdoptWithRows(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	b.change(1)
	d := b.delta(g)
	s := b.sealed(2, func(s *Staged) error {
		if err := s.AdoptGeneration(ctx, g); err != nil {
			return err
		}
		applied := s.Meta()
		applied.AppliedSeq, applied.Applied, applied.AsOf = d.Applied.AppliedSeq, d.Applied.Applied, d.Applied.AsOf
		return s.WriteRows(ctx, d.Write, applied)
	})
	b.sameAsOM("with the failed fetch", s.Sealed().Reader())
	if m := s.Meta(); m.BaseSeq != b.om.Seq || m.AppliedSeq != b.om.Seq || !m.AsOf.Equal(d.Applied.AsOf) {
		t.Errorf("META %+v", m)
	}
	b.closeStaged(s)
	b.closed(g)
}

// TestCancelledAdoption: a rebuild that is cancelled as it copies the served
// generation gives itself up, not the served one.
func TestCancelledAdoption(t *testing.T) {
	b := newBench(t)
	g := b.served(1)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errPlanted)
	s := must(b.layout.Stage(context.Background(), StageOptions{Build: 2}))(t)
	wantError(t, s.AdoptGeneration(ctx, g), "planted")
	b.closeStaged(s)
	check(t, b.layout.Remove(2))
	b.change(1)
	check(t, g.Apply(context.Background(), b.delta(g)))
	b.closed(g)
}

// TestValidateSees: each mistake that validation is for is seen (6.2, DD-X12).
func TestValidateSees(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	s := must(b.layout.Stage(ctx, StageOptions{Build: 1}))(t)
	check(t, b.fromOM(s))
	seen := b.derive(s)
	check(t, s.Seal(ctx, time.Unix(1, 0)))
	check(t, s.Validate(ctx, seen))
	g := s.Sealed()
	for _, c := range mistakes() {
		undo := c.make(t, g, seen)
		err := s.Validate(ctx, seen)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		undo()
		check(t, s.Validate(ctx, seen))
	}
	s.rows[omdb.Table(0x41)]++
	wantError(t, s.Validate(ctx, seen), "do not agree")
	b.closeStaged(s)
}
