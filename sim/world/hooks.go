package world

import (
	"reconsim/faults/point"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// Hooks let somebody measure a run. They are called in the middle of the work
// that they are told of, by several actors at a time, and must be quick. Each
// may be nil.
type Hooks struct {
	// Foretold is told how many keys of the base the oracle has looked at, of how
	// many, Wrote how many more rows of it the OM has written.
	Foretold func(done, total int64)
	Wrote    func(rows int64)
	// Passed is told of every point that the engine passes.
	Passed func(p point.Point, subject string, n int64)
	// Covered is told of every point once the plan has decided about it: in which
	// state of staging it was passed, and with which error.
	Covered func(p point.Point, state staging.State, err error)
	// Staged is told of every transition of staging, with the engine it is of.
	Staged func(s staging.Status, recon *Recon)
	// Views may stand before the views that requests read from.
	Views func(swap.Views) swap.Views
}

func (h Hooks) covered(p point.Point, state staging.State, err error) {
	if h.Covered != nil {
		h.Covered(p, state, err)
	}
}

func (h Hooks) passed(p point.Point, subject string, n int64) {
	if h.Passed != nil {
		h.Passed(p, subject, n)
	}
}
