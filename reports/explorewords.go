package reports

import (
	"fmt"
	"sort"

	"reconsim/reports/record"
)

// exploreHeadline says in one sentence what an exploration found.
func exploreHeadline(e record.Exploration) string {
	switch {
	case e.Error != nil:
		return "The exploration could not be carried out."
	case len(e.Violations) > 0:
		return fmt.Sprintf("%s found in %s.", plural(len(e.Violations), "kind")+" of violation", plural(e.Executions, "execution"))
	case e.Executions == 0:
		return "Nothing was executed."
	case e.Verdict != record.Pass:
		return "The exploration failed."
	}
	return fmt.Sprintf("Nothing broke in %s.", plural(e.Executions, "execution"))
}

// exploreParagraph says how it was explored and what was reached.
func exploreParagraph(e record.Exploration) string {
	if e.Error != nil {
		return e.Error.Error()
	}
	text := fmt.Sprintf("They took %s different courses in %s, %s an hour", grouped(e.DistinctTraces), secondsText(e.Seconds), grouped(int64(e.ExecutionsPerHour)))
	if e.Workers > 1 {
		text += fmt.Sprintf(" with %d at a time", e.Workers)
	}
	text += fmt.Sprintf(". Of %s of point, state and outcome %s occurred, and %s of adjacent points.",
		plural(e.Coverage.Cells, "combination"), grouped(e.Coverage.Reached), plural(e.AdjacentPairs, "pair"))
	if e.Discarded > 0 {
		text += fmt.Sprintf(" %s showed too little to count.", plural(e.Discarded, "more execution"))
	}
	return text
}

// exploreTitle names an exploration by its scenarios.
func exploreTitle(e record.Exploration) string {
	var names []string
	for i, s := range e.Scenarios {
		if i == 3 && len(e.Scenarios) > 4 {
			names = append(names, fmt.Sprintf("%d more", len(e.Scenarios)-i))
			break
		}
		name := s.Name
		if name == "" {
			name = s.File
		}
		names = append(names, name)
	}
	return listed(names)
}

// coverageLook is how an outcome at a point is drawn; Glyph tells it from the
// others without colour.
type coverageLook struct{ Outcome, Class, Glyph, Words string }

var coverageLooks = []coverageLook{
	{record.CoveragePass, "cover-pass", "·", "nothing injected"},
	{record.CoverageDelay, "cover-delay", "~", "delay"},
	{record.CoverageError, "cover-error", "!", "error"},
	{record.CoverageCancel, "cover-cancel", "⊘", "cancelled"},
	{record.CoverageCrash, "cover-crash", "☇", "crash"},
}

func coverageLookOf(outcome string) coverageLook {
	for _, l := range coverageLooks {
		if l.Outcome == outcome {
			return l
		}
	}
	return coverageLook{outcome, "cover-other", "?", outcome}
}

// coverageOrder places an outcome; those without a look come last, by name.
func coverageOrder(outcome string) int {
	for i, l := range coverageLooks {
		if l.Outcome == outcome {
			return i
		}
	}
	return len(coverageLooks)
}

// stateOrder places the states of a rebuild as they follow each other.
func stateOrder(state string) int {
	for i, s := range []string{record.StateNone, record.StateInitializing, record.StateProcessing, record.StateReadyToCommit,
		record.StateCommitting, record.StateCommitted, record.StateRollingBack, record.StateFailed} {
		if s == state {
			return i
		}
	}
	return 100
}

// coverageGrid is point × state, each with its outcomes.
type coverageGrid struct {
	States []string
	Rows   []coverageRow
}

type coverageRow struct {
	Point string
	Cells []coverageSquare
	// Reached and All count the combinations of this point.
	Reached, All int
}

// coverageSquare is one point in one state.
type coverageSquare struct {
	State    string
	Outcomes []coverageMark
}

// coverageMark is one outcome in a square; a count of 0 says never.
type coverageMark struct {
	coverageLook
	Count int64
	Never bool
	Title string
}

// newCoverageGrid sorts cells into a grid: points by name, which groups them by
// their place in the code, and states as they follow each other.
func newCoverageGrid(c record.Coverage) coverageGrid {
	cells := append(append([]record.CoverageCell{}, c.Grid...), c.Never...)
	var points, states []string
	known := map[string]bool{}
	for _, cell := range cells {
		if !known["p "+cell.Point] {
			known["p "+cell.Point] = true
			points = append(points, cell.Point)
		}
		if !known["s "+cell.State] {
			known["s "+cell.State] = true
			states = append(states, cell.State)
		}
	}
	sort.Strings(points)
	sort.SliceStable(states, func(i, j int) bool { return stateOrder(states[i]) < stateOrder(states[j]) })
	type place struct{ point, state string }
	marks := map[place][]coverageMark{}
	for i, cell := range cells {
		m := coverageMark{coverageLook: coverageLookOf(cell.Outcome), Count: cell.Count, Never: i >= len(c.Grid)}
		m.Title = fmt.Sprintf("%s in %s, %s: %s", cell.Point, cell.State, m.Words, plural(cell.Count, "time"))
		if m.Never {
			m.Title = fmt.Sprintf("%s in %s, %s: never", cell.Point, cell.State, m.Words)
		}
		marks[place{cell.Point, cell.State}] = append(marks[place{cell.Point, cell.State}], m)
	}
	grid := coverageGrid{States: states}
	for _, point := range points {
		row := coverageRow{Point: point}
		for _, state := range states {
			list := marks[place{point, state}]
			sort.SliceStable(list, func(i, j int) bool {
				a, b := coverageOrder(list[i].Outcome), coverageOrder(list[j].Outcome)
				return a < b || a == b && list[i].Outcome < list[j].Outcome
			})
			for _, m := range list {
				row.All++
				if !m.Never {
					row.Reached++
				}
			}
			row.Cells = append(row.Cells, coverageSquare{state, list})
		}
		grid.Rows = append(grid.Rows, row)
	}
	return grid
}

// neverGroup is the combinations of one point that never occurred.
type neverGroup struct {
	Point string
	Texts []string
}

func neverReached(c record.Coverage) []neverGroup {
	index := map[string]int{}
	var groups []neverGroup
	for _, cell := range c.Never {
		at, known := index[cell.Point]
		if !known {
			at = len(groups)
			index[cell.Point] = at
			groups = append(groups, neverGroup{Point: cell.Point})
		}
		groups[at].Texts = append(groups[at].Texts, cell.State+" "+coverageLookOf(cell.Outcome).Words)
	}
	sort.SliceStable(groups, func(i, j int) bool { return groups[i].Point < groups[j].Point })
	return groups
}

// shortCount writes a count in at most four characters: 940, 12k, 3.1M.
func shortCount(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 9_950:
		return trimZeros(float64(n)/1000, 1) + "k"
	case n < 999_500:
		return trimZeros(float64(n)/1000, 0) + "k"
	case n < 9_950_000:
		return trimZeros(float64(n)/1e6, 1) + "M"
	case n < 999_500_000:
		return trimZeros(float64(n)/1e6, 0) + "M"
	default:
		return trimZeros(float64(n)/1e9, 1) + "G"
	}
}
