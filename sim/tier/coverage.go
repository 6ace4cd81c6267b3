package tier

import (
	"cmp"
	"slices"

	"reconsim/faults/point"
	"reconsim/recon/staging"
	"reconsim/reports/record"
)

// Cell is a point in a state of staging with what became of the passage.
type Cell struct {
	Point   string `json:"point"`
	State   string `json:"state"`
	Outcome string `json:"outcome"`
}

// Pair is two points that were passed one right after the other, by whichever
// actors.
type Pair struct {
	First  string `json:"first"`
	Second string `json:"second"`
}

// Coverage is what one run passed.
type Coverage struct {
	last  point.Point
	cells map[cell]bool
	pairs map[[2]point.Point]bool
}

type cell struct {
	point  point.Point
	state  staging.State
	struck bool
}

// NewCoverage is that of a run that has not begun.
func NewCoverage() *Coverage {
	return &Coverage{cells: map[cell]bool{}, pairs: map[[2]point.Point]bool{}}
}

// Passed is a hook for world.Hooks.Covered.
func (c *Coverage) Passed(p point.Point, state staging.State, err error) {
	c.cells[cell{p, state, err != nil}] = true
	if c.last != point.None {
		c.pairs[[2]point.Point{c.last, p}] = true
	}
	c.last = p
}

// Cells lists what was passed, in order.
func (c *Coverage) Cells() []Cell {
	all := make([]Cell, 0, len(c.cells))
	for each := range c.cells {
		outcome := record.CoveragePass
		if each.struck {
			outcome = record.CoverageError
		}
		all = append(all, Cell{each.point.String(), each.state.String(), outcome})
	}
	slices.SortFunc(all, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(a.Point, b.Point), cmp.Compare(a.State, b.State), cmp.Compare(a.Outcome, b.Outcome))
	})
	return all
}

// Pairs lists the adjacent points, in order.
func (c *Coverage) Pairs() []Pair {
	all := make([]Pair, 0, len(c.pairs))
	for each := range c.pairs {
		all = append(all, Pair{each[0].String(), each[1].String()})
	}
	slices.SortFunc(all, func(a, b Pair) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second)) })
	return all
}
