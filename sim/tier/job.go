package tier

import (
	"fmt"
	"time"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/mutant"
)

// Job is one simulation as it is handed to another process: plain text and
// numbers, so that nothing but them can decide what happens there.
type Job struct {
	// File is what the scenario goes by, Scenario its text.
	File     string `json:"file"`
	Scenario string `json:"scenario"`
	Seed     uint64 `json:"seed"`
	// Strategy is as sched.ParseStrategy reads it, empty for the scenario's.
	Strategy string `json:"strategy,omitempty"`
	// Choices, if any, are followed before Strategy decides.
	Choices string   `json:"choices,omitempty"`
	Mutants []string `json:"mutants,omitempty"`
	// Plant is a cause of nondeterminism, see [Plants].
	Plant string `json:"plant,omitempty"`
	// Until, WithinMillis and PatienceMillis are those of Options.
	Until          string `json:"until,omitempty"`
	WithinMillis   int64  `json:"withinMillis,omitempty"`
	PatienceMillis int64  `json:"patienceMillis,omitempty"`
	// Trace and Coverage ask for more in the outcome.
	Trace    bool `json:"trace,omitempty"`
	Coverage bool `json:"coverage,omitempty"`
	// Continue goes on with the exhaustive search that the worker's earlier jobs
	// of this scenario, seed and strategy have begun.
	Continue bool `json:"continue,omitempty"`
}

// Outcome is what a [Job] came to.
type Outcome struct {
	Verdict    record.Verdict     `json:"verdict"`
	TraceHash  string             `json:"traceHash"`
	Entries    int                `json:"entries"`
	Signatures []string           `json:"signatures,omitempty"`
	Violations []record.Violation `json:"violations,omitempty"`
	// Unmet are the expectations that were not met, with the beginning of what was
	// there instead.
	Unmet []string `json:"unmet,omitempty"`
	// Checked, Committed and Deltas say whether the execution had anything to show:
	// answers judged, generations committed, transactions applied after the last
	// of them.
	Checked   int64 `json:"checked"`
	Committed int   `json:"committed"`
	Deltas    int64 `json:"deltas"`
	// Choices is whom the scheduler chose, if Coverage was asked for and has
	// something that no job of this worker had before.
	Choices string `json:"choices,omitempty"`
	Trace   string `json:"trace,omitempty"`
	// Coverage is as ReadCoverage takes it.
	Coverage []byte `json:"coverage,omitempty"`
	// Exhausted means that the search of Job.Continue had nothing left to run.
	Exhausted bool `json:"exhausted,omitempty"`
	// Error is set if there was no run at all.
	Error *record.Failure `json:"error,omitempty"`
}

// Options are those of the job's simulation; the failure says what is wrong with
// its scenario or its names.
func (j Job) Options() (Options, *record.Failure) {
	s, problems := scenarios.Load(j.File, []byte(j.Scenario), Vocabulary())
	if len(problems) == 0 {
		s, problems = s.ForTier(Sim)
	}
	if len(problems) > 0 {
		p := problems[0]
		return Options{}, &record.Failure{Kind: record.KindScenario, Message: p.Message, File: p.File, Line: p.Line, Column: p.Column, Suggestion: p.Suggestion}
	}
	millis := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	o := Options{File: j.File, Scenario: s, Seed: j.Seed, Tier: Sim, KeepTrace: j.Trace, Plant: j.Plant,
		Until: j.Until, Within: millis(j.WithinMillis), Patience: millis(j.PatienceMillis)}
	bad := func(err error) (Options, *record.Failure) {
		return Options{}, &record.Failure{Kind: record.KindUsage, Message: err.Error()}
	}
	for _, name := range j.Mutants {
		m, ok := mutant.ByName(name)
		if !ok {
			return bad(fmt.Errorf("%q is no planted mistake: reconsim list shows them", name))
		}
		o.Mutations = append(o.Mutations, m.Mutation)
	}
	var err error
	if o.Strategy, err = StrategyOf(s, j.Strategy, j.Choices); err != nil {
		return bad(err)
	}
	return o, nil
}

// Run carries the job out in this process.
func (j Job) Run() Outcome {
	o, failure := j.Options()
	if failure != nil {
		return Outcome{Verdict: record.Fail, Error: failure}
	}
	return j.run(o, NewCoverage())
}

// run carries the job out; seen is what earlier jobs have covered.
func (j Job) run(o Options, seen *Coverage) Outcome {
	var coverage *Coverage
	if j.Coverage {
		coverage = NewCoverage()
		o.Hooks.Covered = coverage.Passed
	}
	s := Simulate(o)
	out := Outcome{Verdict: s.Run.Verdict, TraceHash: s.Run.TraceHash, Entries: s.Trace.Entries(), Signatures: s.Signatures(),
		Deltas: s.Deltas, Trace: string(s.Trace.Text()), Error: s.Run.Error}
	const maxViolations = 10
	out.Violations = s.Run.Violations[:min(maxViolations, len(s.Run.Violations))]
	const maxGot = 300
	for _, e := range s.Run.Expectations {
		if !e.OK {
			out.Unmet = append(out.Unmet, fmt.Sprintf("%s; got %.*s", e.Text, maxGot, e.Got))
		}
	}
	for _, g := range s.Run.Generations {
		if g.Outcome == record.Committed {
			out.Committed++
		}
	}
	for _, p := range s.Run.Properties {
		if p.Name == string(check.Exact) {
			out.Checked = p.Checked
		}
	}
	if coverage != nil {
		out.Coverage = coverage.Bits()
		if seen.Add(coverage) > 0 {
			out.Choices = s.Choices.String()
		}
	}
	return out
}

// mutantNames are the names of mutations.
func mutantNames(mutations []point.Mutation) []string {
	var names []string
	for _, m := range mutations {
		names = append(names, m.String())
	}
	return names
}
