// Package shrink makes a scenario that fails as small as it can be while it
// still fails in the same way.
//
// # The model
//
// A scenario is a list of named lines (D11). [Shrink] takes lines out, asks
// whether what is left still shows the violation, and goes on from there: delta
// debugging (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing
// Input, 2002; of its two tests only that of complements, from the last chunk to
// the first, since later lines of a story hang on earlier ones: Hodován and
// Kiss, Practical Improvements to the Minimizing Delta Debugging Algorithm,
// 2016). What is left is then made simpler in place.
//
// The passes, in order of what they gain:
//
//  1. bold: one reader in a small world; no faults and no steps at all.
//  2. story: faults and steps together, by delta debugging.
//  3. config: settings, by delta debugging.
//  4. values: fewer keys and readers, shorter waits, conditions left out, faults
//     armed from the start instead of by a step.
//  5. judges: expectations, thresholds, properties and options that the violation
//     does not need.
//
// Passes 2 to 4 are repeated until they gain nothing more.
//
// # Vocabulary
//
//   - line: what can be taken out by itself: a fault, a step, a setting, a
//     threshold, one field of world, readers, schedule or expect. A step is one
//     line however many words it takes. [Lines] lists them.
//   - frame: what a scenario cannot do without, and so is no line: its name, about
//     and proves, the number of OM nodes, keys and readers and the readers' pause,
//     the seed, and the time to converge.
//   - signature: a violation as the run names it (see sim/check), or any other
//     thing that a run can be accused of: "vacuous|disk-full".
//   - kind: a signature without what a smaller scenario must change: the number
//     of the reader, the sequence numbers and the numbers of the generations, of
//     which the order is kept. See check.KindOf.
//   - candidate: a scenario that may be the next, smaller one.
//   - slippage: ending with another failure than one began with. A candidate is
//     accepted only if its run shows the same kind of signature.
//
// # Invariants
//
//   - What goes together goes together: a step that arms a fault that is gone, a
//     condition on it and an expectation of it go with it; a fault that no step
//     arms any more goes with the step.
//   - A candidate that the checker of scenarios refuses is never run; no two
//     equal candidates are run.
//   - The result depends on the scenario and on what the runs answer, not on how
//     many run at a time: of candidates tried together the first in order wins.
//   - The last accepted candidate was run and showed the signature.
//
// # Limits
//
// A signature that says that something did not happen ("vacuous|...",
// "expectation|...", "threshold|...") is shown by any story that is too short for
// it, so that only a Reference tells such candidates. For the same reason settings
// stay when the violation is of converge, the time to which depends on them.
//
// The result is small, not smallest: no single line can be taken out of it, but
// two at once might, and another order of the actors might do with less. The
// world a violation needs cannot grow while it is shrunk. Rules of faults are
// kept as they are written.
package shrink
