// Package net makes transfers fail: the snapshot that is cut off, corrupted,
// slow, standing still, or replaced by the page of a proxy.
//
// # The model
//
// A transfer is one body of bytes. As it begins, a [Source] (a plan.Registry)
// is asked once for the effects to carry out on it; they are then applied byte
// by byte, wherever the body passes: at an io.Reader ([NewReader]), an io.Writer
// ([NewWriter]), a client ([RoundTripper]) or a server ([Handler]).
//
// # Vocabulary
//
//   - cut N: after N bytes the transfer ends with an error.
//   - corrupt N: the byte at offset N has one bit turned.
//   - trickle R: R bytes a second pass, on the run's clock.
//   - stall N: after N bytes nothing passes until the context is done.
//   - html: a page of HTML comes instead, with status 200.
//
// # Invariants
//
//   - Effects combine; each counts offsets in the bytes of the real body.
//   - A cut is never mistaken for the end: readers get io.ErrUnexpectedEOF, and
//     a handler aborts its connection.
//   - The caller's slices are not changed by a writer.
//   - Nothing here reads a clock: sleeping and hanging are handed in.
//
// # Limits
//
// Headers are not touched, except that html answers its own. A round tripper
// fails bodies of responses, not of requests.
package net
