package oracle

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"reconsim/fake_om/namespace"
)

// Errors of queries for states that the oracle cannot show.
var (
	// ErrFuture means that no transaction at or after the index was applied.
	ErrFuture = errors.New("the oracle has not come to this index yet")
	// ErrForgotten means that the index lies before the last Forget.
	ErrForgotten = errors.New("the oracle has forgotten this index")
)

// prunable is anything with a history; prune drops what only indices below
// before can see and reports whether there is still something to drop later.
type prunable interface {
	prune(o *Oracle, before int64) (more bool)
}

// Oracle knows every state of a namespace since its base. It is safe for
// concurrent use; Apply and Forget wait for running queries.
type Oracle struct {
	mu         sync.RWMutex
	base, last int64

	volumes     ordered[*volume]
	buckets     ordered[*bucket]
	byName      map[string]*bucket
	nodes       map[int64]*node
	keys        ordered[*keyRow]
	files       ordered[*keyRow]
	dirs        ordered[*dirRow]
	containers  map[int64]*container
	inOrder     ordered[*container]
	stats       [statCount]counter
	pending     map[string]contribution
	strings     map[string]string
	replication []namespace.Replication
	byConfig    map[namespace.Replication]uint16
	changed     []prunable
	// sample is nil if every row of the base is loaded.
	sample *namespace.Sample
}

func empty(baseIndex int64) *Oracle {
	return &Oracle{
		base: baseIndex, last: baseIndex,
		volumes:    ordered[*volume]{compare: func(a, b *volume) int { return strings.Compare(a.name, b.name) }},
		buckets:    ordered[*bucket]{compare: compareBuckets},
		byName:     map[string]*bucket{},
		nodes:      map[int64]*node{},
		keys:       ordered[*keyRow]{compare: compareKeyRows},
		files:      ordered[*keyRow]{compare: compareKeyRows},
		dirs:       ordered[*dirRow]{compare: compareDirRows},
		containers: map[int64]*container{},
		inOrder: ordered[*container]{compare: func(a, b *container) int {
			switch {
			case a.id < b.id:
				return -1
			case a.id > b.id:
				return 1
			}
			return 0
		}},
		pending:  map[string]contribution{},
		strings:  map[string]string{},
		byConfig: map[namespace.Replication]uint16{},
	}
}

// NewFromRows makes an oracle whose oldest state, at baseIndex, is made of
// rows in any order. It keeps no reference to them.
func NewFromRows(baseIndex int64, rows iter.Seq[namespace.Row]) (*Oracle, error) {
	o := empty(baseIndex)
	for row := range rows {
		if err := o.put(row, baseIndex); err != nil {
			return nil, fmt.Errorf("base namespace, %T: %w", row, err)
		}
	}
	return o, nil
}

// Base is the oldest index that can be asked about.
func (o *Oracle) Base() int64 {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.base
}

// Last is the newest index that can be asked about.
func (o *Oracle) Last() int64 {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.last
}

// Apply adds the state after a transaction. Indices must grow, but may have
// gaps. The whole transaction is one step: of several changes of one row the
// last one counts, and deletions come before the rest, whatever their order.
func (o *Oracle) Apply(t *namespace.Transaction) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.Index <= o.last {
		return fmt.Errorf("transaction %d comes after %d: apply them in order", t.Index, o.last)
	}
	o.last = t.Index
	net := netChanges(t.Changes)
	for _, deleting := range [...]bool{true, false} {
		for _, c := range net {
			if c.Delete != deleting {
				continue
			}
			act := o.put
			if c.Delete {
				act = o.remove
			}
			if err := act(c.Row, t.Index); err != nil {
				return fmt.Errorf("transaction %d (%s), %T: %w", t.Index, t.Kind, c.Row, err)
			}
		}
	}
	return nil
}

// netChanges keeps the last change of each row, in their order.
func netChanges(changes []namespace.Change) []namespace.Change {
	if len(changes) < 2 {
		return changes
	}
	last := make(map[string]int, len(changes))
	for i, c := range changes {
		last[identity(c.Row)] = i
	}
	if len(last) == len(changes) {
		return changes
	}
	var net []namespace.Change
	for i, c := range changes {
		if last[identity(c.Row)] == i {
			net = append(net, c)
		}
	}
	return net
}

// Forget drops every state older than before, and the memory for it.
func (o *Oracle) Forget(before int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if before <= o.base {
		return
	}
	before = min(before, o.last)
	o.base = before
	kept := o.changed[:0]
	for _, p := range o.changed {
		if p.prune(o, before) {
			kept = append(kept, p)
		}
	}
	clear(o.changed[len(kept):])
	o.changed = kept
}

// touch remembers that p has a history to prune.
func (o *Oracle) touch(p prunable, already *bool) {
	if !*already {
		*already = true
		o.changed = append(o.changed, p)
	}
}

// view takes the lock for a query at index; the caller must release it.
func (o *Oracle) view(index int64) (release func(), err error) {
	o.mu.RLock()
	switch {
	case index < o.base:
		err = fmt.Errorf("%w: %d, the oldest is %d", ErrForgotten, index, o.base)
	case index > o.last:
		err = fmt.Errorf("%w: %d, the newest is %d", ErrFuture, index, o.last)
	}
	if err != nil {
		o.mu.RUnlock()
		return nil, err
	}
	return o.mu.RUnlock, nil
}

// intern returns one copy for all equal strings.
func (o *Oracle) intern(s string) string {
	if kept, ok := o.strings[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	o.strings[s] = s
	return s
}

// bump adds n to a counter.
func (o *Oracle) bump(c *counter, index, n int64) {
	value, copied, _ := c.value.write(index, o.base)
	if copied {
		o.touch(c, &c.touched)
	}
	*value += n
}
