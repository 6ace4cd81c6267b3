// Package sched runs actors one at a time, in an order drawn from a seed, on a
// virtual clock. It is the simulator's side of the seam in recon/env.
//
// # The model
//
// Actors are goroutines that hand one token over. The one that holds it runs
// until it yields at a point, waits, or ends; then the scheduler picks among
// the ready ones. An actor that waits is ready once it was woken or its context
// has ended. When nobody is ready the clock jumps to the next timer; without a
// timer the run is a deadlock and ends with who waits where.
//
// # Vocabulary
//
//   - choice: which ready actor goes on; the smallest hash of (seed, actor,
//     point, ordinal), so that one more point elsewhere does not reshuffle it.
//   - trace: the running hash of every step, with whatever the world adds to
//     it; two runs are equal if their traces are.
//
// # Invariants
//
//   - At most one actor runs. Nothing an actor does outside points and waits
//     can be seen half done by another.
//   - The same seed and program give the same trace in every process.
//
// # Limits
//
// Goroutines that libraries start are not actors; they must not reach the
// trace. The number of steps is bounded; a run that reaches the bound is a
// livelock.
package sched
