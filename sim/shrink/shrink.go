package shrink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"reconsim/scenarios"
	"reconsim/sim/check"
)

// Options of [Shrink].
type Options struct {
	// Scenario is what fails, with its sizes for all tiers; it is not changed.
	Scenario *scenarios.Scenario
	// Tier is where Run runs it: the sizes of the result are those of this tier.
	Tier string
	// Signature is what must remain.
	Signature string
	// Run runs a scenario and returns the signatures of all that is wrong. Its
	// error is one of the environment and ends the search. It is called by
	// Parallel goroutines at a time.
	Run func(context.Context, *scenarios.Scenario) (signatures []string, err error)
	// Reference runs a scenario with an engine that is known to be right. A
	// candidate that fails there too is at fault itself, and is not accepted. It
	// may be nil: there seldom is such an engine.
	Reference func(context.Context, *scenarios.Scenario) (signatures []string, err error)
	// Parallel is how many candidates are run at a time; 0 means 1. The result
	// does not depend on it.
	Parallel int
	// MaxExecutions bounds the runs; 0 means 1,000.
	MaxExecutions int
	// About is added to what the result tells of itself; it may be empty.
	About string
	// Progress is told of every batch of runs; it may be nil.
	Progress func(Progress)
}

// Progress is how far a search has come.
type Progress struct {
	// Pass is what is being tried.
	Pass       string
	Executions int
	// Lines is the size of the smallest scenario so far.
	Lines int
}

// Result is the smallest scenario that was found.
type Result struct {
	Scenario *scenarios.Scenario
	// Signature is what its run shows: the one asked for, or another of its kind.
	Signature               string
	LinesBefore, LinesAfter int
	Executions              int
	// Complete says that the search came to its end, and was not stopped by its
	// bound or by the context before.
	Complete bool
}

// NotShownError says that the scenario did not show the signature to begin with.
type NotShownError struct {
	Signature string
	// Shown is what its run showed instead.
	Shown []string
}

func (e *NotShownError) Error() string {
	if len(e.Shown) == 0 {
		return fmt.Sprintf("the scenario does not show %q: its run found nothing wrong", e.Signature)
	}
	return fmt.Sprintf("the scenario does not show %q, but %s", e.Signature, strings.Join(e.Shown, ", "))
}

const defaultMaxExecutions = 1000

// Shrink looks for the smallest scenario that shows the signature. When ctx ends
// it returns the smallest so far. The error is a *[NotShownError], or one of Run.
func Shrink(ctx context.Context, o Options) (Result, error) {
	if o.Parallel < 1 {
		o.Parallel = 1
	}
	if o.MaxExecutions == 0 {
		o.MaxExecutions = defaultMaxExecutions
	}
	h := &hunt{o: o, kind: check.KindOf(o.Signature), known: map[string]bool{}, best: o.Scenario.Clone(), pass: "as it is"}
	result := Result{LinesBefore: len(Lines(o.Scenario))}
	flatten(h.best, o.Tier)
	err := h.begin(ctx)
	if err != nil {
		return result, err
	}
	err = h.passes(ctx)
	result.Complete = err == nil
	if err != nil && !errors.Is(err, errSpent) {
		return result, err
	}
	result.Scenario, result.Signature, result.Executions = h.best, h.nearest(h.shown), h.executions
	result.LinesAfter = len(Lines(h.best))
	h.retell(&result)
	return result, nil
}

// begin runs the scenario as it is.
func (h *hunt) begin(ctx context.Context) error {
	s, err := h.admit(h.best)
	if err != nil {
		return err
	}
	if s == nil {
		return fmt.Errorf("scenario %s cannot run in tier %s as it is", h.best.Name, h.o.Tier)
	}
	c := &candidate{scenario: s}
	if err := h.run(ctx, []*candidate{c}); err != nil {
		return errors.Join(err, ctx.Err())
	}
	if h.best, h.shown = s, c.shown; !h.shows(c.shown) {
		return &NotShownError{Signature: h.o.Signature, Shown: c.shown}
	}
	h.tell()
	if sound, err := h.sound(ctx, c); err != nil {
		return errors.Join(err, ctx.Err())
	} else if !sound {
		h.o.Reference = nil // It is not right in this matter.
	}
	return nil
}

