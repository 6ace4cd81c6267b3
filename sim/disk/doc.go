// Package disk is the simulator's disk.
//
// # The model
//
// [Mem] is Pebble's in-memory file system with what the engine needs beyond it:
// read-write files that can be truncated, and an observer that is told every
// operation, in order, with the hash of its data. It carries Pebble, SQLite and
// the engine's own files, so one log covers all of them.
//
// # Invariants
//
//   - Every operation that changes the disk is observed before it is done.
//   - The hash of an operation depends on nothing but the run: the data of a
//     MANIFEST is left out, because Pebble stamps ingested tables with the wall
//     clock (study of the seam); its kind, path, offset and length stay.
//
// # Limits
//
// No crash images and no faults yet: an operation that is not synced is as
// durable here as one that is.
package disk
