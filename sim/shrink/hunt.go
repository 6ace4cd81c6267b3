package shrink

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"reconsim/scenarios"
	"reconsim/sim/check"
)

// errSpent ends the search when it may run nothing more.
var errSpent = errors.New("the bound of executions is reached")

// hunt is one search for a smaller scenario.
type hunt struct {
	o    Options
	kind string
	// best is the smallest scenario so far that shows the signature, and shown is
	// what its run was accused of.
	best  *scenarios.Scenario
	shown []string
	// known are the texts of all candidates so far.
	known      map[string]bool
	executions int
	pass       string
}

// candidate is one that is about to be run.
type candidate struct {
	place    int
	scenario *scenarios.Scenario
	shown    []string
}

// first runs candidates until one shows the signature, which then is the best.
// It returns the place of the first in order that does, or -1.
func (h *hunt) first(ctx context.Context, n int, build func(i int) *scenarios.Scenario) (int, error) {
	for next := 0; next < n; {
		var batch []*candidate
		for ; next < n && len(batch) < h.o.Parallel; next++ {
			c, err := h.admit(build(next))
			if err != nil {
				return -1, err
			}
			if c != nil {
				batch = append(batch, &candidate{place: next, scenario: c})
			}
		}
		if len(batch) == 0 {
			continue
		}
		if err := h.run(ctx, batch); err != nil {
			return -1, err
		}
		for _, c := range batch {
			sound, err := h.sound(ctx, c)
			if err != nil {
				return -1, err
			}
			if sound {
				h.best, h.shown = c.scenario, c.shown
				h.tell()
				return c.place, nil
			}
		}
		h.tell()
	}
	return -1, nil
}

// admit returns a candidate as it would be read from its file, or nil if there
// is nothing to learn from it: the checker refuses it, or it was there before.
func (h *hunt) admit(s *scenarios.Scenario) (*scenarios.Scenario, error) {
	if s == nil {
		return nil, nil
	}
	text, err := s.Marshal()
	if err != nil {
		return nil, fmt.Errorf("write a candidate: %w", err)
	}
	if h.known[string(text)] {
		return nil, nil
	}
	h.known[string(text)] = true
	checked, problems, err := s.Recheck()
	if err != nil {
		return nil, fmt.Errorf("write a candidate: %w", err)
	}
	if len(problems) == 0 {
		_, problems = checked.ForTier(h.o.Tier)
	}
	if len(problems) > 0 {
		return nil, nil
	}
	return checked, nil
}

// run carries out a batch at once.
func (h *hunt) run(ctx context.Context, batch []*candidate) error {
	if ctx.Err() != nil || h.executions+len(batch) > h.o.MaxExecutions {
		return errSpent
	}
	h.executions += len(batch)
	group, groupCtx := errgroup.WithContext(ctx)
	for _, c := range batch {
		group.Go(func() (err error) {
			c.shown, err = h.o.Run(groupCtx, c.scenario)
			return err
		})
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return errSpent
	}
	if err != nil {
		return fmt.Errorf("run a candidate: %w", err)
	}
	return nil
}

// sound reports whether a candidate that was run shows the signature, and shows
// it for the reason that the scenario does.
func (h *hunt) sound(ctx context.Context, c *candidate) (bool, error) {
	if !h.shows(c.shown) || h.o.Reference == nil {
		return h.shows(c.shown), nil
	}
	if ctx.Err() != nil || h.executions == h.o.MaxExecutions {
		return false, errSpent
	}
	h.executions++
	shown, err := h.o.Reference(ctx, c.scenario)
	if ctx.Err() != nil {
		return false, errSpent
	}
	if err != nil {
		return false, fmt.Errorf("run a candidate with the reference: %w", err)
	}
	return !h.shows(shown), nil
}

func (h *hunt) shows(signatures []string) bool { return h.nearest(signatures) != "" }

// nearest finds the signature itself, or else the first of its kind.
func (h *hunt) nearest(signatures []string) string {
	nearest := ""
	for _, s := range signatures {
		switch {
		case s == h.o.Signature:
			return s
		case nearest == "" && check.KindOf(s) == h.kind:
			nearest = s
		}
	}
	return nearest
}

func (h *hunt) tell() {
	if h.o.Progress != nil {
		h.o.Progress(Progress{Pass: h.pass, Executions: h.executions, Lines: len(Lines(h.best))})
	}
}

// drop takes lines out of the best by delta debugging. In a second attempt steps
// keep the generations they waited for, in case a rebuild failed on the way.
func (h *hunt) drop(ctx context.Context, lines []string) error {
	from := h.best
	if len(lines) == 0 {
		return nil
	}
	_, err := ddmin(len(lines), func(parts [][]int) (int, error) {
		place, err := h.first(ctx, 2*len(parts), func(i int) *scenarios.Scenario {
			gone := complement(lines, parts[i%len(parts)])
			if i < len(parts) {
				return renumbered(from, gone)
			}
			return take(from, gone)
		})
		if place >= len(parts) {
			place -= len(parts)
		}
		return place, err
	})
	return err
}

// complement lists the lines that are not among those kept.
func complement(lines []string, kept []int) []string {
	var gone []string
	next := 0
	for i, line := range lines {
		if next < len(kept) && kept[next] == i {
			next++
			continue
		}
		gone = append(gone, line)
	}
	return gone
}
