package shrink

import (
	"context"
	"fmt"
	"time"

	"reconsim/scenarios"
)

// flatten gives every size its number in a tier and drops the thresholds of
// others: the scenario runs there as before.
func flatten(s *scenarios.Scenario, tier string) {
	for _, size := range sizes(s) {
		if n, ok := size.In(tier); ok {
			*size = scenarios.Size{All: n}
		}
	}
	var kept []scenarios.Threshold
	for _, t := range s.Thresholds {
		if t.Tiers == nil {
			kept = append(kept, t)
			continue
		}
		for _, name := range t.Tiers {
			if name == tier {
				kept = append(kept, scenarios.Threshold{Expr: t.Expr})
			}
		}
	}
	s.Thresholds = kept
}

func sizes(s *scenarios.Scenario) []*scenarios.Size {
	all := []*scenarios.Size{&s.World.Keys, &s.World.DeltasPerSecond, &s.Readers.Count, &s.Readers.Sessions, &s.Readers.RequestsPerSecond}
	for i := range s.Timeline {
		step := &s.Timeline[i]
		all = append(all, &step.Count, &step.Rate, &step.When.Reads, &step.When.Deltas)
	}
	return all
}

// edit makes one thing simpler in place.
type edit struct {
	// what tells it from others, and is not tried again once it was in vain.
	what  string
	apply func(*scenarios.Scenario)
}

// values applies edits as long as one of them keeps the signature.
func (h *hunt) values(ctx context.Context) error {
	vain := map[string]bool{}
	for {
		var edits []edit
		for _, e := range simpler(h.best) {
			if !vain[e.what] {
				edits = append(edits, e)
			}
		}
		place, err := h.first(ctx, len(edits), func(i int) *scenarios.Scenario {
			s := h.best.Clone()
			edits[i].apply(s)
			return s
		})
		if err != nil {
			return err
		}
		if place < 0 {
			return nil
		}
		for _, e := range edits[:place] {
			vain[e.what] = true
		}
	}
}

// simpler lists what could be made simpler, what gains most first.
func simpler(s *scenarios.Scenario) []edit {
	var all []edit
	number := func(what string, now int64, set func(*scenarios.Scenario, int64), tried ...int64) {
		for _, n := range tried {
			if n < now {
				all = append(all, edit{fmt.Sprintf("%s to %d", what, n), func(s *scenarios.Scenario) { set(s, n) }})
			}
		}
	}
	size := func(what string, of func(*scenarios.Scenario) *scenarios.Size, tried ...int64) {
		number(what, of(s).All, func(s *scenarios.Scenario, n int64) { of(s).All = n }, tried...)
	}
	size("readers", func(s *scenarios.Scenario) *scenarios.Size { return &s.Readers.Count }, 1, 2, 4)
	size("keys", func(s *scenarios.Scenario) *scenarios.Size { return &s.World.Keys }, 10, 100, 500)
	number("nodes", s.World.OMs, func(s *scenarios.Scenario, n int64) { s.World.OMs = n }, 1, 2)
	for i := range s.Timeline {
		all = append(all, simplerStep(s, i)...)
	}
	for i, f := range s.Faults {
		if f.Armed == scenarios.ArmedByTimeline {
			all = append(all, edit{"armed from the start " + f.ID, func(s *scenarios.Scenario) { armAtStart(s, i) }})
		}
	}
	size("deltas a second", func(s *scenarios.Scenario) *scenarios.Size { return &s.World.DeltasPerSecond }, 5, 20, 50)
	for _, name := range s.Readers.Endpoints {
		if len(s.Readers.Endpoints) > 1 {
			all = append(all, edit{"only " + name, func(s *scenarios.Scenario) { s.Readers.Endpoints = []string{name} }})
		}
	}
	return all
}

// simplerStep lists what could be simpler in one step.
func simplerStep(s *scenarios.Scenario, i int) []edit {
	var all []edit
	step := s.Timeline[i]
	add := func(could bool, what string, apply func(*scenarios.Step)) {
		if could {
			all = append(all, edit{fmt.Sprintf("step %d %s %s", i, step.Do, what), func(s *scenarios.Scenario) { apply(&s.Timeline[i]) }})
		}
	}
	when := step.When
	add(!isZero(when), "without conditions", func(t *scenarios.Step) { t.When = scenarios.Condition{} })
	add(step.At != 0, "at once", func(t *scenarios.Step) { t.At = 0 })
	add(step.After != 0, "without delay", func(t *scenarios.Step) { t.After = 0 })
	add(when.Reads.Given(), "whatever was read", func(t *scenarios.Step) { t.When.Reads = scenarios.Size{} })
	add(when.Deltas.Given(), "whatever was applied", func(t *scenarios.Step) { t.When.Deltas = scenarios.Size{} })
	add(when.State != "", "in any state", func(t *scenarios.Step) { t.When.State = "" })
	add(when.Phase != "", "in any phase", func(t *scenarios.Step) { t.When.Phase = "" })
	add(when.Generation != 0, "at any generation", func(t *scenarios.Step) { t.When.Generation = 0 })
	add(when.Generation > 1, "a generation earlier", func(t *scenarios.Step) { t.When.Generation = max(1, t.When.Generation-1) })
	add(when.Fault != "", "before any fault", func(t *scenarios.Step) { t.When.Fault, t.When.Fired = "", 0 })
	add(when.Fired > 1, "at the first firing", func(t *scenarios.Step) { t.When.Fired = 0 })
	add(when.Leader != "", "under any leader", func(t *scenarios.Step) { t.When.Leader = "" })
	add(step.To != "", "to any node", func(t *scenarios.Step) { t.To = "" })
	add(step.Node != "", "of any node", func(t *scenarios.Step) { t.Node = "" })
	for _, d := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second} {
		add(step.For.D() > d, "for "+d.String(), func(t *scenarios.Step) { t.For = scenarios.Duration(d) })
		add(step.After.D() > d, "after "+d.String(), func(t *scenarios.Step) { t.After = scenarios.Duration(d) })
	}
	for _, n := range []int64{1, 10} {
		add(step.Count.All > n, fmt.Sprintf("with %d", n), func(t *scenarios.Step) { t.Count.All = n })
		add(when.Reads.All > n, fmt.Sprintf("after %d reads", n), func(t *scenarios.Step) { t.When.Reads.All = n })
	}
	return all
}

func isZero(c scenarios.Condition) bool {
	return c.State == "" && c.Phase == "" && c.Generation == 0 && c.Fault == "" && !c.Reads.Given() && !c.Deltas.Given() && c.Leader == ""
}

// armAtStart arms a fault from the start and drops the steps that armed it.
func armAtStart(s *scenarios.Scenario, i int) {
	f := &s.Faults[i]
	f.Armed = ""
	var rest []scenarios.Step
	for _, step := range s.Timeline {
		if step.Do != scenarios.ArmFault || step.Fault != f.ID {
			rest = append(rest, step)
		}
	}
	s.Timeline = rest
}
