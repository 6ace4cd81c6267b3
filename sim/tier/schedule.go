package tier

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"reconsim/scenarios"
	"reconsim/sim/sched"
)

// defaultDepth is that of a schedule which gives none (scenarios.Schedule).
const defaultDepth = 3

// hasDepth reports whether a strategy of a scenario is said with a depth.
func hasDepth(strategy string) bool { return strategy == "pct" || strategy == "exhaustive" }

// StrategyOf is the strategy that a text names, or the scenario's own if the
// text is empty. Recorded choices are followed first.
func StrategyOf(s *scenarios.Scenario, text, choices string) (sched.Strategy, error) {
	if text == "" {
		if text = s.Schedule.Strategy; hasDepth(text) {
			depth := s.Schedule.Depth
			if depth == 0 {
				depth = defaultDepth
			}
			text = fmt.Sprintf("%s %d", text, depth)
		}
	}
	strategy, err := sched.ParseStrategy(text)
	if err != nil || choices == "" {
		return strategy, err
	}
	list, err := sched.ParseChoices(choices)
	if err != nil {
		return nil, err
	}
	return sched.Replay(list, strategy), nil
}

// scheduled is the scenario with the seed and the strategy of a run in it, so
// that its file alone repeats the run. ok is false if a scenario cannot say them:
// whoever follows recorded choices can only be replayed.
func scheduled(s *scenarios.Scenario, seed uint64, strategy sched.Strategy) (with *scenarios.Scenario, ok bool) {
	with = s.Clone()
	text := sched.Random{}.String()
	if strategy != nil {
		text = strategy.String()
	}
	name, depth, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(depth, 10, 64)
	switch {
	case seed < 1 || seed > math.MaxInt64:
		return s, false
	case hasDepth(name) && err == nil && n > 0:
	case depth == "" && (name == "random" || name == "round-robin"):
		n = 0
	default:
		return s, false
	}
	with.Schedule = scenarios.Schedule{Strategy: name, Depth: n, Seed: int64(seed)}
	return with, true
}

// strategyFlag is what a command needs to run the scenario in the same order;
// ok is false if the order is too long for a command that a person pastes.
func strategyFlag(o Options) (flag string, ok bool) {
	if o.Strategy == nil {
		return "", true
	}
	text := o.Strategy.String()
	if own, err := StrategyOf(o.Scenario, "", ""); err == nil && own.String() == text {
		return "", true
	}
	return fmt.Sprintf(" --strategy '%s'", text), len(text) <= maxStrategyText
}

// maxStrategyText is what fits on a command line that a person pastes; longer
// are the choices of another run.
const maxStrategyText = 40
