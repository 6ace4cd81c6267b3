// Package disk makes a file system fail.
//
// # The model
//
// [Wrap] puts a layer over any vfs.FS that passes every operation by an
// injector before it is done: create, open, read, write, sync, rename, remove,
// link and mkdir, each at its own fault point, with the path as the subject.
// What the injector returns is the operation's error; the three disk effects of
// a plan (short, dropsync, flip) are carried out here. [NewQuota] is a second
// layer, which fails writes with ENOSPC while the bytes below a folder would
// exceed a limit.
//
// # Vocabulary
//
//   - effect: a planted fault that an error alone cannot express.
//   - dirty: written and not yet synced.
//
// # Invariants
//
//   - With nothing armed every operation costs one more atomic load.
//   - A file that can be truncated can still be truncated behind the layers,
//     and one that cannot does not pretend to.
//   - Errors are *fs.PathError and unwrap to the system error, so that Pebble
//     and SQLite see what a real disk would tell them.
//   - Nothing here reads a clock or draws a random number: latency is a park of
//     the plan, on the run's clock, and a flipped bit is chosen by the length.
//
// # Limits
//
// Close, List, Stat, Prefetch, Preallocate and the path functions never fail.
// dropsync loses dirty data only if the inner file can (see [Dropper]); on a
// real disk the sync fails and nothing else happens, as in the kernel, where
// the pages are dropped only later. The quota frees a removed file's bytes at
// once, also while somebody has it open.
package disk
