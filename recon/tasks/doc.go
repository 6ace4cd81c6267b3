// Package tasks derives Recon's tables from an OM's rows: in bulk, from a whole
// OM copy, and by delta, from one fetch of events.
//
// # The model
//
// Six [Task] values, each with its own name, status and failure, as Ozone has
// them. [Run] rebuilds: it reads each OM table once, over ranges of keys on
// several actors, decodes each row once and hands the borrowed row to every
// task that wants the table. Each task collects per range and merges in
// Finish. [Process] folds a [Delta] into rows that a rebuild made.
//
// # Vocabulary
//
//   - collector: what one task knows of one range of one table.
//   - sink: where a rebuild's rows go, in any order; counters of one key are
//     summed over all tasks and ranges.
//   - net change: a row's value before and after a whole fetch, whatever lay
//     between.
//
// # Invariants
//
//   - The derived rows are a function of the OM's rows: a rebuild at S has the
//     rows that a rebuild at S0 and all deltas up to S have, byte for byte.
//     A directory that is no longer linked keeps its totals but no name, and a
//     row that says nothing is not there.
//   - A delta works on net changes, so the order of events inside a fetch does
//     not matter (an OM writes them in the order of a hash). What a task must
//     know about the time before the fetch it takes from the events' old
//     values, never from what the store says now (DEF-T7).
//   - A task keeps nothing between calls; a failed call leaves nothing behind
//     but what it wrote to the store, which the caller drops (DEF-T8, DEF-T18).
//   - Where Apache Ozone 2.2.0 has other values, they are its known mistakes
//     DEF-T1 to DEF-T18; recorded rows show both, and the tasks are held to the
//     right ones.
//
// # Limits
//
// No task's memory grows with the number of keys or directories: what
// NSSummaryTask knows of places lies in a [Sorter], and subtrees are summed in
// rounds with a bounded number of places in memory. A path that is much deeper
// than that takes many rounds. The children of one directory are held at once.
package tasks
