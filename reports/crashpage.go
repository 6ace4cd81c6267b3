package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"reconsim/reports/record"
)

//go:embed crashes.html.tmpl
var crashesText string

//go:embed crashes.css
var crashesStyle string

//go:embed crashes.js
var crashesScript string

var crashesTemplate = pageOfTemplates("crashes", crashesText, template.FuncMap{
	"look": lookOf, "because": becauseOf, "short": func(text string) string { return shortened(text, maxOperationText) },
	"scale": func(v float64) string { return trimZeros(v, 6) }, "policies": pluralPolicies, "crashPlace": crashPlace,
})

const (
	// maxBadRows is how many bad cells the page lists.
	maxBadRows = 200
	// maxBadGroups is how many signatures the page explains.
	maxBadGroups = 20
	// maxListedOperations and maxOperationText keep the page below a megabyte.
	maxListedOperations = 5000
	maxOperationText    = 110
	// maxListedRuns is how many spans of a row are listed as text.
	maxListedRuns = 200
)

// crashPage is what the template gets.
type crashPage struct {
	record.CrashMatrix
	Policy       string
	Style        template.CSS
	Script       template.JS
	Title        string
	Headline     string
	Paragraph    string
	Completeness string
	Facts        []fact
	Plots        []crashPlot
	Legend       []crashLegend
	PhaseLegend  []legendEntry
	Groups       []badGroup
	MoreGroups   int
	BadRows      []record.BadCell
	MoreBad      int64
	RowCounts    []rowCount
	Phases       []phaseOperations
	MoreListed   int
}

// crashLegend explains an outcome and counts the states that have it.
type crashLegend struct {
	outcomeLook
	States int64
	// Counted is false for what only a cell has.
	Counted bool
}

// rowCount counts the cells of one row by outcome, and lists them as spans.
type rowCount struct {
	record.CrashRow
	Counts []int
	Same   int
	Spans  []string
	More   int
}

// phaseOperations are operations of one phase that follow each other.
type phaseOperations struct {
	Phase      string
	Operations []record.CrashOperation
}

func writeCrashPage(w io.Writer, m record.CrashMatrix) error {
	if err := crashesTemplate.ExecuteTemplate(w, "crashes", newCrashPage(m)); err != nil {
		return fmt.Errorf("write the page of crashes: %w", err)
	}
	return nil
}

func newCrashPage(m record.CrashMatrix) crashPage {
	style, script := pageStyle+whyStyle+crashesStyle, pageScript+crashesScript
	p := crashPage{CrashMatrix: m, Policy: contentPolicy(style, script), Style: template.CSS(style), Script: template.JS(script),
		Title: crashTitle(m), Headline: crashHeadline(m), Paragraph: crashParagraph(m), Completeness: completeness(m),
		Facts: crashFacts(m), Plots: newCrashPlots(m), PhaseLegend: legend(), Groups: groupBad(m)}
	for _, l := range outcomeLooks {
		p.Legend = append(p.Legend, crashLegend{l, m.Cells.Of(l.Outcome), l.Outcome != record.OutcomeEither})
	}
	if len(p.Groups) > maxBadGroups {
		p.Groups, p.MoreGroups = p.Groups[:maxBadGroups], len(p.Groups)-maxBadGroups
	}
	p.BadRows, p.MoreBad = m.Bad[:min(len(m.Bad), maxBadRows)], m.BadOmitted
	p.MoreBad += int64(len(m.Bad) - len(p.BadRows))
	for _, r := range m.Rows {
		p.RowCounts = append(p.RowCounts, countRow(r, m.Operations))
	}
	listed := m.Operations[:min(len(m.Operations), maxListedOperations)]
	p.MoreListed = len(m.Operations) - len(listed)
	for _, o := range listed {
		if n := len(p.Phases); n == 0 || p.Phases[n-1].Phase != o.Phase {
			p.Phases = append(p.Phases, phaseOperations{Phase: o.Phase})
		}
		last := &p.Phases[len(p.Phases)-1]
		last.Operations = append(last.Operations, o)
	}
	return p
}

func crashFacts(m record.CrashMatrix) []fact {
	if m.States == 0 {
		return nil
	}
	facts := []fact{
		{grouped(m.States), "states checked", fmt.Sprintf("depth %d, %s", m.Depth, pluralPolicies(len(m.Policies)))},
		{grouped(m.Cells.Bad()), "came back wrong", plural(len(groupBad(m)), "signature")},
		{grouped(int64(len(m.Operations))), "operations", "a crash after each"}}
	if m.StatesPerSecond > 0 {
		facts = append(facts, fact{grouped(int64(m.StatesPerSecond)), "states a second", fmt.Sprintf("%s, %s of CPU", secondsText(m.Seconds), secondsText(m.CPUSeconds))})
	}
	return facts
}

func countRow(r record.CrashRow, operations []record.CrashOperation) rowCount {
	c := rowCount{CrashRow: r, Counts: make([]int, len(outcomeLooks))}
	for i := range operations {
		cell := r.Cell(i)
		for k, l := range outcomeLooks {
			if l.Outcome == cell.Outcome {
				c.Counts[k]++
			}
		}
		if cell.Outcome != "" && !cell.Checked {
			c.Same++
		}
	}
	runs := crashRuns(r, len(operations))
	// Whether a cell was checked here or elsewhere is no new span.
	var joined []crashRun
	for _, run := range runs {
		if n := len(joined); n > 0 && joined[n-1].to == run.from && joined[n-1].cell.Outcome == run.cell.Outcome {
			joined[n-1].to = run.to
			continue
		}
		joined = append(joined, run)
	}
	for i, run := range joined {
		if i == maxListedRuns {
			c.More = len(joined) - i
			break
		}
		from, to := operations[run.from].Number, operations[run.to-1].Number
		span := grouped(from)
		if to != from {
			span += "–" + grouped(to)
		}
		c.Spans = append(c.Spans, span+" "+strings.ReplaceAll(lookOf(run.cell.Outcome).Words, " generation", ""))
	}
	return c
}
