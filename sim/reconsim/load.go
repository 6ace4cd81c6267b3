package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/load"
)

// loadFlags are the flags of `reconsim load`.
type loadFlags struct {
	keys, deltas, sample   int64
	readers, rate, deltaHz int
	rest                   time.Duration
	thresholds             []string
	memoryMiB              int64
	seed                   uint64
	out                    string
}

func (p *program) loadVerb() *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use: "load --keys N", Short: "rebuild from N keys under readers, and measure it", Args: cobra.NoArgs,
		Long: `load makes an OM with N keys, lets Recon bootstrap, and then rebuild from a new snapshot
while readers ask at a steady rate and the OM goes on. Every answer is judged; what is
measured is time, CPU seconds, memory and disk by phase, and the readers' latency at
rest, while staging and at the switch. A request is measured from when it was due.

  reconsim load --keys 2000000 --readers 4
  reconsim load --keys 10000000 --thresholds 'rebuild <= 30s' --thresholds 'peak-rss <= 512MiB'
  reconsim load --keys 1000000 --thresholds 'isolation <= 3' --json > load.json

Thresholds are those of scenarios: p99 while PROCESSING, rebuild, switch, isolation,
peak-rss, peak-disk, disk-factor and others (reconsim list shows them). Exit codes: 0 all
held, 1 a property or a threshold did not, 2 bad input, 3 the environment failed.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.load(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.Int64Var(&f.keys, "keys", 0, "committed keys at the start")
	flags.IntVar(&f.readers, "readers", 4, "readers")
	flags.IntVar(&f.rate, "rate", 50, "requests a second that fall due for each reader")
	flags.Int64Var(&f.deltas, "deltas", 1000, "OM transactions while readers read; 0 for none")
	flags.IntVar(&f.deltaHz, "delta-rate", 100, "OM transactions a second")
	flags.DurationVar(&f.rest, "rest", 5*time.Second, "how long readers are measured before the rebuild, and after it")
	flags.StringArrayVar(&f.thresholds, "thresholds", nil, "a figure that must be kept, such as 'rebuild <= 30s'; may be given again")
	flags.Int64Var(&f.sample, "sample", 20_000, "about how many keys the oracle keeps one by one; it knows the others as sums")
	flags.Int64Var(&f.memoryMiB, "memory", 96, "soft limit of the Go runtime's memory in MiB, beside block cache and memtables; 0 for none")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the namespace, its traffic and the requests (default a new one)")
	flags.StringVar(&f.out, "out", "", "run directory (default a new one below ./runs)")
	return cmd
}

// maxLoadReaders bounds the readers; each has several requests under way.
const maxLoadReaders = 1000

func (f loadFlags) options() (load.Options, error) {
	o := load.Options{Keys: f.keys, Readers: f.readers, RequestsPerSecond: f.rate, Deltas: f.deltas, DeltasPerSecond: f.deltaHz,
		Rest: scenarios.Duration(f.rest), Seed: f.seed, Sample: f.sample, MemoryBytes: f.memoryMiB << 20, Out: f.out}
	switch {
	case f.keys < 1:
		return o, usage("--keys says how many keys: at least 1")
	case f.readers < 1 || f.readers > maxLoadReaders:
		return o, usage("--readers must be between 1 and %d: without readers nothing is checked", maxLoadReaders)
	case f.rate < 1 || f.rate > 1_000_000:
		return o, usage("--rate must be between 1 and 1000000 requests a second")
	case f.deltas < 0 || f.deltas > 0 && f.deltaHz < 1:
		return o, usage("--deltas must be at least 0, and --delta-rate at least 1")
	case f.rest <= 0:
		return o, usage("--rest must be longer than nothing")
	case f.sample < 1:
		return o, usage("--sample must be at least 1")
	case f.memoryMiB < 0:
		return o, usage("--memory must be at least 0")
	}
	for _, text := range f.thresholds {
		e, err := scenarios.ParseExpression(text)
		if err != nil {
			return o, usage("--thresholds %q, column %d: %s", text, err.Column, err.Error())
		}
		o.Thresholds = append(o.Thresholds, e)
	}
	return o, nil
}

func (p *program) load(ctx context.Context, f loadFlags) error {
	if f.seed == 0 {
		f.seed = newSeed()
	}
	if f.out == "" {
		f.out = newRunDir("load-")
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	view := &loadView{p.newBlock()}
	o.CommandLine, o.Version, o.Progress = p.args, version(), view.show
	run, err := load.Run(ctx, o)
	view.close()
	if err != nil {
		return environment(err)
	}
	if p.json {
		err = p.print(record.DocumentLoad(run))
	} else {
		err = reports.WriteTerminal(p.out, []record.Run{run})
	}
	if err != nil {
		return err
	}
	switch {
	case run.Verdict == record.Pass:
		return nil
	case run.Error != nil && run.Error.Kind == record.KindEnvironment:
		if p.json {
			return errEnvironment
		}
		return run.Error
	default:
		return errViolated
	}
}

// loadView shows how a load run goes on.
type loadView struct{ block }

func (v *loadView) show(p load.Progress) {
	line := fmt.Sprintf("%7.1fs  %-9s", p.Elapsed.Seconds(), p.Phase)
	switch {
	case p.InBytes && p.Done > 0:
		line += fmt.Sprintf("  %7.1f MiB, %.0f MiB/s", float64(p.Done)/(1<<20), p.PerSecond()/(1<<20))
	case p.Total > 0 && p.Done > 0:
		line += fmt.Sprintf("  %3.0f%%, %.2f million rows/s", 100*float64(p.Done)/float64(p.Total), p.PerSecond()/1e6)
	}
	if left, ok := p.Left(); ok {
		line += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	line += fmt.Sprintf("  | %d published, %d answers, %d violations", p.World.Published, p.World.Reads, p.World.Violations)
	v.draw(p.Elapsed, line)
}
