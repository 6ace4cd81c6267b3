package reports

import (
	"fmt"

	"reconsim/reports/record"
)

// violationGroup is the violations of one signature: the first in full, the
// others as a list, because they differ in little but the time.
type violationGroup struct {
	First  numbered
	Others []numbered
}

// numbered is a violation with its number in the record, counted from 1, to
// which the timeline and the story link.
type numbered struct {
	record.Violation
	Number int
	// Because is why it came to that in a sentence, WhyPage the page that
	// shows how; empty if the run does not know.
	Because, WhyPage string
}

func newNumbered(run record.Run, index int) numbered {
	n := numbered{Violation: run.Violations[index], Number: index + 1}
	if why, explained := run.WhyOf(index); explained {
		n.Because, n.WhyPage = run.Why[why].Explanation, record.WhyPage(why)
	}
	return n
}

// like says how many more there are, to follow a message; empty if none.
func (g violationGroup) like() string {
	if len(g.Others) == 0 {
		return ""
	}
	return fmt.Sprintf(" (and %d more like it)", len(g.Others))
}

// groupViolations groups the first maxViolations by property and signature, in
// the order of their first appearance.
func groupViolations(run record.Run) []violationGroup {
	type key struct{ property, signature string }
	index := map[key]int{}
	var groups []violationGroup
	for i, v := range run.Violations[:min(len(run.Violations), maxViolations)] {
		k := key{v.Property, v.Signature}
		n := newNumbered(run, i)
		if at, known := index[k]; known && v.Signature != "" {
			groups[at].Others = append(groups[at].Others, n)
			continue
		}
		index[k] = len(groups)
		groups = append(groups, violationGroup{First: n})
	}
	return groups
}
