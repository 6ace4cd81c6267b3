package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/sim/crash/matrix"
	"reconsim/sim/disk"
	"reconsim/sim/tier"
	"reconsim/sim/world"
)

// crashesFlags are the flags of `reconsim crashes`.
type crashesFlags struct {
	depth, judges int
	policies      string
	seed          uint64
	mutants       []string
	out           string
	timeout       time.Duration
	// at, policies and then name one cell.
	at   int
	then string
}

func (p *program) crashesVerb() *cobra.Command {
	var f crashesFlags
	cmd := &cobra.Command{
		Use: "crashes FILE", Short: "crash a rebuild at every disk operation, restart, and judge what is served", Args: cobra.ExactArgs(1),
		Long: `crashes records one run of a scenario on a simulated disk. Then it crashes the rebuild after
each operation, under each policy of what survives, restarts the engine on what that leaves,
and reads all that it serves: the old generation whole, the new one whole, or something bad
(EMPTY, MIXED, LOST, WON'T-OPEN). With --depth 2 each recovery is crashed in the same way.

  reconsim crashes scenarios/swap/smooth.yaml --depth 2
  reconsim crashes scenarios/swap/smooth.yaml --policy synced,prefix --mutant skip-table-sync   (must fail)
  reconsim crashes scenarios/swap/smooth.yaml --seed 1 --at 483 --policy "prefix 3"             (one cell, told)

The policies: synced (only what is durable survives), all, data (bytes, no names), prefix (the
first n operations), metadata (the first n changes of names), torn (the last write in part),
subset (drawn by the seed), exhaustive (every subset where few are pending).`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("at") {
				return p.crashCell(f, args[0])
			}
			return p.crashes(cmd.Context(), f, args[0])
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.depth, "depth", 1, "1, or 2 to crash recoveries too")
	flags.StringVar(&f.policies, "policy", allPolicies(), "policies of what survives, separated by commas; one with a number with --at")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the run and of the policy subset (default the scenario's, or a new one)")
	flags.StringArrayVar(&f.mutants, "mutant", nil, "switch a planted mistake on (reconsim list shows them)")
	flags.StringVar(&f.out, "out", "", "run directory (default a new one below ./runs)")
	flags.DurationVar(&f.timeout, "timeout", 0, "stop after this time, with what was found so far (default never)")
	flags.IntVar(&f.judges, "judges", runtime.NumCPU(), "restarts side by side")
	flags.IntVar(&f.at, "at", 0, "judge one crash only, after this operation, and tell its story")
	flags.StringVar(&f.then, "then", "", `with --at: a second crash while recovering, as "OPERATION:POLICY"`)
	return cmd
}

func allPolicies() string {
	var names []string
	for _, policy := range disk.AllPolicies() {
		names = append(names, policy.Family())
	}
	return strings.Join(names, ",")
}

// recordForCrashes checks the flags and records the run.
func (p *program) recordForCrashes(f *crashesFlags, file string) (*matrix.Recording, record.Scenario, error) {
	var told record.Scenario
	mutations, err := mutationsNamed(f.mutants)
	if err != nil {
		return nil, told, err
	}
	s, problems, err := loadScenario(file)
	if err != nil {
		return nil, told, err
	}
	if len(problems) == 0 {
		s, problems = s.ForTier(tier.Sim)
	}
	if len(problems) > 0 {
		return nil, told, problemFailure(problems)
	}
	f.seed = cmp.Or(f.seed, uint64(s.Schedule.Seed), newSeed())
	strategy, err := tier.StrategyOf(s, "", "")
	if err != nil {
		return nil, told, usage("strategy of %s: %v", file, err)
	}
	told = record.Scenario{File: file, Name: s.Name, About: s.About, Proves: s.Proves}
	if world.CutsPower(s) {
		return nil, record.Scenario{}, usage("%s cuts Recon's power itself: crashes needs a run that it can crash at every operation; reconsim run and explore tell this one", file)
	}
	r, err := matrix.Record(matrix.RecordOptions{Scenario: s, Seed: f.seed, Mutations: mutations, Strategy: strategy})
	if errors.Is(err, matrix.ErrNoRebuild) {
		return nil, told, usage("%s: %v", file, err)
	}
	if err != nil {
		return nil, told, environment(err)
	}
	if r.Run.Verdict != record.Pass && len(mutations) == 0 {
		return nil, told, environment(fmt.Errorf("the recorded run itself failed its checks, so its crashes prove nothing: reconsim run %s --tier sim --seed %d", file, f.seed))
	}
	return r, told, nil
}

// gcPercent trades memory for time: a restart allocates a few MiB and keeps
// nothing of them.
const (
	gcPercent   = 1000
	memoryLimit = 2 << 30
)

func (p *program) crashes(ctx context.Context, f crashesFlags, file string) error {
	policies, err := disk.ParsePolicies(f.policies)
	switch {
	case err != nil:
		return usage("--policy: %v", err)
	case f.depth < 1 || f.depth > 2:
		return usage("--depth must be 1 or 2")
	case f.judges < 1:
		return usage("--judges must be at least 1")
	case f.then != "":
		return usage("--then needs --at")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	started, cpu := time.Now(), cpuSeconds()
	recording, scenario, err := p.recordForCrashes(&f, file)
	if err != nil {
		return err
	}
	m := record.CrashMatrix{ToolVersion: version(), CommandLine: p.args, StartedAt: started.UTC(), Scenario: scenario,
		Protocol: "generation", Mutants: f.mutants, Repeat: f.command(file)}
	judging := ctx
	if f.timeout > 0 {
		var stop context.CancelFunc
		judging, stop = context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("--timeout %v is over", f.timeout))
		defer stop()
	}
	progress := p.newBlock()
	result, err := matrix.Survey(judging, recording, matrix.Options{Depth: f.depth, Policies: policies, Judges: f.judges,
		Progress: func(at matrix.Progress) { progress.draw(time.Since(started), crashProgress(at)) }})
	progress.erase()
	if err == nil {
		err = result.Fill(ctx, &m, func(steps []matrix.Step) string { return f.cellCommand(file, steps) })
	}
	if err != nil {
		return environment(err)
	}
	p.showFresh(ctx, &m)
	m.CPUSeconds = cpuSeconds() - cpu
	return p.finishCrashes(f, m)
}

func crashProgress(at matrix.Progress) string {
	return fmt.Sprintf("crashes: %d of %d images of the run, %d states judged, %d bad, %.0f states/s",
		at.Done, at.Jobs, at.States, at.Bad, float64(at.States)/max(at.Seconds, 0.001))
}

// command repeats the matrix.
func (f *crashesFlags) command(file string) string {
	return fmt.Sprintf("reconsim crashes %s --seed %d --depth %d%s%s", quoteArgument(file), f.seed, f.depth, f.policyArgument(), f.mutantArguments())
}

func (f *crashesFlags) policyArgument() string {
	if f.policies == allPolicies() {
		return ""
	}
	return " --policy " + quoteArgument(f.policies)
}

func (f *crashesFlags) mutantArguments() string {
	text := ""
	for _, name := range f.mutants {
		text += " --mutant " + name
	}
	return text
}

// quoteArgument makes a word of the shell.
func quoteArgument(word string) string {
	if strings.ContainsAny(word, " '\"$&|;<>()*?[]#~`\\!{}") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// finishCrashes writes the run directory and prints the document.
func (p *program) finishCrashes(f crashesFlags, m record.CrashMatrix) error {
	if f.out == "" {
		f.out = newRunDir("crashes-")
	}
	m.Dir = f.out
	err := os.MkdirAll(f.out, 0o755)
	if err == nil {
		err = record.WriteCrashMatrix(f.out, m)
	}
	if err == nil {
		err = reports.Render(f.out)
	}
	if err != nil {
		return environment(err)
	}
	if p.json {
		err = p.print(record.DocumentCrashes(m))
	} else {
		err = p.tellCrashes(m)
	}
	if err == nil && m.Verdict != record.Pass {
		err = errViolated
	}
	return err
}

// cpuSeconds is the processor time that this process has used.
func cpuSeconds() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
