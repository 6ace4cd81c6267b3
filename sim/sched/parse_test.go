package sched_test

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"reconsim/sim/sched"
)

// TestParseStrategy: what String writes is read again, and errors say what is
// wrong.
func TestParseStrategy(t *testing.T) {
	for text, canonical := range map[string]string{
		"random": "", " round-robin ": "round-robin", "pct 3": "", "pct 3 of 5000": "", "pct 2 of 10000": "pct 2", "exhaustive 2": "",
		"replay: a,b; 0*3 1 0": "", "replay:": "replay: ", "replay tolerant then pct 3: a;\n0  0": "replay tolerant then pct 3: a; 0*2",
		`replay then exhaustive 1: "x y"; 0`: "",
	} {
		s, err := sched.ParseStrategy(text)
		if canonical == "" {
			canonical = text
		}
		if err != nil || s.String() != canonical {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	for text, want := range map[string]string{
		"": "empty; give random |", "rndom": `unknown; did you mean "random"?`, "quickest": "unknown; give random |",
		"random 7": `random takes nothing after it, but there is "7"`, "pct": "give the depth and, if known, the steps",
		"pct 0": `the depth must be a whole number from 1 to 100, not "0"`, "pct 3 of": "give the depth", "pct 3 of x": "the number of steps must be",
		"exhaustive": "give the greatest number of preemptions", "exhaustive -1": "must be a whole number from 0 to 1000",
		"replay": "the choices are missing", "pct 3: a; 0": `only "replay" is followed by a colon`, "replay fast: a; 0": `after "replay" comes`,
		"replay then: a; 0": `after "replay" comes`, "replay then rondom: a; 0": `after then: unknown; did you mean "random"?`,
		"replay: a; 1": `pick 1, "1": the actor must be a whole number from 0 to 0`,
	} {
		s, err := sched.ParseStrategy(text)
		if err == nil || !strings.Contains(err.Error(), want) || s != nil {
			t.Errorf("%q: %v, error %v, want %q", text, s, err, want)
		}
	}
}

// TestParseChoices: as for strategies.
func TestParseChoices(t *testing.T) {
	for text, want := range map[string]string{
		"a 0": "no semicolon ends the names", "a,,b; 0": "name 2", ",a; 0": "name 1", `"a; 0`: "has no end", `"a" b; 0`: "after name 1 comes a comma or a semicolon",
		"a b; 0": "needs quotes", "a; 1": "pick 1", "a; 0 x": `pick 2, "x"`, "a; 0*0": "the count after *", "a; 0*99999999999": "the count after *",
		"a; -1": "the actor must be", "a; 0*": "the count after *", "a; 0*4194304 0": "pick 2", "; 0": "name 1",
	} {
		if c, err := sched.ParseChoices(text); err == nil || !strings.Contains(err.Error(), want) || c.Len() > 0 {
			t.Errorf("%q: %v, error %v, want %q", text, c, err, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.String(), 1, 5, rapid.ID).Draw(t, "names")
		picks := rapid.SliceOf(rapid.Int32Range(0, int32(len(names)-1))).Draw(t, "picks")
		c := sched.Choices{Actors: names, Picks: picks}
		text, _ := c.MarshalText()
		var again sched.Choices
		if err := again.UnmarshalText(text); err != nil || again.Len() != c.Len() || again.String() != c.String() {
			t.Fatalf("%q: %v, error %v", text, again, err)
		}
		for i := range c.Len() {
			if c.Actor(i) != again.Actor(i) {
				t.Fatalf("%q: actor %d is %q, not %q", text, i, again.Actor(i), c.Actor(i))
			}
		}
	})
}

func FuzzParseStrategy(f *testing.F) {
	for _, text := range []string{"random", "round-robin", "pct 3 of 5000", "exhaustive 2", "replay tolerant then pct 2: a,\"b c\"; 0*3 1", "rndom", "replay then replay: a; 0", ":", "pct 3 of"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := sched.ParseStrategy(text)
		if (s == nil) == (err == nil) {
			t.Fatalf("strategy %v, error %v", s, err)
		}
		if err != nil {
			return
		}
		again, err := sched.ParseStrategy(s.String())
		if err != nil || again.String() != s.String() || reflect.TypeOf(again) != reflect.TypeOf(s) {
			t.Fatalf("%q reads as %v, error %v", s, again, err)
		}
		s.Begin(1)
	})
}

func FuzzParseChoices(f *testing.F) {
	for _, text := range []string{"", "a; 0", "world,reader#2,\"a name\"; 0*12 1 2*3", "a,b;\n0\n1", ";", "a; 0*4194304", `"\x00"; 0`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := sched.ParseChoices(text)
		if err != nil {
			return
		}
		if c.Len() > sched.MaxChoices {
			t.Fatalf("%d choices", c.Len())
		}
		again, err := sched.ParseChoices(c.String())
		if err != nil || again.Len() != c.Len() || again.String() != c.String() {
			t.Fatalf("%q: error %v", c, err)
		}
	})
}
