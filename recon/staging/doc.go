// Package staging decides how one rebuild goes: which state it is in, what
// ends it, and what becomes of what it built.
//
// # The model
//
// A [Manager] runs one [Job] at a time through the states of the design
// document, with the edges that it misses added:
//
//	NONE → INITIALIZING → PROCESSING → READY_TO_COMMIT → COMMITTING → COMMITTED → NONE
//	any of the four in the middle → ROLLING_BACK → NONE or FAILED
//	FAILED → INITIALIZING (asked for again) or NONE
//
// INITIALIZING obtains the OM rows, PROCESSING derives the tables, seals and
// validates them, READY_TO_COMMIT catches up with the deltas that came
// meanwhile, COMMITTING is the switch. Where the OM rows come from and which
// deltas are caught up with is the job's business (package controller).
//
// # Vocabulary
//
//   - phase: a finer name for people, never a decision.
//   - cause: why a rebuild ended; it decides whether its files are kept.
//   - attempt: one run of a job; how often to try again is the controller's.
//
// # Invariants
//
//   - Every transition is an edge above, is written down before it is
//     announced, and can be read without a lock.
//   - A failed or cancelled rebuild has no effect on what is served.
//   - What failed validation or the commit is kept in quarantine, everything
//     else that is rolled back is removed (DD-X8).
//
// # Limits
//
// The file with the status is for people and for counting attempts across a
// restart. What is served is decided by the pointer alone.
package staging
