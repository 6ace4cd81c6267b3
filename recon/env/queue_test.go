package env

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestQueueIsFIFO: what several put and several take is neither lost nor
// doubled, and each one's items stay in order.
func TestQueueIsFIFO(t *testing.T) {
	e := realEnv()
	q := NewQueue[[2]int](e, 4)
	var putters, getters sync.WaitGroup
	var mu sync.Mutex
	taken := map[int][]int{}
	for who := range 3 {
		putters.Go(func() {
			for i := range 200 {
				if err := q.Put(context.Background(), [2]int{who, i}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	getters.Go(func() {
		for {
			item, err := q.Get(context.Background())
			if errors.Is(err, ErrClosed) {
				return
			}
			mu.Lock()
			taken[item[0]] = append(taken[item[0]], item[1])
			mu.Unlock()
		}
	})
	putters.Wait()
	q.Close()
	getters.Wait()
	for who := range 3 {
		if len(taken[who]) != 200 || !slices.IsSorted(taken[who]) {
			t.Errorf("of putter %d came %d items, sorted %v", who, len(taken[who]), slices.IsSorted(taken[who]))
		}
	}
}

// TestQueueWaits: a full queue and an empty one wait, and give up with the
// context's cause.
func TestQueueWaits(t *testing.T) {
	e := realEnv()
	q := NewQueue[int](e, 0) // A capacity below 1 is 1.
	ctx, cancel := context.WithCancelCause(context.Background())
	result := make(chan error)
	go func() { _, err := q.Get(ctx); result <- err }()
	cancel(errStop)
	if err := <-result; !errors.Is(err, errStop) {
		t.Errorf("Get: %v, want %v", err, errStop)
	}
	if !q.TryPut(1) || q.TryPut(2) {
		t.Error("a queue of one took none or two")
	}
	if err := q.Put(ctx, 2); !errors.Is(err, errStop) {
		t.Errorf("Put: %v, want %v", err, errStop)
	}
	go func() { result <- q.Put(context.Background(), 2) }()
	if item, err := q.Get(context.Background()); item != 1 || err != nil {
		t.Errorf("Get: %d, %v", item, err)
	}
	if err := <-result; err != nil || q.Len() != 1 {
		t.Errorf("Put after room was made: %v, length %d", err, q.Len())
	}
	if rest := q.Drain(); fmt.Sprint(rest) != "[2]" || q.Len() != 0 {
		t.Errorf("drained %v, %d left", rest, q.Len())
	}
	go func() { _, err := q.Get(context.Background()); result <- err }()
	q.Close()
	if err := <-result; !errors.Is(err, ErrClosed) {
		t.Errorf("Get of a closed queue: %v", err)
	}
	if err := q.Put(context.Background(), 3); !errors.Is(err, ErrClosed) || q.TryPut(3) {
		t.Errorf("Put into a closed queue: %v", err)
	}
}

// TestQueueModel compares one user's operations with a slice.
func TestQueueModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		capacity := rapid.IntRange(1, 5).Draw(r, "capacity")
		q := NewQueue[int](realEnv(), capacity)
		var model []int
		closed := false
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				item := rapid.Int().Draw(r, "item")
				want := !closed && len(model) < capacity
				if q.TryPut(item) != want {
					r.Fatalf("TryPut is not %v", want)
				}
				if want {
					model = append(model, item)
				}
			},
			"get": func(r *rapid.T) {
				if len(model) == 0 && !closed {
					r.Skip("it would wait")
				}
				item, err := q.Get(context.Background())
				if len(model) == 0 {
					if !errors.Is(err, ErrClosed) {
						r.Fatalf("Get: %v", err)
					}
					return
				}
				if err != nil || item != model[0] {
					r.Fatalf("Get: %d, %v, want %d", item, err, model[0])
				}
				model = model[1:]
			},
			"drain": func(r *rapid.T) {
				if rest := q.Drain(); !slices.Equal(rest, model) {
					r.Fatalf("Drain: %v, want %v", rest, model)
				}
				model = nil
			},
			"close": func(*rapid.T) { q.Close(); closed = true },
			"": func(r *rapid.T) {
				if q.Len() != len(model) {
					r.Fatalf("length %d, want %d", q.Len(), len(model))
				}
			},
		})
	})
}
