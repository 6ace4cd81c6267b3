// Package api serves what Recon knows over HTTP: Ozone's REST endpoints over
// the namespace, the staging resource, health, metrics and a web page.
//
// # The model
//
// A request for data is prepared (its parameters are read), pins one view, is
// answered from that view alone, and lets it go. The answer is complete before
// its first byte is sent, so what a client sees with status 200 is whole. The
// joins are those of package derived; this package knows HTTP and JSON only.
//
// # Vocabulary
//
//   - data endpoint: an endpoint that answers from a view. Its name is the
//     subject of the fault points read/acquire and read/between.
//   - problem: an answer with a status of 4xx or 5xx, always
//     application/problem+json (RFC 9457) with a code for programs.
//   - label: the headers that say which generation and watermark an answer is
//     from, how old it is, and whether a rebuild is going on.
//
// # Invariants
//
//   - One answer is from one view: its rows, its SQL rows and its label.
//   - The body of a 2xx answer on a path of Ozone's is Ozone's, field for
//     field; what is ours is in headers and on paths of our own (D17).
//   - Bad input is 4xx, with Ozone's code where it has one; before the first
//     commit data endpoints answer 503 with Retry-After, never zeros.
//   - A state has one body, byte for byte.
//
// # Limits
//
// SCM is not part of this engine: what Ozone takes from SCM is 0 or null.
// Bodies are built in memory; as in Ozone there is no upper bound on a page. Of
// a key with several versions in one container, those that a page had no room
// for are not on the next page, because Ozone's cursor names no version.
package api
