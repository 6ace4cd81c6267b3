package env

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var errStop = errors.New("the test has had enough")

// parked waits until n actors wait in the mutex's queue.
func parked(t *testing.T, m *Mutex, n int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		m.mu.Lock()
		waiting := len(m.mu.queue)
		m.mu.Unlock()
		if waiting == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d actors wait for the mutex, not %d", waiting, n)
		}
	}
}

// TestMutexExcludes: D5, the lock that the scheduler can see is a lock.
func TestMutexExcludes(t *testing.T) {
	e := realEnv()
	m := e.NewMutex()
	var inside, worst atomic.Int64
	var all sync.WaitGroup
	counter := 0
	for range 8 {
		all.Go(func() {
			for range 500 {
				m.Lock()
				worst.Store(max(worst.Load(), inside.Add(1)))
				counter++ // The race detector sees it if two are inside.
				inside.Add(-1)
				m.Unlock()
			}
		})
	}
	all.Wait()
	if counter != 4000 || worst.Load() != 1 {
		t.Errorf("counter %d, at most %d inside at once; want 4000 and 1", counter, worst.Load())
	}
}

// TestMutexIsFair: who frees the lock and asks again comes after those who
// wait, so that a sync loop cannot keep a commit out.
func TestMutexIsFair(t *testing.T) {
	e := realEnv()
	m := e.NewMutex()
	var order []string
	var all sync.WaitGroup
	m.Lock()
	for i, name := range []string{"first", "second"} {
		all.Go(func() {
			m.Lock()
			order = append(order, name)
			m.Unlock()
		})
		parked(t, m, i+1)
	}
	m.Unlock()
	m.Lock()
	order = append(order, "who had it")
	m.Unlock()
	all.Wait()
	if len(order) != 3 || order[0] != "first" || order[1] != "second" {
		t.Errorf("order %v, want first, second, who had it", order)
	}
}

// TestMutexGivesUp: every wait ends when its context ends, with the cause, and
// whoever gives up neither keeps the lock nor loses it for the next.
func TestMutexGivesUp(t *testing.T) {
	e := realEnv()
	m := e.NewMutex()
	m.Lock()
	ctx, cancel := context.WithCancelCause(context.Background())
	gaveUp, got := make(chan error), make(chan error)
	go func() { gaveUp <- m.LockContext(ctx) }()
	parked(t, m, 1)
	go func() { got <- m.LockContext(context.Background()) }()
	parked(t, m, 2)
	cancel(errStop)
	if err := <-gaveUp; !errors.Is(err, errStop) {
		t.Errorf("gave up with %v, want %v", err, errStop)
	}
	m.Unlock()
	if err := <-got; err != nil {
		t.Errorf("the next one: %v", err)
	}
	m.Unlock()
	if err := m.LockContext(ctx); err != nil {
		t.Errorf("a free mutex with an ended context: %v", err)
	}
	m.Unlock()
}

// TestMutexCancelStorm: cancels and grants at the same moment lose no wake-up.
func TestMutexCancelStorm(t *testing.T) {
	e := realEnv()
	m := e.NewMutex()
	var all sync.WaitGroup
	var held atomic.Int64
	for range 8 {
		all.Go(func() {
			for range 300 {
				ctx, cancel := context.WithCancelCause(context.Background())
				go cancel(errStop)
				if m.LockContext(ctx) == nil {
					held.Add(1)
					m.Unlock()
				}
			}
		})
	}
	all.Wait()
	if err := m.LockContext(context.Background()); err != nil || held.Load() == 0 {
		t.Fatalf("after the storm: %v, held %d times", err, held.Load())
	}
}

// TestMutexUnlockTwice: freeing a free lock is a mistake of the program.
func TestMutexUnlockTwice(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	realEnv().NewMutex().Unlock()
}

