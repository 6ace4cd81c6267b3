package reports

import (
	"fmt"
	"math"
	"strings"

	"reconsim/reports/record"
)

// crashPlot is the heat map: operations from left to right, policies from top
// to bottom. Cells of one outcome that follow each other are one stroke.
type crashPlot struct {
	ID                         string
	Width, Height, GutterWidth float64
	// Cell is the width of one operation.
	Cell float64
	// Focus is where to look first: the first bad cell or the first in which
	// the new generation is served.
	Focus  float64
	Ticks  []tick
	Names  []laneName
	Phases []segment
	Pairs  []mark
	// PairsTop is where the marks of the pairs begin.
	PairsTop float64
	Rows     []crashPlotRow
	Label    string
}

// crashPlotRow is one policy.
type crashPlotRow struct {
	Y, Height, Middle float64
	// Good are drawn in units of a cell, because thousands of them are; Bad
	// over them and in pixels, because none may vanish.
	Good, Bad []crashPath
	Letters   []letter
}

// crashPath is all cells of one outcome in a row, as one SVG path that is as
// thick as the row is high.
type crashPath struct{ Class, D string }

// letter stands in a bad cell that is wide enough.
type letter struct {
	X    float64
	Text string
}

const (
	cellHeight = 17.0
	cellGap    = 3.0
	// wideCell is the width of an operation in the drawing that shows each.
	wideCell = 7.0
	// leastBad is the least width of a bad cell, which must not vanish among
	// thousands of good ones.
	leastBad = 3.0
	// maxCrashPairs is how many signatures have their pair marked.
	maxCrashPairs = 3
	// maxWideCells bounds the drawing that shows each operation: browsers do
	// not draw much wider ones.
	maxWideCells = 12_000
)

// newCrashPlots draws the matrix as a whole and, if that makes cells too narrow
// to be pointed at, once more with room for each operation.
func newCrashPlots(m record.CrashMatrix) []crashPlot {
	n := len(m.Operations)
	if n == 0 || len(m.Rows) == 0 {
		return nil
	}
	whole := newCrashPlot(m, "scale", math.Min(plotWidth/float64(n), 24))
	if whole.Cell >= wideCell || n > maxWideCells {
		return []crashPlot{whole}
	}
	return []crashPlot{whole, newCrashPlot(m, "stretched", wideCell)}
}

func newCrashPlot(m record.CrashMatrix, id string, cell float64) crashPlot {
	p := crashPlot{ID: id, Cell: cell, Focus: (float64(focusOf(m)) + 0.5) * cell, GutterWidth: gutterWidth, Width: math.Max(cell*float64(len(m.Operations)), 1),
		Label: fmt.Sprintf("Outcomes of a crash after each of %s under %s: %s The tables below hold the same data.",
			plural(len(m.Operations), "operation"), pluralPolicies(len(m.Policies)), crashHeadline(m))}
	p.Ticks = operationTicks(m.Operations, cell)
	y := axisHeight
	y = p.layPhases(m, y)
	y = p.layPairs(m, y)
	depth := 1
	for _, r := range m.Rows {
		if r.Depth != depth {
			depth = r.Depth
			y += laneGap
		}
		small := r.Policy
		if r.Depth > 1 {
			small += " · second"
		}
		p.Names = append(p.Names, laneName{Y: y + cellHeight/2, Name: small})
		p.Rows = append(p.Rows, newCrashPlotRow(r, len(m.Operations), cell, y))
		y += cellHeight + cellGap
	}
	p.Height = y + 4
	return p
}

func focusOf(m record.CrashMatrix) int {
	first := func(matches func(record.CrashOutcome) bool) int {
		for i := range m.Operations {
			for _, r := range m.Rows {
				if matches(r.Cell(i).Outcome) {
					return i
				}
			}
		}
		return -1
	}
	if at := first(record.CrashOutcome.Bad); at >= 0 {
		return at
	}
	return max(first(func(o record.CrashOutcome) bool { return o == record.OutcomeNew || o == record.OutcomeEither }), 0)
}

