package reports

import (
	"fmt"

	"reconsim/reports/record"
)

// outcomeLook is how the outcome of a crash is named and drawn.
type outcomeLook struct {
	Outcome record.CrashOutcome
	// Class is its CSS class, Letter what bad cells show, Words a name.
	Class, Letter, Words string
}

var outcomeLooks = []outcomeLook{
	{record.OutcomeOld, "old", "", "old generation"},
	{record.OutcomeNew, "new", "", "new generation"},
	{record.OutcomeEither, "either", "", "old or new"},
	{record.OutcomeEmpty, "empty", "E", "EMPTY"},
	{record.OutcomeMixed, "mixed", "M", "MIXED"},
	{record.OutcomeLost, "lost", "L", "LOST"},
	{record.OutcomeWontOpen, "wont-open", "W", "WON'T OPEN"},
}

func lookOf(outcome record.CrashOutcome) outcomeLook {
	for _, l := range outcomeLooks {
		if l.Outcome == outcome {
			return l
		}
	}
	return outcomeLook{outcome, "other", "?", string(outcome)}
}

// crashHeadline says in one sentence how an enumeration ended.
func crashHeadline(m record.CrashMatrix) string {
	bad := m.Cells.Bad()
	switch {
	case m.Error != nil:
		return "The crashes could not be enumerated."
	case bad > 0:
		return fmt.Sprintf("%s of %s came back wrong: %s.", grouped(bad), plural(m.States, "distinct crash state"), badCounts(m.Cells))
	case m.States == 0:
		return "No crash was checked."
	case !m.Complete:
		return fmt.Sprintf("No bad state among %s, but not every one was checked.", grouped(m.States))
	case m.Verdict != record.Pass:
		return "The enumeration failed."
	}
	return fmt.Sprintf("All %s came back whole.", plural(m.States, "distinct crash state"))
}

// badCounts is the bad states by outcome: 3 MIXED and 1 LOST.
func badCounts(c record.CrashCells) string {
	var parts []string
	for _, l := range outcomeLooks {
		if n := c.Of(l.Outcome); n > 0 && l.Outcome.Bad() {
			parts = append(parts, grouped(n)+" "+l.Words)
		}
	}
	return listed(parts)
}

// crashParagraph says what was enumerated.
func crashParagraph(m record.CrashMatrix) string {
	if m.Error != nil {
		return m.Error.Error()
	}
	text := fmt.Sprintf("The scenario ran once and made %s to the disk. ", plural(len(m.Operations), "change"))
	for _, d := range m.Depths {
		if d.Depth == 1 {
			text += fmt.Sprintf("A crash after each, under %s of what a disk keeps, leaves %s, %s. ",
				pluralPolicies(len(m.Policies)), plural(d.Images, "image"), distinctText(d))
		} else {
			text += fmt.Sprintf("A second crash, while the engine recovers from the first, leaves %s, %s. ",
				plural(d.Images, "more image"), distinctText(d))
		}
	}
	return text + fmt.Sprintf("The engine was started on %s: %s served the old generation, %s the new one.",
		grouped(m.States), grouped(m.Cells.Old), grouped(m.Cells.New))
}

func pluralPolicies(n int) string {
	if n == 1 {
		return "1 policy"
	}
	return fmt.Sprintf("%d policies", n)
}

func distinctText(d record.CrashDepth) string {
	if d.Distinct == d.Images {
		return "all of them distinct"
	}
	return grouped(d.Distinct) + " of them distinct"
}

// completeness says whether every state was checked.
func completeness(m record.CrashMatrix) string {
	if !m.Complete {
		if m.Incomplete != "" {
			return "Not complete: " + m.Incomplete
		}
		return "Not complete: some crash states were not checked."
	}
	var images, distinct int64
	for _, d := range m.Depths {
		images += d.Images
		distinct += d.Distinct
	}
	return fmt.Sprintf("Complete: all %s are checked, as %s.", plural(images, "crash state"), plural(distinct, "distinct image"))
}

// crashTitle names an enumeration.
func crashTitle(m record.CrashMatrix) string {
	name := m.Scenario.Name
	if name == "" {
		name = m.Scenario.File
	}
	if m.Protocol != "" {
		name += " · " + m.Protocol
	}
	for _, mutant := range m.Mutants {
		name += " · with " + mutant
	}
	return name
}

// badGroup is the bad cells of one signature: the first in full.
type badGroup struct {
	Number int
	First  record.BadCell
	Cells  int
	Look   outcomeLook
	// Policies are the families in which it shows.
	Policies []string
}

// groupBad groups bad cells by their signature, in the order of their first
// appearance. A cell without a signature is a group of its own.
func groupBad(m record.CrashMatrix) []badGroup {
	index := map[string]int{}
	var groups []badGroup
	for _, b := range m.Bad {
		at, known := index[b.Signature]
		if !known || b.Signature == "" {
			at = len(groups)
			index[b.Signature] = at
			groups = append(groups, badGroup{Number: at + 1, First: b, Look: lookOf(b.Outcome)})
		}
		g := &groups[at]
		g.Cells++
		family := record.PolicyFamily(b.Policy)
		seen := false
		for _, p := range g.Policies {
			seen = seen || p == family
		}
		if !seen {
			g.Policies = append(g.Policies, family)
		}
	}
	return groups
}

// becauseOf is why a cell is bad, in one sentence.
func becauseOf(b record.BadCell) string {
	if b.Pair != nil && b.Pair.Explanation != "" {
		return b.Pair.Explanation
	}
	return b.Message
}

// crashPlace names a bad cell: after operation 12, synced, then after 3, all.
func crashPlace(b record.BadCell) string {
	text := fmt.Sprintf("after operation %s, %s", grouped(b.Operation), b.Policy)
	if b.Second != nil {
		text += fmt.Sprintf("; while recovering after operation %s, %s", grouped(b.Second.Operation), b.Second.Policy)
	}
	return text
}
