package sched

import (
	"iter"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/cespare/xxhash/v2"
)

// actor is one thread of the simulated program: a coroutine, so that a switch
// costs neither a channel nor the Go scheduler.
type actor struct {
	Candidate
	s    *Scheduler
	fn   func()
	hash uint64 // of the name
	// resume runs the actor until it hands over; end makes its next resumption
	// its last.
	resume func() (struct{}, bool)
	end    func()
	yield  func(struct{}) bool

	ordinals []uint64 // by point
	word     uint64   // what the trace holds of where it stands
	ready    bool
	parker   *parker // what it waits for
	watched  int     // where it stands in Scheduler.watching, -1 if not
	ended    bool
	goexit   bool // it was ended from below and stands in its last deferred call

	sinceStep int
	since     time.Duration
}

// pointStart is where an actor stands before it has run.
const pointStart = "start"

func newActor(s *Scheduler, name string, fn func()) *actor {
	a := &actor{s: s, fn: fn, hash: xxhash.Sum64String(name), watched: -1}
	a.Candidate = Candidate{Name: name, Index: len(s.actors), owner: a}
	a.moveTo(s.points.id(pointStart))
	a.resume, a.end = iter.Pull(a.run)
	return a
}

// run is the coroutine's body.
func (a *actor) run(yield func(struct{}) bool) {
	a.yield = yield
	returned := false
	defer func() {
		a.ended = true
		if r := recover(); r != nil {
			if !a.s.closing {
				a.s.Stop(&PanicError{Actor: a.Name, Point: a.Point, Value: r, Stack: string(debug.Stack())})
			}
			return
		}
		// A fatal error inside a library ends the goroutine by Goexit, which
		// cannot be stopped and would end the goroutine of Run too: the actor
		// hands the token on here, and Run lets somebody else see its end.
		if !returned && !a.s.closing {
			a.goexit = true
			yield(struct{}{})
		}
	}()
	a.fn()
	returned = true
}

// moveTo says where the actor now stands.
func (a *actor) moveTo(point int32) {
	for int(point) >= len(a.ordinals) {
		a.ordinals = append(a.ordinals, make([]uint64, 16)...)
	}
	a.ordinals[point]++
	known := &a.s.points.known[point]
	a.Point, a.Ordinal = known.name, a.ordinals[point]
	a.word = mix(a.hash ^ mix(known.hash+a.Ordinal))
	a.Key = a.s.points.key(a.word)
	a.sinceStep, a.since = a.s.steps, time.Duration(a.s.elapsedNanos.Load())
}

// makeReady puts an actor among the ready ones, which are kept by index.
func (s *Scheduler) makeReady(a *actor) {
	if a.ready {
		return
	}
	a.ready = true
	list := append(s.moment.Ready, nil)
	i := len(list) - 1
	for ; i > 0 && list[i-1].Index > a.Index; i-- {
		list[i] = list[i-1]
	}
	list[i] = &a.Candidate
	s.moment.Ready = list
}

// makeUnready takes an actor out of the ready ones.
func (s *Scheduler) makeUnready(a *actor) {
	if !a.ready {
		return
	}
	a.ready = false
	i := s.moment.position(a.Index)
	s.moment.Ready = append(s.moment.Ready[:i], s.moment.Ready[i+1:]...)
}

// handOver gives the token back. If the actor is picked again it just goes on;
// otherwise Run switches to the one picked.
func (s *Scheduler) handOver(a *actor, point int32) {
	if s.closing {
		runtime.Goexit()
	}
	a.moveTo(point)
	next := s.dispatch()
	if next == a {
		s.current.Store(a)
		return
	}
	s.chosen = next
	if !a.yield(struct{}{}) {
		runtime.Goexit()
	}
}
