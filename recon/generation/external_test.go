package generation

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/omdb"
)

// externalTable is the path of an OM table of a generation.
func (b *bench) externalTable(g *Generation, t omdb.Table) string {
	b.t.Helper()
	for _, e := range g.Meta().External {
		if e.Table == t {
			return filepath.Join(b.layout.Path(Name(g.Build())), omDirName, e.File.Name())
		}
	}
	b.t.Fatalf("no external table of %s", t)
	return ""
}

// TestDamagedExternalTable: D14. Pebble looks at nothing in an external file, so
// opening a generation refuses each kind of damage, by name.
func TestDamagedExternalTable(t *testing.T) {
	content := func(path string) []byte { return must(os.ReadFile(path))(t) }
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, path, other string)
	}{
		{"missing", func(t *testing.T, path, _ string) { check(t, os.Remove(path)) }},
		{"empty", func(t *testing.T, path, _ string) { replace(t, path, nil) }},
		{"cut", func(t *testing.T, path, _ string) { all := content(path); replace(t, path, all[:len(all)-1]) }},
		{"grown", func(t *testing.T, path, _ string) { replace(t, path, append(content(path), 0)) }},
		{"first block flipped", func(t *testing.T, path, _ string) { flip(t, path, 10) }},
		{"footer flipped", func(t *testing.T, path, _ string) { flip(t, path, -1) }},
		{"middle flipped", func(t *testing.T, path, _ string) { flip(t, path, len(content(path))/2) }},
		{"another valid table", func(t *testing.T, path, other string) { replace(t, path, content(other)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			g := b.served(1)
			path, other := b.externalTable(g, omdb.KeyTable), b.externalTable(g, omdb.FileTable)
			b.closed(g)
			c.damage(t, path, other)
			opened, err := b.layout.Open(context.Background(), 1, true)
			wantError(t, err, "open generation 1", filepath.Base(path), "keyTable")
			if opened != nil {
				t.Error("a generation came with the error")
			}
			// Without a look at the tables the damage is not seen: this is why.
			if c.name == "first block flipped" {
				g := must(b.layout.Open(context.Background(), 1, false))(t)
				err := g.Reader().Scan(omdb.KeyTable, nil, nil, func(_, _ []byte) (bool, error) { return true, nil })
				if err == nil {
					t.Error("a flipped byte was read without an error")
				}
				b.closed(g)
			}
		})
	}
}

// replace writes a new file, so that hard links of the old one stay whole.
func replace(t *testing.T, path string, content []byte) {
	t.Helper()
	check(t, os.Remove(path))
	check(t, os.WriteFile(path, content, 0o600))
}

func flip(t *testing.T, path string, at int) {
	t.Helper()
	content := must(os.ReadFile(path))(t)
	if at < 0 {
		at += len(content)
	}
	content[at] ^= 1
	replace(t, path, content)
}

// TestOpenRefusals: what is not a whole, sealed generation of its own name is
// not opened, and nothing is made in its place (FP12, HZ-B15).
func TestOpenRefusals(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	s := must(b.layout.Stage(ctx, StageOptions{Build: 1}))(t)
	_, err := b.layout.Open(ctx, 1, true)
	wantError(t, err, "no db")
	check(t, b.fromOM(s))
	_ = b.derive(s)
	check(t, s.store.call(ctx, "flush", s.store.db.Flush))
	b.closeStaged(s)
	check(t, os.WriteFile(b.layout.Path(Name(1), sqlName), nil, 0o600))
	_, err = b.layout.Open(ctx, 1, true)
	wantError(t, err, "never sealed")

	b.closed(b.served(2))
	check(t, os.Rename(b.layout.Path(Name(2)), b.layout.Path(Name(3))))
	_, err = b.layout.Open(ctx, 3, true)
	wantError(t, err, "META is of generation 2")
	check(t, os.Remove(b.layout.Path(Name(3), sqlName)))
	_, err = b.layout.Open(ctx, 3, true)
	wantError(t, err, "no sql.db")

	b.closed(b.served(4))
	db := b.layout.Path(Name(4), dbDirName)
	check(t, os.RemoveAll(db))
	check(t, os.Mkdir(db, 0o755))
	_, err = b.layout.Open(ctx, 4, true)
	wantError(t, err, "open store")
	if names := must(b.fs.List(db))(t); len(names) > 1 { // The lock file may be there.
		t.Errorf("an empty store was made: %v", names)
	}

	b.closed(b.served(5))
	b.faults.fail(point.OpenGeneration)
	_, err = b.layout.Open(ctx, 5, true)
	wantError(t, err, "planted")
	b.faults.clear(point.OpenGeneration)
	b.closed(must(b.layout.Open(ctx, 5, true))(t))
}

// TestSealedGeneration: what a rebuild makes from a snapshot holds the OM's rows
// in place, the derived ones, SQL, and META that says so (D1, D14, D16).
func TestSealedGeneration(t *testing.T) {
	b := newBench(t)
	g := b.served(1)
	b.sameAsOM("sealed", g.Reader())
	b.sqlFitsDerived("sealed", g)
	m := g.Meta()
	if m.BaseSeq != b.om.Seq || m.AppliedSeq != b.om.Seq || m.Applied != b.om.Applied || !m.Sealed || m.Build != 1 ||
		m.Lineage != (Lineage{Service: "s", Node: "om1", Snapshot: b.om.Applied}) {
		t.Errorf("META %+v", m)
	}
	if !m.AsOf.Equal(time.Unix(1000, 0)) {
		t.Errorf("as of %v: the snapshot's own time is honest, not the sealing's", m.AsOf)
	}
	if _, err := b.fs.Stat(b.layout.Path(Name(1), sinkDirName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("sorted runs stay behind: %v", err)
	}
	b.closed(g)
	again := must(b.layout.Open(context.Background(), 1, true))(t)
	b.sameAsOM("opened again", again.Reader())
	b.sqlFitsDerived("opened again", again)
	b.closed(again)
}

// TestRebuildFails: an error at each step of a staged rebuild is its error, and
// closing it works at once (FP4, FP5, FP17).
func TestRebuildFails(t *testing.T) {
	ctx := context.Background()
	for _, at := range []point.Point{point.StagingCreate, point.StagingIngest, point.StagingSeal, point.StagingValidate, point.OpenGeneration} {
		t.Run(at.String(), func(t *testing.T) {
			b := newBench(t)
			b.faults.fail(at)
			s, err := b.layout.Stage(ctx, StageOptions{Build: 1})
			if err == nil {
				err = b.fromOM(s)
				if err == nil {
					seen := b.derive(s)
					if err = s.Seal(ctx, time.Unix(1, 0)); err == nil {
						err = s.Validate(ctx, seen)
					}
				}
				b.closeStaged(s)
				check(t, b.layout.Remove(1))
			}
			wantError(t, err, "planted")
		})
	}
}

// TestSnapshotWithoutTransaction: without its place in the OMs' log a snapshot
// has no lineage (D16).
func TestSnapshotWithoutTransaction(t *testing.T) {
	b := newBench(t)
	b.om.Delete(omdb.TransactionInfoTable, []byte(omdb.TransactionInfoKey))
	b.om.CommitRaw()
	s := must(b.layout.Stage(context.Background(), StageOptions{Build: 1}))(t)
	wantError(t, b.fromOM(s), "transactionInfoTable")
	b.closeStaged(s)
}