// operationTicks labels round numbers of operations.
func operationTicks(operations []record.CrashOperation, cell float64) []tick {
	least := tickRoom / cell
	step := 1.0
	for _, factor := range []float64{2, 2.5, 2, 2, 2.5, 2, 2, 2.5, 2, 2, 2.5, 2, 2, 2.5, 2} { // 1 2 5 10 20 50 …
		if step >= least {
			break
		}
		step *= factor
	}
	width := cell * float64(len(operations))
	var ticks []tick
	for i, o := range operations {
		if o.Number%int64(step) != 0 && i != 0 {
			continue
		}
		x := (float64(i) + 0.5) * cell
		if i > 0 && x-ticks[len(ticks)-1].X < tickRoom*0.8 {
			continue
		}
		t := tick{X: x, Label: grouped(o.Number), Anchor: "middle"}
		switch {
		case x < tickRoom/2:
			t.Anchor = "start"
		case x > width-tickRoom/2:
			t.Anchor = "end"
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// layPhases draws the state of the rebuild over the operations.
func (p *crashPlot) layPhases(m record.CrashMatrix, y float64) float64 {
	p.Names = append(p.Names, laneName{Y: y + barHeight/2, Name: "Phase"})
	for from := 0; from < len(m.Operations); {
		to := from
		for to < len(m.Operations) && m.Operations[to].Phase == m.Operations[from].Phase {
			to++
		}
		phase := m.Operations[from].Phase
		look, known := stateLook[phase]
		s := segment{X: float64(from) * p.Cell, Y: y, Width: math.Max(float64(to-from)*p.Cell, 1), Height: barHeight, Class: "state other", Hover: phase}
		if known {
			s.Class = "state " + look.class
			if phase == record.StateNone {
				s.Y, s.Height = y+barHeight/2-1, 2
			}
		}
		if phase != record.StateNone {
			s.fit(phase, look.letter)
		}
		s.Title = fmt.Sprintf("%s: operations %s to %s", phase, grouped(m.Operations[from].Number), grouped(m.Operations[to-1].Number))
		p.Phases = append(p.Phases, s)
		from = to
	}
	return y + barHeight + laneGap
}

// layPairs marks, for the first signatures, what was lost and what survived.
func (p *crashPlot) layPairs(m record.CrashMatrix, y float64) float64 {
	index := map[int64]int{}
	for i, o := range m.Operations {
		index[o.Number] = i
	}
	var marks []mark
	for i, g := range groupBad(m) {
		if i == maxCrashPairs || g.First.Pair == nil {
			continue
		}
		for _, end := range []struct {
			operation   record.Operation
			glyph, word string
		}{{g.First.Pair.Lost, "①", "lost"}, {g.First.Pair.Survived, "②", "survived"}} {
			at, known := index[end.operation.Number]
			if !known {
				continue
			}
			marks = append(marks, mark{X: (float64(at) + 0.5) * p.Cell, Glyph: end.glyph, Class: "violation", Link: fmt.Sprintf("#why-%d", g.Number),
				Label: shortened(end.word+": "+end.operation.Text, 52), Title: fmt.Sprintf("%s: operation %s, %s", end.word, grouped(end.operation.Number), end.operation.Text)})
		}
	}
	if len(marks) == 0 {
		return y
	}
	p.PairsTop = y
	p.Names = append(p.Names, laneName{Y: y + markRow/2, Name: "Pair"})
	placed, rows := placeLabels(marks, p.Width, maxMarkRows)
	p.Pairs = placed
	return y + float64(max(rows, 1))*markRow + laneGap/2
}

// crashRun is cells of one kind that follow each other.
type crashRun struct {
	from, to int
	cell     record.Cell
}

// crashRuns is a row, run-length encoded; cells without an image are left out.
func crashRuns(r record.CrashRow, operations int) []crashRun {
	var runs []crashRun
	for from := 0; from < operations; {
		cell := r.Cell(from)
		to := from
		for to < operations && r.Cell(to) == cell {
			to++
		}
		if cell.Outcome != "" {
			runs = append(runs, crashRun{from, to, cell})
		}
		from = to
	}
	return runs
}

func newCrashPlotRow(r record.CrashRow, operations int, cell, y float64) crashPlotRow {
	row := crashPlotRow{Y: y, Height: cellHeight, Middle: y + cellHeight/2}
	type drawn struct {
		class string
		path  strings.Builder
		at    int
	}
	var good, bad []*drawn
	of := map[string]*drawn{}
	for _, l := range outcomeLooks {
		for _, same := range []string{" same", ""} {
			d := &drawn{class: l.Class + same}
			of[d.class] = d
			if l.Outcome.Bad() {
				bad = append(bad, d)
			} else {
				good = append(good, d)
			}
		}
	}
	width := cell * float64(operations)
	for _, run := range crashRuns(r, operations) {
		look := lookOf(run.cell.Outcome)
		class := look.Class
		if !run.cell.Checked {
			class += " same"
		}
		d := of[class]
		if !run.cell.Outcome.Bad() {
			fmt.Fprintf(&d.path, "m%d 0h%d", run.from-d.at, run.to-run.from)
			d.at = run.to
			continue
		}
		x, w := float64(run.from)*cell, float64(run.to-run.from)*cell
		if w < leastBad {
			x, w = math.Max(math.Min(x-(leastBad-w)/2, width-leastBad), 0), leastBad
		}
		fmt.Fprintf(&d.path, "M%s %sh%s", trimZeros(x, 2), trimZeros(row.Middle, 1), trimZeros(w, 2))
		if w >= 2*wideCell-1 {
			row.Letters = append(row.Letters, letter{x + w/2, look.Letter})
		}
	}
	paths := func(list []*drawn, start string) (kept []crashPath) {
		for _, d := range list {
			if d.path.Len() > 0 {
				kept = append(kept, crashPath{d.class, start + d.path.String()})
			}
		}
		return kept
	}
	row.Good, row.Bad = paths(good, "M0 0"), paths(bad, "")
	return row
}
