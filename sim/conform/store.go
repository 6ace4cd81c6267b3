package conform

import (
	"bytes"
	"slices"
	"sort"

	"reconsim/recon/omdb"
)

// Store is an omdb.Store and a tasks.Source that keeps rows in memory, in
// order. Changes can be dropped as a generation's batch can. It is for one
// goroutine at a time, but any number may read it.
type Store struct {
	tables [256]*storeTable
	// ranges is into how many ranges Splits cuts a table; 0 for as many as are
	// asked for.
	ranges int
	undo   []undoRow
	undoes bool
}

type storeTable struct {
	keys []string // ascending
	rows map[string][]byte
}

// undoRow is a row as it was before a change.
type undoRow struct {
	table  omdb.Table
	key    string
	value  []byte
	exists bool
}

// NewStore makes an empty store.
func NewStore() *Store { return &Store{} }

// Get reads a row; the value is the caller's.
func (s *Store) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	if s.tables[t] == nil {
		return nil, false, nil
	}
	value, found := s.tables[t].rows[string(key)]
	return bytes.Clone(value), found, nil
}

// Scan calls fn for the rows from lower up to but without upper, in order,
// until it returns false; nil means no bound. Key and value are borrowed, and
// are wiped after the call so that keeping them shows.
func (s *Store) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	table := s.tables[t]
	if table == nil {
		return nil
	}
	var key, value []byte
	for i := sort.SearchStrings(table.keys, string(lower)); i < len(table.keys); i++ {
		if upper != nil && table.keys[i] >= string(upper) {
			return nil
		}
		key = append(key[:0], table.keys[i]...)
		value = append(value[:0], table.rows[table.keys[i]]...)
		more, err := fn(key, value)
		if err != nil || !more {
			return err
		}
		clear(key)
		clear(value)
	}
	return nil
}

// Put writes a row; key and value are copied.
func (s *Store) Put(t omdb.Table, key, value []byte) error {
	s.remember(t, key)
	s.set(t, string(key), append([]byte{}, value...))
	return nil
}

// Delete removes a row, if it is there.
func (s *Store) Delete(t omdb.Table, key []byte) error {
	s.remember(t, key)
	s.remove(t, string(key))
	return nil
}

func (s *Store) set(t omdb.Table, key string, value []byte) {
	if s.tables[t] == nil {
		s.tables[t] = &storeTable{rows: map[string][]byte{}}
	}
	table := s.tables[t]
	if _, found := table.rows[key]; !found {
		at, _ := slices.BinarySearch(table.keys, key)
		table.keys = slices.Insert(table.keys, at, key)
	}
	table.rows[key] = value
}

func (s *Store) remove(t omdb.Table, key string) {
	table := s.tables[t]
	if table == nil {
		return
	}
	if at, found := slices.BinarySearch(table.keys, key); found {
		table.keys = slices.Delete(table.keys, at, at+1)
		delete(table.rows, key)
	}
}

func (s *Store) remember(t omdb.Table, key []byte) {
	if !s.undoes {
		return
	}
	row := undoRow{table: t, key: string(key)}
	if s.tables[t] != nil {
		row.value, row.exists = s.tables[t].rows[row.key]
	}
	s.undo = append(s.undo, row)
}

// begin starts a batch of changes, which drop takes back or the next begin keeps.
func (s *Store) begin() { s.undo, s.undoes = s.undo[:0], true }

// drop takes the changes since begin back.
func (s *Store) drop() {
	s.undoes = false
	for _, row := range slices.Backward(s.undo) {
		if row.exists {
			s.set(row.table, row.key, row.value)
		} else {
			s.remove(row.table, row.key)
		}
	}
}

// Splits cuts a table into about equal ranges.
func (s *Store) Splits(t omdb.Table, parts int) (splits [][]byte, _ error) {
	if s.tables[t] == nil {
		return nil, nil
	}
	if s.ranges != 0 {
		parts = s.ranges
	}
	keys := s.tables[t].keys
	parts = min(parts, len(keys))
	for i := 1; i < parts; i++ {
		splits = append(splits, []byte(keys[i*len(keys)/parts]))
	}
	return splits, nil
}

// EstimateRows is the number of rows in t.
func (s *Store) EstimateRows(t omdb.Table) (int64, error) {
	if s.tables[t] == nil {
		return 0, nil
	}
	return int64(len(s.tables[t].keys)), nil
}

// tableNumbers lists the tables that have had rows, by number.
func (s *Store) tableNumbers() (numbers []omdb.Table) {
	for t := range s.tables {
		if s.tables[t] != nil {
			numbers = append(numbers, omdb.Table(t))
		}
	}
	return numbers
}

// copyOf copies the rows of the tables that keep says, or of all if it is nil.
func (s *Store) copyOf(keep func(omdb.Table) bool) *Store {
	c := &Store{ranges: s.ranges}
	for _, t := range s.tableNumbers() {
		if keep != nil && !keep(t) {
			continue
		}
		// A row's value is never changed, so copies may share it.
		rows := make(map[string][]byte, len(s.tables[t].rows))
		for _, key := range s.tables[t].keys {
			rows[key] = s.tables[t].rows[key]
		}
		c.tables[t] = &storeTable{keys: slices.Clone(s.tables[t].keys), rows: rows}
	}
	return c
}
