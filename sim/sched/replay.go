package sched

import (
	"fmt"
	"strings"
)

// Replayer repeats the choices of an earlier run. Actors are found by name.
type Replayer struct {
	choices  Choices
	tolerant bool
	then     Strategy
	at       int
	missed   int
}

// Replay makes a strategy that repeats choices, and ends the run with a
// [DivergedError] where the wanted actor is not ready. After the list's end
// then decides; nil means [RoundRobin]. The list is not copied.
func Replay(choices Choices, then Strategy) *Replayer {
	if then == nil {
		then = &RoundRobin{}
	}
	return &Replayer{choices: choices, then: then}
}

// ReplayTolerant is Replay that lets then decide also where the wanted actor is
// not ready: for lists that a minimizer has cut.
func ReplayTolerant(choices Choices, then Strategy) *Replayer {
	r := Replay(choices, then)
	r.tolerant = true
	return r
}

// Begin starts at the first choice.
func (r *Replayer) Begin(seed uint64) {
	r.at, r.missed = 0, 0
	r.then.Begin(seed)
}

// Pick takes the next choice where more than one actor is ready.
func (r *Replayer) Pick(m *Moment) (int, error) {
	if len(m.Ready) == 1 || r.at >= len(r.choices.Picks) {
		return r.then.Pick(m)
	}
	at := r.at
	r.at++
	wanted := r.choices.Actor(at)
	for i, c := range m.Ready {
		if c.Name == wanted {
			return i, nil
		}
	}
	if r.tolerant {
		r.missed++
		return r.then.Pick(m)
	}
	return 0, &DivergedError{Choice: at, Step: m.Step, Wanted: wanted, Ready: names(m.Ready), Reason: "the wanted actor is not ready"}
}

// Missed is how many choices a tolerant replay has left to Then because the
// actor was not ready.
func (r *Replayer) Missed() int { return r.missed }

// End says that the run was shorter than the list, unless the replay is
// tolerant.
func (r *Replayer) End() error {
	if left := len(r.choices.Picks) - r.at; left > 0 && !r.tolerant {
		return &DivergedError{Choice: r.at, Wanted: r.choices.Actor(r.at), Reason: fmt.Sprintf("the run has ended with %d choices left", left)}
	}
	return r.then.End()
}

func (r *Replayer) String() string {
	var b strings.Builder
	b.WriteString("replay")
	if r.tolerant {
		b.WriteString(" tolerant")
	}
	if _, usual := r.then.(*RoundRobin); !usual {
		b.WriteString(" then " + r.then.String())
	}
	b.WriteString(": " + r.choices.String())
	return b.String()
}

// DivergedError says that a run did not follow the choices it was given.
type DivergedError struct {
	// Choice is the place in the list, from 0; Step counts the steps before.
	Choice, Step int
	// Wanted is the actor of the list, empty if any would do.
	Wanted string
	// Ready are the names of the ready actors.
	Ready  []string
	Reason string
}

func (e *DivergedError) Error() string {
	text := fmt.Sprintf("the run diverged at choice %d (step %d): %s", e.Choice, e.Step, e.Reason)
	if e.Wanted != "" {
		text += fmt.Sprintf("; wanted %q", e.Wanted)
	}
	if len(e.Ready) > 0 {
		text += fmt.Sprintf("; ready are %q", e.Ready)
	}
	return text
}

func names(ready []*Candidate) []string {
	all := make([]string, len(ready))
	for i, c := range ready {
		all[i] = c.Name
	}
	return all
}
