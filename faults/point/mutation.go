package point

// Mutation is a planted mistake: a place where the engine can be told at run
// time to do the wrong thing, so that it can be shown that the checkers see it.
// Production never sets one.
type Mutation uint8

// The planted mistakes. The numbers are bits of a set.
const (
	// PublishBeforeMove lets readers see a new generation before the pointer
	// moved: visible first, durable second.
	PublishBeforeMove Mutation = iota
	// SkipFreeze applies deltas to the served generation although it has a
	// gap before them.
	SkipFreeze
	// ServeNextSQL answers SQL queries from the staged generation.
	ServeNextSQL
	// IgnoreLineage takes deltas from whichever OM leads, as if sequence
	// numbers were shared.
	IgnoreLineage
)

var mutationNames = [...]string{"publish-before-move", "skip-freeze", "serve-next-sql", "ignore-lineage"}

// String is the name used on the command line.
func (m Mutation) String() string { return mutationNames[m] }

// Mutations lists all planted mistakes.
func Mutations() []Mutation {
	return []Mutation{PublishBeforeMove, SkipFreeze, ServeNextSQL, IgnoreLineage}
}
