package reports

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"reconsim/reports/record"
)

// frameText is what the templates of pages share.
//
//go:embed frame.html.tmpl
var frameText string

//go:embed report.html.tmpl
var pageText string

//go:embed timeline.svg.tmpl
var timelineText string

//go:embed report.css
var pageStyle string

//go:embed report.js
var pageScript string

// pageFunctions are what every page's template may call.
var pageFunctions = template.FuncMap{
	"grouped": grouped[int64], "seq": grouped[uint64], "millis": millisText, "micros": microsText, "seconds": secondsText,
	"bytes": bytesText, "plural": plural[int], "outcome": outcomeText, "headline": headline, "paragraph": paragraph,
	"title": title, "meaning": func(property string) string { return meanings[property] },
	"number": func(i int) int { return i + 1 }, "add": func(a, b float64) float64 { return a + b },
	"middle": func(x, width float64) float64 { return x + width/2 },
	"place": func(top, below float64, m mark) placedMark {
		return placedMark{m, top + below + float64(m.Row)*markRow + 13}
	},
	"px":   func(v float64) string { return trimZeros(v, 2) },
	"join": strings.Join, "glyph": momentGlyph, "vacuous": record.Fault.Vacuous,
	"optional": func(at *float64) string {
		if at == nil {
			return "–"
		}
		return millisText(*at)
	},
}

var pageTemplate = pageOfTemplates("page", pageText, nil)

// pageOfTemplates makes a page's template with what pages share.
func pageOfTemplates(name, text string, functions template.FuncMap) *template.Template {
	t := template.New(name).Funcs(pageFunctions).Funcs(functions)
	template.Must(t.New("frame").Parse(frameText))
	template.Must(t.New("timeline").Parse(timelineText))
	return template.Must(t.Parse(text))
}

// placedMark is a mark with the baseline of its row.
type placedMark struct {
	mark
	Y float64
}

// page is what the template gets.
type page struct {
	record.Run
	Policy     string
	Style      template.CSS
	Script     template.JS
	Note       string
	Moments    []moment
	MoreMoment int
	// Drawn says that there is something to draw, Measured that there were
	// checks or answers; a run that never began has neither.
	Drawn, Measured bool
	// Timelines are the two drawings; StretchedFirst says which is shown.
	Timelines      []timeline
	StretchedFirst bool
	HiddenRows     int
	Facts          []fact
	Chart          *latencyChart
	Phases         []phaseRow
	Violated       []violationGroup
	Hidden         int64
	Missed         []string
	ByState        []share
	ByEndpoint     []share
	Endpoints      []record.EndpointLatency
	Answers        []answersOf
	Legend         []legendEntry
	LoadRows       []loadRow
	LoadTasks      []loadTask
}

// fact is one large number below the headline.
type fact struct{ Value, Name, Detail string }

// share is a count with its part of the whole, for a bar of 0 to 100.
type share struct {
	Name    string
	Reads   int64
	Percent string
	Width   string
	Class   string
}

// phaseRow is one row of the latency table.
type phaseRow struct {
	record.PhaseLatency
	Words string
}

// answersOf counts the answers that a generation gave, from the event log.
type answersOf struct {
	Generation    string
	Reads, Failed int64
}

// legendEntry explains a state's colour and letter.
type legendEntry struct{ Class, Letter, Name string }

func writePage(w io.Writer, run record.Run, ev events) error {
	p := newPage(run, ev)
	if err := pageTemplate.ExecuteTemplate(w, "page", p); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func newPage(run record.Run, ev events) page {
	p := page{
		Run: run, Style: template.CSS(pageStyle), Script: template.JS(pageScript), Policy: contentPolicy(pageStyle, pageScript),
		Note: ev.note, Facts: append(loadFacts(run), facts(run)...), LoadRows: loadRows(run.Load), LoadTasks: loadTasks(run.Load), Chart: newLatencyChart(run), Violated: groupViolations(run), Missed: missed(run),
		ByState: shares(run.Counts.ByState, true), ByEndpoint: shares(run.Counts.ByEndpoint, false),
		Endpoints: run.Latency.ByEndpoint, Answers: answersByGeneration(run, ev), Legend: legend(),
		HiddenRows: max(len(run.Generations)-maxRows, 0),
	}
	p.Drawn = len(run.Generations)+len(run.Violations)+len(ev.om)+len(ev.faults)+len(ev.samples) > 0
	p.Measured = run.Error == nil || run.Counts.Reads > 0 || checks(run) > 0
	if !p.Measured {
		p.Facts = nil
	}
	p.Moments, p.MoreMoment = story(run, ev)
	p.Hidden = int64(max(len(run.Violations)-maxViolations, 0)) + run.ViolationsOmitted
	spread := spreadStates(run)
	duration := runMillis(spread)
	scale := linearAxis(duration, plotWidth)
	p.Timelines = []timeline{
		newTimeline(run, ev, scale, "scale"),
		newTimeline(spread, ev, stretchedAxis(changes(spread, ev), duration, plotWidth), "stretched"),
	}
	p.StretchedFirst = !readableToScale(run, scale)
	for _, w := range phaseWords {
		if latency, ok := run.Latency.Of(w.phase); ok {
			p.Phases = append(p.Phases, phaseRow{latency, w.words})
		}
	}
	return p
}

// contentPolicy allows the page's own style and script, by hash, and nothing
// else: no request leaves the page, whatever a record contains.
func contentPolicy(style, script string) string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'",
		hash(style), hash(script))
}

