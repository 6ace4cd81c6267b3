// Package plan says which faults strike a run, and makes them strike.
//
// # The model
//
// A [Plan] is an ordered list of rules. A [Rule] reads as one line:
//
//	at task/rows of NSSummaryTask when n >= 5000 on hit 1 : error "planted task failure"
//
// A rule names a [point.Point], says which passages of that point it matches
// (subject and counts), which of the matching passages it picks (schedule,
// chance), and what it then does (actions). A [Registry], private to one run,
// holds rules, arms and disarms them, implements [point.Injector] and accounts
// for what fired.
//
// # Grammar
//
//	plan     = { [ rule ] [ "#" comment ] NEWLINE }
//	rule     = [ NAME "=" ] "at" POINT { clause } ":" actions
//	clause   = "of" GLOB                    subject, at most once
//	         | "when" count { "and" count } all must hold
//	         | "always" | "on" "hit" K [ ".." L ] | "every" K
//	         | "with" "p" "=" FLOAT         chance for each picked passage
//	         | "optional"                   need not fire
//	count    = "n" ( ">=" | "<=" | ">" | "<" | "==" | "!=" ) INT
//	actions  = action { "then" action }     only the last may end the passage
//	action   = "error" STRING | "errno" NAME | "panic" STRING
//	         | "kill" [ STRING ]             what the disk keeps of what was not synced
//	         | "hang" | "park" DURATION
//	         | "short" | "dropsync" | "flip"                     (disk)
//	         | "cut" BYTES | "corrupt" OFFSET | "trickle" RATE
//	         | "stall" BYTES | "html"                            (transfer)
//
// STRING is a Go string in double quotes. A GLOB is a bare word or a STRING:
// "*" and "?" stay within one segment of a path, "**" crosses segments, and a
// glob that does not start with "/" matches from any segment on, so that
// "gen-*/db/*" matches "/data/recon/gen-7/db/000004.sst". Clauses may come in
// any order; String prints them in the order above. Without a schedule a rule
// strikes always.
//
// # Vocabulary
//
//   - hit: a passage of the point that matches the rule while it is armed.
//     Hits are counted from 1, from the moment of arming, for each rule alone,
//     whatever other rules do; so taking one rule out of a plan does not
//     renumber the others (the shrinker relies on it).
//   - firing: a hit that the schedule and the chance picked, and whose actions
//     were begun.
//   - effect: an action that the place itself must carry out (a short write, a
//     cut transfer), because an error value alone cannot say it.
//   - vacuous: a rule that never fired although nobody called it optional. A
//     run with a vacuous rule proves nothing about that fault and must fail.
//
// # Invariants
//
//   - Parse(rule.String()) equals the rule.
//   - Nothing here waits, reads a clock or draws from a global source: sleeping,
//     hanging and killing are functions handed in with [Runtime], and chance is
//     a hash of (seed, rule name, hit), so that a new rule does not reshuffle
//     the others.
//   - No lock is held while an action runs: parked passages block nobody else.
//   - With no rule armed a passage costs one atomic load.
//
// # Limits
//
// Bounds (plan size, number of rules, of actions) are constants of this
// package; text from outside is refused with a [ParseError], never a panic.
// The term language of failpoint serves only to count hits ("2*off->1*return");
// its percentages, sleeps and pauses are not used, since they read the global
// random source and the wall clock and hold the point's lock.
package plan
