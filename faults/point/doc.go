// Package point names the places in the engine and in the fake OM where a
// fault can strike, a reader can be parked, or the process can be killed.
//
// # The model
//
// A [Point] is a constant. Each constant's comment says when it fires and what
// recovery must guarantee if the process dies or an error is returned there.
// The code under test calls one small interface, [Injector], and links nothing
// else of the fault machinery: what happens at a point is decided by a plan
// (package faults/plan) that the run brings, or by nobody at all.
//
// # Vocabulary
//
//   - subject: the finer name of a hit, such as the task, the path or the
//     endpoint. It is matched by plans, never interpreted by the engine.
//   - n: a count that goes with the subject: rows done, attempt, bytes.
//
// # Invariants
//
//   - [All] lists every constant exactly once; a test reads the source and
//     proves it, so that a catalogue printed to a person is whole.
//   - A nil Injector means that nothing ever happens.
//
// # Limits
//
// A point marks a line of our code. What happens inside Pebble or SQLite is
// reached through the disk points, which fire at every operation on a file.
package point
