package env

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
)

// FS is the file system that everything of the engine lies on: Pebble's own
// interface, so that one disk carries Pebble, SQLite and our files.
type FS = vfs.FS

// Truncater is what a file opened with [FS].OpenReadWrite offers beyond
// Pebble's interface. SQLite needs it to roll back a transaction that had
// grown its file.
type Truncater interface {
	// Truncate sets the file's size in bytes.
	Truncate(sizeBytes int64) error
}

// Runtime is what differs between production and simulation.
type Runtime interface {
	// Now is the current time, virtual in a simulation.
	Now() time.Time
	// Go starts an actor.
	Go(name string, fn func())
	// Yield lets the scheduler switch actors; production does nothing.
	Yield(name string)
	// NewParker makes the waiting primitive for one waiter.
	NewParker(name string) Parker
	// After calls fn once when d has passed; fn must not block. The returned
	// function prevents the call if it has not happened yet.
	After(d time.Duration, fn func()) (stop func())
	// Seed is the run's seed, from which every random stream is derived.
	Seed() uint64
}

// Parker blocks one actor until another wakes it. A wake-up that comes before
// the wait is kept, and several of them count as one.
type Parker interface {
	// Park returns nil once woken, or ctx's cause when ctx ends first.
	Park(ctx context.Context) error
	// Unpark wakes the actor; it never blocks.
	Unpark()
}

// Options is what an Env is made of.
type Options struct {
	FS      FS
	Runtime Runtime
	// Faults may be nil: then nothing is ever injected.
	Faults point.Injector
	// Quiet asks for stores without background work, as a repeatable run needs.
	Quiet bool
	// Mutations are the planted mistakes of this run, none in production.
	Mutations []point.Mutation
}

// Env is the world as the engine sees it. It is safe for concurrent use.
type Env struct {
	fs     FS
	rt     Runtime
	faults point.Injector
	quiet  bool
	// names is nil in production, where actors cannot be told apart.
	names ActorNamer
	// mutations is a set of bits, one for each planted mistake.
	mutations uint64
}

// New makes an Env from its parts.
func New(o Options) *Env {
	if o.FS == nil || o.Runtime == nil {
		panic("env: FS and Runtime are required")
	}
	e := &Env{fs: o.FS, rt: o.Runtime, faults: o.Faults, quiet: o.Quiet}
	e.names, _ = o.Runtime.(ActorNamer)
	for _, m := range o.Mutations {
		e.mutations |= 1 << m
	}
	return e
}

// NewOS makes the production Env: the operating system's files and clock.
func NewOS(faults point.Injector) *Env {
	return New(Options{FS: vfs.Default, Runtime: NewGoroutines(), Faults: faults})
}

// FS is the file system.
func (e *Env) FS() FS { return e.fs }

// Quiet reports whether stores must run without background work.
func (e *Env) Quiet() bool { return e.quiet }

// Mutated reports whether a planted mistake is switched on.
func (e *Env) Mutated(m point.Mutation) bool { return e.mutations&(1<<m) != 0 }

// Now is the current time.
func (e *Env) Now() time.Time { return e.rt.Now() }

// Go starts an actor with a name that appears in traces.
func (e *Env) Go(name string, fn func()) { e.rt.Go(name, fn) }

// Point lets the scheduler switch actors and then asks the plan for a fault.
// It returns the error that the caller must treat as its own failure.
func (e *Env) Point(ctx context.Context, p point.Point, subject string, n int64) error {
	e.rt.Yield(p.String())
	if e.faults == nil || !e.faults.Armed() {
		return nil
	}
	return e.faults.Hit(ctx, p, subject, n)
}

// Sleep waits for d, or until ctx ends and then returns its cause.
func (e *Env) Sleep(ctx context.Context, d time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	parker := e.rt.NewParker("sleep")
	if e.names != nil {
		explain(parker, sleepWait{until: e.rt.Now().Add(d)})
	}
	stop := e.rt.After(d, parker.Unpark)
	defer stop()
	return parker.Park(ctx)
}

// ErrTimeout is the cause of a context whose time ran out.
var ErrTimeout = errors.New("time limit reached")

// WithTimeout is context.WithTimeout on the Env's clock. The context's cause
// on expiry wraps [ErrTimeout] and names what took too long.
func (e *Env) WithTimeout(ctx context.Context, d time.Duration, what string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := e.rt.After(d, func() { cancel(fmt.Errorf("%s: %w after %v", what, ErrTimeout, d)) })
	return ctx, func() { stop(); cancel(context.Canceled) }
}

// After calls fn once when d has passed, unless stop is called before; fn must
// not block.
func (e *Env) After(d time.Duration, fn func()) (stop func()) { return e.rt.After(d, fn) }

// Rand is a random stream of its own for each name, derived from the run's
// seed, so that one more draw in one place does not shift all others.
func (e *Env) Rand(stream string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(stream))
	return rand.New(rand.NewPCG(e.rt.Seed(), h.Sum64()))
}
