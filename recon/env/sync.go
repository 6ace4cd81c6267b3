package env

import (
	"context"
	"fmt"
	"slices"
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

func (w *waiters) wakeAll() {
	for _, p := range w.list {
		p.Unpark()
	}
	w.list = nil
}

// Mutex is a lock that may be held across a Point. Make it with [Env.NewMutex].
// It is handed on in the order of asking: whoever frees it and asks again at
// once comes last, so that a loop cannot keep others out.
type Mutex struct {
	env  *Env
	name string
	made origin
	mu   struct {
		sync.Mutex
		locked bool
		holder string // the actor's name, where the runtime knows it
		queue  []*lockWaiter
	}
}

// lockWaiter is one who waits for a [Mutex]; granted says that it is theirs.
type lockWaiter struct {
	parker  Parker
	actor   string
	granted bool
}

// NewMutex makes an unlocked mutex.
func (e *Env) NewMutex() *Mutex { return &Mutex{env: e, made: e.origin()} }

// Named gives the mutex a name for dumps of a simulator; without one it is
// known by where it was made.
func (m *Mutex) Named(name string) *Mutex {
	m.name = name
	return m
}

// Lock waits until the mutex is free and takes it.
func (m *Mutex) Lock() { _ = m.LockContext(context.Background()) }

// LockContext is Lock that gives up when ctx ends, with its cause. It takes a
// free mutex also with a context that has ended.
func (m *Mutex) LockContext(ctx context.Context) error {
	actor := ""
	if names := m.env.names; names != nil {
		actor = names.Actor()
	}
	m.mu.Lock()
	if !m.mu.locked {
		m.mu.locked, m.mu.holder = true, actor
		m.mu.Unlock()
		return nil
	}
	w := &lockWaiter{parker: m.env.rt.NewParker("mutex"), actor: actor}
	explain(w.parker, mutexWait{m})
	m.mu.queue = append(m.mu.queue, w)
	m.mu.Unlock()
	for {
		err := w.parker.Park(ctx)
		m.mu.Lock()
		granted := w.granted
		if err != nil && !granted {
			m.mu.queue = slices.DeleteFunc(m.mu.queue, func(other *lockWaiter) bool { return other == w })
		}
		m.mu.Unlock()
		// A lock that came together with the end of ctx is ours all the same.
		if granted {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Unlock frees the mutex or hands it to who has waited longest; it panics if
// the mutex is free, as sync.Mutex does.
func (m *Mutex) Unlock() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.mu.locked {
		panic("env: unlock of an unlocked mutex")
	}
	if len(m.mu.queue) == 0 {
		m.mu.locked, m.mu.holder = false, ""
		return
	}
	next := m.mu.queue[0]
	m.mu.queue[0] = nil
	m.mu.queue = m.mu.queue[1:]
	next.granted, m.mu.holder = true, next.actor
	next.parker.Unpark()
}

// Cond lets actors wait for a change. Unlike sync.Cond it has no lock of its
// own to pass: a waiter registers first, looks at the state, then parks, so no
// change between look and wait is lost.
type Cond struct {
	env  *Env
	name string
	made origin
	what fmt.Stringer // what its waiters wait for
	kind string       // the name of their parkers
	mu   struct {
		sync.Mutex
		queue waiters
	}
}

// NewCond makes a condition.
func (e *Env) NewCond() *Cond {
	c := &Cond{env: e, kind: "cond", made: e.origin()}
	c.what = condWait{c}
	return c
}

// Named gives the condition a name for dumps of a simulator; without one it is
// known by where it was made.
func (c *Cond) Named(name string) *Cond {
	c.name = name
	return c
}

// WaitUntil returns nil once ok reports true; it looks again after each
// Broadcast, and gives up with ctx's cause when ctx ends.
func (c *Cond) WaitUntil(ctx context.Context, ok func() bool) error {
	for {
		parker := c.env.rt.NewParker(c.kind)
		explain(parker, c.what)
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
