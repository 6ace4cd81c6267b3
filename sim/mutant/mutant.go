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
	// Judge is who must see it.
	Judge Judge
}

// Judge is a way of looking at a scenario.
type Judge string

// The judges.
const (
	// ByRun plays the scenario and checks every answer.
	ByRun Judge = "run"
	// ByCrashes crashes the scenario's rebuild at every operation, restarts, and
	// checks what is served then: `reconsim crashes`.
	ByCrashes Judge = "crashes"
)

// Name is how the command line calls it.
func (m Mutant) Name() string { return m.Mutation.String() }

// All lists the mutants.
func All() []Mutant {
	return []Mutant{
		{point.PublishBeforeMove, "readers see the new generation before the pointer moves; the move fails, and they are taken back", check.Monotonic, "swap/pointer-fails-before", ByRun},
		{point.SkipFreeze, "the served generation takes deltas although the ones before them are missing", check.Exact, "om/compaction-storm", ByRun},
		{point.ServeNextSQL, "numeric queries are answered from the staged generation's SQL file", check.Exact, "swap/stalled-commit", ByRun},
		{point.IgnoreLineage, "deltas are taken from whichever OM leads, as if sequence numbers were shared", check.Converge, "leader/switch-idle", ByRun},
		{point.TagOfGeneration, "the tag of an answer names its generation and not what was folded in since: who asks again keeps what is old", check.Exact, "swap/reader-held", ByRun},
		{point.SkipTableSync, "a table of derived rows is ingested without a sync of its file", check.CrashAtomic, "swap/smooth", ByCrashes},
		{point.SkipDirectorySync, "the directories of a staged generation are not synced, so links to the OM's tables may be lost", check.CrashAtomic, "swap/smooth", ByCrashes},
		{point.PointerBeforeSQL, "the pointer moves to a generation before its SQL file is synced", check.CrashAtomic, "swap/smooth", ByCrashes},
		{point.SkipPointerSync, "the directory of the pointer is not synced after the move: readers see what a crash takes back", check.DurableCommit, "swap/smooth", ByCrashes},
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
