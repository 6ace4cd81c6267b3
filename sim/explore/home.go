package explore

import (
	"slices"
	"strings"

	"reconsim/faults/plan"
	"reconsim/faults/point"
	"reconsim/recon/staging"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/tier"
)

// Home lists the states of staging in which the engine's design passes a point
// (spec 6.1): none for those that are not the engine's.
func Home(p point.Point) []staging.State {
	// What follows the OM and what answers readers goes on beside every rebuild.
	beside := []staging.State{staging.None, staging.Initializing, staging.Processing, staging.ReadyToCommit, staging.RollingBack}
	switch p {
	case point.StagingCreate, point.TransferStart, point.TransferRead, point.TransferDone, point.StagingIngest:
		return []staging.State{staging.Initializing}
	case point.OMServiceList, point.OMUpdates, point.TaskDelta, point.DeltaCommit, point.DeltaSQL, point.DeltaPublish:
		return beside
	case point.TaskStart, point.TaskRows, point.TaskFinish, point.SinkWrite, point.StagingSeal, point.StagingValidate, point.OpenGeneration:
		return []staging.State{staging.Processing}
	case point.CatchUp:
		return []staging.State{staging.ReadyToCommit}
	case point.CommitBegin, point.PointerWrite, point.PointerMove, point.PointerSync, point.Publish, point.Published:
		return []staging.State{staging.Committing}
	case point.StatusWrite:
		return []staging.State{staging.Committed}
	case point.Retire:
		return []staging.State{staging.None, staging.Initializing, staging.Processing, staging.Committed}
	case point.Acquire, point.ReadBetween:
		return append(beside, staging.Committing, staging.Committed)
	default:
		return nil
	}
}

// universe is every cell that executions of the scenarios could reach: each
// point at home, and struck there if a rule says so.
func universe(explored []*scenarios.Scenario) []tier.Cell {
	struck := map[point.Point]bool{}
	for _, s := range explored {
		for _, f := range s.Faults {
			rule, err := plan.ParseRule(f.Rule)
			if err != nil {
				continue // The scenario was checked; a rule that cannot be read strikes nothing.
			}
			for _, action := range rule.Do {
				if word, _, _ := strings.Cut(action.String(), " "); word != "park" {
					struck[rule.Point] = true
				}
			}
		}
	}
	var all []tier.Cell
	for _, p := range point.All() {
		for _, s := range Home(p) {
			all = append(all, tier.Cell{Point: p, State: s})
			if struck[p] {
				all = append(all, tier.Cell{Point: p, State: s, Struck: true})
			}
		}
	}
	return all
}

// fillCoverage compares what was reached, and how often, with what could be.
func fillCoverage(c *record.Coverage, possible []tier.Cell, counts map[tier.Cell]int64) {
	cell := func(each tier.Cell, count int64) record.CoverageCell {
		return record.CoverageCell{Point: each.Point.String(), State: each.State.String(), Outcome: each.Outcome(), Count: count}
	}
	*c = record.Coverage{}
	for _, each := range possible {
		if counts[each] == 0 {
			c.Never = append(c.Never, cell(each, 0))
		}
	}
	reached := make([]tier.Cell, 0, len(counts))
	for each := range counts {
		reached = append(reached, each)
	}
	slices.SortFunc(reached, compareCells)
	for _, each := range reached {
		c.Grid = append(c.Grid, cell(each, counts[each]))
	}
	c.Reached, c.Cells = int64(len(reached)), int64(len(reached)+len(c.Never))
}
