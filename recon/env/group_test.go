package env

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
)

// TestGroupLimit: never more at a time than the limit, and all of them run.
func TestGroupLimit(t *testing.T) {
	e := realEnv()
	g, _ := e.NewGroup(context.Background(), 3)
	var now, most, all atomic.Int64
	for i := range 50 {
		g.Go(fmt.Sprint(i), func(context.Context) error {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			runtime.Gosched()
			now.Add(-1)
			all.Add(1)
			return nil
		})
	}
	if err := g.Wait(); err != nil || most.Load() > 3 || all.Load() != 50 {
		t.Errorf("error %v, %d at once, %d in all", err, most.Load(), all.Load())
	}
}

// TestGroupFailures: the first failure of whatever kind ends the others, is
// what Wait returns, and nothing is started after it.
func TestGroupFailures(t *testing.T) {
	failure := errors.New("row 7 is bad")
	for _, c := range []struct {
		name string
		fn   func(context.Context) error
		is   error
		text string
	}{
		{name: "error", fn: func(context.Context) error { return failure }, is: failure},
		{name: "panic", fn: func(context.Context) error { panic("row 8") }, text: "bad: panic: row 8\ngoroutine"},
		{name: "goexit, as of a store's fatal error", fn: func(context.Context) error { runtime.Goexit(); return nil }, is: ErrActorEnded, text: "bad: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := realEnv()
			g, ctx := e.NewGroup(context.Background(), 2)
			other, waits := make(chan error, 1), make(chan struct{})
			g.Go("waits", func(ctx context.Context) error {
				close(waits)
				<-ctx.Done()
				other <- context.Cause(ctx)
				return context.Cause(ctx)
			})
			g.Go("bad", func(ctx context.Context) error {
				<-waits
				return c.fn(ctx)
			})
			started := false
			g.Go("late", func(context.Context) error { started = true; return nil })
			err := g.Wait()
			if c.is != nil && !errors.Is(err, c.is) || err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
			if cause := <-other; cause != err || context.Cause(ctx) != err {
				t.Errorf("the others end because of %v, the group's context of %v, want %v", cause, context.Cause(ctx), err)
			}
			if started {
				t.Error("an actor was started after the failure")
			}
		})
	}
}

// TestGroupEndsWithItsParent: a cancelled caller is the group's failure too.
func TestGroupEndsWithItsParent(t *testing.T) {
	e := realEnv()
	parent, cancel := context.WithCancelCause(context.Background())
	g, _ := e.NewGroup(parent, 2)
	g.Go("waits", func(ctx context.Context) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
	cancel(errStop)
	if err := g.Wait(); !errors.Is(err, errStop) {
		t.Errorf("got %v, want %v", err, errStop)
	}
	g, ctx := e.NewGroup(context.Background(), 1)
	if err := g.Wait(); err != nil || context.Cause(ctx) == nil {
		t.Errorf("an empty group: error %v, context ended %v", err, context.Cause(ctx))
	}
}

type recorder struct {
	armed bool
	hits  []string
}

func (r *recorder) Armed() bool { return r.armed }
func (r *recorder) Hit(_ context.Context, p point.Point, subject string, n int64) error {
	r.hits = append(r.hits, fmt.Sprintf("%s %s %d", p, subject, n))
	return errStop
}

// TestPoint: the plan is asked only if it is armed, and its error is handed on.
func TestPoint(t *testing.T) {
	r := &recorder{}
	e := New(Options{FS: vfs.NewMem(), Runtime: goroutines{}, Faults: r, Mutations: []point.Mutation{point.SkipFreeze}})
	if err := e.Point(context.Background(), point.Publish, "gen-1", 1); err != nil || len(r.hits) != 0 {
		t.Errorf("unarmed: %v, hits %v", err, r.hits)
	}
	r.armed = true
	if err := e.Point(context.Background(), point.Publish, "gen-1", 1); !errors.Is(err, errStop) || fmt.Sprint(r.hits) != "[commit/publish gen-1 1]" {
		t.Errorf("armed: %v, hits %v", err, r.hits)
	}
	if err := realEnv().Point(context.Background(), point.Publish, "gen-1", 1); err != nil {
		t.Errorf("without a plan: %v", err)
	}
	if !e.Mutated(point.SkipFreeze) || e.Mutated(point.PublishBeforeMove) || realEnv().Mutated(point.SkipFreeze) {
		t.Error("a mutation is on that was not asked for, or the other way round")
	}
}
