package conform

import (
	"fmt"
	"slices"
	"sync"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/tasks"
)

// sinks are all sinks of one rebuild. They hold tasks to the sink's rules.
type sinks struct {
	mu   sync.Mutex
	all  []*sink
	open int
}

// sink takes one part of one task's rows.
type sink struct {
	sinks  *sinks
	task   string
	rows   map[place][]byte
	counts map[place]int64
	closed bool
}

// place is where a row lies.
type place struct {
	table omdb.Table
	key   string
}

func (s *sinks) newSink(task string, _ int) (tasks.Sink, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &sink{sinks: s, task: task, rows: map[place][]byte{}, counts: map[place]int64{}}
	s.all = append(s.all, k)
	s.open++
	return k, nil
}

// Put stores a row.
func (k *sink) Put(t omdb.Table, key, value []byte) error {
	at := place{t, string(key)}
	if _, found := k.rows[at]; found || k.closed {
		return k.misused(t, key)
	}
	k.rows[at] = append([]byte{}, value...)
	return nil
}

// Add adds to a counter.
func (k *sink) Add(t omdb.Table, key []byte, n int64) error {
	if k.closed {
		return k.misused(t, key)
	}
	k.counts[place{t, string(key)}] += n
	return nil
}

func (k *sink) misused(t omdb.Table, key []byte) error {
	return fmt.Errorf("%s gave its sink row %x of %s twice, or after closing it", k.task, key, derived.TableName(t))
}

// Close ends the part.
func (k *sink) Close() error {
	k.sinks.mu.Lock()
	defer k.sinks.mu.Unlock()
	k.closed = true
	k.sinks.open--
	return nil
}

// mergeInto puts all rows into store and derives the container count.
func (s *sinks) mergeInto(store *Store) error {
	if s.open != 0 {
		return fmt.Errorf("%d sinks of the rebuild were not closed", s.open)
	}
	sums := map[place]int64{}
	for _, k := range s.all {
		for at, value := range k.rows {
			if table := store.tables[at.table]; table != nil && table.rows[at.key] != nil {
				return k.misused(at.table, []byte(at.key))
			}
			store.set(at.table, at.key, value)
		}
		for at, n := range k.counts {
			sums[at] += n
		}
	}
	for at, n := range sums {
		if n != 0 {
			store.set(at.table, at.key, derived.AppendLong(nil, n))
		}
	}
	return tasks.PutContainerCount(store, store)
}

// omTable tells the OM's tables from the derived ones.
func omTable(t omdb.Table) bool { return !slices.Contains(derived.Tables(), t) }
