package generation

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

func (b *bench) outboxEntries(g *Generation) int {
	b.t.Helper()
	it := must(g.store.db.NewIter(&pebble.IterOptions{LowerBound: outboxKey(0), UpperBound: []byte{outboxPrefix + 1}}))(b.t)
	n := 0
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	check(b.t, it.Close())
	return n
}

// TestDeltas: deltas leave what a rebuild of the same rows makes, in the OM
// copy, the derived tables and SQL; SQL follows entry by entry, and entries
// that it has durably go (D1, the oracle rule of recon.md 1.8).
func TestDeltas(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	base := g.Meta()
	for i := range 8 {
		b.change(i)
		check(t, g.Apply(ctx, b.delta(g)))
		if _, reached := sqlOf(t, g); reached >= g.Meta().AppliedSeq {
			t.Fatalf("SQL is at %d before it was brought up to %d", reached, g.Meta().AppliedSeq)
		}
		check(t, g.Advance(ctx, nil))
		if _, reached := sqlOf(t, g); reached != g.Meta().AppliedSeq {
			t.Fatalf("SQL is at %d, META at %d", reached, g.Meta().AppliedSeq)
		}
		if n := b.outboxEntries(g); n != 1 {
			t.Errorf("%d outbox entries after delta %d, want the last one alone", n, i)
		}
	}
	b.sameAsOM("deltas", g.Reader())
	b.sqlFitsDerived("deltas", g)
	fresh := b.sealed(2, b.fromOM)
	sameRows(t, "deltas against a rebuild", normal(rowsOf(t, g.Reader(), derivedTables)), normal(rowsOf(t, fresh.Sealed().Reader(), derivedTables)))
	if m := g.Meta(); m.Lineage != base.Lineage || m.BaseSeq != base.BaseSeq || m.Applied != b.om.Applied || m.AppliedSeq != b.om.Seq {
		t.Errorf("META %+v", m)
	}
	b.closeStaged(fresh)
	b.closed(g)
}

// normal leaves out counters that fell to zero, as the oracle rule does.
func normal(rows map[string]string) map[string]string {
	for key, value := range rows {
		if value == strings.Repeat("\x00", 8) {
			delete(rows, key)
		}
	}
	return rows
}

// TestDeltaFails: whatever fails before the commit changes nothing at all, and
// the same delta works afterwards (FP16, FP18).
func TestDeltaFails(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	b.change(1)
	before, sqlBefore := rowsOf(t, g.Reader(), append(omdb.Tables(), derivedTables...)), ""
	sqlBefore, _ = sqlOf(t, g)
	for _, c := range []struct {
		name string
		at   point.Point
		spoi func(*Delta)
	}{
		{"task", point.TaskDelta, nil},
		{"commit", point.DeltaCommit, nil},
		{"rows", point.None, func(d *Delta) { d.Write = func(omdb.Writer) error { return errPlanted } }},
		{"sequence goes back", point.None, func(d *Delta) { d.Applied.AppliedSeq = g.Meta().AppliedSeq }},
		{"another generation", point.None, func(d *Delta) { d.Applied.Build = 9 }},
		{"a counter of 3 bytes", point.None, func(d *Delta) {
			d.Derive = func(_ context.Context, s omdb.Store) error {
				return s.Put(derived.SQLStats, []byte("x"), []byte("abc"))
			}
		}},
	} {
		d := b.delta(g)
		if c.spoi != nil {
			c.spoi(&d)
		}
		b.faults.fail(c.at)
		if err := g.Apply(ctx, d); err == nil {
			t.Errorf("%s: no error", c.name)
		}
		b.faults.clear(c.at)
		sameRows(t, c.name, rowsOf(t, g.Reader(), append(omdb.Tables(), derivedTables...)), before)
		if after, _ := sqlOf(t, g); after != sqlBefore {
			t.Errorf("%s: SQL changed", c.name)
		}
	}
	check(t, g.Apply(ctx, b.delta(g)))
	check(t, g.Advance(ctx, nil))
	b.sameAsOM("after the failures", g.Reader())
	b.closed(g)
}

