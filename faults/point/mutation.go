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
	// SkipTableSync ingests a table of derived rows without a sync of its file.
	SkipTableSync
	// SkipDirectorySync leaves out the syncs of a staged generation's
	// directories.
	SkipDirectorySync
	// PointerBeforeSQL syncs the SQL file of a generation only after the pointer
	// has moved to it.
	PointerBeforeSQL
	// SkipPointerSync leaves out the sync of the pointer's directory, which makes
	// its rename durable.
	SkipPointerSync
	// TagOfGeneration makes the tag of an answer from its generation alone, as if
	// deltas changed nothing.
	TagOfGeneration
)

var mutationNames = [...]string{"publish-before-move", "skip-freeze", "serve-next-sql", "ignore-lineage",
	"skip-table-sync", "skip-directory-sync", "pointer-before-sql", "skip-pointer-sync", "tag-of-generation"}

// String is the name used on the command line.
func (m Mutation) String() string { return mutationNames[m] }

// Mutations lists all planted mistakes.
func Mutations() []Mutation {
	all := make([]Mutation, len(mutationNames))
	for i := range all {
		all[i] = Mutation(i)
	}
	return all
}
