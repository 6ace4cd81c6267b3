package sched_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"reconsim/recon/env"
	"reconsim/sim/sched"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestTutorial shows the package from a program to a reproduced failure (D6).
func TestTutorial(t *testing.T) {
	// A program is some actors on an env. Two of them count, and neither locks.
	counter := 0
	program := func(s *sched.Scheduler) {
		e := env.New(env.Options{FS: vfs.NewMem(), Runtime: s})
		counter = 0
		for range 2 {
			e.Go("adder", func() {
				_ = e.Sleep(context.Background(), time.Hour) // On virtual time: no time at all.
				seen := counter
				// Here, and only here and in waits, somebody else may run.
				s.Yield("add/between")
				counter = seen + 1
			})
		}
	}

	// A run is one order of their steps, drawn from the seed. Some order loses
	// an update. The seed alone says which order it is.
	var failing uint64
	for seed := uint64(1); ; seed++ {
		s := sched.New(sched.Options{Seed: seed})
		program(s)
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		if counter != 2 {
			failing = seed
			t.Logf("seed %d: the counter is %d after %d steps and %v", seed, counter, s.Steps(), s.Now().Sub(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
			break
		}
	}

	// What was decided can be written down ...
	s := sched.New(sched.Options{Seed: failing})
	program(s)
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	choices, trace := s.Choices().String(), s.TraceHash()
	t.Logf("choices: %s", choices)

	// ... and followed again, without the seed.
	replay, err := sched.ParseStrategy("replay: " + choices)
	if err != nil {
		t.Fatal(err)
	}
	s = sched.New(sched.Options{Strategy: replay})
	program(s)
	if err := s.Run(); err != nil || counter != 1 || s.TraceHash() != trace {
		t.Errorf("the replay ends with %v, counter %d, trace %x; the run had counter 1, trace %x", err, counter, s.TraceHash(), trace)
	}

	// A search can also make every order there is.
	lost := 0
	search := sched.NewExhaustive(2)
	for search.Next() {
		s := sched.New(sched.Options{Strategy: search})
		program(s)
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		if counter != 2 {
			lost++
		}
	}
	t.Logf("%d of all %d executions with at most 2 preemptions lose an update", lost, search.Executions())
	if lost == 0 || !search.Complete() {
		t.Errorf("%d lost, complete %v", lost, search.Complete())
	}

	// A run that cannot end says why, and Close ends what it leaves over.
	s = sched.New(sched.Options{})
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: s})
	e.Go("waits", func() { _, _ = env.NewQueue[int](e, 4).Named("letters").Get(context.Background()) })
	var deadlock *sched.DeadlockError
	if err := s.Run(); !errors.As(err, &deadlock) {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(deadlock.Waiting), `[waits at wait/queue since step 1 (+0s): waits for queue "letters" with 0 of 4 items]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if left := s.Close(); left != 0 {
		t.Errorf("%d actors could not be ended", left)
	}
}
