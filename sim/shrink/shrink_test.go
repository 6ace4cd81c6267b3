package shrink

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"reconsim/scenarios"
	"reconsim/sim/tier"
)

// TestDdmin proves of any set of needed items that it is found exactly, in the
// order of the items, and that no part is tried that lacks nothing.
func TestDdmin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		needed := map[int]bool{}
		for i := range n {
			if rapid.IntRange(0, 7).Draw(t, "needed") == 0 {
				needed[i] = true
			}
		}
		tries := 0
		found, err := ddmin(n, func(parts [][]int) (int, error) {
			for i, part := range parts {
				tries++
				has := 0
				for _, item := range part {
					if needed[item] {
						has++
					}
				}
				if has == len(needed) {
					return i, nil
				}
			}
			return -1, nil
		})
		if err != nil || !slices.IsSorted(found) || len(found) != len(needed) {
			t.Fatalf("of %v it found %v, %v", needed, found, err)
		}
		if limit := 4 + 8*(len(needed)+1)*10; tries > limit {
			t.Fatalf("%d tries for %d of %d", tries, len(needed), n)
		}
	})
}

// saga is a world with four steps for each of its faults.
func saga(t testing.TB, faults int) *scenarios.Scenario {
	t.Helper()
	var b strings.Builder
	b.WriteString(`name: saga
about: Much happens, and little of it matters.
proves: [exact, monotonic, converge]
world: {oms: 3, keys: {sim: 1000, local: 5000}, layouts: {LEGACY: 1}, deltasPerSecond: 50, seed: 4}
config:
  ozone.recon.om.snapshot.task.initial.delay: 10ms
  ozone.recon.om.snapshot.task.interval.delay: 100ms
  ozone.recon.staging.retry.delay.minutes: 0.005
readers: {count: 8, sessions: 8, inFlight: 4, thinkTime: 5ms}
schedule: {seed: 9}
expect: {generations: 10, snapshots: 2, outcomes: {COMMITTED: 3}, states: [COMMITTED], converge: 20s}
thresholds: [reads >= 10, {expr: reads >= 90, tiers: [local]}, failed <= 0]
timeline:
`)
	for i := range faults {
		fmt.Fprintf(&b, "  - {name: part %d begins, when: {generation: %d, reads: %d}, do: arm, fault: f%d}\n", i, i+1, 100*(i+1), i)
		b.WriteString("  - {do: compact-log}\n")
		fmt.Fprintf(&b, "  - {name: fault %d struck, when: {fault: f%d}, after: 300ms, do: disarm, fault: f%d}\n", i, i, i)
		fmt.Fprintf(&b, "  - {do: wait, for: 200ms}\n")
	}
	b.WriteString("faults:\n")
	for i := range faults {
		fmt.Fprintf(&b, "  - {id: f%d, rule: 'at pointer/move on hit 1 : park %dms', armed: timeline}\n", i, i+1)
	}
	s, problems := scenarios.Load("saga.yaml", []byte(b.String()), tier.Vocabulary())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}

func optionsFor(t testing.TB, faults int, run func(s *scenarios.Scenario) []string) Options {
	t.Helper()
	return Options{Scenario: saga(t, faults), Tier: tier.Sim, Signature: "exact|reader-5|110-7/110-7",
		Run: func(_ context.Context, s *scenarios.Scenario) ([]string, error) { return run(s), nil }}
}

func hasFault(s *scenarios.Scenario, id string) bool {
	return slices.ContainsFunc(s.Faults, func(f scenarios.Fault) bool { return f.ID == id })
}

func does(s *scenarios.Scenario, verb string) bool {
	return slices.ContainsFunc(s.Timeline, func(step scenarios.Step) bool { return step.Do == verb })
}

