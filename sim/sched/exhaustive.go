package sched

import (
	"fmt"
	"slices"
)

// Exhaustive makes every execution with at most so many preemptions, one after
// the other, depth first (Musuvathi, Qadeer: Iterative Context Bounding for
// Systematic Testing of Multithreaded Programs, PLDI 2007). A preemption is a
// switch away from an actor that is ready; switches at waits and ends are free.
//
//	x := NewExhaustive(2)
//	for x.Next() {
//		s := New(Options{Strategy: x})
//		...
//	}
//
// Each execution must behave the same under the same choices. One that does
// not ends with a [DivergedError].
type Exhaustive struct {
	bound      int
	path       []branch
	depth      int // decisions made in this execution
	preempted  int // preemptions made in this execution
	executions int
	complete   bool
}

// branch is a decision of the execution: what was ready, and which of it was
// tried.
type branch struct {
	ready []int32 // by index of the actor
	order []int32 // places in ready, in the order of trying; the rest costs too much
	tried int     // the place in order that is tried now
	last  int
}

// NewExhaustive makes a search over all executions with at most bound
// preemptions.
func NewExhaustive(bound int) *Exhaustive { return &Exhaustive{bound: max(0, bound)} }

// Next prepares the next execution; it reports false when there is none left.
func (x *Exhaustive) Next() bool {
	if x.complete {
		return false
	}
	if x.executions > 0 {
		for len(x.path) > 0 {
			b := &x.path[len(x.path)-1]
			if b.tried++; b.tried < len(b.order) {
				break
			}
			x.path = x.path[:len(x.path)-1]
		}
		if len(x.path) == 0 {
			x.complete = true
			return false
		}
	}
	x.executions++
	return true
}

// Executions is how many executions Next has prepared.
func (x *Exhaustive) Executions() int { return x.executions }

// Complete reports whether all executions have been made.
func (x *Exhaustive) Complete() bool { return x.complete }

// Begin starts an execution. The seed has no meaning for the order of actors.
func (x *Exhaustive) Begin(uint64) {
	x.executions = max(1, x.executions)
	x.depth, x.preempted = 0, 0
}

// Pick repeats the path and goes on behind its end without preemptions.
func (x *Exhaustive) Pick(m *Moment) (int, error) {
	if len(m.Ready) == 1 {
		return 0, nil
	}
	if x.depth == len(x.path) {
		x.grow(m)
	}
	b := &x.path[x.depth]
	if !slices.EqualFunc(b.ready, m.Ready, func(i int32, c *Candidate) bool { return int(i) == c.Index }) || b.last != m.Last {
		return 0, &DivergedError{Choice: x.depth, Step: m.Step, Ready: names(m.Ready),
			Reason: "an earlier execution had other ready actors after the same choices: the program is not deterministic"}
	}
	x.depth++
	i := int(b.order[b.tried])
	if b.last >= 0 && i != b.last {
		x.preempted++
	}
	return i, nil
}

// grow adds a decision to the path. Memory of earlier ones is used again.
func (x *Exhaustive) grow(m *Moment) {
	n := len(x.path)
	if n < cap(x.path) {
		x.path = x.path[:n+1]
	} else {
		x.path = append(x.path, branch{})
	}
	b := &x.path[n]
	b.ready, b.order, b.tried, b.last = b.ready[:0], b.order[:0], 0, m.Last
	if m.Last >= 0 {
		b.order = append(b.order, int32(m.Last))
	}
	for i, c := range m.Ready {
		b.ready = append(b.ready, int32(c.Index))
		if i != m.Last && (m.Last < 0 || x.preempted < x.bound) {
			b.order = append(b.order, int32(i))
		}
	}
}

// End checks that the execution has made all choices of its path.
func (x *Exhaustive) End() error {
	if x.depth < len(x.path) {
		return &DivergedError{Choice: x.depth, Reason: "an earlier execution was longer after the same choices: the program is not deterministic"}
	}
	return nil
}

func (x *Exhaustive) String() string { return fmt.Sprintf("exhaustive %d", x.bound) }
