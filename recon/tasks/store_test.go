package tasks

import (
	"bytes"
	"errors"
	"slices"
	"sort"
	"sync"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// memoryStore is an omdb.Store, and a Source, that keeps its rows in order in
// memory.
type memoryStore struct {
	tables map[omdb.Table]*memoryTable
	// parts is how many ranges Splits makes of a table of 2 rows or more, 0 for
	// as many as asked for.
	parts int
}

type memoryTable struct {
	keys []string
	rows map[string][]byte
}

func newMemoryStore() *memoryStore { return &memoryStore{tables: map[omdb.Table]*memoryTable{}} }

func (s *memoryStore) table(t omdb.Table) *memoryTable {
	if s.tables[t] == nil {
		s.tables[t] = &memoryTable{rows: map[string][]byte{}}
	}
	return s.tables[t]
}

func (s *memoryStore) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	if s.tables[t] == nil {
		return nil, false, nil
	}
	value, found := s.tables[t].rows[string(key)]
	return bytes.Clone(value), found, nil
}

func (s *memoryStore) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	if s.tables[t] == nil {
		return nil
	}
	m := s.tables[t]
	var key, value []byte
	for i := sort.SearchStrings(m.keys, string(lower)); i < len(m.keys); i++ {
		if upper != nil && m.keys[i] >= string(upper) {
			break
		}
		key = append(key[:0], m.keys[i]...)
		value = append(value[:0], m.rows[m.keys[i]]...)
		more, err := fn(key, value)
		if err != nil || !more {
			return err
		}
		// What is borrowed does not outlive the call.
		clear(key)
		clear(value)
	}
	return nil
}

func (s *memoryStore) Put(t omdb.Table, key, value []byte) error {
	m := s.table(t)
	if _, found := m.rows[string(key)]; !found {
		at, _ := slices.BinarySearch(m.keys, string(key))
		m.keys = slices.Insert(m.keys, at, string(key))
	}
	m.rows[string(key)] = append([]byte{}, value...)
	return nil
}

func (s *memoryStore) Delete(t omdb.Table, key []byte) error {
	m := s.table(t)
	if at, found := slices.BinarySearch(m.keys, string(key)); found {
		m.keys = slices.Delete(m.keys, at, at+1)
		delete(m.rows, string(key))
	}
	return nil
}

func (s *memoryStore) Splits(t omdb.Table, parts int) ([][]byte, error) {
	if s.tables[t] == nil {
		return nil, nil
	}
	if s.parts != 0 {
		parts = s.parts
	}
	keys := s.tables[t].keys
	parts = min(parts, len(keys))
	var splits [][]byte
	for i := 1; i < parts; i++ {
		splits = append(splits, []byte(keys[i*len(keys)/parts]))
	}
	return splits, nil
}

func (s *memoryStore) EstimateRows(t omdb.Table) (int64, error) { return int64(s.count(t)), nil }

func (s *memoryStore) count(t omdb.Table) int {
	if s.tables[t] == nil {
		return 0
	}
	return len(s.tables[t].keys)
}

// clone copies all rows.
func (s *memoryStore) clone() *memoryStore {
	c := newMemoryStore()
	c.parts = s.parts
	for _, t := range append(omdb.Tables(), derived.Tables()...) {
		if m := s.tables[t]; m != nil {
			c.table(t).keys = slices.Clone(m.keys)
			for _, k := range m.keys {
				c.tables[t].rows[k] = m.rows[k]
			}
		}
	}
	return c
}

// memorySinks is all sinks of one rebuild.
type memorySinks struct {
	mu    sync.Mutex
	sinks []*memorySink
	open  int
}

type memorySink struct {
	all    *memorySinks
	rows   *memoryStore
	counts map[omdb.Table]map[string]int64
	closed bool
}

func (s *memorySinks) newSink(string, int) (Sink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sink := &memorySink{all: s, rows: newMemoryStore(), counts: map[omdb.Table]map[string]int64{}}
	s.sinks = append(s.sinks, sink)
	s.open++
	return sink, nil
}

var errSinkMisused = errors.New("sink used after Close or given a key twice")

func (s *memorySink) Put(t omdb.Table, key, value []byte) error {
	if _, found, _ := s.rows.Get(t, key); found || s.closed {
		return errSinkMisused
	}
	return s.rows.Put(t, key, value)
}

func (s *memorySink) Add(t omdb.Table, key []byte, n int64) error {
	if s.closed {
		return errSinkMisused
	}
	if s.counts[t] == nil {
		s.counts[t] = map[string]int64{}
	}
	s.counts[t][string(key)] += n
	return nil
}

func (s *memorySink) Close() error {
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.closed = true
	s.all.open--
	return nil
}

// mergeInto puts all sinks' rows into store and derives the container count.
func (s *memorySinks) mergeInto(store *memoryStore) error {
	sums := map[omdb.Table]map[string]int64{}
	for _, sink := range s.sinks {
		for t, m := range sink.rows.tables {
			for _, k := range m.keys {
				if _, found, _ := store.Get(t, []byte(k)); found {
					return errSinkMisused
				}
				_ = store.Put(t, []byte(k), m.rows[k])
			}
		}
		for t, m := range sink.counts {
			if sums[t] == nil {
				sums[t] = map[string]int64{}
			}
			for k, n := range m {
				sums[t][k] += n
			}
		}
	}
	for t, m := range sums {
		for k, n := range m {
			if n != 0 {
				_ = store.Put(t, []byte(k), derived.AppendLong(nil, n))
			}
		}
	}
	return PutContainerCount(store, store)
}
