package explore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"reconsim/reports/record"
	"reconsim/sim/check"
	"reconsim/sim/tier"
)

// isFinding tells what is wrong with Recon from an execution that merely showed
// too little: figures that a scenario wants of its runs.
func isFinding(signature string) bool {
	return !strings.HasPrefix(signature, "threshold|")
}

func (x *exploration) isExhaustive() bool {
	return len(x.o.Strategies) == 1 && strings.HasPrefix(x.o.Strategies[0], "exhaustive")
}

// simulating keeps to one simulation at a time in this process, as tier.Simulate
// asks for.
var simulating sync.Mutex

// pursue leaves run directories with why pages for the kinds of violations that
// an execution was the first to show, given by a signature each. An execution
// that followed the choices of another can be replayed, but no scenario file can
// tell of it: another one that shows the same is looked for, and comes first.
func (x *exploration) pursue(ctx context.Context, t trial, out tier.Outcome, signatures []string) error {
	job, isLed := t.job, t.job.Choices != "" || t.job.Continue
	if job.Continue {
		// The order is that of the search: the execution's own choices say it.
		job.Continue, job.Choices, job.Strategy = false, out.Choices, "round-robin"
	}
	if isLed {
		plain, shown, err := x.plainly(ctx, t.job, check.KindOf(signatures[0]))
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(signatures), func(s string) bool { return showsKind(shown, check.KindOf(s)) })
		if found := slices.DeleteFunc(slices.Clone(signatures), func(s string) bool { return slices.Contains(left, s) }); len(found) > 0 {
			if err := x.leave(ctx, plain, shown, found, true); err != nil {
				return err
			}
		}
		if signatures = left; len(signatures) == 0 {
			return nil
		}
	}
	return x.leave(ctx, job, out, signatures, !isLed)
}

// plainTries bounds the executions of plainly: a second or a few of one process.
const plainTries = 20

// plainly looks for an execution of the same scenario that shows a kind of
// violation and is ordered by a seed and a strategy alone.
func (x *exploration) plainly(ctx context.Context, from tier.Job, kind string) (job tier.Job, out tier.Outcome, err error) {
	w, err := tier.StartWorker(ctx, tier.WorkerOptions{Environment: []string{"GOMAXPROCS=1"}})
	if err != nil {
		return job, out, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	strategies := Strategies()
	for n := range plainTries {
		job = tier.Job{File: from.File, Scenario: from.Scenario, Mutants: from.Mutants,
			Seed: from.Seed + uint64(n/len(strategies)), Strategy: strategies[n%len(strategies)]}
		if out, err = w.Do(job); err != nil || showsKind(out, kind) {
			return job, out, err
		}
	}
	return job, tier.Outcome{}, nil
}

func showsKind(out tier.Outcome, kind string) bool {
	return slices.ContainsFunc(out.Signatures, func(s string) bool { return check.KindOf(s) == kind })
}

// leave repeats an execution, here and in a fresh process, and leaves its run
// directory for what it shows. isPlain says that its scenario file reproduces it.
func (x *exploration) leave(ctx context.Context, job tier.Job, out tier.Outcome, signatures []string, isPlain bool) error {
	o, failure := job.Options()
	if failure != nil {
		return failure
	}
	x.mu.Lock()
	number := x.findings[check.KindOf(signatures[0])]
	o.Out = filepath.Join(x.o.Out, fmt.Sprintf("finding-%d", number+1))
	x.mu.Unlock()
	o.Version, o.CommandLine = x.o.Version, x.o.CommandLine
	simulating.Lock()
	run, err := tier.RunSim(ctx, o)
	simulating.Unlock()
	if err != nil {
		return fmt.Errorf("repeat what was found: %w", err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, signature := range signatures {
		v := &x.report.Violations[x.findings[check.KindOf(signature)]]
		v.RunDir, v.Replay = o.Out, "reconsim replay "+o.Out
		if isPlain {
			v.Scenario = filepath.Join(o.Out, record.ScenarioFile)
		}
		v.Fresh = run.TraceHash == out.TraceHash && run.Replayed
		v.Property, _, _ = strings.Cut(signature, "|")
		v.Message = signature
		for _, each := range run.Violations {
			if check.KindOf(each.Signature) == check.KindOf(signature) {
				v.Signature, v.Property, v.Message = each.Signature, each.Property, each.Message
				break
			}
		}
	}
	return nil
}
