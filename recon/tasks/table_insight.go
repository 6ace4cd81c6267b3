package tasks

import (
	"context"
	"fmt"
	"sync"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// tableInsight counts the rows of every OM table, and sums the sizes of open
// keys, deleted keys and uploads (spec/recon.md 1.5).
type tableInsight struct{}

func (tableInsight) Name() string         { return OmTableInsightTask }
func (tableInsight) Reads() []omdb.Table  { return omdb.Tables() }
func (tableInsight) Writes() []omdb.Table { return []omdb.Table{derived.GlobalStats} }

// tableTotals is what the task knows of one table; sizes in bytes.
type tableTotals struct {
	count, size, replicated int64
}

func (t *tableTotals) add(other tableTotals, sign int64) {
	t.count += sign * other.count
	t.size += sign * other.size
	t.replicated += sign * other.replicated
}

// totalsOf is what one row adds. A deletedTable row counts as its keys, an
// upload's size is that of the parts in its own row: the parts of a split
// upload are in no number of 2.2.0's, in bulk or by delta.
func totalsOf(row *omdb.Row) (tableTotals, error) {
	switch row.Table {
	case omdb.OpenKeyTable, omdb.OpenFileTable:
		k := &row.KeyInfo
		return tableTotals{count: 1, size: k.DataSize, replicated: k.ReplicatedSize()}, nil
	case omdb.DeletedTable:
		t := tableTotals{count: int64(row.Repeated.KeyCount)}
		keys := row.Repeated.Keys()
		return t, sumKeys(&t, &keys)
	case omdb.MultipartInfoTable:
		t := tableTotals{count: 1}
		parts := row.Multipart.Parts()
		return t, sumKeys(&t, &parts)
	}
	return tableTotals{count: 1}, nil
}

func sumKeys(t *tableTotals, keys *omdb.KeyIterator) error {
	for keys.Next() {
		t.size += keys.Key.DataSize
		t.replicated += keys.Key.ReplicatedSize()
	}
	return keys.Err()
}

func (tableInsight) Rebuild(RebuildOptions) (Rebuild, error) { return &insightRebuild{}, nil }

type insightRebuild struct {
	mu     sync.Mutex
	totals [256]tableTotals // by table number
}

type insightCollector struct {
	rebuild *insightRebuild
	totals  [256]tableTotals
}

func (r *insightRebuild) Collector() Collector { return &insightCollector{rebuild: r} }

func (c *insightCollector) Row(row *omdb.Row, _ Sink) error {
	t, err := totalsOf(row)
	if err != nil {
		return err
	}
	c.totals[row.Table].add(t, 1)
	return nil
}

func (c *insightCollector) Close(Sink) error {
	c.rebuild.mu.Lock()
	defer c.rebuild.mu.Unlock()
	for table := range c.totals {
		c.rebuild.totals[table].add(c.totals[table], 1)
	}
	return nil
}

// Finish writes a row for every table, also for the empty ones.
func (r *insightRebuild) Finish(_ context.Context, sink Sink) error {
	var value []byte
	for _, table := range omdb.Tables() {
		for _, s := range statsOf(table, r.totals[table]) {
			value = derived.AppendStatsValue(value[:0], s.n)
			if err := sink.Put(derived.GlobalStats, []byte(s.name), value); err != nil {
				return fmt.Errorf("write %s: %w", s.name, err)
			}
		}
	}
	return nil
}

// stat is one row of GlobalStats.
type stat struct {
	name string
	n    int64
}

// statsOf lists the rows that a table has.
func statsOf(table omdb.Table, t tableTotals) []stat {
	stats := []stat{{derived.CountName(table), t.count}}
	if hasSizes(table) {
		stats = append(stats,
			stat{derived.UnreplicatedSizeName(table), t.size},
			stat{derived.ReplicatedSizeName(table), t.replicated})
	}
	return stats
}

func hasSizes(table omdb.Table) bool {
	switch table {
	case omdb.OpenKeyTable, omdb.OpenFileTable, omdb.DeletedTable, omdb.MultipartInfoTable:
		return true
	}
	return false
}

// Process adds the differences to the stored rows, which are the only base: a
// failed or repeated delta leaves no trace in memory (DEF-T8).
func (tableInsight) Process(_ context.Context, delta *Delta, store omdb.Store) error {
	var decoder omdb.Decoder
	for _, table := range omdb.Tables() {
		var sum tableTotals
		for i := range delta.Changes(table) {
			c := &delta.Changes(table)[i]
			if err := addChange(&sum, &decoder, table, c.Key, c.New, c.NewExists, 1); err != nil {
				return err
			}
			if err := addChange(&sum, &decoder, table, c.Key, c.Old, c.OldExists, -1); err != nil {
				return err
			}
		}
		for _, s := range statsOf(table, sum) {
			if err := addStat(store, s); err != nil {
				return err
			}
		}
	}
	return nil
}

func addChange(sum *tableTotals, decoder *omdb.Decoder, table omdb.Table, key, value []byte, exists bool, sign int64) error {
	if !exists {
		return nil
	}
	if !hasSizes(table) {
		sum.count += sign
		return nil
	}
	row, err := decoder.Decode(table, key, value)
	if err != nil {
		return err
	}
	t, err := totalsOf(row)
	if err != nil {
		return err
	}
	sum.add(t, sign)
	return nil
}

func addStat(store omdb.Store, s stat) error {
	if s.n == 0 {
		return nil
	}
	key := []byte(s.name)
	value, found, err := store.Get(derived.GlobalStats, key)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	var n int64
	if found {
		if n, err = derived.ParseStatsValue(value); err != nil {
			return fmt.Errorf("read %s: %w", s.name, err)
		}
	}
	if err := store.Put(derived.GlobalStats, key, derived.AppendStatsValue(nil, n+s.n)); err != nil {
		return fmt.Errorf("write %s: %w", s.name, err)
	}
	return nil
}