// TestShrink is the tutorial: of 10 faults and 40 steps the defect needs one
// fault and one compaction while the fault is armed. What is left is a story of
// a few lines under their own names.
func TestShrink(t *testing.T) {
	o := optionsFor(t, 10, func(s *scenarios.Scenario) []string {
		armed := false
		for _, step := range s.Timeline {
			armed = armed || step.Fault == "f6" && step.Do == scenarios.ArmFault
			if armed && step.Do == scenarios.CompactLog && s.World.DeltasPerSecond.All > 0 {
				return []string{"unchecked|monotonic", "exact|reader-0|96-2/96-2"}
			}
		}
		return []string{"exact|reader-0|96-1/96-2"} // Another kind: not to slip to.
	})
	before, err := o.Scenario.Marshal()
	require.NoError(t, err)
	r, err := Shrink(t.Context(), o)
	require.NoError(t, err)
	require.True(t, r.Complete)
	require.Equal(t, "exact|reader-0|96-2/96-2", r.Signature)
	require.Equal(t, 50+3+3+2+4+3, r.LinesBefore)
	text, err := r.Scenario.Marshal()
	require.NoError(t, err)
	require.Equal(t, []string{"world.deltasPerSecond", "timeline[0]", "timeline[1]", "faults[0]"}, Lines(r.Scenario), string(text))
	require.Equal(t, 4, r.LinesAfter)
	require.Equal(t, "part 6 begins", r.Scenario.Timeline[0].Name)
	require.True(t, isZero(r.Scenario.Timeline[0].When), string(text))
	require.Equal(t, []string{"exact"}, r.Scenario.Proves)
	require.Contains(t, r.Scenario.About, "exact|reader-0|96-2/96-2")
	require.Less(t, r.Executions, 150)
	_, problems, err := r.Scenario.Recheck()
	require.NoError(t, err)
	require.Empty(t, problems)
	after, err := o.Scenario.Marshal()
	require.NoError(t, err)
	require.Equal(t, string(before), string(after), "the scenario handed in was changed")
}

// TestShrinkKeepsWhatAJudgeNeeds: signatures need not be of properties.
func TestShrinkKeepsWhatAJudgeNeeds(t *testing.T) {
	for _, c := range []struct {
		signature string
		shows     func(s *scenarios.Scenario) bool
		lines     []string
	}{
		{"vacuous|f3", func(s *scenarios.Scenario) bool { return hasFault(s, "f3") }, []string{"faults[0]"}},
		{"expectation|at least 10 generations are published", func(s *scenarios.Scenario) bool { return s.Expect.Generations == 10 }, []string{"expect.generations"}},
		{"threshold|reads >= 10", func(s *scenarios.Scenario) bool {
			return slices.ContainsFunc(s.Thresholds, func(t scenarios.Threshold) bool { return t.Expr.String() == "reads >= 10" })
		}, []string{"thresholds[0]"}},
		{"expectation|the run comes to its end", func(s *scenarios.Scenario) bool { return does(s, scenarios.CompactLog) }, []string{"timeline[0]"}},
	} {
		o := optionsFor(t, 10, func(s *scenarios.Scenario) []string {
			if c.shows(s) {
				return []string{c.signature}
			}
			return nil
		})
		o.Signature = c.signature
		r, err := Shrink(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, c.lines, Lines(r.Scenario), c.signature)
	}
}

// TestShrinkIsDeterministic: how many run at a time decides only how many runs
// there are, and no scenario is run twice or against the checker's will.
func TestShrinkIsDeterministic(t *testing.T) {
	texts := map[int]string{}
	for _, parallel := range []int{1, 2, 5} {
		var runs atomic.Int64
		o := optionsFor(t, 10, func(s *scenarios.Scenario) []string {
			runs.Add(1)
			if _, problems, err := s.Recheck(); err != nil || len(problems) > 0 {
				t.Errorf("ran %v %v", problems, err)
			}
			if hasFault(s, "f2") && hasFault(s, "f7") && does(s, scenarios.Wait) {
				return []string{"exact|reader-0|7-1/7-1"}
			}
			return nil
		})
		o.Parallel = parallel
		r, err := Shrink(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, int(runs.Load()), r.Executions)
		text, err := r.Scenario.Marshal()
		require.NoError(t, err)
		texts[parallel] = string(text)
	}
	require.Equal(t, texts[1], texts[2])
	require.Equal(t, texts[1], texts[5])
}

// TestShrinkAny proves of defects that need any few lines: the result shows the
// signature, and no step or fault can be taken out of it.
func TestShrinkAny(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var needed []string
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 1, 3, rapid.ID).Draw(rt, "needed") {
			needed = append(needed, fmt.Sprintf("f%d", i))
		}
		shows := func(s *scenarios.Scenario) []string {
			for _, id := range needed {
				if !hasFault(s, id) {
					return []string{"exact|reader-0|unlabelled/1-1"}
				}
			}
			return []string{"exact|reader-2|3-1/3-1"}
		}
		o := optionsFor(t, 4, shows)
		r, err := Shrink(t.Context(), o)
		if err != nil || !r.Complete {
			rt.Fatalf("%+v, %v", r, err)
		}
		if len(r.Scenario.Faults) != len(needed) || len(r.Scenario.Timeline) != 0 {
			rt.Fatalf("needed %v, left %v and %v", needed, r.Scenario.Faults, r.Scenario.Timeline)
		}
	})
}

