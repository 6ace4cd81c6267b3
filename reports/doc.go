// Package reports turns run records into something to read: a page for people
// (report.html), a summary for a CI log (summary.md), test cases for a CI
// server (junit.xml), GitHub annotations, a table for the terminal, and a
// comparison of runs.
//
// # Model
//
// Everything is a function of a run directory (package record): Render reads
// run.json and events.jsonl and writes the three files beside them. Nothing
// else is looked at, so a report can be made again years later, and equal
// records give equal bytes.
//
// The page is one file without any reference to another: style, script and
// charts are inside it and a Content-Security-Policy made of their hashes
// allows nothing else. Charts are laid out here, in Go, as plain coordinates
// that a template draws as SVG; the script adds only the hover line and the copy
// buttons. The timeline is drawn twice, to scale and stretched so that each
// change has room, and the page shows the one that can be read.
//
// # Vocabulary
//
// A lane is one horizontal strip of the timeline. A segment is a span of time
// in a lane, a mark a moment. A moment (of the story) is one sentence about
// something that happened. An axis maps a time to a horizontal position.
//
// # Invariants
//
// No state is shown by colour alone: segments carry a word, a letter or a
// pattern, and a table with the same data stands behind each chart. Text from
// a record is never trusted: templates escape it, XML and workflow commands
// have their own escaping here.
//
// # Limits
//
// The page shows up to maxRows generations and maxViolations violations, and
// says so when there are more. Marks that would overlap are joined into one
// with a count.
package reports
