package matrix

import (
	"fmt"

	"reconsim/reports/record"
)

// Outcome is what a restart came to.
type Outcome uint8

// The outcomes, from right to worst.
const (
	// Old is a whole state of the generation before the rebuild.
	Old Outcome = iota
	// New is a whole state of the rebuild.
	New
	// Empty is nothing where there is something.
	Empty
	// Mixed are parts of several states, or of none.
	Mixed
	// Lost is an older state than was promised.
	Lost
	// WontOpen is an engine that does not start or cannot read what it serves.
	WontOpen
)

var outcomeNames = [...]string{"old", "new", "EMPTY", "MIXED", "LOST", "WON'T-OPEN"}

// String is the name that reports use.
func (o Outcome) String() string { return outcomeNames[o] }

// Bad reports whether the outcome must never be.
func (o Outcome) Bad() bool { return o >= Empty }

// record is the outcome as the record has it.
func (o Outcome) record() record.CrashOutcome {
	return [...]record.CrashOutcome{record.OutcomeOld, record.OutcomeNew, record.OutcomeEmpty,
		record.OutcomeMixed, record.OutcomeLost, record.OutcomeWontOpen}[o]
}

// Verdict is an outcome with its reason.
type Verdict struct {
	Outcome Outcome
	// Served is the state that the label named; zero if nothing was served.
	Served State
	// Detail says what is wrong, for people; empty if nothing is.
	Detail string
}

// String is the verdict in a line.
func (v Verdict) String() string {
	if v.Detail == "" {
		return fmt.Sprintf("%s: %s is served whole", v.Outcome, v.Served)
	}
	return fmt.Sprintf("%s: %s", v.Outcome, v.Detail)
}
