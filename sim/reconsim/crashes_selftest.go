package main

import (
	"context"
	"runtime"
	"time"

	"reconsim/sim/check"
	"reconsim/sim/crash/matrix"
	"reconsim/sim/disk"
	"reconsim/sim/mutant"
)

// selftestPolicies are those under which a forgotten sync shows best.
var selftestPolicies = []disk.Policy{disk.Synced, disk.Prefix}

// tryCrashMutant crashes a mutant's scenario at every operation.
func (p *program) tryCrashMutant(ctx context.Context, f runFlags, m mutant.Mutant) (mutantOutcome, error) {
	file := "scenarios/" + m.Scenario + ".yaml"
	flags := crashesFlags{seed: f.seed, depth: 1, mutants: []string{m.Name()}, policies: "synced,prefix"}
	o := mutantOutcome{Mutant: m.Name(), KilledBy: []string{}, Executions: 1, ExpectedBy: string(m.Killer), Scenario: file}
	begun := time.Now()
	recording, _, err := p.recordForCrashes(&flags, file)
	if err != nil {
		return o, err
	}
	o.Repeat = flags.command(file)
	result, err := matrix.Survey(ctx, recording, matrix.Options{Depth: 1, Policies: selftestPolicies, Judges: runtime.NumCPU()})
	if err != nil {
		return o, environment(err)
	}
	o.Executions += int(result.States())
	o.Seconds = time.Since(begun).Seconds()
	// What was promised and is gone breaks durable-commit; any bad state
	// breaks crash-atomic.
	if result.Cells.Bad() > 0 {
		o.KilledBy = append(o.KilledBy, string(check.CrashAtomic))
	}
	if result.Cells.Lost > 0 {
		o.KilledBy = append(o.KilledBy, string(check.DurableCommit))
	}
	return o, nil
}