// passes shrinks until nothing is gained any more.
func (h *hunt) passes(ctx context.Context) error {
	if err := h.bold(ctx); err != nil {
		return err
	}
	for {
		before := h.best
		for _, pass := range []struct {
			name string
			do   func(context.Context) error
		}{{"story", h.story}, {"config", h.config}, {"values", h.values}, {"judges", h.judges}} {
			h.pass = pass.name
			if err := pass.do(ctx); err != nil {
				return err
			}
		}
		if h.best == before {
			return nil
		}
	}
}

// bold tries what gains most if it can be done at all, and first of all what
// makes runs quick.
func (h *hunt) bold(ctx context.Context) error {
	h.pass = "bold"
	_, err := h.first(ctx, 2, func(i int) *scenarios.Scenario {
		s := take(h.best, []string{"readers.sessions", "readers.inFlight", "readers.requestsPerSecond"})
		s.Readers.Count = scenarios.Size{All: 1}
		if i == 0 {
			s.World.Keys.All = min(s.World.Keys.All, smallWorld)
			s.World.DeltasPerSecond.All = min(s.World.DeltasPerSecond.All, slowTraffic)
		}
		return s
	})
	if err != nil {
		return err
	}
	faults, steps := storyLines(h.best)
	parts := [][]string{slices.Concat(faults, steps), steps, faults}
	_, err = h.first(ctx, len(parts), func(i int) *scenarios.Scenario { return take(h.best, parts[i]) })
	return err
}

// smallWorld is so few keys that a run is quick, and so many that every table
// has some.
const smallWorld = 100

// slowTraffic are so few transactions a second that a run is quick.
const slowTraffic = 20

func storyLines(s *scenarios.Scenario) (faults, steps []string) {
	for i := range s.Faults {
		faults = append(faults, faultPath(i))
	}
	for i := range s.Timeline {
		steps = append(steps, stepPath(i))
	}
	return faults, steps
}

// story drops faults and steps together, each fault beside the first step that
// is about it, so that what belongs together is tried together.
func (h *hunt) story(ctx context.Context) error {
	var lines []string
	placed := map[string]bool{}
	place := func(id string) {
		for i, f := range h.best.Faults {
			if f.ID == id && !placed[id] {
				placed[id] = true
				lines = append(lines, faultPath(i))
			}
		}
	}
	for i, step := range h.best.Timeline {
		place(step.Fault)
		place(step.When.Fault)
		lines = append(lines, stepPath(i))
	}
	for _, f := range h.best.Faults {
		place(f.ID)
	}
	return h.drop(ctx, lines)
}

// config drops settings, unless the violation is about time that settings give
// Recon: without them it might be right to take longer.
func (h *hunt) config(ctx context.Context) error {
	if strings.HasPrefix(h.kind, string(check.Converge)+"|") {
		return nil
	}
	var lines []string
	for _, key := range configKeys(h.best) {
		lines = append(lines, configPath(key))
	}
	return h.drop(ctx, lines)
}

// judges drops whatever is left that can be dropped.
func (h *hunt) judges(ctx context.Context) error {
	var lines []string
	for _, o := range options() {
		if o.clear != nil && o.given(h.best) {
			lines = append(lines, o.path)
		}
	}
	for i := range h.best.Thresholds {
		lines = append(lines, thresholdPath(i))
	}
	if err := h.drop(ctx, lines); err != nil {
		return err
	}
	_, err := h.first(ctx, 2, func(i int) *scenarios.Scenario {
		s := h.best.Clone()
		property, of, _ := strings.Cut(h.o.Signature, "|")
		if property == "unchecked" {
			property = of
		}
		if s.Proves = s.Proves[:1]; i == 0 {
			s.Proves = []string{property}
		}
		return s
	})
	return err
}

// retell lets the result say what it is.
func (h *hunt) retell(r *Result) {
	s := r.Scenario
	from := h.o.Scenario.Name
	s.Name = from + "-shrunk"
	s.About = fmt.Sprintf("It shows %s. Shrunk from %s, of whose %d lines %d are left.", r.Signature, from, r.LinesBefore, r.LinesAfter)
	if h.o.About != "" {
		s.About += " " + h.o.About
	}
}