// TestShrinkBounds: a bound or the end of the context gives what there is so
// far; a failed run and a scenario that is all right are errors.
func TestShrinkBounds(t *testing.T) {
	shows := func(s *scenarios.Scenario) []string {
		if hasFault(s, "f2") && hasFault(s, "f7") {
			return []string{"exact|reader-0|7-1/7-1"}
		}
		return []string{"monotonic|reader-0|7-1/7-1"}
	}
	o := optionsFor(t, 10, shows)
	o.MaxExecutions = 12
	progress := 0
	o.Progress = func(p Progress) { progress = p.Executions }
	r, err := Shrink(t.Context(), o)
	require.NoError(t, err)
	require.False(t, r.Complete)
	require.Equal(t, 12, r.Executions)
	require.Equal(t, 12, progress)
	require.NotEmpty(t, shows(r.Scenario))
	require.Less(t, r.LinesAfter, r.LinesBefore)

	ctx, cancel := context.WithCancel(t.Context())
	o = optionsFor(t, 10, shows)
	o.Progress = func(p Progress) {
		if p.Executions == 20 {
			cancel()
		}
	}
	r, err = Shrink(ctx, o)
	require.NoError(t, err)
	require.False(t, r.Complete)
	require.Equal(t, 20, r.Executions)
	_, err = Shrink(ctx, o)
	require.ErrorIs(t, err, context.Canceled)

	o = optionsFor(t, 10, shows)
	o.Signature = "exact|reader-0|7-1/8-2"
	_, err = Shrink(t.Context(), o)
	var notShown *NotShownError
	require.ErrorAs(t, err, &notShown)
	require.Equal(t, []string{"exact|reader-0|7-1/7-1"}, notShown.Shown)

	broken := errors.New("no disk")
	o.Run = func(context.Context, *scenarios.Scenario) ([]string, error) { return nil, broken }
	_, err = Shrink(t.Context(), o)
	require.ErrorIs(t, err, broken)
}

// TestTake lists what goes with a line.
func TestTake(t *testing.T) {
	s := saga(t, 10)
	s.Timeline[5].When.Fault = "f0"
	s.Timeline[5].When.Generation = 1
	s.Expect.Faults = []string{"f0", "f1"}
	less := take(s, []string{"faults[0]"})
	require.Len(t, less.Faults, 9)
	require.Len(t, less.Timeline, 38) // arm and disarm of f0
	require.Equal(t, scenarios.Condition{Generation: 1}, less.Timeline[3].When)
	require.Equal(t, []string{"f1"}, less.Expect.Faults)
	less = take(s, []string{"timeline[4]", "config.ozone.recon.staging.retry.delay.minutes", "expect.states", "world.keys"})
	require.False(t, hasFault(less, "f1"))
	require.Len(t, less.Config, 2)
	require.Nil(t, less.Expect.States)
	require.True(t, less.World.Keys.Given(), "what must stay is not taken")
	require.Equal(t, int64(3), less.Timeline[6].When.Generation)
	less = renumbered(s, []string{"timeline[1]", "timeline[5]"})
	require.Equal(t, int64(1), less.Timeline[6].When.Generation)
	require.Equal(t, int64(8), less.Timeline[len(less.Timeline)-4].When.Generation)
}

// TestShrinkWithReference: what a right engine fails in too is no smaller form of
// the violation, unless the right engine fails in the whole scenario.
func TestShrinkWithReference(t *testing.T) {
	mutant := func(s *scenarios.Scenario) []string {
		if !does(s, scenarios.CompactLog) || hasFault(s, "f3") {
			return []string{"vacuous|f3"}
		}
		return nil
	}
	o := optionsFor(t, 10, mutant)
	o.Signature = "vacuous|f3"
	right := func(_ context.Context, s *scenarios.Scenario) ([]string, error) {
		if !does(s, scenarios.CompactLog) {
			return []string{"vacuous|f3"}, nil
		}
		return nil, nil
	}
	r, err := Shrink(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, Lines(r.Scenario), "any story is too short")
	o.Reference = right
	r, err = Shrink(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, r.Scenario.Timeline, 1)
	require.Equal(t, scenarios.CompactLog, r.Scenario.Timeline[0].Do)
	require.Len(t, r.Scenario.Faults, 1)
	o.Reference = func(context.Context, *scenarios.Scenario) ([]string, error) { return []string{"vacuous|f3"}, nil }
	r, err = Shrink(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, Lines(r.Scenario))
	broken := errors.New("no disk")
	o.Reference = func(context.Context, *scenarios.Scenario) ([]string, error) { return nil, broken }
	_, err = Shrink(t.Context(), o)
	require.ErrorIs(t, err, broken)
}
