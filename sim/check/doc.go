// Package check judges what readers were answered.
//
// A [Checker] takes observations (one request and its answer each) and what the
// world knows: which generations were published and committed, what the OM had
// acknowledged and when, when Recon was frozen, how staging went from state to
// state. It holds every answer against the oracle and counts, for each named
// [Property], how often it was put to the test and how often it failed. A
// property that was never put to the test proves nothing: see Vacuous.
//
// How an answer is judged:
//
//  1. No answer, a 5xx, or a body that is no whole JSON document fails no-error.
//     A 503 is right until something is published; an excused failure is one
//     that the world caused itself.
//  2. The label (header Recon-Generation) names a generation and a sequence
//     number; the world maps that to an index of the replicated log. A label
//     that names nothing known fails watermark-honest; so does one older than
//     what the OM had acknowledged MaxLag before the request, unless Recon was
//     frozen meanwhile.
//  3. The session may not go back (monotonic: by generation, then sequence
//     number, and by index), not behind an acknowledged commit
//     (read-your-commit), and not behind the OM once faults have stopped
//     (converge).
//  4. The body must equal the oracle's answer at the label's index: decoded JSON
//     with exact numbers, nothing normalised but the order of lists that have
//     none (exact).
//  5. A wrong body is compared with other states that the reader might have met.
//     If it equals one of them, the label lies (watermark-honest). If two of
//     them together explain every part of it, it is a mixture
//     (one-generation). A list with elements missing was cut off (no-error).
//     Zeros, empty lists and "not found" that no state explains are nothings
//     (never-empty).
//     A 304 stands for the body that the client had kept.
//  6. An answer without a label must equal some state between what the OM had
//     acknowledged MaxLag before and now; for order it counts as the newest
//     such state, and as having shown the oldest.
//
// Task status tells of rebuilds, which no oracle knows. Its labels are judged
// like all others, and the sequence numbers in its rows must be the label's
// (watermark-honest).
//
// A request with generation= asks for the past: order and lag are not checked.
//
// # Limits
//
// Requests that the oracle does not know are checked for steps 1 to 3 only. A
// mixture is told from two states, not from three; a wrong number that happens
// to be right in another state looks like a mixture. At most Explained wrong
// answers go through step 5. A checker never forgets a generation.
package check
