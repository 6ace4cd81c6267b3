package sched

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"reconsim/recon/env"
)

// Options of [New].
type Options struct {
	Seed uint64
	// Strategy picks who goes on; nil means [Random].
	Strategy Strategy
	// Start is the virtual time at which the run begins; zero means the first
	// of January 2026.
	Start time.Time
	// MaxSteps bounds the run; 0 means ten million.
	MaxSteps int
	// MaxIdleSteps bounds the steps between two movements of the clock, so that
	// actors that spin without sleeping are found early; 0 means no bound.
	MaxIdleSteps int
	// Observe is told every step before it is made, if not nil: for a trace that
	// is kept whole. It must not yield.
	Observe func(actor, point string)
	// AfterStep is called after each step, if not nil, for checks that must hold
	// always. An error ends the run and is what Run returns. It must not yield.
	AfterStep func() error
}

// Scheduler runs actors one at a time. It is the simulator's [env.Runtime]. Its
// methods are called by the actor that runs, by timers and by the program
// before and after Run; only Now, Seed, Actor and the parkers' Unpark may be
// called from goroutines that are no actors.
type Scheduler struct {
	o        Options
	strategy Strategy
	start    time.Time
	// elapsedNanos is the virtual time since start.
	elapsedNanos atomic.Int64
	current      atomic.Pointer[actor]

	actors   []*actor // by index, ended ones too
	live     int
	made     map[string]int
	watching []*actor // those that wait under a context that can end
	moment   Moment   // with the ready ones, by index
	chosen   *actor
	last     *actor

	points points
	timers timers

	steps    int
	idle     int
	picks    []int32
	tail     tail
	trace    xxhash.Digest
	word     [8]byte
	stopping bool
	stopped  error
	closing  bool
	reaped   sync.WaitGroup

	pending atomic.Bool // woken is not empty
	mu      sync.Mutex  // guards woken and the parkers, which libraries may wake
	woken   []*parker
}

var _ env.Runtime = (*Scheduler)(nil)

// New makes a scheduler without actors.
func New(o Options) *Scheduler {
	if o.MaxSteps == 0 {
		o.MaxSteps = 10_000_000
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.Strategy == nil {
		o.Strategy = Random{}
	}
	s := &Scheduler{o: o, strategy: o.Strategy, start: o.Start, made: map[string]int{}}
	s.points.init(o.Seed)
	s.trace.Reset()
	return s
}

// Now is the virtual time.
func (s *Scheduler) Now() time.Time { return s.start.Add(time.Duration(s.elapsedNanos.Load())) }

// Seed is the run's seed.
func (s *Scheduler) Seed() uint64 { return s.o.Seed }

// Steps is how many times an actor was picked.
func (s *Scheduler) Steps() int { return s.steps }

// Strategy is who picks in this run.
func (s *Scheduler) Strategy() Strategy { return s.strategy }

// Choices are the decisions of this run so far: who was picked wherever more
// than one actor was ready.
func (s *Scheduler) Choices() Choices {
	c := Choices{Actors: make([]string, len(s.actors)), Picks: append([]int32(nil), s.picks...)}
	for i, a := range s.actors {
		c.Actors[i] = a.Name
	}
	return c
}

// Trace adds to the run's trace. What actors do while Close ends them is left
// out.
func (s *Scheduler) Trace(parts ...string) {
	if s.closing {
		return
	}
	for _, p := range parts {
		_, _ = s.trace.WriteString(p)
		_, _ = s.trace.Write(separator[:])
	}
}

var separator [1]byte

// TraceHash is the hash of everything traced so far.
func (s *Scheduler) TraceHash() uint64 { return s.trace.Sum64() }

// Actor names the actor that runs, empty outside of one.
func (s *Scheduler) Actor() string {
	if a := s.current.Load(); a != nil {
		return a.Name
	}
	return ""
}

// Stop ends the run at the next hand-over; Run returns cause. The first cause
// counts.
func (s *Scheduler) Stop(cause error) {
	if !s.stopping {
		s.stopping, s.stopped = true, cause
	}
}

// Go starts an actor. Actors of one name are told apart by a number.
func (s *Scheduler) Go(name string, fn func()) {
	s.made[name]++
	if n := s.made[name]; n > 1 {
		name += "#" + strconv.Itoa(n)
	}
	a := newActor(s, name, fn)
	s.actors = append(s.actors, a)
	s.live++
	s.makeReady(a)
}

// Yield is the only place besides waiting where another actor may be picked.
func (s *Scheduler) Yield(point string) {
	if a := s.current.Load(); a != nil {
		s.handOver(a, s.points.id(point))
	}
}
