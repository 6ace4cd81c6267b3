package tier

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/mutant"
)

// Recorded is what a run directory of the sim tier says about its run.
type Recorded struct {
	Run      record.Run
	Scenario *scenarios.Scenario
	// Trace is the recorded one, line by line; empty if it is not there.
	Trace string
}

// ReadRecorded reads a run directory.
func ReadRecorded(dir string) (*Recorded, error) {
	bad := func(format string, args ...any) error {
		return &record.Failure{Kind: record.KindUsage, Message: fmt.Sprintf(format, args...), File: dir,
			Suggestion: "give the directory of a run in the sim tier, or a scenario file"}
	}
	run, err := record.ReadRun(dir)
	if err != nil {
		return nil, bad("%v", err)
	}
	if run.Tier != Sim {
		return nil, bad("the run was made in tier %s, where time is real: it can be run again (%s) but not repeated", run.Tier, run.Repeat)
	}
	text, err := os.ReadFile(filepath.Join(dir, record.ScenarioFile))
	if err != nil {
		return nil, bad("%v", err)
	}
	r := &Recorded{Run: run}
	s, problems := scenarios.Load(run.Scenario.File, text, Vocabulary())
	if len(problems) == 0 {
		r.Scenario, problems = s.ForTier(Sim)
	}
	if len(problems) > 0 {
		return nil, bad("%s: %s", record.ScenarioFile, problems[0].Message)
	}
	trace, err := os.ReadFile(filepath.Join(dir, record.TraceFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, bad("%v", err)
	}
	r.Trace = string(trace)
	return r, nil
}

// Options are those that repeat the recorded run into another directory.
func (r *Recorded) Options(out string) (Options, error) {
	o := Options{File: r.Run.Scenario.File, Scenario: r.Scenario, Seed: r.Run.Seed, Out: out, Tier: Sim}
	for _, name := range r.Run.Mutants {
		m, ok := mutant.ByName(name)
		if !ok {
			return o, &record.Failure{Kind: record.KindUsage, Message: fmt.Sprintf("the run had the planted mistake %q, which this version does not know", name)}
		}
		o.Mutations = append(o.Mutations, m.Mutation)
	}
	var err error
	o.Strategy, err = StrategyOf(r.Scenario, r.Run.Strategy, "")
	return o, err
}

// InScenario reports whether the scenario file alone repeats the run: its order is
// that of a seed and a strategy, and not of recorded choices.
func (r *Recorded) InScenario() bool {
	strategy, err := StrategyOf(r.Scenario, r.Run.Strategy, "")
	if err != nil {
		return false
	}
	with, ok := scheduled(r.Scenario, r.Run.Seed, strategy)
	return ok && with.Schedule == r.Scenario.Schedule
}

// Replayed is a run that was repeated.
type Replayed struct {
	record.RunDocument
	SameTrace bool `json:"sameTrace"`
	// FirstDifference is where the courses part, nil if they do not.
	FirstDifference *Difference `json:"firstDifference,omitempty"`
}

// Replay repeats a recorded run and compares what it did entry by entry.
func (r *Recorded) Replay(ctx context.Context, out string) (*Replayed, error) {
	o, err := r.Options(out)
	if err != nil {
		return nil, err
	}
	run, err := RunSim(ctx, o)
	if err != nil {
		return nil, err
	}
	d := &Replayed{RunDocument: record.Document([]record.Run{run}), SameTrace: run.TraceHash == r.Run.TraceHash}
	if d.SameTrace {
		return d, nil
	}
	trace, err := os.ReadFile(filepath.Join(out, record.TraceFile))
	if err != nil {
		return nil, fmt.Errorf("read the repetition's trace: %w", err)
	}
	if first, differs := FirstDifference(r.Trace, string(trace)); differs {
		d.FirstDifference = &first
	}
	return d, nil
}
