package sched_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/sim/sched"
)

func simulated(o sched.Options) (*sched.Scheduler, *env.Env) {
	s := sched.New(o)
	return s, env.New(env.Options{FS: vfs.NewMem(), Runtime: s})
}

// TestDeadlockNamesHolders: two locks taken in two orders.
func TestDeadlockNamesHolders(t *testing.T) {
	s, e := simulated(sched.Options{Strategy: &sched.RoundRobin{}})
	defer s.Close()
	left, right := e.NewMutex().Named("left"), e.NewMutex()
	both := func(first, second *env.Mutex) func() {
		return func() {
			_ = e.Sleep(context.Background(), 3*time.Second)
			first.Lock()
			s.Yield("locked/one")
			second.Lock()
		}
	}
	e.Go("up", both(left, right))
	e.Go("down", both(right, left))
	e.Go("behind", func() {
		_ = e.Sleep(context.Background(), 5*time.Second)
		left.Lock()
	})
	err := s.Run()
	var deadlock *sched.DeadlockError
	if !errors.As(err, &deadlock) {
		t.Fatal(err)
	}
	want := `deadlock: every actor waits and no timer is set
  up at wait/mutex since step 6 (+3s): waits for mutex made at sched/dump_test.go:LINE, held by down
  down at wait/mutex since step 7 (+3s): waits for mutex "left", held by up
  behind at wait/mutex since step 8 (+5s): waits for mutex "left", held by up
locks in a circle: up -> down -> up`
	got := err.Error()
	if _, rest, ok := strings.Cut(got, "dump_test.go:"); ok {
		line, _, _ := strings.Cut(rest, ",")
		got = strings.Replace(got, "dump_test.go:"+line, "dump_test.go:LINE", 1)
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if last := deadlock.Last[len(deadlock.Last)-1]; last.Actor != "behind" || last.Point != "wait/sleep" || last.Elapsed != 5*time.Second {
		t.Errorf("the last step is %v", last)
	}
}

// TestDumpSaysWhatIsWaitedFor: every way of waiting that the seam has.
func TestDumpSaysWhatIsWaitedFor(t *testing.T) {
	s, e := simulated(sched.Options{})
	defer s.Close()
	ctx := context.Background()
	full := env.NewQueue[int](e, 1)
	full.TryPut(1)
	e.Go("putter", func() { _ = full.Put(ctx, 2) })
	e.Go("getter", func() { _, _ = env.NewQueue[int](e, 3).Named("deltas").Get(ctx) })
	e.Go("condition", func() { _ = e.NewCond().Named("published").WaitUntil(ctx, func() bool { return false }) })
	e.Go("group", func() {
		g, _ := e.NewGroup(ctx, 5)
		g.Go("member", func(ctx context.Context) error { return e.NewCond().WaitUntil(ctx, func() bool { return false }) })
		_ = g.Wait()
	})
	e.Go("parker", func() { _ = s.NewParker("bare").Park(ctx) })
	var deadlock *sched.DeadlockError
	if err := s.Run(); !errors.As(err, &deadlock) {
		t.Fatal(err)
	}
	waits := map[string]string{}
	for _, w := range deadlock.Waiting {
		waits[w.Actor] = w.For
	}
	for actor, want := range map[string]string{
		"putter": "queue made at sched/dump_test.go:", "getter": `queue "deltas" with 0 of 3 items`, "condition": `condition "published"`,
		"group": "group made at sched/dump_test.go:", "member": "condition made at sched/dump_test.go:", "parker": "bare",
	} {
		if !strings.HasPrefix(waits[actor], want) {
			t.Errorf("%s waits for %q, want %q", actor, waits[actor], want)
		}
	}
	if want := " with 1 of 1 items"; !strings.HasSuffix(waits["putter"], want) {
		t.Errorf("putter waits for %q, want %q at the end", waits["putter"], want)
	}
	if want := " with 1 actors running, at most 5"; !strings.HasSuffix(waits["group"], want) {
		t.Errorf("group waits for %q, want %q at the end", waits["group"], want)
	}
	if len(deadlock.Cycle) > 0 {
		t.Errorf("there are no locks, but a circle of them: %v", deadlock.Cycle)
	}
}

// TestLivelock: too many steps, and too many without the clock.
func TestLivelock(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       sched.Options
		reason  string
		steps   int
		elapsed time.Duration
	}{
		{"all steps", sched.Options{MaxSteps: 1000}, "the run has not ended after 1000 steps", 1000, 10 * time.Second},
		{"idle steps", sched.Options{MaxIdleSteps: 200}, "the clock has not moved for 200 steps", 400, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, e := simulated(c.o)
			defer s.Close()
			e.Go("sleeper", func() {
				_ = e.Sleep(context.Background(), 10*time.Second)
				_ = e.Sleep(context.Background(), time.Minute)
			})
			e.Go("spinner", func() {
				for range 100 {
					s.Yield("calm")
				}
				_ = e.Sleep(context.Background(), 10*time.Second)
				for {
					s.Yield("spin")
				}
			})
			var livelock *sched.LivelockError
			err := s.Run()
			if !errors.As(err, &livelock) || livelock.Reason != c.reason || livelock.Steps > c.steps || len(livelock.Last) != 30 {
				t.Fatalf("%v", err)
			}
			if last := livelock.Last[29]; last.Number != livelock.Steps || last.Actor != "spinner" || last.Point != "spin" || last.Elapsed != c.elapsed {
				t.Errorf("the last step is %v", last)
			}
			for _, line := range []string{
				"sleeper at wait/sleep since step ", "(+10s): waits for the time 2026-01-01T00:01:10Z", "spinner at spin since step ", ": ready",
			} {
				if !strings.Contains(err.Error(), line) {
					t.Errorf("the dump lacks %q:\n%v", line, err)
				}
			}
		})
	}
}

