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
func groupViolations(violations []record.Violation) []violationGroup {
	type key struct{ property, signature string }
	index := map[key]int{}
	var groups []violationGroup
	for i, v := range violations[:min(len(violations), maxViolations)] {
		k := key{v.Property, v.Signature}
		n := numbered{v, i + 1}
		if at, known := index[k]; known && v.Signature != "" {
			groups[at].Others = append(groups[at].Others, n)
			continue
		}
		index[k] = len(groups)
		groups = append(groups, violationGroup{First: n})
	}
	return groups
}
