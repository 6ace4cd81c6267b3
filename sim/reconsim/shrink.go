package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/shrink"
	"reconsim/sim/tier"
)

// shrinkFlags are the flags of `reconsim shrink`.
type shrinkFlags struct {
	runFlags
	signature string
	most      int
}

// shrunk is the document of `reconsim shrink`.
type shrunk struct {
	// Signature is what the shrunk scenario's run shows, From what was asked for;
	// they are of one kind.
	Signature   string  `json:"signature"`
	From        string  `json:"from"`
	LinesBefore int     `json:"linesBefore"`
	LinesAfter  int     `json:"linesAfter"`
	Executions  int     `json:"executions"`
	Seconds     float64 `json:"seconds"`
	File        string  `json:"file"`
	// Complete says that nothing more could be taken out.
	Complete bool `json:"complete"`
	// Replay is a command to paste.
	Replay string `json:"replay"`
}

func (p *program) shrinkVerb() *cobra.Command {
	var f shrinkFlags
	cmd := &cobra.Command{
		Use: "shrink FILE|RUNDIR", Short: "the smallest scenario that fails in the same way", Args: cobra.ExactArgs(1),
		Long: `shrink takes lines out of a scenario that fails, and makes what is left simpler, as long as
its run shows the same kind of violation: the same property, and an answer of the current or
of an older generation as before. Faults, steps, settings, expectations and thresholds are
lines; what is left keeps its names. The last scenario is run once more in a fresh process
before it is written. Of a run directory it takes the scenario, seed, order and planted
mistakes that failed there.

  reconsim shrink scenarios/swap/stalled-commit.yaml --mutant serve-next-sql --seed 5
  reconsim shrink runs/explore-20261124-101500-4711/finding-1`,
		RunE: func(cmd *cobra.Command, args []string) error { return p.shrink(cmd.Context(), f, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "file to write (default NAME.shrunk.yaml in the working directory)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of the runs (default the scenario's, or a new one)")
	flags.StringVar(&f.signature, "signature", "", "what must remain (default the first violation of the first run)")
	flags.StringArrayVar(&f.mutants, "mutant", nil, "switch a planted mistake on (reconsim list shows them)")
	flags.IntVar(&f.most, "executions", 1000, "bound of the runs; then the smallest scenario so far is written")
	return cmd
}

func (p *program) shrink(ctx context.Context, f shrinkFlags, file string) error {
	began := time.Now()
	file, err := f.resolve(file)
	if err != nil {
		return err
	}
	s, job, err := f.job(file)
	if err != nil {
		return err
	}
	f.out = cmp.Or(f.out, path.Base(s.Name)+".shrunk.yaml")
	if _, err := os.Stat(f.out); !errors.Is(err, fs.ErrNotExist) {
		return usage("%s is there already: give another --out", f.out)
	}
	view := p.newView("shrink")
	defer view.close()
	if err := f.fails(ctx, &job, s); err != nil {
		return err
	}
	result, err := f.shrinkTo(ctx, job, s, view)
	if err != nil {
		return err
	}
	if err := writeScenario(f.out, result.Scenario); err != nil {
		return err
	}
	document := shrunk{Signature: result.Signature, From: f.signature, LinesBefore: result.LinesBefore, LinesAfter: result.LinesAfter,
		Executions: result.Executions, Seconds: time.Since(began).Seconds(), File: f.out, Complete: result.Complete, Replay: f.replay()}
	view.close()
	if p.json {
		return p.print(document)
	}
	fmt.Fprintf(p.out, "%s: %d lines of %d are left after %d runs in %.1f s.\nIt shows %s:\n  %s\n", document.File, document.LinesAfter,
		document.LinesBefore, document.Executions, document.Seconds, document.Signature, document.Replay)
	return nil
}

// resolve finds the scenario file of a run directory, and what else made the run
// fail.
func (f *shrinkFlags) resolve(what string) (file string, err error) {
	if info, err := os.Stat(what); err != nil || !info.IsDir() {
		return what, nil
	}
	recorded, err := tier.ReadRecorded(what)
	if err != nil {
		return "", err
	}
	if !recorded.InScenario() {
		return "", usage("%s followed recorded choices, which no scenario can tell: reconsim replay %s repeats it; give a run of a seed and a strategy",
			what, what)
	}
	f.mutants = append(f.mutants, recorded.Run.Mutants...)
	return filepath.Join(what, record.ScenarioFile), nil
}

// job loads the scenario, puts the seed into it, and says how it is run.
func (f *shrinkFlags) job(file string) (*scenarios.Scenario, tier.Job, error) {
	jobs, err := (&runFlags{tier: tier.Sim, seed: f.seed, mutants: f.mutants}).jobs([]string{file})
	if err != nil {
		return nil, tier.Job{}, err
	}
	s, _, err := loadScenario(file)
	if err != nil {
		return nil, tier.Job{}, err
	}
	s = s.Clone()
	if s.Schedule.Seed = int64(jobs[0].Seed); s.Schedule.Seed < 1 {
		return nil, tier.Job{}, usage("--seed %d cannot stand in a scenario: give one from 1 to %d", jobs[0].Seed, int64(math.MaxInt64))
	}
	return s, tier.Job{File: file, Mutants: f.mutants}, nil
}

// fails runs the scenario as it is, finds the signature to keep, and bounds the
// runs of candidates by what this one took.
func (f *shrinkFlags) fails(ctx context.Context, job *tier.Job, s *scenarios.Scenario) error {
	first := *job
	if f.signature == "" {
		first.Until = tier.AnyViolation
	} else if !tier.JudgedAtEnd(f.signature) {
		first.Until = check.KindOf(f.signature)
	}
	out, err := runAfresh(ctx, first, s)
	if err != nil {
		return err
	}
	for _, signature := range out.Signatures {
		if f.signature == "" || check.KindOf(f.signature) == check.KindOf(signature) {
			f.signature = cmp.Or(f.signature, signature)
			*job = shrink.Bounded(*job, out, signature)
			return nil
		}
	}
	if len(out.Signatures) == 0 {
		return usage("%s does not fail with seed %d: there is nothing to keep while it is shrunk; give the --seed and --mutant with which it fails",
			job.File, s.Schedule.Seed)
	}
	return usage("%s does not show %q with seed %d, but %s", job.File, f.signature, s.Schedule.Seed, strings.Join(out.Signatures, ", "))
}

// shortPatience is so long that a rebuild may begin and end in it.
const shortPatience = 2 * time.Second

// hurried is the job with little patience, if the scenario fails so too: a story
// that is stuck is then given up soon.
func (f *shrinkFlags) hurried(ctx context.Context, job tier.Job, s *scenarios.Scenario) (tier.Job, bool, error) {
	if job.WithinMillis == 0 {
		return job, false, nil
	}
	job.PatienceMillis = shortPatience.Milliseconds()
	out, err := runAfresh(ctx, job, s)
	if err != nil {
		return job, false, err
	}
	for _, signature := range out.Signatures {
		if check.KindOf(signature) == job.Until {
			return shrink.Bounded(job, out, signature), true, nil
		}
	}
	return job, false, nil
}

// shrinkTo looks for the smallest scenario, in a hurry if it can be, and runs it
// as any other in a fresh process. If that shows nothing, the hurry has misled
// the search.
func (f *shrinkFlags) shrinkTo(ctx context.Context, job tier.Job, s *scenarios.Scenario, view *view) (shrink.Result, error) {
	jobs := []tier.Job{job}
	hurried, could, err := f.hurried(ctx, job, s)
	if err != nil {
		return shrink.Result{}, err
	}
	if could {
		jobs = []tier.Job{hurried, job}
	}
	executions := 2
	for _, j := range jobs {
		result, err := f.search(ctx, j, s, view)
		if err != nil {
			return result, environment(err)
		}
		job.WithinMillis = 0
		out, err := runAfresh(context.WithoutCancel(ctx), job, result.Scenario)
		if err != nil {
			return result, err
		}
		if executions += result.Executions + 1; slices.Contains(out.Signatures, result.Signature) {
			result.Executions = executions
			return result, nil
		}
	}
	return shrink.Result{}, environment(fmt.Errorf("%s fails in one process and not in another: reconsim certify shows where they part", job.File))
}

// search shrinks with as many processes as there are processors.
func (f *shrinkFlags) search(ctx context.Context, job tier.Job, s *scenarios.Scenario, view *view) (result shrink.Result, err error) {
	o := shrink.Options{Scenario: s, Tier: tier.Sim, Signature: f.signature, Parallel: runtime.GOMAXPROCS(0), MaxExecutions: f.most,
		Progress: func(g shrink.Progress) {
			elapsed := time.Since(view.began)
			view.draw(elapsed, fmt.Sprintf("%6.1fs  shrink  %d lines after %d runs (%s)", elapsed.Seconds(), g.Lines, g.Executions, g.Pass))
		}}
	// The processes outlive an interrupted search: what they have begun is small.
	workersCtx := context.WithoutCancel(ctx)
	pool, err := shrink.StartPool(workersCtx, job, o.Parallel)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	o.Run = pool.Run
	if len(f.mutants) > 0 {
		o.About = "With the planted mistake " + strings.Join(f.mutants, ", ") + "."
		job.Mutants = nil
		var right *shrink.Pool
		if right, err = shrink.StartPool(workersCtx, job, 1); err != nil {
			return result, err
		}
		defer func() { err = errors.Join(err, right.Close()) }()
		o.Reference = right.Run
	}
	return shrink.Shrink(ctx, o)
}

// runAfresh runs a scenario in a process that has done nothing before.
func runAfresh(ctx context.Context, job tier.Job, s *scenarios.Scenario) (tier.Outcome, error) {
	text, err := s.Marshal()
	if err != nil {
		return tier.Outcome{}, environment(err)
	}
	job.Scenario, job.Seed = string(text), uint64(s.Schedule.Seed)
	out, err := tier.Afresh(ctx, tier.WorkerOptions{}, job)
	if err == nil && out.Error != nil && out.TraceHash == "" {
		err = out.Error
	}
	return out, environment(err)
}

func writeScenario(file string, s *scenarios.Scenario) error {
	text, err := s.Marshal()
	if err != nil {
		return environment(err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &record.Failure{Kind: record.KindEnvironment, Message: fmt.Sprintf("write the shrunk scenario: %v", err)}
	}
	return nil
}

// replay is what a person pastes to see the violation; the seed is in the file.
func (f *shrinkFlags) replay() string {
	command := "reconsim run " + f.out
	for _, m := range f.mutants {
		command += " --mutant " + m
	}
	return command
}