// TestPanicEndsTheRun: with the actor, the point and the stack, wherever it
// comes from.
func TestPanicEndsTheRun(t *testing.T) {
	cause := errors.New("row 7")
	for _, c := range []struct {
		name  string
		o     sched.Options
		actor func(s *sched.Scheduler, e *env.Env)
		want  []string
	}{
		{name: "actor", actor: func(*sched.Scheduler, *env.Env) { panic(cause) }, want: []string{"bad panicked after before/it: row 7", "dump_test.go"}},
		{name: "timer", actor: func(_ *sched.Scheduler, e *env.Env) {
			e.After(time.Second, func() { panic(cause) })
			_ = e.Sleep(context.Background(), time.Minute)
		}, want: []string{"the scheduler panicked after a timer, hook or strategy: row 7", "dump_test.go"}},
		{name: "hook", o: sched.Options{Observe: func(_, point string) {
			if point == "after/it" {
				panic(cause)
			}
		}}, actor: func(s *sched.Scheduler, _ *env.Env) { s.Yield("after/it") }, want: []string{"the scheduler panicked"}},
		{name: "wait in a timer", actor: func(s *sched.Scheduler, e *env.Env) {
			e.After(time.Second, func() { _ = s.NewParker("x").Park(context.Background()) })
			_ = e.Sleep(context.Background(), time.Minute)
		}, want: []string{"only an actor may wait"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, e := simulated(c.o)
			defer s.Close()
			e.Go("other", func() { _ = e.Sleep(context.Background(), time.Hour) })
			e.Go("bad", func() {
				s.Yield("before/it")
				c.actor(s, e)
			})
			err := s.Run()
			var panicked *sched.PanicError
			if !errors.As(err, &panicked) || len(panicked.Stack) == 0 {
				t.Fatal(err)
			}
			if c.name != "wait in a timer" && !errors.Is(err, cause) {
				t.Errorf("the cause is lost: %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

// TestGoexitHandsTheTokenOn: a fatal error of a store ends an actor from below,
// and nobody else.
func TestGoexitHandsTheTokenOn(t *testing.T) {
	s, e := simulated(sched.Options{})
	defer s.Close()
	lock := e.NewMutex()
	var order []string
	for i := range 3 {
		e.Go(fmt.Sprint("fatal-", i), func() {
			defer func() { order = append(order, "unwound") }()
			lock.Lock()
			defer lock.Unlock() // Waits of deferred calls work too.
			defer s.Yield("unwinding")
			runtime.Goexit()
		})
	}
	e.Go("survivor", func() {
		_ = e.Sleep(context.Background(), time.Second)
		order = append(order, "survived")
	})
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"unwound", "unwound", "unwound", "survived"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

// TestStopAndAfterStep: what ends a run from inside is what Run returns.
func TestStopAndAfterStep(t *testing.T) {
	broken := errors.New("two generations in one answer")
	value, checks := 0, 0
	s, e := simulated(sched.Options{AfterStep: func() error {
		if checks++; value == 3 {
			return broken
		}
		return nil
	}})
	e.Go("counts", func() {
		for {
			value++
			s.Yield("counted")
		}
	})
	if err := s.Run(); !errors.Is(err, broken) || value != 3 || checks != 3 || s.Steps() != 3 {
		t.Errorf("error %v, value %d after %d checks and %d steps", err, value, checks, s.Steps())
	}
	s.Close()
	s, e = simulated(sched.Options{})
	defer s.Close()
	e.Go("stops", func() {
		s.Stop(broken)
		s.Yield("after the stop")
		t.Error("the run goes on")
	})
	if err := s.Run(); !errors.Is(err, broken) {
		t.Error(err)
	}
}
