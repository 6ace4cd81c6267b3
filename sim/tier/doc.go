// Package tier runs a scenario in a tier and writes the run's directory.
//
// # The model
//
// A tier is a place to run: sim (one process on virtual time, disks in memory),
// local (real files, real HTTP, real time), process, container and load. The
// scenario file is the same in all; [Vocabulary] says which of its lines a tier
// cannot express, and why. [RunSim] and [RunLocal] make the world that the tier
// needs, let it tell the story, and write run.json, events.jsonl and the reports.
//
// # Vocabulary
//
//   - simulation: one run in the sim tier ([Simulate]), a function of its
//     options alone.
//   - trace: everything that a simulation did, in order; two are equal if the
//     hashes of their traces are.
//   - job: a simulation as text, to be carried out in another process by a
//     [Worker]; its outcome comes back as text.
//   - plant: a cause of nondeterminism, to show that certificates can fail.
//
// # Invariants
//
//   - Simulate touches no file, socket or clock. A confined worker proves it.
//   - A simulation that failed is repeated in a fresh process before anybody
//     hears of it, and the record says whether its trace was the same.
//
// # Limits
//
// Process and container do not exist as tiers yet; [Available] says so. One
// simulation runs at a time in a process, because SQLite's random numbers are
// the process's.
package tier
