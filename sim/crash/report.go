package crash

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"reconsim/sim/check"
)

// The verdicts of a loop.
const (
	Pass = "pass"
	Fail = "fail"
)

// Report is the outcome of a loop.
type Report struct {
	Verdict string `json:"verdict"`
	Kills   []Kill `json:"kills"`
	// Processing is how many kills hit PROCESSING, ReadyToCommitted how many
	// hit READY_TO_COMMIT or COMMITTING, by the state at death.
	Processing       int `json:"processing"`
	ReadyToCommitted int `json:"readyToCommitted"`
	// Wanted is how many kills in PROCESSING were wanted,
	// WantedReadyToCommitted how many of the others.
	Wanted                 int `json:"wanted"`
	WantedReadyToCommitted int `json:"wantedReadyToCommitted"`
	// Properties are those that were put to the test.
	Properties []Checked `json:"properties"`
	// Violations are those that belong to no kill, such as a clean stop that
	// was none.
	Violations []check.Violation `json:"violations"`
	Seed       uint64            `json:"seed"`
	Seconds    float64           `json:"seconds"`
}

// Kill is one kill and what the next start served.
type Kill struct {
	Number int `json:"number"`
	Aim    Aim `json:"aim"`
	// StateBefore is the last state read before the signal, StateAtDeath the
	// one in the file once the process was dead.
	StateBefore  string `json:"stateBefore"`
	StateAtDeath string `json:"stateAtDeath"`
	// ServedBefore is the generation that answers showed last, or "none";
	// ServedAfter is that of the first answer after the restart.
	ServedBefore string `json:"servedBefore"`
	ServedAfter  string `json:"servedAfter"`
	// Outcome is new if the rebuild under way at death is served, old if not,
	// and first when nothing had been committed.
	Outcome string `json:"outcome"`
	// AnswersBefore were judged in the life that the kill ended, Answers after
	// the restart.
	AnswersBefore int               `json:"answersBefore"`
	Answers       int               `json:"answers"`
	Violations    []check.Violation `json:"violations"`
}

// keptViolations bounds what one kill shows; the properties count all.
const keptViolations = 20

func (k *Kill) add(found ...check.Violation) {
	for _, v := range found {
		if len(k.Violations) < keptViolations {
			k.Violations = append(k.Violations, v)
		}
	}
}

// String is the kill in a line.
func (k Kill) String() string {
	s := fmt.Sprintf("kill %2d  aimed at %-10s  dead in %-15s  served %s, then %s (%s)  %d answers",
		k.Number, k.Aim, k.StateAtDeath, k.ServedBefore, k.ServedAfter, k.Outcome, k.AnswersBefore+k.Answers)
	for _, v := range k.Violations {
		s += "\n  " + v.String()
	}
	return s
}

// Text prints the report as a table.
func (r *Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "kill\taim\tstate at death\tserved before\tserved after\toutcome\tanswers checked\tok")
	for _, k := range r.Kills {
		ok := "yes"
		if len(k.Violations) > 0 {
			ok = "NO"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%d + %d\t%s\n", k.Number, k.Aim, k.StateAtDeath, k.ServedBefore, k.ServedAfter, k.Outcome, k.AnswersBefore, k.Answers, ok)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var checked []string
	for _, p := range r.Properties {
		checked = append(checked, fmt.Sprintf("%s %d/%d", p.Property, p.Checked-min(p.Checked, p.Violations), p.Checked))
	}
	fmt.Fprintf(w, "held: %s\n", strings.Join(checked, ", "))
	for _, v := range r.Violations {
		fmt.Fprintln(w, v.String())
	}
	if r.Processing < r.Wanted || r.ReadyToCommitted < r.WantedReadyToCommitted {
		fmt.Fprintf(w, "the aims were not met: %d of %d kills in PROCESSING, %d of %d between READY_TO_COMMIT and COMMITTED\n",
			r.Processing, r.Wanted, r.ReadyToCommitted, r.WantedReadyToCommitted)
	}
	_, err := fmt.Fprintf(w, "%s: %d kills, %d in PROCESSING, %d between READY_TO_COMMIT and COMMITTED, %.0f s\n",
		r.Verdict, len(r.Kills), r.Processing, r.ReadyToCommitted, r.Seconds)
	return err
}
