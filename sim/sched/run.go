package sched

import (
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"time"
)

// Run lets actors run until all have ended, and then returns nil. Otherwise it
// returns why the run ended before: a *[DeadlockError], *[LivelockError],
// *[PanicError] or *[DivergedError], the cause given to Stop, or the error of
// AfterStep. Then actors are left over, which [Scheduler.Close] ends.
func (s *Scheduler) Run() error {
	if s.steps == 0 {
		s.strategy.Begin(s.o.Seed)
	}
	s.chosen = s.dispatch()
	for s.chosen != nil {
		a := s.chosen
		s.chosen = nil
		s.current.Store(a)
		a.resume()
		if a.ended {
			s.current.Store(nil)
			s.buried(a)
			s.chosen = s.dispatch()
		}
	}
	return s.stopped
}

// buried takes an ended actor out of the run.
func (s *Scheduler) buried(a *actor) {
	s.makeUnready(a)
	s.live--
	if a.goexit {
		s.reaped.Go(a.end)
	}
}

// dispatch picks who goes on. It returns nil when the run is over, with the
// reason in stopped.
func (s *Scheduler) dispatch() (next *actor) {
	s.current.Store(nil)
	defer func() {
		if r := recover(); r != nil {
			s.Stop(&PanicError{Actor: "the scheduler", Point: "a timer, hook or strategy", Value: r, Stack: string(debug.Stack())})
			next = nil
		}
	}()
	if s.o.AfterStep != nil && s.steps > 0 {
		if err := s.o.AfterStep(); err != nil {
			s.Stop(err)
		}
	}
	if s.stopping {
		return nil
	}
	s.admit()
	for len(s.moment.Ready) == 0 {
		if s.live == 0 {
			if err := s.strategy.End(); err != nil {
				s.Stop(err)
			}
			return nil
		}
		if !s.jump() {
			s.Stop(s.deadlock())
			return nil
		}
		s.admit()
	}
	if stuck := s.stuck(); stuck != "" {
		s.Stop(s.livelock(stuck))
		return nil
	}
	return s.pick()
}

func (s *Scheduler) stuck() string {
	switch {
	case s.steps >= s.o.MaxSteps:
		return fmt.Sprintf("the run has not ended after %d steps", s.steps)
	case s.o.MaxIdleSteps > 0 && s.idle >= s.o.MaxIdleSteps:
		return fmt.Sprintf("the clock has not moved for %d steps", s.idle)
	}
	return ""
}

// pick asks the strategy, and writes down what it said.
func (s *Scheduler) pick() *actor {
	m := &s.moment
	m.Step, m.Last = s.steps, -1
	if s.last != nil && s.last.ready {
		m.Last = m.position(s.last.Index)
	}
	i, err := s.strategy.Pick(m)
	if err == nil && (i < 0 || i >= len(m.Ready)) {
		err = fmt.Errorf("strategy %s picked actor %d of %d ready ones", s.strategy, i, len(m.Ready))
	}
	if err != nil {
		s.Stop(err)
		return nil
	}
	a := m.Ready[i].owner
	if len(m.Ready) > 1 && len(s.picks) < MaxChoices {
		s.picks = append(s.picks, int32(a.Index))
	}
	s.steps++
	s.idle++
	s.last = a
	s.tail.add(s.steps, a.Name, a.Point, time.Duration(s.elapsedNanos.Load()))
	s.traceWord(a.word)
	if s.o.Observe != nil {
		s.o.Observe(a.Name, a.Point)
	}
	return a
}

func (s *Scheduler) traceWord(word uint64) {
	binary.LittleEndian.PutUint64(s.word[:], word)
	_, _ = s.trace.Write(s.word[:])
}

// jump moves the clock to the next timer and fires all that are due then; it
// reports false if there is none.
func (s *Scheduler) jump() bool {
	next := s.timers.first()
	if next == nil {
		return false
	}
	if at := int64(next.at); at > s.elapsedNanos.Load() {
		s.elapsedNanos.Store(at)
		s.traceWord(uint64(at))
		s.idle = 0
	}
	for now := time.Duration(s.elapsedNanos.Load()); next != nil && next.at <= now; next = s.timers.first() {
		s.timers.remove(next)
		next.fn()
	}
	return true
}
