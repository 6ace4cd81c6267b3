package sched_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/sim/sched"
)

// accounts is a program in which two clerks book on one account. It reports
// whether a booking was lost.
func accounts(t *testing.T, o sched.Options, locked bool) (lost bool, s *sched.Scheduler) {
	t.Helper()
	s = sched.New(o)
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: s})
	lock := e.NewMutex().Named("account")
	balance := 0
	for i := range 2 {
		s.Go(fmt.Sprintf("clerk-%d", i), func() {
			for range 2 {
				if locked {
					lock.Lock()
				}
				seen := balance
				s.Yield("book/between")
				balance = seen + 1
				if locked {
					lock.Unlock()
				}
				s.Yield("book/after")
			}
		})
	}
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	return balance != 4, s
}

// TestLostUpdateIsFound: D6, every strategy that switches finds the race, and
// those that cannot switch in the middle do not.
func TestLostUpdateIsFound(t *testing.T) {
	for _, c := range []struct {
		strategy        string
		atLeast, atMost int // of 300 seeds
	}{
		{"random", 60, 300},
		{"pct 1", 0, 0},          // Depth 1 has no change: the clerks run one after the other.
		{"pct 2 of 10", 15, 300}, // At least 1/(n·k) of the runs: 300/(2·10).
		{"pct 3 of 10", 15, 300},
		{"round-robin", 300, 300},
		{"exhaustive 0", 0, 0}, // The first execution has no preemption.
	} {
		t.Run(c.strategy, func(t *testing.T) {
			found := 0
			for seed := range uint64(300) {
				strategy, err := sched.ParseStrategy(c.strategy)
				if err != nil {
					t.Fatal(err)
				}
				if lost, _ := accounts(t, sched.Options{Seed: seed, Strategy: strategy}, false); lost {
					found++
				}
				if lost, _ := accounts(t, sched.Options{Seed: seed, Strategy: strategy}, true); lost {
					t.Fatalf("seed %d: a booking is lost under the lock", seed)
				}
			}
			if found < c.atLeast || found > c.atMost {
				t.Errorf("found by %d of 300 seeds, want %d to %d", found, c.atLeast, c.atMost)
			}
		})
	}
}

// TestExhaustiveProves: the whole space of the wrong program holds failures,
// that of the right one none.
func TestExhaustiveProves(t *testing.T) {
	for _, c := range []struct {
		bound  int
		locked bool
		fails  bool
	}{{0, false, false}, {1, false, true}, {2, false, true}, {0, true, false}, {3, true, false}, {100, true, false}} {
		x := sched.NewExhaustive(c.bound)
		lost := 0
		for x.Next() {
			if bad, _ := accounts(t, sched.Options{Strategy: x}, c.locked); bad {
				lost++
			}
		}
		t.Logf("bound %d, locked %v: %d of %d lose", c.bound, c.locked, lost, x.Executions())
		if (lost > 0) != c.fails || !x.Complete() || x.Next() {
			t.Errorf("bound %d, locked %v: %d of %d executions lose, complete %v", c.bound, c.locked, lost, x.Executions(), x.Complete())
		}
	}
}

// TestExhaustiveCounts: the space has exactly as many executions as
// combinatorics says, and no two are the same.
func TestExhaustiveCounts(t *testing.T) {
	for _, c := range []struct {
		actors, yields, bound, want int
	}{
		{2, 0, 9, 2},
		{2, 1, 9, 6},    // C(4,2)
		{2, 2, 9, 20},   // C(6,3)
		{3, 1, 9, 90},   // 6!/(2!·2!·2!)
		{3, 2, 9, 1680}, // 9!/(3!·3!·3!)
		{3, 2, 0, 6},    // 3! orders of whole actors
		{2, 1, 1, 4},    // whole actors, or one cut into two: of AABB and its mirror also ABBA
		{1, 5, 9, 1},
	} {
		x := sched.NewExhaustive(c.bound)
		seen := map[uint64]bool{}
		for x.Next() {
			s := sched.New(sched.Options{Strategy: x})
			for i := range c.actors {
				s.Go(fmt.Sprint("actor-", i), func() {
					for range c.yields {
						s.Yield("point")
					}
				})
			}
			if err := s.Run(); err != nil {
				t.Fatal(err)
			}
			if seen[s.TraceHash()] {
				t.Fatalf("%+v: execution %d was made before", c, x.Executions())
			}
			seen[s.TraceHash()] = true
		}
		if len(seen) != c.want || x.Executions() != c.want {
			t.Errorf("%+v: %d executions, %d of them different", c, x.Executions(), len(seen))
		}
	}
}
