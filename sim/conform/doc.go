// Package conform holds Recon's tasks against rows that Apache Ozone's own
// classes made.
//
// # The model
//
// A [Set] is one folder: the OM's rows at two moments, the write batches that
// lie between, and the derived rows that Ozone computed at the start, after the
// deltas and by a rebuild at the end. Where Ozone is wrong, a correction says
// what is right. [Check] takes a set through the same steps with our own
// readers and tasks and lists every row that differs from the right one.
//
// # Vocabulary
//
//   - right row: Ozone's row with its correction, if it has one. Ozone's wrong
//     value is a difference like any other.
//   - correction met: a row that has a correction and that we derive right.
//   - canonical: a namespace row with its child ids in ascending order; Ozone
//     writes them in the order of a hash.
//   - cut: a rebuild between two replies, after which the deltas go on.
//
// # The steps
//
//  1. Each OM row is decoded and encoded again, byte for byte; only fields that
//     the messages do not know may stand elsewhere. A rebuild from the first
//     rows gives the right rows of derived-reprocess, in however many ranges.
//  2. The deltas, reply by reply, give the rows of om-after, and the events; of
//     two DELETEs of one key in one reply Ozone's second is dropped (DEF-T11).
//  3. The derived rows are then right in derived-process, once empty unlinked
//     summaries (N1) and names of unlinked directories (N2) are left out.
//  4. A rebuild from the last rows is right in derived-reprocess-after.
//  5. So are the deltas after a cut at any reply.
//  6. Upstream's rows without corrections fail wherever a file has one: each
//     correction must be of a row that is there and must change it, and the
//     tests prove that the comparison sees it.
//
// # Invariants
//
//   - What a set does not hold is not compared; rows and derived rows at the
//     start are needed. Any file may lie compressed, as NAME.gz.
//   - A set of another release may have more or fewer OM tables. The counts of
//     a table that it lacks must be 0; the counts of one that Recon does not
//     know are not compared. Its rows and events are.
//   - A mistake in a set is a [*SetError] with file, line and column.
//
// # Limits
//
// A set is held in memory, and so is the store that the tasks work on; how a
// generation stores rows on disk is tested elsewhere. A file may have up to
// 1 GiB and a line up to 64 MiB.
package conform
