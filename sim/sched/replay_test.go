package sched_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"reconsim/sim/sched"
)

// three runs actors a, b and c, each with two points.
func three(strategy sched.Strategy, actors ...string) (order []string, s *sched.Scheduler, err error) {
	s = sched.New(sched.Options{Strategy: strategy, Observe: func(actor, _ string) { order = append(order, actor) }})
	for _, name := range actors {
		s.Go(name, func() {
			s.Yield("one")
			s.Yield("two")
		})
	}
	err = s.Run()
	s.Close()
	return order, s, err
}

// TestDivergedReplay says at which choice and how.
func TestDivergedReplay(t *testing.T) {
	for _, c := range []struct {
		name, choices string
		actors        []string
		want          *sched.DivergedError
		text          string
	}{
		{"an actor that is gone", "a,b,c; 0 1 2", []string{"a", "b"}, &sched.DivergedError{Choice: 2, Step: 2, Wanted: "c", Ready: []string{"a", "b"}},
			`the run diverged at choice 2 (step 2): the wanted actor is not ready; wanted "c"; ready are ["a" "b"]`},
		{"an actor that has ended", "a,b,c; 0*4", []string{"a", "b", "c"}, &sched.DivergedError{Choice: 3, Step: 3, Wanted: "a", Ready: []string{"b", "c"}}, ""},
		{"a run too short", "a,b; 0*3 1", []string{"a", "b"}, &sched.DivergedError{Choice: 3, Step: 0, Wanted: "b"}, "the run has ended with 1 choices left"},
	} {
		t.Run(c.name, func(t *testing.T) {
			choices, err := sched.ParseChoices(c.choices)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = three(sched.Replay(choices, nil), c.actors...)
			var diverged *sched.DivergedError
			if !errors.As(err, &diverged) {
				t.Fatalf("error %v", err)
			}
			if diverged.Choice != c.want.Choice || diverged.Step != c.want.Step || diverged.Wanted != c.want.Wanted || !slices.Equal(diverged.Ready, c.want.Ready) {
				t.Errorf("got %+v, want %+v", diverged, c.want)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %q, want %q", err, c.text)
			}
			order, s, err := three(sched.ReplayTolerant(choices, nil), c.actors...)
			if err != nil || len(order) != 3*len(c.actors) || s.Strategy().(*sched.Replayer).Missed() > 1 {
				t.Errorf("the tolerant replay: %v, order %v", err, order)
			}
		})
	}
}

// TestReplayGoesOn: after the list's end the given strategy decides.
func TestReplayGoesOn(t *testing.T) {
	choices, err := sched.ParseChoices("c,a; 0*3 1*2")
	if err != nil {
		t.Fatal(err)
	}
	order, _, err := three(sched.Replay(choices, nil), "a", "b", "c")
	if want := "[c c c a a a b b b]"; err != nil || fmt.Sprint(order) != want {
		t.Errorf("%v: order %v, want %v", err, order, want)
	}
	choices.Picks = choices.Picks[:3]
	order, _, err = three(sched.Replay(choices, sched.NewExhaustive(0)), "a", "b", "c")
	if want := "[c c c a a a b b b]"; err != nil || fmt.Sprint(order) != want {
		t.Errorf("%v: order %v, want %v", err, order, want)
	}
	order, _, err = three(sched.Replay(sched.Choices{}, nil), "a", "b", "c")
	if want := "[a b c a b c a b c]"; err != nil || fmt.Sprint(order) != want {
		t.Errorf("%v: order %v, want %v", err, order, want)
	}
}

// TestChoicesCanBeCut: a minimizer that drops picks while the failure stays
// comes to a short list.
func TestChoicesCanBeCut(t *testing.T) {
	var list sched.Choices
	for seed := uint64(1); ; seed++ {
		lost, s := accounts(t, sched.Options{Seed: seed}, false)
		if lost {
			list = s.Choices()
			break
		}
	}
	before := list.Len()
	for i := 0; i < list.Len(); {
		shorter := sched.Choices{Actors: list.Actors, Picks: slices.Delete(slices.Clone(list.Picks), i, i+1)}
		if lost, _ := accounts(t, sched.Options{Strategy: sched.ReplayTolerant(shorter, sched.NewExhaustive(0))}, false); lost {
			list = shorter
		} else {
			i++
		}
	}
	t.Logf("%d choices are cut to %v", before, list)
	if list.Len() == 0 || list.Len() > 3 {
		t.Errorf("%d choices are cut to %d: %v", before, list.Len(), list)
	}
}

// TestExhaustiveSeesNondeterminism: a program that differs between executions
// is not searched as if it did not.
func TestExhaustiveSeesNondeterminism(t *testing.T) {
	for name, change := range map[string]struct{ first, second []string }{
		"more actors": {[]string{"a", "b"}, []string{"a", "b", "c"}}, "fewer actors": {[]string{"a", "b"}, []string{"a"}},
	} {
		x := sched.NewExhaustive(2)
		x.Next()
		if _, _, err := three(x, change.first...); err != nil {
			t.Fatal(err)
		}
		x.Next()
		var diverged *sched.DivergedError
		if _, _, err := three(x, change.second...); !errors.As(err, &diverged) || !strings.Contains(diverged.Reason, "not deterministic") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
