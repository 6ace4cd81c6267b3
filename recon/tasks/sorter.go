package tasks

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
)

// Sorter puts records in the order of their keys. It is how a task keeps
// memory bounded that would otherwise grow with the OM: what does not fit is
// the sorter's to put on disk. A rebuild that fails leaves it as it is; its
// maker removes what it left.
type Sorter interface {
	// Part opens a part, which one actor at a time fills; several parts may be
	// open at the same time.
	Part() SorterPart
	// Scan calls fn for the records of all parts that were closed before, in
	// the order of the bytes of their keys, until fn fails. Key and value are
	// borrowed. Records with equal keys come in no order that means anything.
	// It may be called again, also after more parts; fn may fill other parts.
	Scan(fn func(key, value []byte) error) error
	// Close drops all records.
	Close() error
}

// SorterPart takes records in any order.
type SorterPart interface {
	// Add takes a record; key and value are copied, and a key may come often.
	Add(key, value []byte) error
	// Close ends the part; nothing may follow.
	Close() error
}

// memorySorter keeps everything in memory. It serves where no rebuild is large.
type memorySorter struct {
	mu     sync.Mutex
	closed []*memoryPart
}

type memoryPart struct {
	sorter  *memorySorter
	bytes   []byte
	records []memoryRecord
}

// memoryRecord finds a record in its part's bytes.
type memoryRecord struct{ key, value, end int }

func (s *memorySorter) Part() SorterPart { return &memoryPart{sorter: s} }

func (s *memorySorter) Scan(fn func(key, value []byte) error) error {
	s.mu.Lock()
	var all []struct{ key, value []byte }
	for _, p := range s.closed {
		for _, r := range p.records {
			all = append(all, struct{ key, value []byte }{p.bytes[r.key:r.value], p.bytes[r.value:r.end]})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b struct{ key, value []byte }) int {
		return cmp.Or(bytes.Compare(a.key, b.key), bytes.Compare(a.value, b.value))
	})
	for _, r := range all {
		if err := fn(r.key, r.value); err != nil {
			return err
		}
	}
	return nil
}

func (s *memorySorter) Close() error {
	s.closed = nil
	return nil
}

func (p *memoryPart) Add(key, value []byte) error {
	from := len(p.bytes)
	p.bytes = append(append(p.bytes, key...), value...)
	p.records = append(p.records, memoryRecord{from, from + len(key), len(p.bytes)})
	return nil
}

func (p *memoryPart) Close() error {
	p.sorter.mu.Lock()
	defer p.sorter.mu.Unlock()
	p.sorter.closed = append(p.sorter.closed, p)
	return nil
}
