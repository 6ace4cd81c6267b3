package tier

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/scenarios"
)

// simulated is a scenario of the corpus as the sim tier runs it.
func simulated(t *testing.T, file string) *scenarios.Scenario {
	t.Helper()
	s, problems, err := scenarios.LoadFile(scenarios.Corpus(), file, Vocabulary())
	require.NoError(t, err)
	require.Empty(t, problems)
	resolved, problems := s.ForTier(Sim)
	require.Empty(t, problems)
	return resolved
}

// TestCorpus: every scenario that comes with the program holds in the sim tier.
func TestCorpus(t *testing.T) {
	for _, file := range scenarios.CorpusFiles() {
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			told := simulated(t, file)
			s := Simulate(Options{File: file, Scenario: told, Seed: uint64(max(1, told.Schedule.Seed))})
			require.Equal(t, record.Pass, s.Run.Verdict, "%v", s.Signatures())
		})
	}
}

// TestPowerCutsTell: what a crash can destroy is seen by the properties named for
// it, once the engine leaves out a sync (D3, D7).
func TestPowerCutsTell(t *testing.T) {
	for _, c := range []struct {
		file, mutant, sees string
	}{
		{"process/kill-following.yaml", "skip-pointer-sync", "durable-commit"},
		{"process/kill-following.yaml", "skip-table-sync", "crash-atomic"},
		{"process/kill-staging.yaml", "skip-directory-sync", "crash-atomic"},
	} {
		t.Run(c.mutant, func(t *testing.T) {
			m := slices.IndexFunc(point.Mutations(), func(m point.Mutation) bool { return m.String() == c.mutant })
			require.NotEqual(t, -1, m)
			s := Simulate(Options{File: c.file, Scenario: simulated(t, c.file), Seed: 1, Mutations: point.Mutations()[m : m+1]})
			require.Equal(t, record.Fail, s.Run.Verdict)
			require.Contains(t, strings.Join(s.Signatures(), "\n"), c.sees+"|")
			require.Contains(t, s.Run.Violations[0].Message, "the disk lost", "a person is told which operations")
		})
	}
}

// TestPowerCutsRepeat: a run with crashes depends on its seed alone, and another
// seed lets the disk lose something else.
func TestPowerCutsRepeat(t *testing.T) {
	const file = "process/kill-staging.yaml"
	run := func(seed uint64) string {
		return Simulate(Options{File: file, Scenario: simulated(t, file), Seed: seed}).Run.TraceHash
	}
	require.Equal(t, run(7), run(7))
	require.NotEqual(t, run(7), run(8))
}

// TestLocalSaysWhyNot: a line that real time and real files cannot express is
// named with its reason.
func TestLocalSaysWhyNot(t *testing.T) {
	for file, line := range map[string]string{"process/kill-staging.yaml": `"do kill-recon"`, "process/kill-committing.yaml": `"action kill"`} {
		s, problems, err := scenarios.LoadFile(scenarios.Corpus(), file, Vocabulary())
		require.NoError(t, err)
		require.Empty(t, problems)
		_, problems = s.ForTier(Local)
		require.NotEmpty(t, problems)
		require.Contains(t, problems[0].Error(), "tier local cannot express "+line)
		require.Positive(t, problems[0].Line)
	}
}
