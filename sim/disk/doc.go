// Package disk is the simulator's disk: one file system in memory under Pebble,
// SQLite and the engine's own files, with a log from which the disk after a
// crash at any operation is rebuilt.
//
//	y := disk.New(disk.Options{Record: true})
//	run(y) // y is a vfs.FS
//	log := y.Log()
//	for crash := range log.Explore(disk.Exploration{Last: log.Len(), Policies: disk.AllPolicies()}) {
//		restart(crash.Image.FS(disk.Options{})) // and judge what it serves
//	}
//
// # The model
//
// [FS] has inodes and directory entries as POSIX knows them. Every operation
// that changes it is numbered, told to an [Observer] and, if asked for, recorded
// with its data in a [Log]. At each place in the log a part of the operations is
// durable and the rest is pending:
//
//   - Sync of a file makes its bytes and size durable, not its name.
//   - Sync of a directory makes its entries durable, and the earlier changes of
//     other entries that these build upon; not what the entries lead to.
//   - A rename is one operation: it is durable, or lost, on both sides.
//
// An [Image] is the durable part and those pending operations that a [Policy]
// lets survive. A file whose name survives without its bytes has those of its
// last sync, a new one none; a hole, where a later write survives without an
// earlier one, is zero.
//
// # Invariants
//
//   - Bytes once written never change: log, images and disks share them, and an
//     image costs what differs.
//   - Image.Hash depends on paths and contents alone. Explore gives no image
//     twice between two promises.
//   - The log of a run depends on nothing but the run. Two things are left out of
//     Op.Hash: a MANIFEST's data, because Pebble stamps ingested tables with the
//     wall clock, and in its write-ahead logs up to where it knew them to be
//     synced, which is a matter of time.
//   - List is sorted; RemoveAll is one operation for each entry.
//
// # Faults
//
// Errors, short writes, flipped reads and latency come from plans through
// faults/disk.Wrap, which this package does not repeat. Here is what needs the
// disk's own state: DropDirty of a file, for a failed fsync that loses pages;
// Options.CapacityBytes, for ENOSPC; [FS.FlipBit], for decay; [FS.Crash], after
// which all handles are dead, and [FS.Unplug], after which nothing that they do
// counts; and [FaultAt], which strikes an operation by its
// number.
//
// # Limits
//
// What ext4 and XFS do and this does not: they mostly make a new file's name
// durable with its first fsync, and all earlier changes of entries with any
// fsync, so images lose more here than there. Their journals never lose a change
// of entries and keep a later one, but Subset and Exhaustive may if the two are
// in different directories. What this does not do: expose stale
// blocks, lose what was synced, reorder the sectors of one write (Torn keeps a
// beginning), keep dropped pages readable until memory runs short (ext4 does
// after a failed fsync). Times, modes, and whether two names share a file are
// not in the hash. Nothing below is slow; latency is the wrapper's.
package disk
