// Package scenarios is the format of scenario files and the corpus of them.
//
// # The model
//
// A scenario is a story in explicit, named lines: a world, the readers in it,
// what happens to it (timeline, faults), and what must hold (expect,
// thresholds). [Load] reads one, checks every name in it against a
// [Vocabulary] and reports every problem at once with its place. The same file
// runs in every tier that can express it; [Scenario.ForTier] resolves the sizes
// of one tier and fills in defaults, or says which line cannot be expressed
// there and why.
//
// # Vocabulary
//
//   - tier: where a scenario runs (sim, local, process, container, load).
//   - size: a number, or one for each tier: {sim: 1000, local: 200000}.
//   - verb: what a step of the timeline does; see [Verbs].
//   - threshold: one line such as "reads of each endpoint >= 500"; see
//     [Expression].
//
// # Invariants
//
//   - This package knows no name of the engine or of the fake OM: names come in
//     with the Vocabulary, from the one place that fills it (sim).
//   - A problem has a place. Text from outside is never a panic, and is refused
//     fast when it is too large, too deep or full of aliases.
//   - Marshal writes what Load reads back to an equal scenario, in the order of
//     the types below, so that a shrunk scenario still reads as a story.
//   - Exactly one file of this package (yaml.go) touches the YAML library.
//
// # Limits
//
// Of the comments in a file Marshal keeps those at its beginning, before a step
// and before a fault. Aliases and anchors are refused
// altogether: a line must say what it means where it stands.
package scenarios
