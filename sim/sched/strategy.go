package sched

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Strategy picks who goes on. One strategy may serve several runs, one after
// another.
type Strategy interface {
	// Begin starts a run.
	Begin(seed uint64)
	// Pick returns a place in m.Ready. It is called at every step, also where
	// only one actor is ready; m is valid until it returns. An error ends the
	// run.
	Pick(m *Moment) (int, error)
	// End is called when all actors have ended; its error becomes the run's.
	End() error
	// String is the strategy as [ParseStrategy] reads it.
	String() string
}

// Moment is what a strategy sees at a step.
type Moment struct {
	// Step counts the steps made before.
	Step int
	// Ready are the actors that may go on, at least one, in the order of their
	// start.
	Ready []*Candidate
	// Last is where the actor that made the last step stands in Ready, -1 if it
	// waits or has ended. To pick another one than Last is a preemption.
	Last int
}

// Candidate is a ready actor.
type Candidate struct {
	// Name is the actor's.
	Name string
	// Index counts the actors in the order of their start, from 0.
	Index int
	// Point is where it stands, a wait as "wait/" and the parker's name.
	Point string
	// Ordinal counts the times this actor has come to this point, from 1.
	Ordinal uint64
	// Key is the hash of seed, name, point and ordinal. It does not depend on
	// other actors, nor on other points of this one.
	Key uint64

	owner *actor
}

// position finds an actor by its index; -1 if it is not ready.
func (m *Moment) position(index int) int {
	i := sort.Search(len(m.Ready), func(i int) bool { return m.Ready[i].Index >= index })
	if i < len(m.Ready) && m.Ready[i].Index == index {
		return i
	}
	return -1
}

// StrategySyntax is what [ParseStrategy] reads, for help texts.
const StrategySyntax = "random | round-robin | pct DEPTH [of STEPS] | exhaustive PREEMPTIONS | replay [tolerant] [then STRATEGY]: CHOICES"

// ParseStrategy reads the form that [Strategy.String] writes:
//
//	random
//	round-robin
//	pct 3
//	pct 3 of 5000
//	exhaustive 2
//	replay: world,reader; 0*3 1 0
//	replay tolerant then random: world,reader; 0*3 1 0
//
// The error says which part is wrong and what would be right.
func ParseStrategy(text string) (Strategy, error) {
	s, err := parseStrategy(strings.TrimSpace(text), 0)
	if err != nil {
		return nil, fmt.Errorf("strategy %.80q: %w", text, err)
	}
	return s, nil
}

// maxNesting bounds how deep replay falls back on replay.
const maxNesting = 4

var strategyNames = []string{"random", "round-robin", "pct", "exhaustive", "replay"}

func parseStrategy(text string, nesting int) (Strategy, error) {
	if nesting > maxNesting {
		return nil, errors.New("too many strategies after one another")
	}
	if head, choices, ok := strings.Cut(text, ":"); ok {
		return parseReplay(strings.Fields(head), choices, nesting)
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, fmt.Errorf("empty; give %s", StrategySyntax)
	}
	rest := words[1:]
	switch words[0] {
	case "random":
		return Random{}, nothingAfter(words[0], rest)
	case "round-robin":
		return &RoundRobin{}, nothingAfter(words[0], rest)
	case "pct":
		return parsePCT(rest)
	case "exhaustive":
		if len(rest) != 1 {
			return nil, errors.New(`give the greatest number of preemptions, as in "exhaustive 2"`)
		}
		bound, err := number("the number of preemptions", rest[0], 0, 1000)
		return NewExhaustive(bound), err
	case "replay":
		return nil, errors.New(`the choices are missing; they follow a colon, as in "replay: world,reader; 0*3 1"`)
	}
	if near := nearest(words[0], strategyNames); near != "" {
		return nil, fmt.Errorf("unknown; did you mean %q?", near)
	}
	return nil, fmt.Errorf("unknown; give %s", StrategySyntax)
}

func parsePCT(words []string) (Strategy, error) {
	if len(words) != 1 && (len(words) != 3 || words[1] != "of") {
		return nil, errors.New(`give the depth and, if known, the steps of a run, as in "pct 3" or "pct 3 of 5000"`)
	}
	depth, err := number("the depth", words[0], 1, 100)
	if err != nil || len(words) == 1 {
		return NewPCT(depth, 0), err
	}
	steps, err := number("the number of steps", words[2], 1, 1_000_000_000)
	return NewPCT(depth, steps), err
}

func parseReplay(head []string, choices string, nesting int) (Strategy, error) {
	if len(head) == 0 || head[0] != "replay" {
		return nil, fmt.Errorf(`only "replay" is followed by a colon, not %.40q`, strings.Join(head, " "))
	}
	follow, rest := Replay, head[1:]
	if len(rest) > 0 && rest[0] == "tolerant" {
		follow, rest = ReplayTolerant, rest[1:]
	}
	var then Strategy
	if len(rest) > 0 {
		if rest[0] != "then" || len(rest) == 1 {
			return nil, fmt.Errorf(`after "replay" comes "tolerant", "then" and a strategy, or a colon, not %.40q`, strings.Join(rest, " "))
		}
		var err error
		if then, err = parseStrategy(strings.Join(rest[1:], " "), nesting+1); err != nil {
			return nil, fmt.Errorf("after then: %w", err)
		}
	}
	c, err := ParseChoices(choices)
	if err != nil {
		return nil, err
	}
	return follow(c, then), nil
}

func nothingAfter(name string, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%s takes nothing after it, but there is %.40q", name, strings.Join(rest, " "))
	}
	return nil
}

func number(what, text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return low, fmt.Errorf("%s must be a whole number from %d to %d, not %.40q", what, low, high, text)
	}
	return n, nil
}
