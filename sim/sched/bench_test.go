package sched

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// benchmarkSteps runs actors until b.N steps are made.
func benchmarkSteps(b *testing.B, o Options, actors func(s *Scheduler, left func() bool)) {
	b.Helper()
	b.ReportAllocs()
	o.MaxSteps = b.N + 1000
	s := New(o)
	defer s.Close()
	actors(s, func() bool { return s.Steps() < b.N })
	b.ResetTimer()
	if err := s.Run(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSwitch: all actors are ready at every step.
func BenchmarkSwitch(b *testing.B) {
	for _, n := range []int{2, 20, 200} {
		for _, strategy := range []Strategy{Random{}, &RoundRobin{}, NewPCT(3, 0)} {
			b.Run(fmt.Sprintf("actors=%d/%s", n, strategy), func(b *testing.B) {
				benchmarkSteps(b, Options{Seed: 1, Strategy: strategy}, func(s *Scheduler, left func() bool) {
					for range n {
						s.Go("actor", func() {
							for left() {
								s.Yield("point")
							}
						})
					}
				})
			})
		}
	}
}

// BenchmarkMostWait: 2 actors are ready, the others wait under contexts of
// their own, as in a world.
func BenchmarkMostWait(b *testing.B) {
	for _, n := range []int{20, 200} {
		b.Run(fmt.Sprintf("actors=%d", n), func(b *testing.B) {
			benchmarkSteps(b, Options{Seed: 1}, func(s *Scheduler, left func() bool) {
				ctx, cancel := context.WithCancel(context.Background())
				b.Cleanup(cancel)
				for range n - 2 {
					s.Go("waits", func() {
						own, stop := context.WithCancel(ctx)
						defer stop()
						_ = s.NewParker("wait").Park(own)
					})
				}
				for range 2 {
					s.Go("actor", func() {
						defer cancel()
						for left() {
							s.Yield("point")
						}
					})
				}
			})
		})
	}
}

// BenchmarkParker: two actors wake one another; a step is one wait.
func BenchmarkParker(b *testing.B) {
	benchmarkSteps(b, Options{Seed: 1}, func(s *Scheduler, left func() bool) {
		parkers := [2]interface {
			Park(context.Context) error
			Unpark()
		}{s.NewParker("one"), s.NewParker("two")}
		for i := range parkers {
			s.Go("actor", func() {
				for left() {
					parkers[1-i].Unpark()
					_ = parkers[i].Park(context.Background())
				}
				parkers[1-i].Unpark()
			})
		}
	})
}

// BenchmarkTimer: 20 actors sleep; a step is one timer set, reached and fired.
func BenchmarkTimer(b *testing.B) {
	benchmarkSteps(b, Options{Seed: 1}, func(s *Scheduler, left func() bool) {
		for i := range 20 {
			s.Go("actor", func() {
				p := s.NewParker("sleep")
				for left() {
					s.After(time.Duration(i+1)*time.Millisecond, p.Unpark)
					_ = p.Park(context.Background())
				}
			})
		}
	})
}

// BenchmarkRun: a whole run of 20 actors that make 10 steps each.
func BenchmarkRun(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := New(Options{Seed: 1})
		for range 20 {
			s.Go("actor", func() {
				for range 10 {
					s.Yield("point")
				}
			})
		}
		if err := s.Run(); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkClose: a run of 20 actors that all are left over.
func BenchmarkClose(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := New(Options{Seed: 1})
		for range 20 {
			s.Go("actor", func() { _ = s.NewParker("never").Park(context.Background()) })
		}
		if err := s.Run(); err == nil {
			b.Fatal("no deadlock")
		}
		s.Close()
	}
}
