// Package record holds the run record: what one run of one scenario left
// behind, as plain data, and what an enumeration of crashes and an exploration
// left. The simulator writes them, the reports read them, and nothing else lies
// between the two.
//
// A run directory holds
//
//	run.json      one Run: identity, verdict, counts, generations, violations
//	events.jsonl  one Event a line, in the order in which they happened
//	crashes.json  one CrashMatrix: a crash after each operation, by policy
//	explore.json  one Exploration: many executions and what they covered
//
// of which a verb writes those that it has.
//
// # Vocabulary
//
// Times named atMillis count from the start of the run on the run's own clock:
// virtual time in the simulation, the wall clock in the other tiers. They may
// have a fraction. Seconds and cpuSeconds are always those of the real machine.
// A generation is one rebuild and what became of it; a violation is one answer
// that broke a property; a signature names the kind of a violation, so that two
// runs can be compared. A Why explains the first violation of a signature by a
// pair of operations. In a matrix a state is one image of the disk after a
// crash, and a cell all images of one operation and one family of policies.
//
// # Invariants
//
// SchemaVersion says which form a record has. Fields may be added under the
// same version; none is renamed, dropped or given another unit. A record with a
// higher version is refused, because its fields may mean something else.
// Lists keep the order that the writer gave them; nothing here ranges over a
// map, so equal runs have equal bytes.
//
// # Limits
//
// A record is read whole and refused above MaxRunBytes. Events are streamed, a
// line above MaxEventBytes is refused. A last line that a killed process left
// unfinished is reported as ErrTruncated after all whole lines were delivered.
package record
