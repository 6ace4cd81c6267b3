package reports

import (
	"fmt"

	"reconsim/reports/record"
)

// whyPlot is the drawn window of a why page; every number is in pixels.
type whyPlot struct {
	ID                         string
	Width, Height, GutterWidth float64
	Knots, Label               string
	Stretched                  bool

	Ticks  []tick
	Guides []guide
	Names  []laneName

	Marks    []mark
	MarksTop float64
	States   []segment
	Bands    []segment
	// Parts are marks on the bands that the bad answer took from.
	Parts []segment

	// Answers are drawn on a line at AnswersY.
	Answers  []answerTick
	Groups   []answerGroup
	AnswersY float64
	HasRead  bool

	Steps      []stepTick
	StepsY     float64
	PairY      float64
	PairX      [2]float64
	PairAnchor [2]string
	// ArrowLeft and ArrowRight bound the line between the two.
	ArrowLeft, ArrowRight float64
}

// answerTick is one answer: a line from when it was asked for to its tick.
type answerTick struct {
	X, Sent      float64
	Class, Title string
	Bad          bool
}

// answerGroup names the generation of answers that follow each other.
type answerGroup struct {
	X           float64
	Class, Text string
}

// stepTick is one operation.
type stepTick struct {
	X            float64
	Class, Title string
}

// whyDrawing is what both drawings of a page share.
type whyDrawing struct {
	run  record.Run
	ev   events
	why  record.Why
	time whyTime
	// class has a colour for each generation.
	class map[uint64]string
	label string
}

// generationColours is how many colours there are for generations.
const generationColours = 5

// generationClasses gives the generations of an answer the first colours, and
// the others those that follow, again and again.
func generationClasses(run record.Run, w record.Why) map[uint64]string {
	classes := map[uint64]string{0: "gen-none"}
	add := func(id uint64) {
		if _, known := classes[id]; !known {
			classes[id] = fmt.Sprintf("gen-%d", (len(classes)-1)%generationColours)
		}
	}
	for _, p := range w.Parts {
		add(p.Generation)
	}
	for _, g := range run.Generations {
		add(g.ID)
	}
	for _, a := range w.Answers {
		add(a.Generation)
	}
	for _, o := range w.Steps {
		add(o.Generation)
	}
	add(w.First.Generation)
	add(w.Second.Generation)
	return classes
}

// changes are the moments between which a stretched axis makes room.
func (d whyDrawing) changes() []float64 {
	var times []float64
	add := func(atMillis float64) {
		if d.time.within(atMillis, atMillis) {
			times = append(times, d.time.since(atMillis))
		}
	}
	for _, g := range d.run.Generations {
		for _, at := range generationTimes(g) {
			add(at)
		}
	}
	for _, list := range [][]record.Event{d.ev.om, d.ev.faults} {
		for _, e := range list {
			add(e.AtMillis)
		}
	}
	for _, a := range d.why.Answers {
		if a.Bad {
			add(a.AtMillis)
		}
	}
	return times[:min(len(times), maxStretchedChanges/4)]
}

func (d whyDrawing) plot(a axis, id string) whyPlot {
	p := whyPlot{ID: id, Width: plotWidth, GutterWidth: gutterWidth, Stretched: a.stretched, Knots: knotsText(a), Label: d.label,
		Ticks: a.ticksFrom(d.time.first, offsetText)}
	y := axisHeight
	y = p.layMarks(d, a, y)
	y = p.layStates(d, a, y)
	bandsTop := y
	y = p.layBands(d, a, y)
	y = p.layAnswers(d, a, y, bandsTop)
	y = p.laySteps(d, a, y)
	p.Height = y
	return p
}

func (p *whyPlot) name(y float64, name, small string) {
	p.Names = append(p.Names, laneName{Y: y, Name: name, Small: small})
}

// layMarks draws what faults and OMs did within the window.
func (p *whyPlot) layMarks(d whyDrawing, a axis, y float64) float64 {
	var marks []mark
	for _, e := range d.ev.faults {
		if d.time.within(e.AtMillis, e.AtMillis) {
			marks = append(marks, mark{X: a.x(d.time.since(e.AtMillis)), Glyph: "⚡", Class: "fault", Label: faultLabel(e),
				Title: clockText(e.AtMillis) + ": " + faultSentence(e)})
		}
	}
	for _, e := range d.ev.om {
		if !d.time.within(e.AtMillis, e.AtMillis) {
			continue
		}
		shifted := e
		shifted.AtMillis = d.time.since(e.AtMillis)
		m, ok := omMark(shifted, a)
		if e.Action == record.OMLeader {
			m.Label = e.Node + " leads"
		}
		m.Title = clockText(e.AtMillis) + ": " + omSentence(e)
		if ok {
			marks = append(marks, m)
		}
	}
	if len(marks) == 0 {
		return y
	}
	p.MarksTop = y
	p.name(y+markRow/2, "Faults and OM", "")
	placed, rows := placeLabels(joinMarks(marks), p.Width, maxMarkRows)
	p.Marks = placed
	return y + float64(max(rows, 1))*markRow + laneGap
}

