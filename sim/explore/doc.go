// Package explore runs a scenario again and again, each time in another order of
// its actors, and spends its time where that leads to something new.
//
// # The model
//
//	seed, strategy ─▶ job ─▶ worker process ─▶ outcome: violations, coverage
//	      ▲                                               │
//	      └────── leads: choices that led to new coverage ┘
//
// A few worker processes carry simulations out (sim/tier). Half of the
// executions are fresh: the next seed, with a strategy that is drawn in
// proportion to the new coverage it has found so far. The other half begin as an
// execution that reached something new, follow its choices up to a drawn place,
// and go on in another way.
//
// # Vocabulary
//
//   - cell: a point in a state of staging with what became of the passage.
//   - pair: two points passed one right after the other.
//   - lead: an execution that reached a cell or a pair first.
//   - counted: an execution with a rebuild committed after the first generation,
//     a delta applied after it, and at least [CheckedAnswers] answers compared
//     with the oracle. Others are discarded: they would make the figure look good
//     and prove little.
//   - finding: a kind of violation (check.KindOf), once; it has been repeated in
//     a fresh process and has a run directory with its why page before anybody
//     hears of it. If the execution was led by choices, which no scenario file can
//     tell, another one is looked for that shows the same and needs none.
//
// # Invariants
//
//   - The seed decides which jobs are tried as long as one worker works; several
//     report in an order that the machine decides, and each finding is
//     repeatable all the same.
//   - What [Home] lists and no execution reached is reported as never reached.
//
// # Limits
//
// The faults are the scenario's. Points of the disk are not cells: an operation
// is struck by its number or path, which reconsim crashes goes through.
package explore
