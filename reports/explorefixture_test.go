package reports

import (
	"math"
	"math/rand/v2"
	"time"

	"reconsim/reports/record"
)

// exploration is a made-up one of a minute.
func exploration() record.Exploration {
	e := record.Exploration{ToolVersion: "reconsim 0.1.0", CommandLine: []string{"reconsim", "explore", "scenarios/swap/smooth.yaml", "--for", "60s"},
		StartedAt: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), Verdict: record.Pass, Seed: 1000, Workers: 2,
		Scenarios:  []record.Scenario{{File: "scenarios/swap/smooth.yaml", Name: "smooth"}},
		Executions: 8_412, Discarded: 31, ExecutionsPerHour: 504_720, Seconds: 60.02, CPUSeconds: 118.4, DistinctTraces: 8_133, AdjacentPairs: 1_204,
		Strategies: []record.StrategyShare{{Name: "random", Executions: 4_210, NewCoverage: 812}, {Name: "pct 3", Executions: 2_904, NewCoverage: 377},
			{Name: "round-robin", Executions: 98, NewCoverage: 9}, {Name: "mutate", Executions: 1_200, NewCoverage: 103}},
		Repeat: "reconsim explore scenarios/swap/smooth.yaml --executions 8412 --seed 1000"}
	random := rand.New(rand.NewPCG(1, 2))
	points := []string{"omsync/bundle", "omsync/delta", "staging/ingest", "staging/seal", "swap/catch-up", "swap/pointer/move", "swap/pointer/sync", "swap/publish",
		"swap/retire", "task/rows", "task/scan", "read/open", "read/scan", "disk/sync", "disk/write"}
	states := []string{record.StateInitializing, record.StateProcessing, record.StateReadyToCommit, record.StateCommitting, record.StateCommitted, record.StateRollingBack, record.StateNone}
	for i, point := range points {
		for k, state := range states {
			if (i+k)%3 == 0 && i < 11 {
				continue // the point does not lie there
			}
			for n, outcome := range []string{record.CoveragePass, record.CoverageError, record.CoverageCrash, record.CoverageDelay, record.CoverageCancel} {
				if n > 1+(i+2*k)%4 {
					continue
				}
				cell := record.CoverageCell{Point: point, State: state, Outcome: outcome, Count: int64(math.Pow(10, random.Float64()*5.5))}
				e.Coverage.Cells++
				if n > 0 && random.IntN(9) == 0 {
					cell.Count = 0
					e.Coverage.Never = append(e.Coverage.Never, cell)
					continue
				}
				e.Coverage.Reached++
				e.Coverage.Grid = append(e.Coverage.Grid, cell)
			}
		}
	}
	for i := range 60 {
		n := int64(float64(e.Executions) * float64(i) / 59)
		share := 1 - math.Exp(-float64(i)/9)
		e.Growth = append(e.Growth, record.GrowthSample{Executions: n, Seconds: float64(i), Cells: int64(share * float64(e.Coverage.Reached)),
			Pairs: int64(math.Sqrt(float64(i)/59) * 1204), Traces: n * 8_133 / e.Executions})
	}
	return e
}

// foundExploration found two kinds of violation.
func foundExploration() record.Exploration {
	e := exploration()
	e.Verdict = record.Fail
	e.Violations = []record.ExploredViolation{
		{Property: "one-generation", Signature: "one-generation/summary/1+4", Message: "one answer joins keys of generation 1 with sizes of generation 4", Seed: 1211, Strategy: "pct 3",
			Execution: 212, Count: 17, Replay: "reconsim run --tier sim --seed 1211 scenarios/swap/smooth.yaml", Fresh: true, Scenario: "runs/x/shrunk.yaml", RunDir: "runs/x/violation-1"},
		{Property: "no-leak", Signature: "no-leak/gen-2", Message: `<script>alert(1)</script> a directory | was left`, Seed: 1900, Execution: 901, Count: 1, Replay: "reconsim run --tier sim --seed 1900 scenarios/swap/smooth.yaml"}}
	return e
}
