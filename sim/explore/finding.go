package explore

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"reconsim/reports/record"
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

// pursue repeats an execution that violated something, here and in a fresh
// process, and leaves a run directory with its why pages, for all the kinds of
// violations that it was the first to show.
func (x *exploration) pursue(ctx context.Context, t trial, out tier.Outcome, signatures []string) error {
	if t.job.Continue {
		// The order is that of the search: the execution's own choices say it.
		t.job.Continue, t.job.Choices, t.job.Strategy = false, out.Choices, "round-robin"
	}
	o, failure := t.job.Options()
	if failure != nil {
		return failure
	}
	x.mu.Lock()
	number := x.findings[signatures[0]]
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
		v := &x.report.Violations[x.findings[signature]]
		v.RunDir, v.Scenario, v.Replay = o.Out, filepath.Join(o.Out, record.ScenarioFile), "reconsim replay "+o.Out
		v.Fresh = run.TraceHash == out.TraceHash && run.Replayed
		v.Property, _, _ = strings.Cut(signature, "|")
		v.Message = signature
		for _, each := range run.Violations {
			if each.Signature == signature {
				v.Property, v.Message = each.Property, each.Message
				break
			}
		}
	}
	return nil
}
