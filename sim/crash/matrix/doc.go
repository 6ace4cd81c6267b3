// Package matrix crashes a rebuild at every operation on the disk, restarts the
// engine on what each crash leaves, and judges what it serves.
//
// # The model
//
//	record:  one run of a scenario on the simulator, on a disk that keeps its log
//	crash:   each operation of the rebuild × each policy of persistence = an image
//	restart: the real engine recovers on the image, without an OM to ask
//	judge:   what it serves, read whole, against the oracle and what was promised
//
// With depth 2 the recovery is recorded too: each of its operations is a crash
// in turn, and the engine is restarted once more on what that leaves.
//
// # Vocabulary
//
//   - window: the operations from the beginning of the rebuild (staging enters
//     INITIALIZING) to the end of the cleanup after it.
//   - state: a generation and a watermark. The later of two is the newer one.
//   - promise: from an operation on, no older state than this may be served: it
//     was shown to a reader, or its commit was acknowledged.
//   - cell: an operation, a policy, and the outcome of the restart: old or new
//     (a whole state of the old or the new generation), EMPTY (a part or all of
//     it is nothing), MIXED (parts of several states, or of none), LOST (older
//     than promised, or nothing though something was), WON'T-OPEN (no start, no
//     answer, or rows that cannot be read).
//   - culprit: a pair of operations "x was not durable when y was": losing x
//     alone makes the image bad, and y is the first operation that does so by
//     surviving.
//
// # Invariants
//
//   - A label is never believed: rows and answers must be those of the state
//     that it names. All rows of a view and one answer of each endpoint are
//     hashed for every restart; a hash that was not seen with this label is held
//     against the oracle in full before it counts as right.
//   - Restarts share nothing but the log and the table of right hashes.
//   - The same options give the same cells, however many judges work.
//
// # Limits
//
// What the disk does not model is not seen (package disk). SQLite draws its
// journal's nonce from crypto/rand, which is the process's: all restarts draw
// the same ones, and one matrix is made at a time in a process. Rows outside the
// OM and derived tables (META, outbox) count by what they do to recovery. The
// images in which one operation alone is lost, by which a culprit is found, need
// not be ones that a policy has.
package matrix
