// Package omsync brings an OM's data to Recon: who leads, the full snapshot,
// and the deltas after it.
//
// # The model
//
// A [Client] is how an OM is reached; there is one over the network and one in
// process for the simulator. [Source.Leader] finds the leading node.
// [Source.Download] takes its snapshot into a candidate folder, within bounds
// of time and size, and verifies every byte of it before it is called a
// snapshot. [Source.Fetch] asks for the batches after a position and checks
// that they are its continuation.
//
// # Vocabulary
//
//   - position: lineage and sequence that the next batch must follow.
//   - lineage: service, node and the checkpoint's term#index (D16); sequence
//     numbers mean something only within it.
//   - candidate: the folder of a download; a retry takes a verified one again.
//
// # Invariants
//
//   - Nothing is applied from a response that is not wholly continuous: the
//     first batch starts right after the position, each next one where the
//     last ended, term#index never falls (om.md 6, OM-H11).
//   - The leader is asked before and after a fetch; if it changed, the
//     response is dropped (OM-H10).
//   - A 200 that is no RocksDB checkpoint is refused with its reason: HTML, a
//     cut archive, no CURRENT, paths that leave the folder, links (OM-H1, H9,
//     H32).
//
// # Limits
//
// Only the v1 endpoint is used (plain GET, one tar), as release 2.2.0 does.
package omsync
