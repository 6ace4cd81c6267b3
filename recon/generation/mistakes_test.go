package generation

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"reconsim/recon/derived"
	"reconsim/recon/generation/tinyom"
	"reconsim/recon/omdb"
)

// mistake is something that validation must see. make returns how to undo it.
type mistake struct {
	name, want string
	make       func(t *testing.T, g *Generation, seen map[omdb.Table]int64) (undo func())
}

// setRow changes a row behind everybody's back.
func setRow(t *testing.T, g *Generation, table omdb.Table, key, value []byte) (undo func()) {
	t.Helper()
	old, found, err := g.Reader().Get(table, key)
	check(t, err)
	put := func(value []byte, there bool) {
		if there {
			check(t, g.store.db.Set(storeKey(nil, table, key), value, pebble.Sync))
			return
		}
		check(t, g.store.db.Delete(storeKey(nil, table, key), pebble.Sync))
	}
	put(value, value != nil)
	return func() { put(old, found) }
}

func setSQL(t *testing.T, g *Generation, do, undo string) func() {
	t.Helper()
	check(t, g.sql.conn.Exec(do))
	return func() { check(t, g.sql.conn.Exec(undo)) }
}

// summary changes the row of the FSO bucket.
func summary(change func(*derived.NSSummary)) func(*testing.T, *Generation, map[omdb.Table]int64) func() {
	return func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
		key := derived.AppendLong(nil, tinyom.FSOID)
		value, _, err := g.Reader().Get(derived.NamespaceSummary, key)
		check(t, err)
		var n derived.NSSummary
		check(t, derived.DecodeNSSummary(value, &n))
		change(&n)
		return setRow(t, g, derived.NamespaceSummary, key, derived.AppendNSSummary(nil, &n))
	}
}

func mistakes() []mistake {
	countOf := []byte(derived.CountName(omdb.KeyTable))
	return []mistake{
		{"a row was not read", "keyTableCount is 20, but 21 rows were read", func(_ *testing.T, _ *Generation, seen map[omdb.Table]int64) func() {
			seen[omdb.KeyTable]++
			return func() { seen[omdb.KeyTable]-- }
		}},
		{"a statistic is missing", "statistics lack keyTableCount", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setRow(t, g, derived.GlobalStats, countOf, nil)
		}},
		{"a container's count is wrong", "do not agree", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setRow(t, g, derived.ContainerKeyCount, derived.AppendLong(nil, 1), derived.AppendLong(nil, 99))
		}},
		{"negative totals", "negative totals", summary(func(n *derived.NSSummary) { n.SizeOfFiles = -1 })},
		{"more direct files than files", "direct files", summary(func(n *derived.NSSummary) { n.NumOfFiles = 1 })},
		{"a child names another parent", "names 0 as its parent", summary(func(n *derived.NSSummary) { n.ChildDirs = []int64{tinyom.OBSID} })},
		{"SQL lacks a file count", "SQL lacks the count", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setSQL(t, g, "UPDATE FILE_COUNT_BY_SIZE SET bucket = 'x' WHERE bucket = 'obs'", "UPDATE FILE_COUNT_BY_SIZE SET bucket = 'obs' WHERE bucket = 'x'")
		}},
		{"SQL has another count", "SQL lacks the count", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setSQL(t, g, "UPDATE FILE_COUNT_BY_SIZE SET count = count + 1", "UPDATE FILE_COUNT_BY_SIZE SET count = count - 1")
		}},
		{"SQL has one more", "SQL has", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setSQL(t, g, "INSERT INTO FILE_COUNT_BY_SIZE VALUES ('x', 'y', 1, 1)", "DELETE FROM FILE_COUNT_BY_SIZE WHERE volume = 'x'")
		}},
		{"SQL has another statistic", "SQL has", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setSQL(t, g, "UPDATE GLOBAL_STATS SET value = value + 1", "UPDATE GLOBAL_STATS SET value = value - 1")
		}},
		{"SQL has a statistic of nobody", "SQL has", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setSQL(t, g, "INSERT INTO GLOBAL_STATS VALUES ('x', 1)", "DELETE FROM GLOBAL_STATS WHERE key = 'x'")
		}},
		{"SQL is behind", "SQL is at sequence", func(t *testing.T, g *Generation, _ map[omdb.Table]int64) func() {
			return setSQL(t, g, "UPDATE WATERMARK SET applied = applied - 1", "UPDATE WATERMARK SET applied = applied + 1")
		}},
	}
}
