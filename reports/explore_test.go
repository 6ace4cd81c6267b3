package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

func TestRenderExploration(t *testing.T) {
	for name, e := range map[string]record.Exploration{"explore": exploration(), "explore-found": foundExploration()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, record.WriteExploration(dir, e))
			require.NoError(t, Render(dir))
			for _, file := range []string{ExplorePageFile, SummaryFile, JUnitFile} {
				got, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				golden(t, filepath.Join(name, file), got)
			}
			var out bytes.Buffer
			require.NoError(t, WriteExploreTerminal(&out, e))
			golden(t, filepath.Join(name, "terminal.txt"), out.Bytes())
		})
	}
}

func TestExploreHeadline(t *testing.T) {
	for want, e := range map[string]record.Exploration{
		"Nothing broke in 12 executions.":           {Verdict: record.Pass, Executions: 12},
		"1 kind of violation found in 1 execution.": {Verdict: record.Fail, Executions: 1, Violations: make([]record.ExploredViolation, 1)},
		"Nothing was executed.":                     {Verdict: record.Fail},
		"The exploration could not be carried out.": {Verdict: record.Fail, Error: &record.Failure{Message: "x"}},
		"The exploration failed.":                   {Verdict: record.Fail, Executions: 1},
	} {
		assert.Equal(t, want, exploreHeadline(e))
	}
}

// TestTheGridHasEveryCellOnce: reached or never, at its point and state, known
// states in their order and unknown ones last.
func TestTheGridHasEveryCellOnce(t *testing.T) {
	e := exploration()
	e.Coverage.Grid = append(e.Coverage.Grid, record.CoverageCell{Point: "task/rows", State: "ODD", Outcome: "odd", Count: 3})
	grid := newCoverageGrid(e.Coverage)
	reached, never := 0, 0
	for _, row := range grid.Rows {
		require.Len(t, row.Cells, len(grid.States))
		for _, square := range row.Cells {
			for i, m := range square.Outcomes {
				if m.Never {
					never++
				} else {
					reached++
				}
				assert.True(t, strings.HasPrefix(m.Title, row.Point+" in "+square.State))
				if i > 0 {
					assert.LessOrEqual(t, coverageOrder(square.Outcomes[i-1].Outcome), coverageOrder(m.Outcome))
				}
			}
		}
	}
	assert.Equal(t, len(e.Coverage.Grid), reached)
	assert.Equal(t, len(e.Coverage.Never), never)
	assert.Equal(t, []string{"NONE", "INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "COMMITTED", "ROLLING_BACK", "ODD"}, grid.States)
}

func TestGrowthChart(t *testing.T) {
	c := newGrowthChart(exploration())
	require.Len(t, c.Curves, 3)
	for i, a := range c.Curves {
		for _, b := range c.Curves[:i] {
			assert.GreaterOrEqual(t, max(a.LabelY-b.LabelY, b.LabelY-a.LabelY), 15.9, "%s and %s", a.Label, b.Label)
		}
	}
	assert.Nil(t, newGrowthChart(record.Exploration{Growth: make([]record.GrowthSample, 5)}), "nothing grew")
}

func TestShortCount(t *testing.T) {
	for want, n := range map[string]int64{"0": 0, "999": 999, "1k": 1000, "9.9k": 9_949, "10k": 9_950, "999k": 999_499, "1M": 999_500, "12M": 12_000_000, "3.2G": 3_200_000_000} {
		assert.Equal(t, want, shortCount(n))
	}
}
