package env

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// Group runs actors of which the first failure cancels the others.
type Group struct {
	env     *Env
	ctx     context.Context
	cancel  context.CancelCauseFunc
	changed *Cond
	limit   int
	mu      struct {
		sync.Mutex
		running int
		err     error
	}
}

// NewGroup makes a group of at most limit actors at a time; the returned
// context ends with the first failure as its cause.
func (e *Env) NewGroup(ctx context.Context, limit int) (*Group, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &Group{env: e, ctx: ctx, cancel: cancel, changed: e.NewCond(), limit: max(1, limit)}
	g.changed.kind, g.changed.made, g.changed.what = "group", e.origin(), groupWait{g}
	return g, ctx
}

// ErrActorEnded is the failure of an actor whose function neither returned nor
// panicked: something under it called runtime.Goexit, as a store's fatal error
// does.
var ErrActorEnded = errors.New("the actor was ended from below")

// Go waits for a free place and runs fn in an actor. A panic in fn becomes the
// group's error, with its stack, and so does an end by runtime.Goexit. After a
// failure nothing more is started.
func (g *Group) Go(name string, fn func(ctx context.Context) error) {
	_ = g.changed.WaitUntil(context.Background(), func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.mu.running >= g.limit {
			return false
		}
		g.mu.running++
		return true
	})
	g.env.Go(name, func() {
		err := fmt.Errorf("%s: %w", name, ErrActorEnded)
		defer func() { g.ended(err) }()
		if cause := context.Cause(g.ctx); cause != nil {
			err = cause
			return
		}
		err = runRecovered(g.ctx, name, fn)
	})
}

func (g *Group) ended(err error) {
	g.mu.Lock()
	g.mu.running--
	if err != nil && g.mu.err == nil {
		g.mu.err = err
		g.cancel(err)
	}
	g.mu.Unlock()
	g.changed.Broadcast()
}

func runRecovered(ctx context.Context, name string, fn func(ctx context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: panic: %v\n%s", name, r, debug.Stack())
		}
	}()
	return fn(ctx)
}

// Wait returns when every actor has ended, with the first failure.
func (g *Group) Wait() error {
	_ = g.changed.WaitUntil(context.Background(), func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.mu.running == 0
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancel(context.Canceled)
	return g.mu.err
}