// span is a piece of a lane within the window, false if it lies outside.
func (d whyDrawing) span(a axis, from, to, y, height float64) (segment, bool) {
	if !d.time.within(from, to) {
		return segment{}, false
	}
	return box(a, d.time.since(from), d.time.since(to), y, height), true
}

func (p *whyPlot) layStates(d whyDrawing, a axis, y float64) float64 {
	for _, s := range stateSpans(d.run) {
		piece, ok := d.span(a, s.from, s.to, y, barHeight)
		if !ok {
			continue
		}
		look, known := stateLook[s.state]
		if !known {
			look.class = "other"
		}
		piece.Class, piece.Hover = "state "+look.class, s.state
		piece.fit(s.state, look.letter)
		piece.Title = fmt.Sprintf("%s, generation %d, from %s to %s", s.state, s.generation, clockText(s.from), clockText(s.to))
		p.States = append(p.States, piece)
	}
	small := ""
	if len(p.States) == 0 {
		small = "NONE"
		piece := segment{Y: y + barHeight/2 - 1, Width: p.Width, Height: 2, Class: "state none", Title: "NONE", Hover: "NONE"}
		p.States = append(p.States, piece)
	}
	p.name(y+barHeight/2, "Rebuild state", small)
	return y + barHeight + laneGap
}

// maxBands is how many generations a window shows.
const maxBands = 8

// layBands draws a row for each generation that touches the window.
func (p *whyPlot) layBands(d whyDrawing, a axis, y float64) float64 {
	end := runMillis(d.run)
	bad, hasBad := d.badAnswer()
	rows := 0
	for _, g := range d.run.Generations {
		gone := end
		if g.RetiredAtMillis != nil {
			gone = *g.RetiredAtMillis
		}
		if g.PublishedAtMillis == nil {
			gone = stagedUntil(g, end)
		}
		if !d.time.within(g.StartedAtMillis, gone) || rows == maxBands {
			continue
		}
		rows++
		p.name(y+barHeight/2, fmt.Sprintf("Generation %d", g.ID), "")
		p.Bands = append(p.Bands, d.bands(a, g, end, y)...)
		for _, part := range d.why.Parts {
			if part.Generation == g.ID && hasBad {
				x := a.x(bad)
				p.Parts = append(p.Parts, segment{X: x, Y: y + barHeight/2, Text: shortened(part.Text, 60),
					Title: fmt.Sprintf("From generation %d: %s", g.ID, part.Text)})
			}
		}
		y += barHeight + rowGap + 4
	}
	return y + 4
}

// bands are staging, serving and what is kept of one generation.
func (d whyDrawing) bands(a axis, g record.Generation, end, y float64) []segment {
	var list []segment
	add := func(from, to, top, height float64, class, name string) {
		s, ok := d.span(a, from, to, top, height)
		if !ok {
			return
		}
		s.Class, s.Hover = class, fmt.Sprintf("generation %d %s", g.ID, name)
		s.Title = fmt.Sprintf("Generation %d %s from %s to %s", g.ID, name, clockText(from), clockText(to))
		if height == barHeight {
			s.fit(fmt.Sprintf("generation %d %s", g.ID, name), name)
		}
		list = append(list, s)
	}
	staged := stagedUntil(g, end)
	if g.PublishedAtMillis == nil {
		add(g.StartedAtMillis, staged, y, barHeight, "staging", "staged")
		return list
	}
	served, kept := end, 0.0
	if g.SupersededAtMillis != nil {
		served, kept = *g.SupersededAtMillis, end
		if g.RetiredAtMillis != nil {
			kept = *g.RetiredAtMillis
		}
	}
	if kept > served {
		add(served, kept, y+barHeight/2-1, 2, "kept "+d.class[g.ID], "kept")
	}
	if g.StartedAtMillis < staged {
		add(g.StartedAtMillis, staged, y, barHeight, "staging", "staged")
	}
	before := len(list)
	add(staged, served, y, barHeight, "served "+d.class[g.ID], "serves")
	if len(list) > before { // to the very operation, where it is a step
		s := &list[before]
		from := a.x(d.time.when(staged, record.OperationPublish, g.ID))
		to := a.x(d.time.since(served))
		if g.SupersededAtMillis != nil {
			to = a.x(d.time.when(served, record.OperationPublish, d.after(g)))
		}
		s.X, s.Width, s.Text = from, max(to-from, 1.5), ""
		s.fit(fmt.Sprintf("generation %d serves", g.ID), "serves")
	}
	return list
}

