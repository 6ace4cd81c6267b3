package reports

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"reconsim/reports/record"
)

func TestRenderCrashes(t *testing.T) {
	for name, m := range map[string]record.CrashMatrix{"crashes": crashMatrix(90), "crashes-torn": tornMatrix(600)} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, record.WriteCrashMatrix(dir, m))
			require.NoError(t, Render(dir))
			for _, file := range []string{CrashesPageFile, SummaryFile, JUnitFile} {
				got, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				golden(t, filepath.Join(name, file), got)
			}
			var out bytes.Buffer
			require.NoError(t, WriteCrashTerminal(&out, m))
			golden(t, filepath.Join(name, "terminal.txt"), out.Bytes())
		})
	}
}

// TestALargeMatrixStaysBelowAMegabyte: 3,000 operations under 8 policies at
// two depths.
func TestALargeMatrixStaysBelowAMegabyte(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeCrashPage(&out, tornMatrix(3000)))
	assert.Less(t, out.Len(), 1<<20)
	t.Logf("%d bytes", out.Len())
}

func TestCrashHeadline(t *testing.T) {
	whole := record.CrashMatrix{Verdict: record.Pass, Complete: true, States: 12, Cells: record.CrashCells{Old: 12}}
	partial := whole
	partial.Complete = false
	for want, m := range map[string]record.CrashMatrix{
		"All 12 distinct crash states came back whole.":                                     whole,
		"No bad state among 12, but not every one was checked.":                             partial,
		"3 of 12 distinct crash states came back wrong: 1 EMPTY, 1 MIXED and 1 WON'T OPEN.": {States: 12, Cells: record.CrashCells{Old: 9, Empty: 1, Mixed: 1, WontOpen: 1}},
		"No crash was checked.":                {Complete: true},
		"The crashes could not be enumerated.": {Error: &record.Failure{Message: "x"}},
		"The enumeration failed.":              {Verdict: record.Fail, Complete: true, States: 1},
	} {
		assert.Equal(t, want, crashHeadline(m))
	}
	assert.Equal(t, "Not complete: some crash states were not checked.", completeness(partial))
	partial.Incomplete = "stopped after 10 minutes."
	assert.Equal(t, "Not complete: stopped after 10 minutes.", completeness(partial))
}

func TestBadCellsAreGroupedBySignature(t *testing.T) {
	groups := groupBad(tornMatrix(600))
	require.Len(t, groups, 3)
	assert.Equal(t, 6, groups[0].Cells)
	assert.Equal(t, []string{"synced", "metadata"}, groups[0].Policies)
	assert.Equal(t, "after operation 1,728, metadata 2; while recovering after operation 3, all", crashPlace(groups[2].First))
	unsigned := record.CrashMatrix{Bad: make([]record.BadCell, 2)}
	assert.Len(t, groupBad(unsigned), 2)
}

// TestOutcomesDifferWithoutColour: each bad one has a letter of its own.
func TestOutcomesDifferWithoutColour(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range record.CrashOutcomes() {
		l := lookOf(o)
		assert.NotEqual(t, "other", l.Class, "%s is drawn", o)
		assert.Equal(t, o.Bad(), l.Letter != "")
		assert.False(t, l.Letter != "" && seen[l.Letter])
		seen[l.Letter] = true
	}
}

