package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reconsim/faults/point"
	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/sim/mutant"
	"reconsim/sim/tier"
)

// runFlags are the flags of `reconsim run`.
type runFlags struct {
	tier     string
	out      string
	seed     uint64
	shard    string
	failFast bool
	timeout  time.Duration
	mutants  []string
	strategy string
}

func (p *program) runVerb() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run FILE...", Short: "run scenarios and check every answer", Args: cobra.MinimumNArgs(1),
		Long: `run plays scenario files: a fake OM cluster, the real engine, readers and faults. Every
answer is compared with an independent oracle. A run directory gets run.json,
events.jsonl, summary.md, junit.xml and report.html.

  reconsim run scenarios/first-light.yaml                 on virtual time, repeatable
  reconsim run scenarios/first-light.yaml --tier local    real files, HTTP and time
  reconsim run scenarios/swap/*.yaml --json > result.json
  reconsim run scenarios/swap/smooth.yaml --seed 7 --strategy 'pct 3'
  reconsim run scenarios/swap/stalled-commit.yaml --mutant serve-next-sql   (must fail)`,
		RunE: func(cmd *cobra.Command, files []string) error { return p.runFiles(cmd.Context(), f, files) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.tier, "tier", tier.Sim, "where to run: sim (one process, virtual time, disks in memory) or local (real files, HTTP and time)")
	flags.StringVar(&f.out, "out", "", "run directory (default a new one below ./runs; with several files, one below it for each)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the run (default the scenario's, or a new one)")
	flags.StringVar(&f.strategy, "strategy", "", "how the sim tier orders its actors: random, pct N, round-robin or exhaustive N (default the scenario's)")
	flags.StringVar(&f.shard, "shard", "", "i/n: run only every n-th file, beginning with the i-th (from 1)")
	flags.BoolVar(&f.failFast, "fail-fast", false, "stop after the first scenario that fails")
	flags.DurationVar(&f.timeout, "timeout", 0, "limit for one scenario in the local tier (default 10m)")
	flags.StringArrayVar(&f.mutants, "mutant", nil, "switch a planted mistake on (reconsim list shows them)")
	return cmd
}

func (p *program) runFiles(ctx context.Context, f runFlags, files []string) error {
	if err := tier.Available(f.tier); err != nil {
		return usage("%v", err)
	}
	files, err := shard(files, f.shard)
	if err != nil {
		return err
	}
	jobs, err := f.jobs(files)
	if err != nil {
		return err
	}
	if f.out == "" {
		f.out = newRunDir("")
	}
	var runs []record.Run
	for _, o := range jobs {
		out := f.out
		if len(files) > 1 {
			out = filepath.Join(f.out, strings.ReplaceAll(o.Scenario.Name, "/", "-"))
		}
		run, err := p.runOne(ctx, f, o, out)
		if err != nil {
			return environment(err)
		}
		runs = append(runs, run)
		if ctx.Err() != nil || f.failFast && run.Verdict != record.Pass {
			break
		}
	}
	return p.finishRuns(runs)
}

// jobs checks everything that can be checked before the first run.
func (f *runFlags) jobs(files []string) ([]tier.Options, error) {
	mutations, err := mutationsNamed(f.mutants)
	if err != nil {
		return nil, err
	}
	drawn := newSeed()
	var jobs []tier.Options
	for _, file := range files {
		s, problems, err := loadScenario(file)
		if err != nil {
			return nil, err
		}
		if len(problems) == 0 {
			s, problems = s.ForTier(f.tier)
		}
		if len(problems) > 0 {
			return nil, problemFailure(problems)
		}
		o := tier.Options{File: file, Scenario: s, Seed: cmp.Or(f.seed, uint64(s.Schedule.Seed), drawn), Mutations: mutations,
			Tier: f.tier, Timeout: f.timeout, Version: version()}
		if f.tier == tier.Sim {
			if o.Strategy, err = tier.StrategyOf(s, f.strategy, ""); err != nil {
				return nil, usage("--strategy: %v", err)
			}
		} else if f.strategy != "" {
			return nil, usage("--strategy %s: only the sim tier orders its actors", f.strategy)
		}
		jobs = append(jobs, o)
	}
	return jobs, nil
}

func (p *program) runOne(ctx context.Context, f runFlags, o tier.Options, out string) (record.Run, error) {
	view := p.newView(o.Scenario.Name)
	o.Out, o.CommandLine, o.Progress = out, p.args, view.show
	runIn := tier.RunLocal
	if f.tier == tier.Sim {
		runIn = tier.RunSim
	}
	run, err := runIn(ctx, o)
	view.close()
	if err == nil && !p.json {
		err = reports.WriteTerminal(p.out, []record.Run{run})
	}
	return run, err
}

// finishRuns prints the document and turns the verdicts into the exit code.
func (p *program) finishRuns(runs []record.Run) error {
	document := record.Document(runs)
	if p.json {
		if err := p.print(document); err != nil {
			return err
		}
	}
	if document.Verdict == record.Pass {
		return nil
	}
	for _, run := range runs {
		if run.Error != nil && run.Error.Kind == record.KindEnvironment {
			if p.json {
				return errEnvironment
			}
			return run.Error
		}
	}
	return errViolated
}

// errEnvironment ends a command whose environment failed after its document
// was printed.
var errEnvironment = errors.New("the environment failed")

func mutationsNamed(names []string) ([]point.Mutation, error) {
	var mutations []point.Mutation
	for _, name := range names {
		m, ok := mutant.ByName(name)
		if !ok {
			return nil, usage("%q is no planted mistake: reconsim list shows them", name)
		}
		mutations = append(mutations, m.Mutation)
	}
	return mutations, nil
}

// shard picks every n-th file.
func shard(files []string, text string) ([]string, error) {
	if text == "" {
		return files, nil
	}
	var i, n int
	if _, err := fmt.Sscanf(text, "%d/%d", &i, &n); err != nil || i < 1 || i > n {
		return nil, usage("--shard %q is not i/n with 1 <= i <= n", text)
	}
	var mine []string
	for k, file := range files {
		if k%n == i-1 {
			mine = append(mine, file)
		}
	}
	return mine, nil
}

// newSeed draws a seed that is easy to type.
func newSeed() uint64 {
	var b [8]byte
	// crypto/rand.Read never fails on the platforms Go supports.
	_, _ = rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])%1_000_000_000 + 1
}
