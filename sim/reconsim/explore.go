package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/explore"
	"reconsim/sim/sched"
	"reconsim/sim/tier"
)

// exploreFlags are the flags of `reconsim explore`.
type exploreFlags struct {
	runFlags
	executions int64
	duration   time.Duration
	strategies []string
	workers    int
}

func (p *program) exploreVerb() *cobra.Command {
	var f exploreFlags
	cmd := &cobra.Command{
		Use: "explore FILE...", Short: "run scenarios in many orders of their actors, and look for violations", Args: cobra.MinimumNArgs(1),
		Long: `explore simulates scenarios again and again with other seeds and orders. It keeps what was
covered (points by states of staging, and pairs of points that followed each other) and goes
on from executions that reached something new. An execution counts only with a rebuild
committed after the first generation, a delta after it and 50 checked answers. Whatever is
found has been repeated in a fresh process first, and has a run directory of its own.

  reconsim explore scenarios/swap/smooth.yaml --for 60s
  reconsim explore scenarios/*/*.yaml --executions 10000 --strategy 'pct 3'
  reconsim explore scenarios/swap/smooth.yaml --executions 5000 --strategy 'exhaustive 1'
  reconsim explore scenarios/swap/stalled-commit.yaml --executions 20 --mutant serve-next-sql   (must fail)

Strategies: ` + sched.StrategySyntax + `.`,
		RunE: func(cmd *cobra.Command, files []string) error { return p.explore(cmd.Context(), f, files) },
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.executions, "executions", 0, "stop after so many")
	flags.DurationVar(&f.duration, "for", 0, "stop after this time")
	flags.StringArrayVar(&f.strategies, "strategy", nil, "order actors so (may be repeated; default several in turn)")
	flags.IntVar(&f.workers, "workers", runtime.NumCPU(), "processes at a time")
	flags.Uint64Var(&f.seed, "seed", 1, "the first seed; the others follow it")
	flags.StringVar(&f.out, "out", "", "run directory (default a new one below ./runs)")
	flags.StringArrayVar(&f.mutants, "mutant", nil, "switch a planted mistake on (reconsim list shows them)")
	return cmd
}

func (p *program) explore(ctx context.Context, f exploreFlags, files []string) error {
	o, err := f.options(files)
	if err != nil {
		return err
	}
	o.CommandLine, o.Version = p.args, version()
	view := p.newView("explore")
	o.Progress = func(e record.Exploration) {
		view.draw(time.Since(view.began), fmt.Sprintf("%6.1fs  explore  %d executions, %.0f an hour, %d distinct, %d cells, %d pairs, %d findings",
			e.Seconds, e.Executions, e.ExecutionsPerHour, e.DistinctTraces, e.Coverage.Reached, e.AdjacentPairs, len(e.Violations)))
	}
	e, err := explore.Run(ctx, o)
	view.close()
	if err != nil && !errors.Is(err, context.Canceled) {
		return environment(err)
	}
	e.Repeat = f.repeat(files)
	if err := record.WriteExploration(o.Out, e); err != nil {
		return environment(err)
	}
	if err := reports.Render(o.Out); err != nil {
		return environment(err)
	}
	if p.json {
		err = p.print(record.DocumentExploration(e))
	} else {
		err = environment(reports.WriteExploreTerminal(p.out, e))
	}
	if err == nil && e.Verdict != record.Pass {
		err = errViolated
	}
	return err
}

// options checks everything that can be checked before the first execution.
func (f *exploreFlags) options(files []string) (explore.Options, error) {
	o := explore.Options{Executions: f.executions, For: f.duration, Strategies: f.strategies, Seed: f.seed, Workers: f.workers, Out: f.out}
	if f.executions <= 0 && f.duration <= 0 {
		return o, usage("give --executions N or --for D: an exploration has no end of its own")
	}
	if f.workers < 1 {
		return o, usage("--workers %d: at least one is needed", f.workers)
	}
	if _, err := mutationsNamed(f.mutants); err != nil {
		return o, err
	}
	for _, strategy := range f.strategies {
		if _, err := sched.ParseStrategy(strategy); err != nil {
			return o, usage("--strategy: %v", err)
		}
		if strings.HasPrefix(strategy, "exhaustive") {
			if len(f.strategies) > 1 || len(files) > 1 {
				return o, usage("--strategy %s: it goes through all orders of one scenario and takes no other strategy beside it", strategy)
			}
			o.Workers = 1
		}
	}
	for _, file := range files {
		text, err := simText(file)
		if err != nil {
			return o, err
		}
		s, problems := scenarios.Load(file, []byte(text), tier.Vocabulary())
		if len(problems) > 0 {
			return o, problemFailure(problems)
		}
		o.Scenarios = append(o.Scenarios, s)
		o.Jobs = append(o.Jobs, tier.Job{File: file, Scenario: text, Mutants: f.mutants})
	}
	if o.Out == "" {
		o.Out = newRunDir("explore-")
	}
	if _, err := os.Stat(filepath.Join(o.Out, record.ExplorationFile)); err == nil {
		return o, usage("%s holds an exploration already: give another --out, or none", o.Out)
	}
	return o, nil
}

// repeat is what a person pastes to explore the same again.
func (f *exploreFlags) repeat(files []string) string {
	command := fmt.Sprintf("reconsim explore %s --seed %d", strings.Join(files, " "), f.seed)
	if f.executions > 0 {
		command += fmt.Sprintf(" --executions %d", f.executions)
	}
	if f.duration > 0 {
		command += fmt.Sprintf(" --for %v", f.duration)
	}
	for _, strategy := range f.strategies {
		command += fmt.Sprintf(" --strategy '%s'", strategy)
	}
	for _, m := range f.mutants {
		command += " --mutant " + m
	}
	return command
}
