package tier

import (
	"errors"
	"math/bits"

	"reconsim/faults/point"
	"reconsim/recon/staging"
	"reconsim/reports/record"
)

// Coverage is what one or more runs passed: every point with the state of
// staging and what became of the passage, and every pair of points that were
// passed one right after the other, by whichever actors. It is a set of bits, so
// that it can be handed from process to process after each run.
type Coverage struct {
	last point.Point
	bits []byte
}

// Cell is a point in a state of staging with what became of the passage.
type Cell struct {
	Point point.Point
	State staging.State
	// Struck means that the engine was given a fault as its own failure.
	Struck bool
}

// Outcome is how reports call what became of the passage.
func (c Cell) Outcome() string {
	if c.Struck {
		return record.CoverageError
	}
	return record.CoveragePass
}

func points() int    { return len(point.All()) + 1 }
func states() int    { return len(staging.States()) }
func cellCount() int { return points() * states() * 2 }
func pairCount() int { return points() * points() }

// NewCoverage is that of a run that has not begun.
func NewCoverage() *Coverage { return &Coverage{bits: make([]byte, (cellCount()+pairCount()+7)/8)} }

// ReadCoverage takes what [Coverage.Bits] gave, of the same program.
func ReadCoverage(b []byte) (*Coverage, error) {
	c := NewCoverage()
	if len(b) != len(c.bits) {
		return nil, errors.New("the coverage is that of another version of reconsim")
	}
	copy(c.bits, b)
	return c, nil
}

// Bits is the coverage as bytes.
func (c *Coverage) Bits() []byte { return c.bits }

// Passed is a hook for world.Hooks.Covered.
func (c *Coverage) Passed(p point.Point, state staging.State, err error) {
	c.set(c.cell(Cell{p, state, err != nil}))
	if c.last != point.None {
		c.set(cellCount() + int(c.last)*points() + int(p))
	}
	c.last = p
}

func (c *Coverage) cell(each Cell) int {
	at := (int(each.Point)*states() + int(each.State)) * 2
	if each.Struck {
		at++
	}
	return at
}

func (c *Coverage) set(bit int)      { c.bits[bit/8] |= 1 << (bit % 8) }
func (c *Coverage) has(bit int) bool { return c.bits[bit/8]>>(bit%8)&1 == 1 }

// Has reports whether a cell was reached.
func (c *Coverage) Has(each Cell) bool { return c.has(c.cell(each)) }

// Add takes another coverage in and counts what was new.
func (c *Coverage) Add(other *Coverage) (added int) {
	for i, b := range other.bits {
		added += bits.OnesCount8(b &^ c.bits[i])
		c.bits[i] |= b
	}
	return added
}

// Cells lists the cells that were reached, in the order of the points.
func (c *Coverage) Cells() []Cell {
	var all []Cell
	for _, p := range point.All() {
		for _, s := range staging.States() {
			for _, struck := range []bool{false, true} {
				if each := (Cell{p, s, struck}); c.Has(each) {
					all = append(all, each)
				}
			}
		}
	}
	return all
}

// Pairs counts the pairs of adjacent points.
func (c *Coverage) Pairs() int {
	n := 0
	for bit := cellCount(); bit < cellCount()+pairCount(); bit++ {
		if c.has(bit) {
			n++
		}
	}
	return n
}
