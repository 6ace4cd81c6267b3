package sched_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"reconsim/recon/env"
	"reconsim/sim/sched"
)

// TestCloseEndsEverybody: whatever a run leaves over is gone after Close, with
// its deferred calls made, one actor at a time.
func TestCloseEndsEverybody(t *testing.T) {
	stop := errors.New("enough")
	before := runtime.NumGoroutine()
	for seed := range uint64(200) {
		s, e := simulated(sched.Options{Seed: seed, MaxSteps: 300})
		lock := e.NewMutex()
		ended, started := 0, 0
		e.Go("holder", func() {
			started++
			defer func() { ended++ }()
			lock.Lock()
			defer lock.Unlock()
			_ = s.NewParker("never").Park(context.Background())
		})
		for i := range 5 {
			e.Go(fmt.Sprint("lock-", i), func() {
				started++
				defer func() { ended++ }()
				// Deferred calls that wait are cut short, those that panic forgiven.
				defer func() { panic("broken state") }()
				defer func() { _ = e.Sleep(context.Background(), time.Hour) }()
				defer s.Yield("deferred")
				lock.Lock()
			})
		}
		e.Go("group", func() {
			started++
			defer func() { ended++ }()
			g, _ := e.NewGroup(context.Background(), 2)
			defer func() { _ = g.Wait() }()
			for i := range 5 {
				g.Go(fmt.Sprint("member-", i), func(ctx context.Context) error {
					started++
					defer func() { ended++ }()
					_, err := env.NewQueue[int](e, 1).Get(ctx)
					return err
				})
			}
		})
		e.Go("fatal", func() { runtime.Goexit() })
		if seed%2 == 0 {
			e.Go("spins", func() {
				for {
					s.Yield("spin")
				}
			})
		}
		if seed%3 == 0 {
			e.Go("stops", func() { s.Stop(stop) })
		}
		if err := s.Run(); err == nil {
			t.Fatal("the run has ended well")
		}
		hash := s.TraceHash()
		if left := s.Close(); left != 0 {
			t.Fatalf("%d actors are left", left)
		}
		if ended != started {
			t.Fatalf("seed %d: %d of %d deferred calls were made", seed, ended, started)
		}
		if s.TraceHash() != hash || s.Close() != 0 {
			t.Fatal("Close has changed the trace, or is not repeatable")
		}
	}
	// What Goexit has ended may need a moment.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
		runtime.Gosched()
	}
}

// TestCloseWithoutRun: actors that never ran never run.
func TestCloseWithoutRun(t *testing.T) {
	s, e := simulated(sched.Options{})
	e.Go("never", func() { t.Error("it ran") })
	if left := s.Close(); left != 0 {
		t.Errorf("%d left", left)
	}
}