// TestACrashPlotHasEveryCell: strokes of good cells are as long as there are
// such cells, bad ones are never narrower than they must be, and nothing lies
// outside.
func TestACrashPlotHasEveryCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3000).Draw(t, "operations")
		b := record.BuildCrashRow("prefix", 1, n)
		good := 0
		for range rapid.IntRange(0, 60).Draw(t, "spans") {
			from := rapid.IntRange(0, n-1).Draw(t, "from")
			outcome, checked := rapid.SampledFrom(record.CrashOutcomes()).Draw(t, "outcome"), rapid.Bool().Draw(t, "checked")
			for i := from; i < min(from+rapid.IntRange(1, 40).Draw(t, "length"), n); i++ {
				b.Add(i, outcome, checked)
			}
		}
		row := b.Row()
		for i := range n {
			if o := row.Cell(i).Outcome; o != "" && !o.Bad() {
				good++
			}
		}
		for _, cell := range []float64{plotWidth / float64(n), wideCell} {
			drawn := newCrashPlotRow(row, n, cell, 10)
			length := 0
			for _, p := range drawn.Good {
				at := 0
				for _, stroke := range strings.Split(strings.TrimPrefix(p.D, "M0 0m"), "m") {
					var skip, cells int
					_, err := fmt.Sscanf(stroke, "%d 0h%d", &skip, &cells)
					require.NoError(t, err)
					at += skip + cells
					length += cells
				}
				require.LessOrEqual(t, at, n)
			}
			require.Equal(t, good, length)
			for _, p := range drawn.Bad {
				for _, stroke := range strings.Split(p.D, "M")[1:] {
					var x, y, width float64
					_, err := fmt.Sscanf(stroke, "%f %fh%f", &x, &y, &width)
					require.NoError(t, err)
					require.GreaterOrEqual(t, width, min(leastBad, cell*float64(n))-0.01)
					require.True(t, x >= 0 && x+width <= max(cell*float64(n), leastBad)+0.02, "%v to %v of %v", x, x+width, cell*float64(n))
				}
			}
		}
	})
}

func TestRowsAreListedAsSpans(t *testing.T) {
	m := crashMatrix(90)
	row := countRow(m.Rows[1], m.Operations)
	assert.Equal(t, []string{"1,200–1,280 old", "1,281–1,289 new"}, row.Spans)
	var all int
	for _, n := range row.Counts {
		all += n
	}
	assert.Equal(t, 90, all)
}

// TestCrashJUnitFailsWhatIsBad: a test case a row, bad rows and a matrix that
// is not complete fail.
func TestCrashJUnitFailsWhatIsBad(t *testing.T) {
	m := tornMatrix(90)
	m.Complete, m.Incomplete = false, "stopped"
	suite := crashSuite(m)
	assert.Equal(t, len(m.Rows)+1, suite.Tests)
	assert.Equal(t, 4+1, suite.Failures)
	var out bytes.Buffer
	require.NoError(t, WriteCrashJUnit(&out, m))
	assert.Contains(t, out.String(), "the directory was not synced before the pointer was moved")
	assert.Contains(t, out.String(), "Not complete: stopped")
}

// TestOneDirectoryMayHoldSeveralRecords: summary and JUnit are about all.
func TestOneDirectoryMayHoldSeveralRecords(t *testing.T) {
	run, list := firstLight()
	dir := writeRunDir(t, run, list)
	require.NoError(t, record.WriteCrashMatrix(dir, crashMatrix(20)))
	require.NoError(t, record.WriteExploration(dir, exploration()))
	require.NoError(t, Render(dir))
	for _, file := range []string{SummaryFile, JUnitFile} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		require.NoError(t, err)
		for _, part := range []string{"first-light", "crashes of smooth", "exploration of smooth"} {
			assert.Contains(t, string(text), part, file)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, record.CrashesFile), []byte("{"), 0o644))
	require.ErrorContains(t, Render(dir), "not JSON", "a broken record is no missing one")
}

func TestWritersOfMatricesAndExplorationsReportErrors(t *testing.T) {
	for name, err := range map[string]error{
		"crash terminal": WriteCrashTerminal(failingWriter{}, crashMatrix(9)), "crash summary": WriteCrashSummary(failingWriter{}, crashMatrix(9)),
		"crash JUnit": WriteCrashJUnit(failingWriter{}, crashMatrix(9)), "explore terminal": WriteExploreTerminal(failingWriter{}, exploration()),
		"explore summary": WriteExploreSummary(failingWriter{}, exploration()), "explore JUnit": WriteExploreJUnit(failingWriter{}, exploration()),
		"crash page": writeCrashPage(failingWriter{}, crashMatrix(9)), "explore page": writeExplorePage(failingWriter{}, exploration()),
	} {
		assert.ErrorIs(t, err, io.ErrShortWrite, name)
	}
}
