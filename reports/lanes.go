package reports

import (
	"fmt"
	"sort"

	"reconsim/reports/record"
)

// layOM draws who leads, and below it compactions and outages.
func (t *timeline) layOM(run record.Run, ev events, a axis, y float64) float64 {
	if len(ev.om) == 0 {
		return y
	}
	t.HasOM, t.OMTop = true, y
	t.name(y+barHeight/2, "OM leader", "")
	end := runMillis(run)
	leaders := 0
	var open *record.Event
	closeAt := func(at float64) {
		if open == nil {
			return
		}
		s := box(a, open.AtMillis, at, y, barHeight)
		s.Class = fmt.Sprintf("leader leader-%d", leaders%2)
		s.fit(open.Node+" leads", open.Node)
		s.Title = fmt.Sprintf("%s leads from %s to %s", open.Node, millisText(open.AtMillis), millisText(at))
		s.Hover = open.Node + " leads"
		t.OM = append(t.OM, s)
	}
	var marks []mark
	for i, e := range ev.om {
		if e.Action == record.OMLeader {
			if open != nil {
				closeAt(e.AtMillis)
				leaders++
				t.Guides = append(t.Guides, guide{X: a.x(e.AtMillis), Top: y, Class: "leader-switch"})
			}
			open = &ev.om[i]
			continue
		}
		if m, ok := omMark(e, a); ok {
			marks = append(marks, m)
		}
	}
	closeAt(end)
	y += barHeight
	t.OMMarks = t.layMarks(marks, &y)
	return y + laneGap
}

func omMark(e record.Event, a axis) (mark, bool) {
	m := mark{X: a.x(e.AtMillis), Class: "om-mark", Title: millisText(e.AtMillis) + ": " + omSentence(e)}
	switch e.Action {
	case record.OMCompaction:
		m.Glyph, m.Label = "▼", "log compacted"
		if e.Seq > 0 {
			m.Label += " ≤ " + grouped(e.Seq)
		}
	case record.OMDown:
		m.Glyph, m.Label = "○", e.Node+" down"
	case record.OMUp:
		m.Glyph, m.Label = "●", e.Node+" up"
	case record.OMSnapshot:
		m.Glyph, m.Label = "◆", "snapshot"
		if e.Seq > 0 {
			m.Label += " " + grouped(e.Seq)
		}
	default:
		m.Glyph, m.Label = "•", e.Action
	}
	return m, true
}

// layMarks joins marks that would overlap, places their labels in rows below y
// and moves y past them.
func (t *timeline) layMarks(marks []mark, y *float64) []mark {
	if len(marks) == 0 {
		return nil
	}
	placed, rows := placeLabels(joinMarks(marks), t.Width, maxMarkRows)
	*y += float64(max(rows, 1)) * markRow
	return placed
}

// joinMarks makes one mark of near neighbours of one kind, with a count, so
// that a fault that fires a thousand times stays one mark with one label.
func joinMarks(marks []mark) []mark {
	marks = append([]mark(nil), marks...)
	sort.SliceStable(marks, func(i, j int) bool { return marks[i].X < marks[j].X })
	type joinedMark struct {
		mark
		count int
	}
	var joined []joinedMark
next:
	for _, m := range marks {
		for i := len(joined) - 1; i >= 0 && m.X-joined[i].X < joinWithin; i-- {
			if joined[i].Class == m.Class && joined[i].Label == m.Label {
				joined[i].count++
				continue next
			}
		}
		joined = append(joined, joinedMark{m, 1})
	}
	list := make([]mark, len(joined))
	for i, j := range joined {
		list[i] = j.mark
		if j.count > 1 {
			list[i].Label = fmt.Sprintf("%s ×%s", j.Label, grouped(j.count))
		}
	}
	return list
}

// layFaults draws when each fault fired.
func (t *timeline) layFaults(run record.Run, ev events, a axis, y float64) float64 {
	if len(ev.faults) == 0 {
		return y
	}
	t.FaultsTop = y
	t.name(y+markRow/2, "Faults", "")
	var marks []mark
	for _, e := range ev.faults {
		m := mark{X: a.x(e.AtMillis), Glyph: "⚡", Class: "fault", Link: faultLink(run, e.Fault),
			Title: millisText(e.AtMillis) + ": " + faultSentence(e), Label: faultLabel(e)}
		marks = append(marks, m)
	}
	t.Faults = t.layMarks(marks, &y)
	for _, m := range t.Faults {
		t.Guides = append(t.Guides, guide{X: m.X, Top: t.FaultsTop + float64(m.Row+1)*markRow - 3, Class: "fault"})
	}
	return y + laneGap
}

