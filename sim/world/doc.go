// Package world puts everything together: the fake OM, the engine, the readers,
// the faults, the story that a scenario tells, and the judges.
//
// # The model
//
// A [World] runs on two Envs over one runtime. The engine's has the faults and
// the faulty disk; the harness's (OM, readers, story) has none, so that a fault
// strikes only what is under test. In the local tier the runtime is plain
// goroutines and OM, REST and readers talk over loopback; with a scheduler as
// the runtime the same world runs in process on virtual time.
//
// # Vocabulary
//
//   - recon: the engine as a process would run it ([Recon]).
//   - story: the actor that takes the steps of the timeline.
//   - settle: the end, in which traffic and faults stop and Recon must come to
//     equal the OM.
//
// # Invariants
//
//   - Every answer of every reader is judged; none is dropped for speed.
//   - The oracle hears of a transaction before the engine can.
//   - A fault that never fired and a property that checked nothing fail the run.
//
// # Limits
//
// Time in the local tier is real, so what happens between two points of a run
// differs from run to run; only what is judged does not.
package world
