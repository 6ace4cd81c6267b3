package sched_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reconsim/sim/sched"
)

// TestTimersFireInOrder: against a plain sorted list, with stops and timers
// that set timers.
func TestTimersFireInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sched.New(sched.Options{})
		start := s.Now()
		type due struct {
			at time.Duration
			id int
		}
		var want, got []due
		id := 0
		var stops []func()
		set := func(d time.Duration) {
			me := due{s.Now().Sub(start) + max(d, 0), id}
			id++
			want = append(want, me)
			stops = append(stops, s.After(d, func() {
				got = append(got, me)
				if s.Now().Sub(start) != me.at {
					t.Fatalf("timer %v fires at %v", me, s.Now().Sub(start))
				}
			}))
		}
		durations := rapid.SliceOf(rapid.IntRange(-2, 20)).Draw(t, "durations")
		stopped := rapid.SliceOf(rapid.IntRange(0, 30)).Draw(t, "stopped")
		later := rapid.IntRange(0, 25).Draw(t, "later")
		s.Go("sets", func() {
			for _, d := range durations {
				set(time.Duration(d))
			}
			for _, i := range stopped {
				if i < len(stops) {
					stops[i]()
					stops[i]() // Twice is once.
					want = slices.DeleteFunc(want, func(d due) bool { return d.id == i })
				}
			}
			s.After(time.Duration(later), func() { set(time.Duration(later)) })
			p := s.NewParker("end")
			s.After(time.Hour, p.Unpark)
			_ = p.Park(context.Background())
			for _, stop := range stops {
				stop() // After it has fired, nothing.
			}
		})
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(want, func(a, b due) int { return int(a.at - b.at) })
		if !slices.Equal(got, want) {
			t.Fatalf("fired %v, want %v", got, want)
		}
	})
}

// TestTimersOfOneTime: all that is due at one time may race with each other.
func TestTimersOfOneTime(t *testing.T) {
	orders := map[string]bool{}
	for seed := range uint64(50) {
		s, e := simulated(sched.Options{Seed: seed})
		var order []string
		for _, name := range []string{"a", "b", "c"} {
			e.Go(name, func() {
				_ = e.Sleep(context.Background(), time.Second)
				order = append(order, name)
			})
		}
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		orders[fmt.Sprint(order)] = true
	}
	if len(orders) != 6 {
		t.Errorf("%d of 6 orders: %v", len(orders), orders)
	}
}

// TestParkEnds: by a wake-up of anybody, kept if it comes before, and by every
// kind of context, at the very next step.
func TestParkEnds(t *testing.T) {
	cause := errors.New("enough")
	background := context.Background()
	type key struct{}
	for name, c := range map[string]struct {
		wait func(s *sched.Scheduler, p interface{ Park(context.Context) error }, unpark func()) error
		want error
	}{
		"woken before": {func(_ *sched.Scheduler, p interface{ Park(context.Context) error }, unpark func()) error {
			unpark()
			unpark()
			return p.Park(background)
		}, nil},
		"woken by an actor": {func(s *sched.Scheduler, p interface{ Park(context.Context) error }, unpark func()) error {
			s.Go("wakes", unpark)
			return p.Park(background)
		}, nil},
		"woken from outside": {func(s *sched.Scheduler, p interface{ Park(context.Context) error }, unpark func()) error {
			woken := make(chan struct{})
			s.Go("asks", func() {
				go func() { defer close(woken); unpark() }()
				<-woken
			})
			return p.Park(background)
		}, nil},
		"woken and ended": {func(s *sched.Scheduler, p interface{ Park(context.Context) error }, unpark func()) error {
			ctx, cancel := context.WithCancelCause(background)
			s.Go("both", func() { cancel(cause); unpark() })
			return p.Park(ctx)
		}, nil},
		"ended before": {func(_ *sched.Scheduler, p interface{ Park(context.Context) error }, _ func()) error {
			ctx, cancel := context.WithCancelCause(background)
			cancel(cause)
			return p.Park(ctx)
		}, cause},
		"ended, two levels up": {func(s *sched.Scheduler, p interface{ Park(context.Context) error }, _ func()) error {
			ctx, cancel := context.WithCancelCause(background)
			inner, stop := context.WithCancel(context.WithValue(ctx, key{}, 1))
			defer stop()
			s.Go("ends", func() { cancel(cause) })
			return p.Park(context.WithValue(inner, key{}, 2))
		}, cause},
		"ended by a timer": {func(s *sched.Scheduler, p interface{ Park(context.Context) error }, _ func()) error {
			ctx, cancel := context.WithCancelCause(background)
			s.After(time.Minute, func() { cancel(cause) })
			return p.Park(ctx)
		}, cause},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				s := sched.New(sched.Options{Seed: seed})
				p := s.NewParker("p")
				got := errors.New("it did not end")
				s.Go("waits", func() { got = c.wait(s, p, p.Unpark) })
				if err := s.Run(); err != nil || !errors.Is(got, c.want) || (c.want == nil && got != nil) {
					t.Fatalf("run %v, wait %v, want %v", err, got, c.want)
				}
			}
		})
	}
}

// TestNobodyStarves: PCT lets others go on beside one that spins for them.
func TestNobodyStarves(t *testing.T) {
	for seed := range uint64(10) {
		s := sched.New(sched.Options{Seed: seed, Strategy: sched.NewPCT(1, 0), MaxSteps: 100_000})
		done := false
		s.Go("spins", func() {
			for !done {
				s.Yield("spin")
			}
		})
		s.Go("works", func() {
			s.Yield("work")
			done = true
		})
		if err := s.Run(); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
}

// TestNoAllocations: a step costs none, nor does a wait of a kept parker.
func TestNoAllocations(t *testing.T) {
	s := sched.New(sched.Options{})
	p := s.NewParker("p")
	perStep := -1.0
	s.Go("wakes", func() {
		for perStep < 0 {
			p.Unpark()
			s.Yield("wake")
		}
	})
	s.Go("waits", func() {
		perStep = testing.AllocsPerRun(2000, func() {
			_ = p.Park(context.Background())
			s.Yield("step")
		})
	})
	if err := s.Run(); err != nil {
		t.Fatal(err)
	}
	if perStep != 0 {
		t.Errorf("%v allocations", perStep)
	}
}
