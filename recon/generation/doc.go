// Package generation is what lies on disk: one directory for each generation
// with everything that a reader may join, and the pointer that names the one
// that is served.
//
// # The model
//
//	<dir>/CURRENT           the pointer: the served generation's name (D3)
//	<dir>/gen-00000007/     a generation (D1); never renamed while open
//	    om/*.sst            the OM's tables as they came, ingested in place
//	    db/                 one Pebble store: OM rows, derived rows, META, outbox
//	    sql.db              SQLite: GLOBAL_STATS and FILE_COUNT_BY_SIZE
//	<dir>/quarantine/       staged generations kept to be looked at
//
// A [Staged] generation is written by one rebuild. It becomes a [Generation]
// when it is opened; a Generation publishes views, which readers pin.
//
// One write batch advances OM rows, derived rows and META together. What the
// batch changes in SQL is recorded in it as an outbox entry, so that SQL, which
// is a file of its own, can always be brought up to META and never past it. A
// view is published only when SQL has reached the view's watermark.
//
// # Vocabulary
//
//   - META: the row with generation, lineage, baseSeq, appliedSeq, families.
//   - outbox: SQL changes by sequence, kept until SQL has them durably.
//   - pin: a request's hold on a view; the store closes when the last one goes.
//   - quarantine: a rolled back generation kept with its reason; retention
//     removes it.
//
// # Invariants
//
//   - What the pointer does not name does not exist: recovery removes it.
//   - A directory is removed only after its snapshots, Pebble store and SQL
//     file are closed, in this order, and the parent is synced after.
//   - External tables are verified by us, at sealing and at recovery, because
//     Pebble verifies nothing about them.
//
// # Limits
//
// A fatal error inside Pebble (a failed MANIFEST or log write) ends the actor
// that met it, not the process; the store is then dead and is left unclosed.
package generation
