// Package crash kills a real `reconsim serve` with SIGKILL, again and again, and
// judges what the next start serves from the same folder.
//
// # The model
//
//	life:  start → ready line → readers ask, a rebuild is asked for → SIGKILL
//	death: staging.json, CURRENT and the newest answer, read when it is dead
//	next:  start → ready line → first answer → many answers → judged
//
// [Run] lives that loop. A [Plan] chooses an [Aim] for each kill, a [Watch]
// polls the status file that staging replaces at every transition, and the
// [Judge] holds each answer against the oracle, which replays the OM's
// transactions up to the index that the answer's Recon-Lineage header names.
//
// # Vocabulary
//
//   - aim: the moment that a kill is meant for. What counts is the state at
//     death, which may be a later one.
//   - state at death: the state in staging.json once the process is dead.
//   - pointer: the file CURRENT, whose rename is the commit.
//   - known: the newest generation that was certainly committed before the
//     kill: a reader saw it, or staging.json said so.
//
// # Invariants checked
//
//   - crash-atomic: the pointer at death names the known generation or the one
//     that was being staged, and the next start serves exactly that one.
//   - durable-commit: the first answer after the start is no older than the
//     newest one before the kill, by generation, sequence and index.
//   - exact, one-generation, never-empty, monotonic, read-your-commit and the
//     others of package check, on every answer; a client's session goes on
//     across kills.
//   - legal-edges: staging comes up in a state that may follow the one at death,
//     and says of the last rebuild what the pointer says.
//   - no-leak: one generation directory at most, and no download left over.
//
// # Limits
//
// SIGKILL loses the process and not the page cache, so a missing fsync goes
// unseen here; that is what the simulated disk is for. An index beyond what the
// OM has acknowledged would not be seen as such, only as a wrong answer.
package crash
