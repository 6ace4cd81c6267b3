package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"reconsim/reports/record"
)

//go:embed explore.html.tmpl
var exploreText string

//go:embed explore.css
var exploreStyle string

var exploreTemplate = pageOfTemplates("explore", exploreText, template.FuncMap{
	"short": shortCount, "times": func(n int64) string { return plural(n, "time") },
})

// maxExploredViolations is how many kinds of violation the page shows.
const maxExploredViolations = 50

// explorePage is what the template gets.
type explorePage struct {
	record.Exploration
	Policy         string
	Style          template.CSS
	Script         template.JS
	Title          string
	Headline       string
	Paragraph      string
	Facts          []fact
	Shown          []record.ExploredViolation
	MoreViolations int
	Grid           coverageGrid
	Legend         []coverageLook
	NeverReached   []neverGroup
	Chart          *growthChart
	Shares         []strategyRow
}

// strategyRow is one strategy's part, as it is shown.
type strategyRow struct {
	record.StrategyShare
	Percent, Width string
}

func writeExplorePage(w io.Writer, e record.Exploration) error {
	if err := exploreTemplate.ExecuteTemplate(w, "explore", newExplorePage(e)); err != nil {
		return fmt.Errorf("write the page of an exploration: %w", err)
	}
	return nil
}

func newExplorePage(e record.Exploration) explorePage {
	style := pageStyle + whyStyle + exploreStyle
	p := explorePage{Exploration: e, Policy: contentPolicy(style, pageScript), Style: template.CSS(style), Script: template.JS(pageScript),
		Title: exploreTitle(e), Headline: exploreHeadline(e), Paragraph: exploreParagraph(e), Facts: exploreFacts(e),
		Grid: newCoverageGrid(e.Coverage), Legend: coverageLooks, NeverReached: neverReached(e.Coverage), Chart: newGrowthChart(e), Shares: strategyRows(e)}
	p.Shown = e.Violations[:min(len(e.Violations), maxExploredViolations)]
	p.MoreViolations = len(e.Violations) - len(p.Shown)
	return p
}

func exploreFacts(e record.Exploration) []fact {
	if e.Executions == 0 {
		return nil
	}
	facts := []fact{
		{grouped(e.Executions), "executions", fmt.Sprintf("%s, %s of CPU", secondsText(e.Seconds), secondsText(e.CPUSeconds))},
		{grouped(int64(e.ExecutionsPerHour)), "an hour", plural(max(e.Workers, 1), "worker")},
		{grouped(e.DistinctTraces), "distinct traces", percentText(e.DistinctTraces, e.Executions) + " of the executions"},
		{grouped(e.Coverage.Reached), "cells reached", fmt.Sprintf("of %s, %s never", grouped(e.Coverage.Cells), grouped(len(e.Coverage.Never)))},
		{grouped(e.AdjacentPairs), "adjacent pairs", "points of two actors"}}
	return facts
}

func percentText(part, whole int64) string {
	if whole <= 0 {
		return "0 %"
	}
	return significant(100*float64(part)/float64(whole)) + " %"
}

func strategyRows(e record.Exploration) []strategyRow {
	var all int64
	for _, s := range e.Strategies {
		all += s.Executions
	}
	var rows []strategyRow
	for _, s := range e.Strategies {
		r := strategyRow{StrategyShare: s, Percent: percentText(s.Executions, all), Width: "0"}
		if all > 0 {
			r.Width = trimZeros(100*float64(s.Executions)/float64(all), 2)
		}
		rows = append(rows, r)
	}
	return rows
}
