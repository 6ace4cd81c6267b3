// Package swap moves readers from one generation to the next.
//
// # The model
//
// A [Protocol] is a way to do that. The product compares three; `generation`
// ([Generations]) is ours: the new generation is built under its final name,
// sealed, validated and opened; then one durable pointer move is the commit;
// then one atomic pointer makes it visible. Durable first, visible second.
//
// # Vocabulary
//
//   - view: what one request reads, pinned for the request's whole life.
//   - commit point: the rename of the pointer file.
//   - roll back: give a staged generation up; it is removed, or kept in
//     quarantine with its reason.
//
// # Invariants
//
//   - Any error before the commit point leaves the old generation served.
//   - After the commit point nothing can fail the switch any more.
//   - Nothing is closed under a reader, so a switch has no unavailable moment.
//
// # Limits
//
// A generation that a leaked pin holds is closed only when the process ends.
package swap
