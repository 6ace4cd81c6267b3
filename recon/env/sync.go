package env

import (
	"context"
	"sync"
)

// waiters is a first-come list of parked actors. Its lock is never held across
// a Point, so a plain mutex is right.
type waiters struct{ list []Parker }

func (w *waiters) add(p Parker) { w.list = append(w.list, p) }

func (w *waiters) remove(p Parker) {
	for i, q := range w.list {
		if q == p {
			w.list = append(w.list[:i], w.list[i+1:]...)
			return
		}
	}
}

func (w *waiters) wakeOne() {
	if len(w.list) > 0 {
		p := w.list[0]
		w.list = w.list[1:]
		p.Unpark()
	}
}

func (w *waiters) wakeAll() {
	for _, p := range w.list {
		p.Unpark()
	}
	w.list = nil
}

// Mutex is a lock that may be held across a Point. Make it with [Env.NewMutex].
type Mutex struct {
	env *Env
	mu  struct {
		sync.Mutex
		locked bool
		queue  waiters
	}
}

// NewMutex makes an unlocked mutex.
func (e *Env) NewMutex() *Mutex { return &Mutex{env: e} }

// Lock waits until the mutex is free and takes it.
func (m *Mutex) Lock() { _ = m.LockContext(context.Background()) }

// LockContext is Lock that gives up when ctx ends, with its cause.
func (m *Mutex) LockContext(ctx context.Context) error {
	for {
		m.mu.Lock()
		if !m.mu.locked {
			m.mu.locked = true
			m.mu.Unlock()
			return nil
		}
		parker := m.env.rt.NewParker("mutex")
		m.mu.queue.add(parker)
		m.mu.Unlock()
		if err := parker.Park(ctx); err != nil {
			m.mu.Lock()
			m.mu.queue.remove(parker)
			if !m.mu.locked {
				// The wake-up may have come to us; hand it on.
				m.mu.queue.wakeOne()
			}
			m.mu.Unlock()
			return err
		}
	}
}

// Unlock frees the mutex; it panics if the mutex is free, as sync.Mutex does.
func (m *Mutex) Unlock() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.mu.locked {
		panic("env: unlock of an unlocked mutex")
	}
	m.mu.locked = false
	m.mu.queue.wakeOne()
}

// Cond lets actors wait for a change. Unlike sync.Cond it has no lock of its
// own to pass: a waiter registers first, looks at the state, then parks, so no
// change between look and wait is lost.
type Cond struct {
	env *Env
	mu  struct {
		sync.Mutex
		queue waiters
	}
}

// NewCond makes a condition.
func (e *Env) NewCond() *Cond { return &Cond{env: e} }

// WaitUntil returns nil once ok reports true; it looks again after each
// Broadcast, and gives up with ctx's cause when ctx ends.
func (c *Cond) WaitUntil(ctx context.Context, ok func() bool) error {
	for {
		parker := c.env.rt.NewParker("cond")
		c.mu.Lock()
		c.mu.queue.add(parker)
		c.mu.Unlock()
		if ok() {
			c.mu.Lock()
			c.mu.queue.remove(parker)
			c.mu.Unlock()
			return nil
		}
		if err := parker.Park(ctx); err != nil {
			c.mu.Lock()
			c.mu.queue.remove(parker)
			c.mu.Unlock()
			return err
		}
	}
}

// Broadcast makes every waiter look again.
func (c *Cond) Broadcast() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.queue.wakeAll()
}
