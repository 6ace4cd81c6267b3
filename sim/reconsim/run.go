package main

import (
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
	"reconsim/scenarios"
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
}

func (p *program) runVerb() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "run FILE...", Short: "run scenarios and check every answer", Args: cobra.MinimumNArgs(1),
		Long: `run plays scenario files: a fake OM cluster, the real engine, readers and faults. Every
answer is compared with an independent oracle. A run directory gets run.json,
events.jsonl, summary.md, junit.xml and report.html.

  reconsim run scenarios/first-light.yaml --tier local
  reconsim run scenarios/swap/*.yaml --tier local --json > result.json
  reconsim run scenarios/swap/smooth.yaml --tier local --mutant serve-next-sql   (must fail)`,
		RunE: func(cmd *cobra.Command, files []string) error { return p.runFiles(cmd.Context(), f, files) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.tier, "tier", tier.Local, "where to run: local (real files, HTTP and time); the other tiers come later")
	flags.StringVar(&f.out, "out", "", "run directory (default a new one below ./runs; with several files, one below it for each)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the run (default a new one)")
	flags.StringVar(&f.shard, "shard", "", "i/n: run only every n-th file, beginning with the i-th (from 1)")
	flags.BoolVar(&f.failFast, "fail-fast", false, "stop after the first scenario that fails")
	flags.DurationVar(&f.timeout, "timeout", 0, "limit for one scenario (default 10m)")
	flags.StringArrayVar(&f.mutants, "mutant", nil, "switch a planted mistake on (reconsim list shows them)")
	return cmd
}

func (p *program) runFiles(ctx context.Context, f runFlags, files []string) error {
	if err := tier.Available(f.tier); err != nil {
		return usage("%v", err)
	}
	mutations, err := mutationsNamed(f.mutants)
	if err != nil {
		return err
	}
	if files, err = shard(files, f.shard); err != nil {
		return err
	}
	if f.seed == 0 {
		f.seed = newSeed()
	}
	prepared := make([]*scenarios.Scenario, len(files))
	for i, file := range files {
		s, problems, err := loadScenario(file)
		if err != nil {
			return err
		}
		if len(problems) == 0 {
			prepared[i], problems = s.ForTier(f.tier)
		}
		if len(problems) > 0 {
			return problemFailure(problems)
		}
	}
	if f.out == "" {
		f.out = newRunDir("")
	}
	var runs []record.Run
	for i, file := range files {
		out := f.out
		if len(files) > 1 {
			out = filepath.Join(f.out, strings.ReplaceAll(prepared[i].Name, "/", "-"))
		}
		run, err := p.runOne(ctx, f, file, prepared[i], out, mutations)
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

func (p *program) runOne(ctx context.Context, f runFlags, file string, s *scenarios.Scenario, out string, mutations []point.Mutation) (record.Run, error) {
	view := p.newView(s.Name)
	run, err := tier.RunLocal(ctx, tier.Options{File: file, Scenario: s, Seed: f.seed, Out: out, Timeout: f.timeout,
		Mutations: mutations, CommandLine: p.args, Version: version(), Progress: view.show})
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
