package record_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

func TestExplorationSurvivesTheDisk(t *testing.T) {
	dir := t.TempDir()
	want := record.Exploration{ToolVersion: "0.1.0", CommandLine: []string{"reconsim"}, Verdict: record.Pass, Scenarios: []record.Scenario{{File: "a.yaml", Name: "a"}},
		Seed: 7, Workers: 2, Executions: 12, Discarded: 1, ExecutionsPerHour: 300, Seconds: 2, CPUSeconds: 3, DistinctTraces: 11, AdjacentPairs: 40,
		Strategies: []record.StrategyShare{{Name: "random", Executions: 12, NewCoverage: 4}},
		Coverage: record.Coverage{Cells: 2, Reached: 1, Never: []record.CoverageCell{{Point: "p", State: "NONE", Outcome: record.CoverageCrash}},
			Grid: []record.CoverageCell{{Point: "p", State: "NONE", Outcome: record.CoveragePass, Count: 12}}},
		Growth:     []record.GrowthSample{{Executions: 12, Seconds: 2, Cells: 1, Pairs: 40, Traces: 11}},
		Violations: []record.ExploredViolation{{Property: "exact", Signature: "s", Message: "m", Replay: "r", Seed: 9, Execution: 3, Count: 1, Fresh: true}}, Repeat: "again"}
	require.NoError(t, record.WriteExploration(dir, want))
	got, err := record.ReadExploration(dir)
	require.NoError(t, err)
	want.SchemaVersion, want.Dir = record.SchemaVersion, dir
	assert.Equal(t, want, got)
	require.NoError(t, compile(t, record.ExplorationSchema()).Validate(instance(t, got)))

	text := string(jsonOf(t, record.DocumentExploration(got)))
	for _, field := range []string{`"executions":12`, `"executionsPerHour":300`, `"distinctTraces":11`, `"violations":[{`, `"coverage":{"cells":2,"reached":1,"never":[{`} {
		assert.Contains(t, text, field)
	}

	require.NoError(t, os.WriteFile(filepath.Join(dir, record.ExplorationFile), []byte(`{"schemaVersion": 2}`), 0o644))
	_, err = record.ReadExploration(dir)
	require.ErrorContains(t, err, "reads up to 1")
}