// facts picks the numbers that a reader asks for first.
func facts(run record.Run) []fact {
	list := []fact{{grouped(run.Counts.Reads), "answers judged", fmt.Sprintf("%s checks", grouped(checks(run)))}}
	if during := readsDuringRebuild(run); during > 0 || run.Counts.SpanningPublish > 0 {
		list = append(list, fact{grouped(during), "during a rebuild", fmt.Sprintf("%s across a switch", grouped(run.Counts.SpanningPublish))})
	}
	if n := len(run.Generations); n > 0 {
		committed := countIf(run.Generations, func(g record.Generation) bool { return g.Outcome == record.Committed })
		list = append(list, fact{fmt.Sprintf("%d of %d", committed, n), "rebuilds committed", fmt.Sprintf("%d given up", n-committed)})
	}
	if n := len(run.Faults); n > 0 {
		fired := countIf(run.Faults, func(f record.Fault) bool { return f.Fired > 0 })
		list = append(list, fact{fmt.Sprintf("%d of %d", fired, n), "faults fired", faultDetail(run)})
	}
	rest, okRest := run.Latency.Of(record.Rest)
	staging, okStaging := run.Latency.Of(record.Staging)
	if okRest && okStaging && rest.P99Micros > 0 {
		ratio := float64(staging.P99Micros) / float64(rest.P99Micros)
		list = append(list, fact{trimZeros(ratio, 2) + "×", "p99 while staging", fmt.Sprintf("%s against %s at rest",
			microsText(staging.P99Micros), microsText(rest.P99Micros))})
	}
	return list
}

func faultDetail(run record.Run) string {
	if n := countIf(run.Faults, record.Fault.Vacuous); n > 0 {
		return plural(n, "fault") + " proved nothing"
	}
	if n := countIf(run.Faults, func(f record.Fault) bool { return f.Fired == 0 }); n > 0 {
		return plural(n, "optional fault") + " did not"
	}
	return "none was left idle"
}

func shares(counts []record.Count, states bool) []share {
	var all int64
	for _, c := range counts {
		all += c.Reads
	}
	var list []share
	for _, c := range counts {
		s := share{Name: c.Name, Reads: c.Reads, Percent: "0 %", Width: "0"}
		if all > 0 {
			percent := 100 * float64(c.Reads) / float64(all)
			s.Percent, s.Width = significant(percent)+" %", trimZeros(percent, 2)
		}
		if states {
			s.Class = stateLook[c.Name].class
		}
		list = append(list, s)
	}
	return list
}

func answersByGeneration(run record.Run, ev events) []answersOf {
	index := map[uint64]int{}
	var list []answersOf
	for _, g := range run.Generations {
		if _, known := index[g.ID]; !known {
			index[g.ID] = len(list)
			list = append(list, answersOf{Generation: fmt.Sprint(g.ID)})
		}
	}
	for _, s := range ev.samples {
		i, known := index[s.Generation]
		if !known {
			name := fmt.Sprint(s.Generation)
			if s.Generation == 0 {
				name = "none named"
			}
			i = len(list)
			index[s.Generation] = i
			list = append(list, answersOf{Generation: name})
		}
		list[i].Reads += s.Reads
		list[i].Failed += s.Failed
	}
	return list
}

func legend() []legendEntry {
	var list []legendEntry
	for _, state := range []string{record.StateInitializing, record.StateProcessing, record.StateReadyToCommit,
		record.StateCommitting, record.StateCommitted, record.StateRollingBack, record.StateFailed} {
		look := stateLook[state]
		list = append(list, legendEntry{look.class, look.letter, state})
	}
	return list
}

// momentGlyph marks a kind of moment by shape as well as colour.
func momentGlyph(kind string) string {
	switch kind {
	case "om":
		return "◆"
	case "fault":
		return "⚡"
	case "staging":
		return "▷"
	case "publish":
		return "●"
	case "rollback":
		return "↩"
	case "violation":
		return "✕"
	default:
		return "·"
	}
}
