// Package env is the seam between the engine and the world it runs in: files,
// clock, goroutines, contended locks, waiting, randomness and fault points.
//
// # The model
//
// The engine never starts a goroutine, waits, reads a clock, opens a file or
// draws a random number by itself. It asks an [Env], and an Env asks a
// [Runtime], of which there are two: [NewOS] (plain goroutines, the wall clock)
// and the simulator's scheduler (one running actor, a virtual clock, every
// choice drawn from a seed). The engine's code is the same under both, which
// is what makes a simulated failure evidence about the real program.
//
// # Vocabulary
//
//   - actor: a goroutine started by [Env.Go]; the unit that a scheduler picks.
//   - point: a named place where an actor may be switched away and where a
//     fault may strike ([Env.Point]); the names are in faults/point.
//   - parker: the one primitive on which [Mutex], [Cond], [Queue], [Group] and
//     Sleep are built, so that a runtime has only one way of waiting to know.
//   - explanation: what a wait is for, in words that a runtime may ask for
//     ([Explained]): locks by name or where they were made, with their holder.
//
// # Invariants
//
//   - No Point lies inside a sync.Mutex; a lock held across a Point is a
//     [Mutex] of this package, which the scheduler can see.
//   - Every wait ends when its context ends, and says so with the cause.
//   - Files opened read-write can be truncated ([Truncater]); every wrapper of
//     a file passes that on, or SQLite's rollback fails with an I/O error.
//
// # Limits
//
// Pebble's and SQLite's own goroutines and caches are not actors. The engine
// opens Pebble in quiet mode where a run must be repeatable.
package env
