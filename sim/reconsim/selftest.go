package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/sim/mutant"
	"reconsim/sim/tier"
)

// selftestResult is the document of `reconsim selftest`.
type selftestResult struct {
	Verdict       string          `json:"verdict"`
	Mutants       int             `json:"mutants"`
	Killed        int             `json:"killed"`
	Survived      []string        `json:"survived"`
	MedianSeconds float64         `json:"medianSeconds"`
	WorstSeconds  float64         `json:"worstSeconds"`
	Results       []mutantOutcome `json:"results"`
}

type mutantOutcome struct {
	Mutant string `json:"mutant"`
	// KilledBy lists the properties that were violated.
	KilledBy   []string `json:"killedBy"`
	Executions int      `json:"executions"`
	Seconds    float64  `json:"seconds"`
	// ExpectedBy is the property that had to be violated.
	ExpectedBy string `json:"expectedBy"`
	Scenario   string `json:"scenario"`
	Repeat     string `json:"repeat"`
}

// selftestPatience is how long a step waits in a selftest: a mutant that keeps
// something from ever happening is seen sooner.
const selftestPatience = 15 * time.Second

func (p *program) selftestVerb() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "selftest [MUTANT...]", Short: "planted mistakes: does the named property see each?",
		Long: `selftest switches the engine's planted mistakes on, one after the other, runs the
scenario in which each must show, and fails unless the property named for it is violated.
A check that cannot fail proves nothing.`,
		RunE: func(cmd *cobra.Command, names []string) error { return p.selftest(cmd.Context(), f, names) },
	}
	cmd.Flags().StringVar(&f.out, "out", "", "directory for the runs (default a temporary one, removed at the end)")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of the runs (default a new one)")
	return cmd
}

func (p *program) selftest(ctx context.Context, f runFlags, names []string) error {
	chosen := mutant.All()
	if len(names) > 0 {
		chosen = nil
		for _, name := range names {
			m, ok := mutant.ByName(name)
			if !ok {
				return usage("%q is no planted mistake: reconsim list shows them", name)
			}
			chosen = append(chosen, m)
		}
	}
	if f.seed == 0 {
		f.seed = newSeed()
	}
	if f.out == "" {
		dir, err := os.MkdirTemp("", "reconsim-selftest-")
		if err != nil {
			return environment(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		f.out = dir
	}
	result := selftestResult{Verdict: "pass", Mutants: len(chosen), Survived: []string{}}
	for _, m := range chosen {
		try := p.tryMutant
		if m.Judge == mutant.ByCrashes {
			try = p.tryCrashMutant
		}
		outcome, err := try(ctx, f, m)
		if err != nil {
			return err
		}
		result.Results = append(result.Results, outcome)
		if slices.Contains(outcome.KilledBy, outcome.ExpectedBy) {
			result.Killed++
		} else {
			result.Survived = append(result.Survived, m.Name())
			result.Verdict = "fail"
		}
	}
	return p.finishSelftest(result)
}

// tryMutant runs a mutant's scenario with the mistake switched on.
func (p *program) tryMutant(ctx context.Context, f runFlags, m mutant.Mutant) (mutantOutcome, error) {
	file := "scenarios/" + m.Scenario + ".yaml"
	o := mutantOutcome{Mutant: m.Name(), KilledBy: []string{}, Executions: 1, ExpectedBy: string(m.Killer), Scenario: file}
	s, problems, err := loadScenario(file)
	if err == nil && len(problems) == 0 {
		s, problems = s.ForTier(tier.Local)
	}
	if err != nil {
		return o, err
	}
	if len(problems) > 0 {
		return o, problemFailure(problems)
	}
	view := p.newView(m.Name())
	run, err := tier.RunLocal(ctx, tier.Options{File: file, Scenario: s, Seed: f.seed, Out: filepath.Join(f.out, m.Name()),
		Mutations: []point.Mutation{m.Mutation}, CommandLine: p.args, Version: version(), Patience: selftestPatience, Progress: view.show})
	view.close()
	if err != nil {
		return o, environment(err)
	}
	if run.Error != nil && run.Error.Kind == record.KindEnvironment {
		return o, run.Error
	}
	o.Seconds, o.Repeat = run.Seconds, run.Repeat
	for _, property := range run.Properties {
		if property.Violations > 0 {
			o.KilledBy = append(o.KilledBy, property.Name)
		}
	}
	return o, nil
}

func (p *program) finishSelftest(result selftestResult) error {
	var seconds []float64
	for _, r := range result.Results {
		seconds = append(seconds, r.Seconds)
	}
	slices.Sort(seconds)
	if len(seconds) > 0 {
		result.MedianSeconds, result.WorstSeconds = seconds[len(seconds)/2], seconds[len(seconds)-1]
	}
	if p.json {
		if err := p.print(result); err != nil {
			return err
		}
	} else {
		for _, r := range result.Results {
			word := "killed"
			if !slices.Contains(r.KilledBy, r.ExpectedBy) {
				word = "SURVIVED"
			}
			fmt.Fprintf(p.out, "%-8s  %-20s by %v, expected %s, in %s (%.1f s)\n", word, r.Mutant, r.KilledBy, r.ExpectedBy, r.Scenario, r.Seconds)
			if word == "SURVIVED" {
				fmt.Fprintln(p.out, "  "+r.Repeat)
			}
		}
		fmt.Fprintf(p.out, "%d of %d planted mistakes were seen by the property named for them.\n", result.Killed, result.Mutants)
	}
	if result.Verdict != "pass" {
		return errViolated
	}
	return nil
}