// TestOnlyTheWatermarkMoves: a delta cannot change whose sequences these are.
func TestOnlyTheWatermarkMoves(t *testing.T) {
	b := newBench(t)
	g := b.served(1)
	b.change(1)
	d := b.delta(g)
	want := g.Meta().Lineage
	d.Applied.Lineage.Node, d.Applied.BaseSeq, d.Applied.External = "om2", 0, nil
	check(t, g.Apply(context.Background(), d))
	if m := g.Meta(); m.Lineage != want || m.BaseSeq == 0 || len(m.External) == 0 || m.AppliedSeq != b.om.Seq {
		t.Errorf("META %+v", m)
	}
	b.closed(g)
}

// TestCrashBeforeSQL: D1, FP16. A process that dies between the batch and SQL,
// once or after two deltas, finds the outbox at the next open, which brings SQL
// to META; SQL is never ahead.
func TestCrashBeforeSQL(t *testing.T) {
	ctx := context.Background()
	for _, deltas := range []int{1, 2} {
		b := newBench(t)
		g := b.served(1)
		old, _ := sqlOf(t, g)
		for i := range deltas {
			b.change(i)
			check(t, g.Apply(ctx, b.delta(g)))
		}
		b.faults.fail(point.DeltaSQL)
		if err := g.Advance(ctx, nil); !errors.Is(err, errPlanted) {
			t.Fatal(err)
		}
		b.faults.clear(point.DeltaSQL)
		if now, _ := sqlOf(t, g); now != old {
			t.Error("SQL moved although its step failed")
		}
		if n := b.outboxEntries(g); n != deltas {
			t.Errorf("%d outbox entries, want %d", n, deltas)
		}
		b.closed(g)
		g = must(b.layout.Open(ctx, 1, true))(t)
		if _, reached := sqlOf(t, g); reached != b.om.Seq || g.Meta().AppliedSeq != b.om.Seq {
			t.Errorf("SQL at %d, META at %d, the OM at %d", reached, g.Meta().AppliedSeq, b.om.Seq)
		}
		b.sqlFitsDerived("opened again", g)
		b.closed(g)
	}
}

// TestSQLAhead: a SQL file that is newer than META, or of another generation, or
// has lost its entries, is refused: the two would be mixed.
func TestSQLAhead(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		name  string
		spoil func(b *bench, g *Generation)
		want  string
	}{
		{"ahead", func(b *bench, g *Generation) {
			check(b.t, g.sql.transaction(1, g.Meta().AppliedSeq+1, func() error { return nil }))
		}, "must never be ahead"},
		{"another generation", func(b *bench, g *Generation) {
			check(b.t, g.sql.transaction(2, g.Meta().AppliedSeq, func() error { return nil }))
		}, "must never be ahead"},
		{"entries are gone", func(b *bench, g *Generation) {
			b.change(1)
			check(b.t, g.Apply(ctx, b.delta(g)))
			check(b.t, g.store.db.Delete(outboxKey(g.Meta().AppliedSeq), pebble.Sync))
		}, "outbox ends at sequence 0"},
		{"an entry is damaged", func(b *bench, g *Generation) {
			b.change(1)
			check(b.t, g.Apply(ctx, b.delta(g)))
			check(b.t, g.store.db.Set(outboxKey(g.Meta().AppliedSeq), []byte("{"), pebble.Sync))
		}, "outbox"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			g := b.served(1)
			c.spoil(b, g)
			wantError(t, g.Advance(ctx, nil), c.want)
			b.closed(g)
			_, err := b.layout.Open(ctx, 1, true)
			wantError(t, err, c.want, "open generation 1")
		})
	}
}

