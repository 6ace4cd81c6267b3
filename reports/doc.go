// Package reports turns run records into something to read: pages for people,
// a summary for a CI log (summary.md), test cases for a CI server (junit.xml),
// GitHub annotations, tables for the terminal, and a comparison of runs.
//
//	report.html   one run: verdict, timeline, violations, numbers
//	why-N.html    one kind of violation: the two operations behind it
//	crashes.html  a crash after each operation under each policy, as a heat map
//	explore.html  what many executions reached, and what they never did
//
// # Model
//
// Everything is a function of a run directory (package record): Render reads
// the records that are there and writes their pages beside them, with one
// summary and one JUnit file about all. Nothing else is looked at, so a report
// can be made again years later, and equal records give equal bytes.
//
// A page is one file that fetches nothing: style, script and charts are inside
// it and a Content-Security-Policy made of their hashes allows nothing else; it
// may link to a page beside it. Charts are laid out here, in Go, as plain
// coordinates that a template draws as SVG; scripts add only hover lines, copy
// buttons and where a wide drawing is scrolled to. A timeline is drawn twice,
// to scale and stretched so that each change has room, and the page shows the
// one that can be read.
//
// # Vocabulary
//
// A lane is one horizontal strip of the timeline. A segment is a span of time
// in a lane, a mark a moment. A moment (of the story) is one sentence about
// something that happened. An axis maps a time to a horizontal position. The
// pair (① and ②) is the two operations that let two generations be seen
// together. A cell of the matrix is one operation under one policy; it may stand
// for several images, and shows the worst of them.
//
// # Invariants
//
// No state is shown by colour alone: segments carry a word, a letter or a
// pattern, and a table with the same data stands behind each chart. Text from
// a record is never trusted: templates escape it, XML and workflow commands
// have their own escaping here. Operations of one instant of virtual time keep
// their order: a stretched axis moves them apart, their times in words stay. A
// bad cell is never narrower than three pixels, however many operations there
// are.
//
// # Limits
//
// The page shows up to maxRows generations and maxViolations violations, and
// says so when there are more. Marks that would overlap are joined into one
// with a count. A why page shows record.MaxWhySteps operations; crashes.html
// lists maxBadRows bad cells and maxListedOperations operations and stays below
// a megabyte for 3,000 operations under 8 policies.
package reports
