// Package controller runs the engine: it keeps the served generation up with
// the OM, decides when a rebuild is needed and from what, tries again, and
// gives up.
//
// # The model
//
// Two actors. The sync actor fetches deltas; each fetch goes to the served
// generation if it is the continuation of that, and into the [feed] of a
// rebuild that is under way. The rebuild actor takes one request at a time and
// runs attempts of it in package staging until one is committed.
//
// # Vocabulary
//
//   - frozen: the served generation has a gap after its watermark and takes no
//     deltas until a rebuild replaces it (the freeze rule, recon.md 6.8).
//   - feed: the bounded log of fetches for the staged generation.
//   - hold: the time in which no delta is taken, so that a checkpoint or a
//     switch and the watermark belong together.
//
// # Invariants
//
//   - A delta is applied only to a generation whose watermark it continues,
//     and only in that generation's lineage.
//   - Nothing fetched is dropped in silence: a feed that overflows cancels its
//     rebuild, and a newer one begins.
//   - The old generation serves until the new one is committed.
//
// # Limits
//
// The feed holds fetches in memory; its bound counts fetches and bytes.
package controller
