package reports

import (
	"fmt"
	"strings"

	"reconsim/reports/record"
)

// headline says in one sentence how a run ended.
func headline(run record.Run) string {
	if run.Error != nil {
		return "The run could not be carried out."
	}
	if text := brokenSentence(run); text != "" {
		return text
	}
	if run.Verdict == record.Pass {
		return heldSentence(run)
	}
	if reasons := otherReasons(run); len(reasons) > 0 {
		return upperFirst(listed(reasons)) + "."
	}
	return "The run failed."
}

// answerWords says, for the properties that readers would notice, what an
// answer that breaks them is and does. What is not listed is named as it is.
var answerWords = []struct{ property, adjective, one, many string }{
	{"never-empty", "empty", "answer was empty", "answers were empty"},
	{"one-generation", "mixed", "answer mixed two generations", "answers mixed two generations"},
	{"exact", "wrong", "answer was wrong", "answers were wrong"},
	{"monotonic", "older", "answer went back in time", "answers went back in time"},
	{"no-error", "failed", "answer failed", "answers failed"},
}

// brokenSentence says what readers or checkers saw; empty if nothing broke.
func brokenSentence(run record.Run) string {
	var parts []string
	seen := map[string]bool{}
	for _, w := range answerWords {
		for _, p := range run.Properties {
			if p.Name != w.property || p.Violations == 0 {
				continue
			}
			seen[p.Name] = true
			words := w.many
			if p.Violations == 1 {
				words = w.one
			}
			parts = append(parts, grouped(p.Violations)+" "+words)
		}
	}
	for _, p := range run.Properties {
		if p.Violations > 0 && !seen[p.Name] {
			parts = append(parts, plural(p.Violations, "violation")+" of "+p.Name)
		}
	}
	if n := int64(len(run.Violations)) + run.ViolationsOmitted; len(parts) == 0 && n > 0 {
		parts = append(parts, plural(n, "violation"))
	}
	if len(parts) == 0 {
		return ""
	}
	return listed(parts) + "."
}

// heldSentence says what no reader saw, as far as it was checked.
func heldSentence(run record.Run) string {
	var kinds []string
	for _, w := range answerWords {
		for _, p := range run.Properties {
			if p.Name == w.property && p.Checked > 0 {
				kinds = append(kinds, w.adjective)
			}
		}
	}
	switch {
	case checks(run) == 0:
		return "Nothing failed, but nothing was checked."
	case len(kinds) == 0:
		return heldCount(run)
	}
	article := "a"
	if kinds[0] == "empty" || kinds[0] == "older" {
		article = "an"
	}
	if last := len(kinds) - 1; last > 0 {
		return fmt.Sprintf("No reader saw %s %s or %s answer.", article, strings.Join(kinds[:last], ", "), kinds[last])
	}
	return fmt.Sprintf("No reader saw %s %s answer.", article, kinds[0])
}

// heldCount counts the properties that held.
func heldCount(run record.Run) string {
	checked := checkedProperties(run)
	held := checked - len(brokenProperties(run))
	if held == checked {
		return fmt.Sprintf("All %s held.", plural(checked, "property"))
	}
	return fmt.Sprintf("%d of %s held.", held, plural(checked, "property"))
}

// otherReasons lists why a run without violations failed.
func otherReasons(run record.Run) []string {
	var reasons []string
	add := func(n int, noun, rest string) {
		if n > 0 {
			reasons = append(reasons, plural(n, noun)+" "+rest)
		}
	}
	add(countIf(run.Expectations, func(e record.Expectation) bool { return !e.OK }), "expectation", "missed")
	add(countIf(run.Thresholds, func(t record.Threshold) bool { return !t.OK }), "threshold", "missed")
	add(countIf(run.Faults, record.Fault.Vacuous), "fault", "never fired")
	return reasons
}

// paragraph says in two or three sentences what was done to come to it.
func paragraph(run record.Run) string {
	if run.Error != nil {
		return run.Error.Error()
	}
	var sentences []string
	if n := checks(run); n > 0 {
		sentences = append(sentences, fmt.Sprintf("%s over %s.", strings.TrimSuffix(heldCount(run), "."), plural(n, "check")))
	}
	sentences = append(sentences, answersSentence(run))
	if text := rebuildsSentence(run); text != "" {
		sentences = append(sentences, text)
	}
	if len(run.Faults) > 0 {
		fired := countIf(run.Faults, func(f record.Fault) bool { return f.Fired > 0 })
		sentences = append(sentences, fmt.Sprintf("%d of %s fired.", fired, plural(len(run.Faults), "fault")))
	}
	return strings.Join(sentences, " ")
}

func answersSentence(run record.Run) string {
	text := plural(run.Counts.Reads, "answer") + " read and judged"
	if during := readsDuringRebuild(run); during > 0 {
		text += fmt.Sprintf(", %s of them during a rebuild", grouped(during))
		if run.Counts.SpanningPublish > 0 {
			text += fmt.Sprintf(" and %s across a switch", grouped(run.Counts.SpanningPublish))
		}
	} else if run.Counts.SpanningPublish > 0 {
		text += fmt.Sprintf(", %s of them across a switch", grouped(run.Counts.SpanningPublish))
	}
	return text + "."
}

// outcomeWords orders the outcomes and says them in words.
var outcomeWords = []struct {
	outcome record.Outcome
	words   string
}{
	{record.Committed, "committed"},
	{record.RolledBack, "rolled back"},
	{record.Quarantined, "quarantined"},
	{record.FailedOut, "failed for good"},
	{record.Discarded, "discarded after a crash"},
	{record.Unfinished, "unfinished"},
}

func rebuildsSentence(run record.Run) string {
	if len(run.Generations) == 0 {
		return "No rebuild took place."
	}
	var parts []string
	for _, o := range outcomeWords {
		if n := countIf(run.Generations, func(g record.Generation) bool { return g.Outcome == o.outcome }); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o.words))
		}
	}
	text := plural(len(run.Generations), "rebuild")
	if len(parts) > 0 {
		text += ": " + listed(parts)
	}
	return text + "."
}

func outcomeText(outcome record.Outcome) string {
	for _, o := range outcomeWords {
		if o.outcome == outcome {
			return o.words
		}
	}
	return string(outcome)
}

// readsDuringRebuild counts the answers in every state but NONE.
func readsDuringRebuild(run record.Run) int64 {
	var reads int64
	for _, c := range run.Counts.ByState {
		if c.Name != record.StateNone {
			reads += c.Reads
		}
	}
	return reads
}

func brokenProperties(run record.Run) []string {
	var names []string
	for _, p := range run.Properties {
		if p.Violations > 0 {
			names = append(names, p.Name)
		}
	}
	return names
}

func checkedProperties(run record.Run) int {
	return countIf(run.Properties, func(p record.Property) bool { return p.Checked > 0 })
}

func checks(run record.Run) int64 {
	var n int64
	for _, p := range run.Properties {
		n += p.Checked
	}
	return n
}

func countIf[T any](list []T, holds func(T) bool) int {
	n := 0
	for _, v := range list {
		if holds(v) {
			n++
		}
	}
	return n
}

func upperFirst(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// title is the run's name for headings: the scenario's name, or its file.
func title(run record.Run) string {
	switch {
	case run.Scenario.Name != "":
		return run.Scenario.Name
	case run.Scenario.File != "":
		return run.Scenario.File
	default:
		return "run"
	}
}
