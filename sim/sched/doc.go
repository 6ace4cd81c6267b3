// Package sched runs actors one at a time, in an order that a strategy decides,
// on a virtual clock. It is the simulator's side of the seam in recon/env.
// TestTutorial shows it from a program to a reproduced failure.
//
// # The model
//
// An actor is a coroutine (iter.Pull). The one that holds the token runs until
// it yields at a point, waits, or ends; then the [Strategy] picks among the
// ready ones. If it picks the same one again, that just goes on; otherwise Run
// switches, which costs about a tenth of a microsecond and leaves the Go
// scheduler alone. An actor that waits is ready once it was woken or its
// context has ended. When nobody is ready the clock jumps to the next timer,
// and all timers due then fire, in the order of their making. Without a timer
// the run is a deadlock.
//
// # Vocabulary
//
//   - point: a named place where an actor stands; a wait is one too, named
//     "wait/" and the parker's name. ordinal: how often this actor has come to
//     this point.
//   - key: the hash of (seed, actor, point, ordinal). [Random] picks the
//     smallest, so that one more point elsewhere does not reshuffle the others.
//   - step: one pick. choice: a pick among more than one; [Choices] are all of
//     a run's order and can be replayed, and cut by a minimizer.
//   - preemption: to pick another than the last actor although that is ready.
//   - trace: the running hash of every step and every jump of the clock, with
//     whatever the world adds; two runs are equal if their traces are.
//
// # Strategies
//
// [Random]; [RoundRobin]; [PCT], random priorities that change at few steps;
// [Exhaustive], every execution with at most so many preemptions; [Replay] and
// [ReplayTolerant], the choices of an earlier run. [ParseStrategy] reads what
// their String methods write.
//
// # Invariants
//
//   - At most one actor runs. Nothing an actor does outside points and waits
//     can be seen half done by another.
//   - The same seed, strategy and program give the same trace in every process,
//     whatever GOMAXPROCS is and whatever else the machine does.
//   - A run ends: with all actors, or with an error that says who stands where
//     and waits for what ([DeadlockError], [LivelockError]), or who panicked
//     ([PanicError]), or where it left the given choices ([DivergedError]).
//   - After [Scheduler.Close] no goroutine of a run is left, also of one that
//     did not end well.
//
// # Limits
//
// Goroutines that libraries start are not actors: Pebble's flushes, compactions
// and cleaning are not explored, and must not reach the trace; the world runs
// Pebble in quiet mode. Such a goroutine may wake an actor, but when is not the
// seed's decision, and a run in which everybody waits for one is a deadlock.
//
// Between two points there is no switch, so races inside of such a stretch, and
// effects of the memory model, are not seen; the race detector looks for those.
// Points take no time: a timer never fires while an actor is ready. An actor
// that blocks on something real (a sync.Mutex held across a point, a channel)
// stops the run for good. A context that ends through a type of another package
// than context ends its children late, by a goroutine of its own.
//
// [PCT] lets one actor run until it waits; one that spins for others is put
// last after ten thousand steps. [Exhaustive] does not recognize executions that
// differ only in the order of independent steps, so its space grows fast: it is
// for programs of a few actors and points.
package sched