// after is the generation that superseded another one.
func (d whyDrawing) after(g record.Generation) uint64 {
	for _, other := range d.run.Generations {
		if g.SupersededAtMillis != nil && other.PublishedAtMillis != nil && *other.PublishedAtMillis == *g.SupersededAtMillis {
			return other.ID
		}
	}
	return 0
}

// badAnswer is the moment of the answer that broke the property.
func (d whyDrawing) badAnswer() (float64, bool) {
	for _, answer := range d.why.Answers {
		if answer.Bad {
			return d.answered(answer), true
		}
	}
	v := d.run.Violations[d.why.Violation]
	if d.why.Second.Kind == record.OperationAnswer {
		return d.time.second, true
	}
	return d.time.since(v.AtMillis), d.time.within(v.AtMillis, v.AtMillis)
}

func (d whyDrawing) answered(answer record.Answer) float64 {
	if answer.Bad && d.why.Second.Kind == record.OperationAnswer && d.why.Second.AtMillis == answer.AtMillis {
		return d.time.second
	}
	return d.time.when(answer.AtMillis, record.OperationAnswer, answer.Generation)
}

const answersHeight = 42.0

// layAnswers draws the reader's answers, each where it came.
func (p *whyPlot) layAnswers(d whyDrawing, a axis, y, bandsTop float64) float64 {
	p.HasRead = true
	p.AnswersY = y + answersHeight - 14
	name := "Answers"
	if d.why.Reader != "" {
		name = "Reader " + d.why.Reader
	}
	p.name(p.AnswersY-6, shortened(name, 20), plural(len(d.why.Answers), "answer"))
	last, lastLabel := "", -1000.0
	for i, answer := range d.why.Answers {
		if i == record.MaxWhyAnswers || !d.time.within(answer.AtMillis, answer.AtMillis) {
			continue
		}
		x := a.x(d.answered(answer))
		text := "no generation"
		if answer.Generation != 0 {
			text = fmt.Sprintf("generation %d", answer.Generation)
		}
		t := answerTick{X: x, Sent: min(x, a.x(d.time.since(answer.SentMillis))), Class: d.class[answer.Generation], Bad: answer.Bad}
		t.Title = fmt.Sprintf("%s: %s answered by %s, asked for at %s", clockText(answer.AtMillis), answer.Request, text, clockText(answer.SentMillis))
		p.Answers = append(p.Answers, t)
		if text != last && x-lastLabel > labelWidth(last)+labelGap && x+labelWidth(text) < a.width {
			p.Groups = append(p.Groups, answerGroup{X: x, Class: t.Class, Text: text})
			lastLabel, last = x, text
		}
	}
	if at, ok := d.badAnswer(); ok {
		p.Guides = append(p.Guides, guide{X: a.x(at), Top: bandsTop - 4, Bottom: p.AnswersY + 6, Class: "violation"})
	}
	return y + answersHeight + 8
}

const stepsHeight = 50.0

// laySteps draws a tick for each operation and the pair as two lines through
// all lanes, with an arrow from the first to the second.
func (p *whyPlot) laySteps(d whyDrawing, a axis, y float64) float64 {
	p.StepsY = y + 18
	p.PairY = y + 40
	p.name(y+18, "Operations", plural(len(d.time.steps), "step"))
	for i, s := range d.time.steps {
		class := string(s.Kind)
		if s.Number == d.why.First.Number || s.Number == d.why.Second.Number {
			class += " pair"
		}
		p.Steps = append(p.Steps, stepTick{X: a.x(d.time.at[i]), Class: class,
			Title: fmt.Sprintf("%s operation %d of %s at %s: %s", offsetText(s.AtMillis-d.why.First.AtMillis), s.Number, s.Actor, clockText(s.AtMillis), s.Text)})
	}
	first, second := a.x(d.time.first), a.x(d.time.second)
	p.PairX = [2]float64{first, second}
	p.PairAnchor = [2]string{"end", "start"}
	p.ArrowLeft, p.ArrowRight = first+2, max(second-2, first+2)
	for _, x := range p.PairX {
		p.Guides = append(p.Guides, guide{X: x, Top: 20, Bottom: p.PairY + 8, Class: "pair"})
	}
	return y + stepsHeight + laneGap
}
