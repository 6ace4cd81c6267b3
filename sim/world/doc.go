// Package world puts everything together: the fake OM, the engine, the readers,
// the faults, the story that a scenario tells, and the judges.
//
// # The model
//
// A [World] runs on several Envs over one runtime. The engine's has the faults
// and the faulty disk; the harness's (OM, readers, story) has none, so that a fault
// strikes only what is under test. In the local tier the runtime is plain
// goroutines and OM, REST and readers talk over loopback; with a scheduler as
// the runtime the same world runs in process on virtual time.
//
// # Vocabulary
//
//   - recon: the engine as a process would run it ([Recon]).
//   - life: one run of the engine, from its start until it is stopped or its
//     machine loses power. After a loss the next life begins on what the disk
//     kept; the actors of the one before unwind where nobody sees them.
//   - promise: a state that must survive a crash, because a reader saw it or its
//     commit was acknowledged.
//   - network: the way between Recon and the OM, on which messages take time, are
//     lost with their connection, or arrive twice. What is cut off or trickles
//     inside a transfer is the plan's business.
//   - story: the actor that takes the steps of the timeline.
//   - settle: the end, in which traffic and faults stop and Recon must come to
//     equal the OM.
//
// # Invariants
//
//   - Every answer of every reader is judged; none is dropped for speed.
//   - The oracle hears of a transaction before the engine can.
//   - In a simulation what is served is looked at after every step, not only when
//     a reader asks ([World.CheckStep]).
//   - A fault that never fired and a property that checked nothing fail the run.
//
// # Limits
//
// Time in the local tier is real, so what happens between two points of a run
// differs from run to run; only what is judged does not, and no machine there
// can lose power. A network that reorders the messages of one connection, or
// delivers a reply to another request, is not modelled: TCP does neither.
package world
