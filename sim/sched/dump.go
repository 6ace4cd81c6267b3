package sched

import (
	"fmt"
	"strings"
	"time"

	"reconsim/recon/env"
)

// Waiter is one actor at the end of a run that did not end well.
type Waiter struct {
	// Actor is its name, Point where it stands.
	Actor, Point string
	// For says what it waits for, empty if it is ready.
	For string
	// Holder is the actor that has the lock it waits for, if any.
	Holder string
	// Step is when it came there; Elapsed the virtual time since the run's start.
	Step    int
	Elapsed time.Duration
}

func (w Waiter) String() string {
	text := fmt.Sprintf("%s at %s since step %d (+%v): ", w.Actor, w.Point, w.Step, w.Elapsed)
	if w.For == "" {
		return text + "ready"
	}
	return text + "waits for " + w.For
}

// Step is one step of a run.
type Step struct {
	Number       int
	Actor, Point string
	// Elapsed is the virtual time since the run's start.
	Elapsed time.Duration
}

func (s Step) String() string {
	return fmt.Sprintf("step %d (+%v): %s at %s", s.Number, s.Elapsed, s.Actor, s.Point)
}

// DeadlockError says that every actor waits for something that cannot come.
type DeadlockError struct {
	Waiting []Waiter
	// Cycle are actors of which each waits for a lock that the next one holds,
	// and the last one for one of the first; empty if there is no such cycle.
	Cycle []string
	// Last are the last steps.
	Last []Step
}

func (e *DeadlockError) Error() string {
	text := "deadlock: every actor waits and no timer is set" + lines(e.Waiting)
	if len(e.Cycle) > 0 {
		text += "\nlocks in a circle: " + strings.Join(e.Cycle, " -> ") + " -> " + e.Cycle[0]
	}
	return text
}

// LivelockError says that the run took more steps than allowed.
type LivelockError struct {
	Steps int
	// Reason says which bound was reached.
	Reason string
	Actors []Waiter
	// Last are the last steps.
	Last []Step
}

func (e *LivelockError) Error() string {
	return "livelock: " + e.Reason + lines(e.Actors) + "\nlast steps:" + lines(e.Last)
}

// PanicError says that an actor has panicked.
type PanicError struct {
	Actor, Point string
	Value        any
	Stack        string
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("%s panicked after %s: %v\n%s", e.Actor, e.Point, e.Value, e.Stack)
}

// Unwrap is the value if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func lines[T fmt.Stringer](list []T) string {
	var b strings.Builder
	for _, item := range list {
		b.WriteString("\n  " + item.String())
	}
	return b.String()
}

func (s *Scheduler) deadlock() error {
	e := &DeadlockError{Waiting: s.Waiters(), Last: s.LastSteps()}
	e.Cycle = cycle(e.Waiting)
	return e
}

func (s *Scheduler) livelock(reason string) error {
	return &LivelockError{Steps: s.steps, Reason: reason, Actors: s.Waiters(), Last: s.LastSteps()}
}

// Waiters says of every actor that has not ended where it stands and what it
// waits for, in the order of their start.
func (s *Scheduler) Waiters() []Waiter {
	var all []Waiter
	for _, a := range s.actors {
		if a.ended {
			continue
		}
		w := Waiter{Actor: a.Name, Point: a.Point, Step: a.sinceStep, Elapsed: a.since}
		if !a.ready && a.parker != nil {
			w.For = a.parker.name
			if what := a.parker.what; what != nil {
				w.For = what.String()
				if lock, ok := what.(env.Held); ok {
					w.Holder = lock.Holder()
				}
			}
		}
		all = append(all, w)
	}
	return all
}

// cycle follows holders until one comes again.
func cycle(waiting []Waiter) []string {
	holder := map[string]string{}
	for _, w := range waiting {
		holder[w.Actor] = w.Holder
	}
	for _, w := range waiting {
		path := []string{w.Actor}
		for at := holder[w.Actor]; at != "" && len(path) <= len(waiting); at = holder[at] {
			if at == w.Actor {
				return path
			}
			path = append(path, at)
		}
	}
	return nil
}

// LastSteps are the last steps of the run, at most 30.
func (s *Scheduler) LastSteps() []Step { return s.tail.list() }

// tail keeps the last steps.
type tail struct {
	ring [30]Step
	made int
}

func (t *tail) add(number int, actor, point string, elapsed time.Duration) {
	t.ring[t.made%len(t.ring)] = Step{Number: number, Actor: actor, Point: point, Elapsed: elapsed}
	t.made++
}

func (t *tail) list() []Step {
	if t.made <= len(t.ring) {
		return append([]Step(nil), t.ring[:t.made]...)
	}
	first := t.made % len(t.ring)
	return append(append([]Step(nil), t.ring[first:]...), t.ring[:first]...)
}
