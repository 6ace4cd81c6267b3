package tier

import (
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/scenarios"
	"reconsim/sim/sched"
)

// TestScheduled: what a scenario can say of a run's order is read back as the
// same order; what it cannot say is left out.
func TestScheduled(t *testing.T) {
	for _, c := range []struct {
		strategy string
		seed     uint64
		ok       bool
	}{
		{"random", 7, true},
		{"round-robin", 7, true},
		{"pct 3", 7, true},
		{"pct 12", 1<<63 - 1, true},
		{"exhaustive 2", 7, true},
		{"exhaustive 0", 7, false},
		{"pct 3 of 5000", 7, false},
		{"replay then random: world,reader; 0*3 1 0", 7, false},
		{"random", 0, false},
		{"random", 1 << 63, false},
	} {
		s := &scenarios.Scenario{Schedule: scenarios.Schedule{Strategy: "pct", Depth: 5, Seed: 3}}
		strategy, err := sched.ParseStrategy(c.strategy)
		require.NoError(t, err)
		with, ok := scheduled(s, c.seed, strategy)
		require.Equal(t, c.ok, ok, c.strategy)
		require.Equal(t, scenarios.Schedule{Strategy: "pct", Depth: 5, Seed: 3}, s.Schedule)
		if !ok {
			require.Equal(t, s.Schedule, with.Schedule, c.strategy)
			continue
		}
		again, err := StrategyOf(with, "", "")
		require.NoError(t, err)
		require.Equal(t, c.strategy, again.String())
		require.Equal(t, c.seed, uint64(with.Schedule.Seed))
	}
}

// TestDefaultDepth: a scenario need not say how deep (scenarios.Schedule).
func TestDefaultDepth(t *testing.T) {
	s, err := StrategyOf(&scenarios.Scenario{Schedule: scenarios.Schedule{Strategy: "pct"}}, "", "")
	require.NoError(t, err)
	require.Equal(t, "pct 3", s.String())
}

// TestRepeatCommand: the command has whatever the scenario does not say itself.
func TestRepeatCommand(t *testing.T) {
	for _, c := range []struct{ own, ran, want string }{
		{"random", "random", "reconsim run x.yaml --tier sim --seed 9"},
		{"pct", "pct 3", "reconsim run x.yaml --tier sim --seed 9"},
		{"random", "pct 2", "reconsim run x.yaml --tier sim --seed 9 --strategy 'pct 2'"},
		{"random", "replay then random: world,a-reader,another-reader; 0*3 1 0*8 2 1", "reconsim replay runs/1"},
	} {
		strategy, err := sched.ParseStrategy(c.ran)
		require.NoError(t, err)
		require.Equal(t, c.want, repeatCommand(Options{File: "x.yaml", Tier: Sim, Seed: 9, Out: "runs/1", Strategy: strategy,
			Scenario: &scenarios.Scenario{Schedule: scenarios.Schedule{Strategy: c.own}}}), c.ran)
	}
}
