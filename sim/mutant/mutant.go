package mutant

import (
	"reconsim/faults/point"
	"reconsim/sim/check"
)

// Mutant is one planted mistake.
type Mutant struct {
	Mutation point.Mutation
	// About says what the mistake does.
	About string
	// Killer is the property that must be violated.
	Killer check.Property
	// Scenario is the corpus scenario in which it is.
	Scenario string
}

// Name is how the command line calls it.
func (m Mutant) Name() string { return m.Mutation.String() }

// All lists the mutants.
func All() []Mutant {
	return []Mutant{
		{point.PublishBeforeMove, "readers see the new generation before the pointer moves; the move fails, and they are taken back", check.Monotonic, "swap/pointer-fails-before"},
		{point.SkipFreeze, "the served generation takes deltas although the ones before them are missing", check.Exact, "om/compaction-storm"},
		{point.ServeNextSQL, "numeric queries are answered from the staged generation's SQL file", check.Exact, "swap/stalled-commit"},
		{point.IgnoreLineage, "deltas are taken from whichever OM leads, as if sequence numbers were shared", check.Converge, "leader/switch-idle"},
	}
}

// ByName finds a mutant.
func ByName(name string) (Mutant, bool) {
	for _, m := range All() {
		if m.Name() == name {
			return m, true
		}
	}
	return Mutant{}, false
}