// TestCondLosesNothing: a change between look and wait wakes the waiter.
func TestCondLosesNothing(t *testing.T) {
	e := realEnv()
	c := e.NewCond()
	var n atomic.Int64
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for want := int64(1); want <= 500; want++ {
				if err := c.WaitUntil(context.Background(), func() bool { return n.Load() >= want }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 500 {
		n.Add(1)
		c.Broadcast()
	}
	all.Wait()
	if waiting := len(c.mu.queue.list); waiting != 0 {
		t.Errorf("%d waiters stay registered", waiting)
	}
}

// TestCondGivesUp: with the context's cause, and nothing stays registered.
func TestCondGivesUp(t *testing.T) {
	e := realEnv()
	c := e.NewCond()
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errStop)
	if err := c.WaitUntil(ctx, func() bool { return false }); !errors.Is(err, errStop) {
		t.Errorf("got %v, want %v", err, errStop)
	}
	if err := c.WaitUntil(ctx, func() bool { return true }); err != nil {
		t.Errorf("what is already so needs no waiting: %v", err)
	}
	if waiting := len(c.mu.queue.list); waiting != 0 {
		t.Errorf("%d waiters stay registered", waiting)
	}
}

// TestParkerKeepsWakeUps: one that comes before the wait is kept, several count
// as one.
func TestParkerKeepsWakeUps(t *testing.T) {
	p := goroutines{}.NewParker("test")
	p.Unpark()
	p.Unpark()
	if err := p.Park(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errStop)
	if err := p.Park(ctx); !errors.Is(err, errStop) {
		t.Errorf("second wait: %v, want %v", err, errStop)
	}
}

// TestSleep: on the Env's clock, until the time or the context is over.
func TestSleep(t *testing.T) {
	clock := newManualClock()
	e := clockedEnv(clock)
	done := make(chan error)
	go func() { done <- e.Sleep(context.Background(), time.Hour) }()
	<-clock.armed
	clock.advance(time.Hour - 1)
	select {
	case err := <-done:
		t.Fatalf("woke early: %v", err)
	default:
	}
	clock.advance(1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() { done <- e.Sleep(ctx, time.Hour) }()
	<-clock.armed
	cancel(errStop)
	if err := <-done; !errors.Is(err, errStop) {
		t.Errorf("got %v, want %v", err, errStop)
	}
	if err := e.Sleep(ctx, 0); !errors.Is(err, errStop) {
		t.Errorf("with an ended context: %v, want %v", err, errStop)
	}
	if n := clock.timers(); n != 0 {
		t.Errorf("%d timers stay armed", n)
	}
}

// TestWithTimeout: the cause names what took too long; stop ends it without.
func TestWithTimeout(t *testing.T) {
	clock := newManualClock()
	e := clockedEnv(clock)
	ctx, stop := e.WithTimeout(context.Background(), time.Minute, "the test")
	clock.advance(time.Minute)
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, ErrTimeout) || cause.Error() != "the test: time limit reached after 1m0s" {
		t.Errorf("cause %q", cause)
	}
	stop()
	ctx, stop = e.WithTimeout(context.Background(), time.Minute, "the test")
	stop()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) || clock.timers() != 0 {
		t.Errorf("after stop: cause %v, %d timers", cause, clock.timers())
	}
	outer, cancel := context.WithCancelCause(context.Background())
	ctx, stop = e.WithTimeout(outer, time.Minute, "the test")
	defer stop()
	cancel(errStop)
	if cause := context.Cause(ctx); !errors.Is(cause, errStop) {
		t.Errorf("the outer end's cause is lost: %v", cause)
	}
}

// TestRandStreams: a stream depends on the seed and its name, not on others.
func TestRandStreams(t *testing.T) {
	one, two := realEnv(), realEnv()
	_ = one.Rand("other").Uint64()
	if a, b := one.Rand("x").Uint64(), two.Rand("x").Uint64(); a != b {
		t.Errorf("one seed and name, two streams: %d and %d", a, b)
	}
	if a, b := one.Rand("x").Uint64(), one.Rand("y").Uint64(); a == b {
		t.Error("two names, one stream")
	}
}
