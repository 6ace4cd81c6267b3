// Package record holds the run record: what one run of one scenario left
// behind, as plain data. The simulator writes it, the reports read it, and
// nothing else lies between the two.
//
// A run directory holds
//
//	run.json      one Run: identity, verdict, counts, generations, violations
//	events.jsonl  one Event a line, in the order in which they happened
//
// # Vocabulary
//
// Times named atMillis count from the start of the run on the run's own clock:
// virtual time in the simulation, the wall clock in the other tiers. They may
// have a fraction. Seconds and cpuSeconds are always those of the real machine.
// A generation is one rebuild and what became of it; a violation is one answer
// that broke a property; a signature names the kind of a violation, so that two
// runs can be compared.
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
// run.json is read whole and refused above MaxRunBytes. Events are streamed, a
// line above MaxEventBytes is refused. A last line that a killed process left
// unfinished is reported as ErrTruncated after all whole lines were delivered.
package record
