package reports

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"reconsim/reports/record"
)

//go:embed why.html.tmpl
var whyText string

//go:embed why.css
var whyStyle string

var whyTemplate = pageOfTemplates("why", whyText, template.FuncMap{"clock": clockText, "operationGlyph": operationGlyph})

// whyPage is what the template gets.
type whyPage struct {
	record.Run
	Policy    string
	Style     template.CSS
	Script    template.JS
	Why       record.Why
	Violation numbered
	Question  string
	Parts     []whyPart
	Note      string
	Window    string
	// Plots are the two drawings; StretchedFirst says which is shown.
	Plots          []whyPlot
	StretchedFirst bool
	Pair           [2]whyStep
	PairApart      string
	Steps          []whyStep
	Diff           []diffLine
	Replayed       replayed
	Legend         []legendEntry
}

// whyPart is a part of the answer with its generation's colour.
type whyPart struct {
	record.AnswerPart
	Class string
}

// whyStep is an operation in the list; Sign is ① or ② for the pair.
type whyStep struct {
	record.Operation
	Sign, Offset, Class string
}

// replayed says how the failure was repeated.
type replayed struct{ Class, Glyph, Text string }

func replayedText(r record.Replay) replayed {
	switch {
	case r.Fresh && r.SameTrace:
		text := "Before it was reported, it was replayed in a fresh process: it failed again, with the same trace"
		if r.TraceHash != "" {
			text += " " + r.TraceHash
		}
		return replayed{"good", "✓", text + "."}
	case r.Fresh:
		text := "Before it was reported, it was replayed in a fresh process: it failed again, by another course."
		if r.FirstDifference != "" {
			text += " The first difference: " + r.FirstDifference
		}
		return replayed{"half", "≈", text}
	case r.FirstDifference != "":
		return replayed{"bad", "✕", "A replay in a fresh process did not show it again. The first difference: " + r.FirstDifference}
	}
	return replayed{"half", "–", "It was not replayed in a fresh process before it was reported."}
}

func operationGlyph(kind record.OperationKind) string {
	switch kind {
	case record.OperationPoint:
		return "▷"
	case record.OperationDisk:
		return "▪"
	case record.OperationPublish:
		return "●"
	case record.OperationAnswer:
		return "◂"
	case record.OperationCrash:
		return "☇"
	default:
		return "·"
	}
}

// writeWhyPage writes the page about one entry of Run.Why. Its violation must
// be one of the run's.
func writeWhyPage(w io.Writer, run record.Run, ev events, index int) error {
	if v := run.Why[index].Violation; v < 0 || v >= len(run.Violations) {
		return fmt.Errorf("why %d explains violation %d of %d", index+1, v, len(run.Violations))
	}
	if err := whyTemplate.ExecuteTemplate(w, "why", newWhyPage(run, ev, run.Why[index])); err != nil {
		return fmt.Errorf("write a why page: %w", err)
	}
	return nil
}

func newWhyPage(run record.Run, ev events, w record.Why) whyPage {
	style := pageStyle + whyStyle
	violation := run.Violations[w.Violation]
	p := whyPage{Run: run, Policy: contentPolicy(style, pageScript), Style: template.CSS(style), Script: template.JS(pageScript),
		Why: w, Violation: newNumbered(run, w.Violation), Note: ev.note, Question: question(w, violation), Replayed: replayedText(w.Replay), Legend: legend()}
	classes := generationClasses(run, w)
	for _, part := range w.Parts {
		p.Parts = append(p.Parts, whyPart{part, classes[part.Generation]})
	}
	t := newWhyTime(w)
	p.Window = fmt.Sprintf("%s from %s on; times count from ①, at %s", spanText(w.ToMillis-w.FromMillis), clockText(w.FromMillis), clockText(w.First.AtMillis))
	d := whyDrawing{run: run, ev: ev, why: w, time: t, class: classes,
		label: fmt.Sprintf("The window of %s around the two operations: %s The list of operations below holds the same data.", spanText(t.duration), w.Explanation)}
	scale, stretched := t.axes(d.changes())
	p.Plots = []whyPlot{d.plot(scale, "scale"), d.plot(stretched, "stretched")}
	p.StretchedFirst = !t.readable(scale)
	for _, o := range t.steps {
		p.Steps = append(p.Steps, newWhyStep(o, w, classes))
	}
	p.Pair = [2]whyStep{newWhyStep(w.First, w, classes), newWhyStep(w.Second, w, classes)}
	p.PairApart = "in the same instant"
	if apart := w.Second.AtMillis - w.First.AtMillis; apart != 0 {
		p.PairApart = spanText(apart) + " later"
	}
	p.Diff, _ = diffAnswers(violation.Got, violation.Want)
	return p
}

func newWhyStep(o record.Operation, w record.Why, classes map[uint64]string) whyStep {
	s := whyStep{Operation: o, Offset: offsetText(o.AtMillis - w.First.AtMillis), Class: classes[o.Generation]}
	switch o.Number {
	case w.First.Number:
		s.Sign = "①"
	case w.Second.Number:
		s.Sign = "②"
	}
	return s
}

// question is what the page answers.
func question(w record.Why, v record.Violation) string {
	reader := "the reader"
	if w.Reader != "" {
		reader = "reader " + w.Reader
	}
	switch v.Property {
	case "one-generation":
		return fmt.Sprintf("Why did %s see two generations in one answer?", reader)
	case "never-empty":
		return fmt.Sprintf("Why did %s see an empty answer?", reader)
	case "monotonic":
		return fmt.Sprintf("Why did %s go back in time?", reader)
	default:
		return fmt.Sprintf("Why did %s see this?", reader)
	}
}
