package generation

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"

	"reconsim/recon/tasks"
)

// sorter is a task's own sorter: its parts are sinks whose rows go back to the
// task instead of into tables, and keys may come often.
type sorter struct {
	ctx  context.Context
	all  *sinks
	task string
	mu   struct {
		sync.Mutex
		closed []*sink
	}
}

// NewSorter makes a sorter for a task's own records. It spills into the folder
// of the sinks, within the same bound for each of its parts.
func (s *Staged) NewSorter(ctx context.Context, task string) (tasks.Sorter, error) {
	return &sorter{ctx: ctx, all: s.sinks, task: task}, nil
}

// Part opens a part.
func (s *sorter) Part() tasks.SorterPart {
	return &sorterPart{sorter: s, sink: &sink{ctx: s.ctx, all: s.all, task: s.task}}
}

// Scan merges the parts that are closed by now.
func (s *sorter) Scan(fn func(key, value []byte) error) (err error) {
	s.mu.Lock()
	closed := s.mu.closed
	s.mu.Unlock()
	h, err := s.all.openRuns(closed)
	defer func() { err = errors.Join(err, h.closeAll()) }()
	if err != nil {
		return err
	}
	heap.Init(&h)
	for len(h) > 0 {
		if err := fn(h[0].key[1:], h[0].value); err != nil {
			return err
		}
		if err := h.advance(); err != nil {
			return err
		}
	}
	return nil
}

// Close removes what was spilled.
func (s *sorter) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []error
	for _, k := range s.mu.closed {
		for _, path := range k.runs {
			if err := s.all.env.FS().Remove(path); err != nil {
				all = append(all, fmt.Errorf("remove sorted run: %w", err))
			}
		}
	}
	s.mu.closed = nil
	return errors.Join(all...)
}

type sorterPart struct {
	sorter *sorter
	sink   *sink
}

// Add takes a record; a sorter has one table.
func (p *sorterPart) Add(key, value []byte) error { return p.sink.add(0, key, value, false, 0) }

// Close gives the part to its sorter.
func (p *sorterPart) Close() error {
	if err := p.sink.Close(); err != nil {
		return err
	}
	p.sorter.mu.Lock()
	defer p.sorter.mu.Unlock()
	p.sorter.mu.closed = append(p.sorter.mu.closed, p.sink)
	return nil
}