func faultLabel(e record.Event) string {
	label := e.Fault
	what := e.Subject
	if what == "" {
		what = e.Point
	}
	if what != "" {
		if label != "" {
			label += " "
		}
		label += what
	}
	if e.Message != "" {
		label += ": " + e.Message
	}
	return shortened(label, 48)
}

// stateLook is how a state is drawn: a class for its fill, and a letter for
// segments too narrow for its name.
var stateLook = map[string]struct{ class, letter string }{
	record.StateNone:          {"none", ""},
	record.StateInitializing:  {"initializing", "I"},
	record.StateProcessing:    {"processing", "P"},
	record.StateReadyToCommit: {"ready", "R"},
	record.StateCommitting:    {"committing", "C"},
	record.StateCommitted:     {"committed", "✓"},
	record.StateRollingBack:   {"rolling-back", "↩"},
	record.StateFailed:        {"failed", "✕"},
}

// layStates draws the state of the rebuild. Where no generation is in a state
// the lane shows NONE as a thin line.
func (t *timeline) layStates(run record.Run, a axis, y float64) float64 {
	t.StatesTop = y
	t.name(y+barHeight/2, "Rebuild state", "")
	spans := stateSpans(run)
	reached := 0.0
	none := func(from, to float64) {
		if to > from {
			s := box(a, from, to, y+barHeight/2-1, 2)
			s.Class, s.Title, s.Hover = "state none", fmt.Sprintf("NONE from %s to %s", millisText(from), millisText(to)), "NONE"
			t.States = append(t.States, s)
		}
	}
	for _, span := range spans {
		none(reached, span.from)
		s := box(a, span.from, span.to, y, barHeight)
		look, known := stateLook[span.state]
		if !known {
			look.class = "other"
		}
		s.Class = "state " + look.class
		s.fit(span.state, look.letter)
		s.Title = fmt.Sprintf("%s, generation %d, %s, from %s", span.state, span.generation, millisText(span.to-span.from), millisText(span.from))
		if span.cause != "" {
			s.Title += ": " + span.cause
		}
		s.Hover = span.state
		t.States = append(t.States, s)
		reached = max(reached, span.to)
	}
	none(reached, runMillis(run))
	return y + barHeight + laneGap
}

// stateSpan is a span of time that one rebuild spent in a state but NONE.
type stateSpan struct {
	from, to   float64
	state      string
	cause      string
	generation uint64
}

// stateSpans turns state changes into spans, in order. A last state that is
// not NONE lasts to the next rebuild or the end of the run.
func stateSpans(run record.Run) []stateSpan {
	end := runMillis(run)
	var spans []stateSpan
	for i, g := range run.Generations {
		until := end
		for _, later := range run.Generations[i+1:] {
			if later.StartedAtMillis > g.StartedAtMillis {
				until = later.StartedAtMillis
				break
			}
		}
		for j, s := range g.States {
			to := until
			if j+1 < len(g.States) {
				to = g.States[j+1].AtMillis
			}
			if s.State != record.StateNone {
				spans = append(spans, stateSpan{s.AtMillis, max(to, s.AtMillis), s.State, s.Cause, g.ID})
			}
		}
	}
	return spans
}

// layViolations draws each violation, as a link to its details.
func (t *timeline) layViolations(run record.Run, a axis, y float64) float64 {
	if len(run.Violations) == 0 {
		return y
	}
	t.ViolationsTop = y
	t.name(y+markRow/2, "Violations", "")
	var marks []mark
	for i, v := range run.Violations {
		if i == maxViolations {
			break
		}
		m := mark{X: a.x(v.AtMillis), Glyph: "✕", Class: "violation", Label: v.Property, Link: violationLink(i),
			Title: fmt.Sprintf("%s: %s violated, %s", millisText(v.AtMillis), v.Property, v.Message)}
		marks = append(marks, m)
	}
	t.Violations = t.layMarks(marks, &y)
	for _, m := range t.Violations {
		t.Guides = append(t.Guides, guide{X: m.X, Top: axisHeight, Class: "violation"})
	}
	return y + laneGap
}

// maxViolations is how many violations the page shows in full.
const maxViolations = 50
