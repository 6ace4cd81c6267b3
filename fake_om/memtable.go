package fakeom

import (
	"slices"

	"reconsim/recon/omdb"
)

// change is the newest change of a row in a memtable.
type change struct {
	sequence uint64
	value    []byte
	delete   bool
}

// memtable holds a node's changes that lie in no run yet: the newest one of
// each row. The older ones are only in the log, as in an OM whose checkpoint
// always flushes.
type memtable struct {
	tables    map[omdb.Table]map[string]change
	sizeBytes int64
	// firstSequence and lastSequence bound the batches that went in; 0 if none.
	firstSequence, lastSequence uint64
}

func newMemtable() *memtable { return &memtable{tables: map[omdb.Table]map[string]change{}} }

func (m *memtable) empty() bool { return m.lastSequence == 0 }

// entryBytes is what a row costs in memory besides its value.
const entryBytes = 64

func (m *memtable) apply(b *writeBatch) {
	if m.firstSequence == 0 {
		m.firstSequence = b.start
	}
	m.lastSequence = b.end()
	for i := range b.rows {
		r := &b.rows[i]
		rows := m.tables[r.table]
		if rows == nil {
			rows = map[string]change{}
			m.tables[r.table] = rows
		}
		if _, ok := rows[r.key]; !ok {
			m.sizeBytes += entryBytes + int64(len(r.key))
		}
		m.sizeBytes += int64(len(r.value))
		rows[r.key] = change{sequence: b.start + uint64(i), value: r.value, delete: r.delete}
	}
}

// sortedTables are the tables that have changes, in order of their numbers.
func (m *memtable) sortedTables() []omdb.Table {
	var all []omdb.Table
	for t := range m.tables {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// sortedKeys are the changed keys of a table in byte order.
func (m *memtable) sortedKeys(t omdb.Table) []string {
	keys := make([]string, 0, len(m.tables[t]))
	for k := range m.tables[t] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
