package sched_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"reconsim/recon/env"
	"reconsim/sim/sched"
)

// busy is a program with every kind of wait, timeouts among them.
func busy(s *sched.Scheduler, e *env.Env) {
	ctx := context.Background()
	q := env.NewQueue[int](e, 2)
	lock := e.NewMutex()
	for i := range 3 {
		e.Go("putter", func() {
			for n := range 5 {
				lock.Lock()
				s.Yield("put/locked")
				lock.Unlock()
				_ = e.Sleep(ctx, time.Duration(e.Rand("think").IntN(5)+i)*time.Millisecond)
				_ = q.Put(ctx, n)
			}
		})
	}
	e.Go("getters", func() {
		g, _ := e.NewGroup(ctx, 2)
		for i := range 4 {
			g.Go(fmt.Sprint("getter-", i), func(ctx context.Context) error {
				for {
					ctx, stop := e.WithTimeout(ctx, 8*time.Millisecond, "get")
					item, err := q.Get(ctx)
					stop()
					if err != nil {
						return nil // Nobody puts any more.
					}
					s.Trace("got", fmt.Sprint(item))
				}
			})
		}
		_ = g.Wait()
	})
}

// tellBusy writes the whole trace of many runs.
func tellBusy(out *strings.Builder) error {
	for seed := range uint64(50) {
		for _, strategy := range []sched.Strategy{sched.Random{}, sched.NewPCT(4, 100), &sched.RoundRobin{}} {
			s, e := simulated(sched.Options{Seed: seed, Strategy: strategy, Observe: func(actor, point string) { fmt.Fprintln(out, actor, point) }})
			busy(s, e)
			if err := s.Run(); err != nil {
				return err
			}
			fmt.Fprintf(out, "%v: %d steps, %v, trace %x, choices %v\n", strategy, s.Steps(), s.Now(), s.TraceHash(), s.Choices())
		}
	}
	return nil
}

// childFile names the file that the child of TestTwoProcesses writes.
const childFile = "RECONSIM_SCHED_FILE"

// TestTwoProcesses: D6, seed and program are all that a trace depends on.
func TestTwoProcesses(t *testing.T) {
	if path := os.Getenv(childFile); path != "" {
		var out strings.Builder
		if err := tellBusy(&out); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	var told [2][]byte
	for i := range told {
		path := t.TempDir() + "/trace"
		cmd := exec.Command(os.Args[0], "-test.run=^TestTwoProcesses$")
		cmd.Env = append(os.Environ(), childFile+"="+path, fmt.Sprintf("GOMAXPROCS=%d", i+1))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("child: %v\n%s", err, out)
		}
		var err error
		if told[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if string(told[0]) != string(told[1]) {
		a, b := strings.Split(string(told[0]), "\n"), strings.Split(string(told[1]), "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d: %q and %q", i+1, a[i], b[i])
			}
		}
		t.Fatalf("%d and %d lines", len(a), len(b))
	}
	if lines := strings.Count(string(told[0]), "\n"); lines < 10_000 {
		t.Errorf("%d lines are too few to prove anything", lines)
	}
}

// TestAddedPointReshufflesNothing: D6, one more point of one actor leaves the
// order of the others among each other as it was, and so does one more actor.
func TestAddedPointReshufflesNothing(t *testing.T) {
	order := func(seed uint64, added, actor bool) (others, all []string) {
		s := sched.New(sched.Options{Seed: seed, Observe: func(actor, point string) {
			step := actor + " " + point
			if all = append(all, step); actor == "a" || actor == "b" {
				others = append(others, step)
			}
		}})
		for _, name := range []string{"a", "b", "c"} {
			s.Go(name, func() {
				for range 10 {
					s.Yield("one")
					if added && name == "c" {
						s.Yield("new")
					}
					s.Yield("two")
				}
			})
		}
		if actor {
			s.Go("d", func() { s.Yield("one") })
		}
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		return others, all
	}
	orders := map[string]bool{}
	for seed := range uint64(100) {
		old, whole := order(seed, false, false)
		for _, change := range [][2]bool{{true, false}, {false, true}} {
			now, other := order(seed, change[0], change[1])
			if !slices.Equal(old, now) {
				t.Fatalf("seed %d: the order was\n%v\nand is\n%v", seed, old, now)
			}
			if slices.Equal(whole, other) {
				t.Fatal("the program was not changed")
			}
		}
		orders[fmt.Sprint(old)] = true
	}
	if len(orders) < 80 {
		t.Errorf("100 seeds give only %d orders", len(orders))
	}
}

// TestReplayEqualsTheRun: the choices are all of a run's order, whoever decided.
func TestReplayEqualsTheRun(t *testing.T) {
	for seed := range uint64(100) {
		strategies := []sched.Strategy{sched.Random{}, sched.NewPCT(3, 100), &sched.RoundRobin{}, sched.NewExhaustive(1)}
		s, e := simulated(sched.Options{Seed: seed, Strategy: strategies[seed%4]})
		busy(s, e)
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		choices, err := sched.ParseChoices(s.Choices().String())
		if err != nil {
			t.Fatal(err)
		}
		again, e := simulated(sched.Options{Seed: seed, Strategy: sched.Replay(choices, nil)})
		busy(again, e)
		if err := again.Run(); err != nil || again.TraceHash() != s.TraceHash() || again.Choices().String() != s.Choices().String() {
			t.Fatalf("seed %d: %v; traces %x and %x", seed, err, s.TraceHash(), again.TraceHash())
		}
	}
}