// TestAdvanceIsWhole: two entries become visible together or not at all.
func TestAdvanceIsWhole(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	old, oldReached := sqlOf(t, g)
	for i := range 2 {
		b.change(i)
		check(t, g.Apply(ctx, b.delta(g)))
	}
	good, closer := must2(t)(g.store.db.Get(outboxKey(g.Meta().AppliedSeq)))
	good = append([]byte{}, good...)
	check(t, closer.Close())
	check(t, g.store.db.Set(outboxKey(g.Meta().AppliedSeq), []byte("{"), pebble.Sync))
	wantError(t, g.Advance(ctx, nil), "outbox")
	if now, reached := sqlOf(t, g); now != old || reached != oldReached {
		t.Errorf("SQL is at %d although the second entry failed, was at %d", reached, oldReached)
	}
	check(t, g.store.db.Set(outboxKey(g.Meta().AppliedSeq), good, pebble.Sync))
	check(t, g.Advance(ctx, nil))
	b.sqlFitsDerived("healed", g)
	b.closed(g)
}

func must2(t *testing.T) func([]byte, interface{ Close() error }, error) ([]byte, interface{ Close() error }) {
	return func(value []byte, c interface{ Close() error }, err error) ([]byte, interface{ Close() error }) {
		t.Helper()
		check(t, err)
		return value, c
	}
}

// TestOutboxKeepsBytes: OM-H33. Names that are no UTF-8 reach SQL unchanged, so
// that two of them do not become one.
func TestOutboxKeepsBytes(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	b.om.PutKeyIn("b\xff", "a", 10)
	b.om.PutKeyIn("b\xfe", "a", 10)
	b.om.Commit()
	d := b.delta(g)
	d.Derive = func(_ context.Context, s omdb.Store) error {
		for _, bucket := range []string{"b\xff", "b\xfe"} {
			if err := s.Put(derived.FileCountBySize, derived.AppendFileSizeCountKey(nil, "v", bucket, 1024), derived.AppendLong(nil, 1)); err != nil {
				return err
			}
		}
		return nil
	}
	check(t, g.Apply(ctx, d))
	check(t, g.Advance(ctx, nil))
	b.sqlFitsDerived("names that are no UTF-8", g)
	rows, _, err := g.ReadSQL(ctx, Need{FileCounts: &FileCountFilter{Bucket: "b\xff"}}, nil)
	if err != nil || len(rows.FileCounts) != 1 || rows.FileCounts[0].Bucket != "b\xff" || rows.Stats != nil {
		t.Errorf("rows %+v, %v", rows, err)
	}
	b.closed(g)
}

// TestFileCountFilter: each field narrows, none matches all, and rows are in
// order.
func TestFileCountFilter(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	g := b.served(1)
	count := func(f FileCountFilter) int64 {
		t.Helper()
		rows, _, err := g.ReadSQL(ctx, Need{FileCounts: &f}, nil)
		check(t, err)
		n := int64(0)
		for i, c := range rows.FileCounts {
			n += c.Count
			if i > 0 {
				p := rows.FileCounts[i-1]
				if p.Bucket > c.Bucket || p.Bucket == c.Bucket && p.UpperBound >= c.UpperBound {
					t.Errorf("row %+v after %+v", c, p)
				}
			}
		}
		return n
	}
	for _, c := range []struct {
		f    FileCountFilter
		want int64
	}{
		{FileCountFilter{}, 40}, {FileCountFilter{Volume: "v"}, 40}, {FileCountFilter{Volume: "w"}, 0},
		{FileCountFilter{Bucket: "obs"}, 20}, {FileCountFilter{Bucket: "obs", UpperBound: 1024}, 2}, {FileCountFilter{UpperBound: 1024}, 5},
		{FileCountFilter{UpperBound: 1000}, 0},
	} {
		if got := count(c.f); got != c.want {
			t.Errorf("%+v: %d files, want %d", c.f, got, c.want)
		}
	}
	b.closed(g)
}
