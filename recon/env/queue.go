package env

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is returned by a closed [Queue] that has nothing left.
var ErrClosed = errors.New("queue closed")

// Queue is a bounded first-in first-out queue between actors.
type Queue[T any] struct {
	capacity int
	changed  *Cond
	mu       struct {
		sync.Mutex
		items  []T
		closed bool
	}
}

// NewQueue makes a queue that holds at most capacity items.
func NewQueue[T any](e *Env, capacity int) *Queue[T] {
	q := &Queue[T]{capacity: max(1, capacity), changed: e.NewCond()}
	q.changed.kind, q.changed.made, q.changed.what = "queue", e.origin(), queueWait[T]{q}
	return q
}

// Named gives the queue a name for dumps of a simulator; without one it is
// known by where it was made.
func (q *Queue[T]) Named(name string) *Queue[T] {
	q.changed.name = name
	return q
}

// TryPut adds an item; it reports false when the queue is full or closed.
func (q *Queue[T]) TryPut(item T) bool {
	q.mu.Lock()
	ok := !q.mu.closed && len(q.mu.items) < q.capacity
	if ok {
		q.mu.items = append(q.mu.items, item)
	}
	q.mu.Unlock()
	if ok {
		q.changed.Broadcast()
	}
	return ok
}

// Put waits for room and adds an item. It returns ErrClosed on a closed queue
// and ctx's cause when ctx ends.
func (q *Queue[T]) Put(ctx context.Context, item T) error {
	closed := false
	err := q.changed.WaitUntil(ctx, func() bool {
		if q.TryPut(item) {
			return true
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		closed = q.mu.closed
		return closed
	})
	if err == nil && closed {
		return ErrClosed
	}
	return err
}

// Get waits for an item and removes it. It returns ErrClosed once the queue is
// closed and empty, and ctx's cause when ctx ends.
func (q *Queue[T]) Get(ctx context.Context) (T, error) {
	var item T
	found := false
	err := q.changed.WaitUntil(ctx, func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		if len(q.mu.items) > 0 {
			item, found = q.mu.items[0], true
			// What was taken must not stay reachable through the array.
			var none T
			q.mu.items[0] = none
			q.mu.items = q.mu.items[1:]
			return true
		}
		return q.mu.closed
	})
	if err != nil {
		return item, err
	}
	if !found {
		return item, ErrClosed
	}
	q.changed.Broadcast()
	return item, nil
}

// Drain removes and returns everything in the queue.
func (q *Queue[T]) Drain() []T {
	q.mu.Lock()
	items := q.mu.items
	q.mu.items = nil
	q.mu.Unlock()
	q.changed.Broadcast()
	return items
}

// Len is the number of items now in the queue.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.mu.items)
}

// Close refuses further items; those inside can still be taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	q.mu.closed = true
	q.mu.Unlock()
	q.changed.Broadcast()
}
