package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/sim/tier"
)

func (p *program) replayVerb() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "replay RUNDIR|FILE", Short: "repeat a run of the sim tier exactly", Args: cobra.ExactArgs(1),
		Long: `replay repeats the run that a run directory holds: the same scenario, seed, order and
planted mistakes. It says whether everything happened in the same order as then, and if
not, what the first difference is. Of a scenario file it makes two runs and compares them.

  reconsim replay runs/20261124-101500-4711
  reconsim replay scenarios/swap/smooth.yaml --seed 7`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.replay(cmd.Context(), f, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "run directory of the repetition (default a new one below ./runs)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed, for a scenario file (default the file's, or a new one)")
	flags.StringVar(&f.strategy, "strategy", "", "strategy of the scheduler, for a scenario file")
	flags.StringArrayVar(&f.mutants, "mutant", nil, "switch a planted mistake on, for a scenario file")
	return cmd
}

func (p *program) replay(ctx context.Context, f runFlags, what string) error {
	if f.out == "" {
		f.out = newRunDir("replay-")
	}
	dir := what
	if info, err := os.Stat(what); err != nil || !info.IsDir() {
		if dir, err = p.firstRun(ctx, f, what); err != nil {
			return err
		}
	}
	recorded, err := tier.ReadRecorded(dir)
	if err != nil {
		return err
	}
	replayed, err := recorded.Replay(ctx, f.out)
	if err != nil {
		return environment(err)
	}
	if p.json {
		err = p.print(replayed)
	} else {
		err = p.tellReplay(f.out, dir, replayed)
	}
	if err == nil && (!replayed.SameTrace || replayed.Verdict != record.Pass) {
		err = errViolated
	}
	return err
}

// firstRun runs a scenario file, so that there is something to repeat.
func (p *program) firstRun(ctx context.Context, f runFlags, file string) (dir string, err error) {
	f.tier, dir = tier.Sim, f.out+"-first"
	jobs, err := f.jobs([]string{file})
	if err != nil {
		return "", err
	}
	_, err = p.runOne(ctx, f, jobs[0], dir)
	return dir, environment(err)
}

func (p *program) tellReplay(out, before string, r *tier.Replayed) error {
	run, err := record.ReadRun(out)
	if err != nil {
		return environment(err)
	}
	if err := reports.WriteTerminal(p.out, []record.Run{run}); err != nil {
		return environment(err)
	}
	switch {
	case r.SameTrace:
		fmt.Fprintf(p.out, "Everything happened as in %s: trace %s.\n", before, run.TraceHash)
	case r.FirstDifference != nil:
		fmt.Fprintf(p.out, "NOT as in %s: %s.\n", before, r.FirstDifference)
	default:
		fmt.Fprintf(p.out, "NOT as in %s, whose trace is not there to compare with.\n", before)
	}
	return nil
}
