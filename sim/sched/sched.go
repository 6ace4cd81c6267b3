package sched

import (
	"context"
	"encoding/binary"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"reconsim/recon/env"
)

// Options of [New].
type Options struct {
	Seed uint64
	// Start is the virtual time at which the run begins.
	Start time.Time
	// MaxSteps bounds the run; 0 means ten million.
	MaxSteps int
	// Observe is told every step, if not nil: for a trace that is kept whole.
	Observe func(actor, point string)
}

// Scheduler runs actors one at a time. Its methods that make it a Runtime are
// called by the actor that runs, except After and Go, which the program may
// call before Run.
type Scheduler struct {
	o       Options
	back    chan struct{}
	current *actor
	actors  []*actor
	timers  []*timer
	now     time.Time
	steps   int
	made    map[string]int
	trace   *xxhash.Digest
	mu      sync.Mutex // guards woken of parkers, which libraries may wake
}

var _ env.Runtime = (*Scheduler)(nil)

type actor struct {
	name    string
	point   string
	ordinal uint64
	wake    chan struct{}
	waiting *parker
	ended   bool
}

type timer struct {
	at      time.Time
	order   int
	fn      func()
	stopped bool
}

// New makes a scheduler without actors.
func New(o Options) *Scheduler {
	if o.MaxSteps == 0 {
		o.MaxSteps = 10_000_000
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return &Scheduler{o: o, back: make(chan struct{}), now: o.Start, made: map[string]int{}, trace: xxhash.New()}
}

// Now is the virtual time.
func (s *Scheduler) Now() time.Time { return s.now }

// Seed is the run's seed.
func (s *Scheduler) Seed() uint64 { return s.o.Seed }

// Steps is how many times an actor was picked.
func (s *Scheduler) Steps() int { return s.steps }

// Trace adds to the run's trace.
func (s *Scheduler) Trace(parts ...string) {
	for _, p := range parts {
		_, _ = s.trace.WriteString(p)
		_, _ = s.trace.Write([]byte{0})
	}
}

// TraceHash is the hash of everything traced so far.
func (s *Scheduler) TraceHash() uint64 { return s.trace.Sum64() }

// Actor names the actor that runs, empty outside of one.
func (s *Scheduler) Actor() string {
	if s.current == nil {
		return ""
	}
	return s.current.name
}

// Go starts an actor. Actors of one name are told apart by a number.
func (s *Scheduler) Go(name string, fn func()) {
	s.made[name]++
	if n := s.made[name]; n > 1 {
		name = fmt.Sprintf("%s#%d", name, n)
	}
	a := &actor{name: name, point: "start", wake: make(chan struct{})}
	s.actors = append(s.actors, a)
	go func() {
		// A fatal error inside a library ends the goroutine by Goexit: the
		// token must go back all the same.
		defer func() {
			a.ended = true
			s.back <- struct{}{}
		}()
		<-a.wake
		fn()
	}()
}

// Yield is the only place besides waiting where another actor may be picked.
func (s *Scheduler) Yield(point string) {
	if s.current != nil {
		s.handOver(point)
	}
}

func (s *Scheduler) handOver(point string) {
	a := s.current
	a.point = point
	a.ordinal++
	s.back <- struct{}{}
	<-a.wake
}

// After calls fn when the clock has reached d from now.
func (s *Scheduler) After(d time.Duration, fn func()) (stop func()) {
	t := &timer{at: s.now.Add(max(d, 0)), order: s.steps<<20 | len(s.timers), fn: fn}
	s.timers = append(s.timers, t)
	return func() { t.stopped = true }
}

// parker is the waiting primitive.
type parker struct {
	s     *Scheduler
	name  string
	ctx   context.Context
	woken bool
}

// NewParker makes the waiting primitive for one waiter.
func (s *Scheduler) NewParker(name string) env.Parker { return &parker{s: s, name: name} }

func (p *parker) Unpark() {
	p.s.mu.Lock()
	p.woken = true
	p.s.mu.Unlock()
}

func (p *parker) ready() bool {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	return p.woken || p.ctx.Err() != nil
}

func (p *parker) Park(ctx context.Context) error {
	p.ctx = ctx
	if a := p.s.current; a != nil {
		a.waiting = p
		p.s.handOver("wait/" + p.name)
		a.waiting = nil
	}
	p.s.mu.Lock()
	woken := p.woken
	p.woken = false
	p.s.mu.Unlock()
	if woken {
		return nil
	}
	return context.Cause(ctx)
}

// DeadlockError says that every actor waits for something that cannot come.
type DeadlockError struct{ Waiting []string }

func (e *DeadlockError) Error() string {
	return "deadlock: every actor waits and no timer is set:\n  " + strings.Join(e.Waiting, "\n  ")
}

// LivelockError says that the run took more steps than allowed.
type LivelockError struct{ Steps int }

func (e *LivelockError) Error() string {
	return fmt.Sprintf("livelock: the run has not ended after %d steps", e.Steps)
}

// Run lets actors run until all have ended.
func (s *Scheduler) Run() error {
	for {
		a := s.pick()
		if a == nil {
			if s.allEnded() {
				return nil
			}
			if !s.jump() {
				return &DeadlockError{Waiting: s.waiting()}
			}
			continue
		}
		if s.steps++; s.steps > s.o.MaxSteps {
			return &LivelockError{Steps: s.o.MaxSteps}
		}
		s.Trace(a.name, a.point)
		if s.o.Observe != nil {
			s.o.Observe(a.name, a.point)
		}
		s.current = a
		a.wake <- struct{}{}
		<-s.back
		s.current = nil
		s.forget(a)
	}
}

// pick chooses among the ready actors.
func (s *Scheduler) pick() *actor {
	var best *actor
	var lowest uint64
	for _, a := range s.actors {
		if a.waiting != nil && !a.waiting.ready() {
			continue
		}
		if h := s.priority(a); best == nil || h < lowest {
			best, lowest = a, h
		}
	}
	return best
}

func (s *Scheduler) priority(a *actor) uint64 {
	var fixed [16]byte
	binary.LittleEndian.PutUint64(fixed[:], s.o.Seed)
	binary.LittleEndian.PutUint64(fixed[8:], a.ordinal)
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(fixed[:])
	_, _ = d.WriteString(a.name)
	_, _ = d.WriteString(a.point)
	return d.Sum64()
}

// forget drops an actor that has ended.
func (s *Scheduler) forget(a *actor) {
	if !a.ended {
		return
	}
	for i, b := range s.actors {
		if a == b {
			s.actors = append(s.actors[:i], s.actors[i+1:]...)
			return
		}
	}
}

func (s *Scheduler) allEnded() bool { return len(s.actors) == 0 }

// jump moves the clock to the next timer and fires it; it reports false if
// there is none.
func (s *Scheduler) jump() bool {
	live := s.timers[:0]
	var next *timer
	for _, t := range s.timers {
		if t.stopped {
			continue
		}
		live = append(live, t)
		if next == nil || t.at.Before(next.at) || (t.at.Equal(next.at) && t.order < next.order) {
			next = t
		}
	}
	s.timers = live
	if next == nil {
		return false
	}
	if next.at.After(s.now) {
		s.now = next.at
	}
	next.stopped = true
	next.fn()
	return true
}

func (s *Scheduler) waiting() []string {
	var lines []string
	for _, a := range s.actors {
		lines = append(lines, fmt.Sprintf("%s at %s", a.name, a.point))
	}
	sort.Strings(lines)
	return lines
}
