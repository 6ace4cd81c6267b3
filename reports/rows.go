package reports

import (
	"fmt"

	"reconsim/reports/record"
)

// generationRow is one generation's row: staging, then serving, then kept until
// retired, and below them the answers that it gave.
type generationRow struct {
	ID  uint64
	Top float64
	// Staging, Serving and Kept are nil where there was no such span.
	Staging, Serving, Kept *segment
	// End is the glyph at the end of staging or of the directory.
	End *mark
	// Note is the text beside the row's bar.
	Note *mark
	// Bars are the answers, drawn upwards from BarsBottom.
	Bars       []bar
	BarsBottom float64
	// Compact rows have no room for answers below the bar.
	Compact bool
}

// bar is an answer column in pixels.
type bar struct{ X, Y, Width, Height, FailedY, FailedHeight float64 }

// leastRow is the height of a row whose name has a second line.
const leastRow = 40.0

// layGenerations draws a row for each generation; rows get lower when there
// are many.
func (t *timeline) layGenerations(run record.Run, ev events, a axis, y float64) float64 {
	shown := run.Generations
	if len(shown) > maxRows {
		shown = shown[:maxRows]
	}
	compact := len(shown) > 14
	rates := answerRates(ev.samples, a)
	end := runMillis(run)
	for _, g := range shown {
		row := generationRow{ID: g.ID, Top: y, Compact: compact}
		small := shortened(g.Trigger, 22)
		if compact {
			small = ""
		}
		t.name(y+barHeight/2, fmt.Sprintf("Generation %d", g.ID), small)
		row.layBars(g, a, end, y)
		y += barHeight
		if g.PublishedAtMillis != nil {
			t.Guides = append(t.Guides, guide{X: a.x(*g.PublishedAtMillis), Top: t.StatesTop, Class: "publish"})
		}
		bars := rates[g.ID]
		delete(rates, g.ID) // an id taken again for a retry answers in one row
		if len(bars) > 0 && !compact {
			row.BarsBottom = y + 3 + answerHeight
			for _, b := range bars {
				height := max(b.Height*answerHeight, 1.2)
				failed := b.Failed * answerHeight
				if b.Failed > 0 {
					failed = max(failed, 2)
				}
				row.Bars = append(row.Bars, bar{b.X, row.BarsBottom - height, b.Width, height,
					row.BarsBottom - failed, failed})
			}
			y = row.BarsBottom
		}
		t.Generations = append(t.Generations, row)
		y = row.Top + max(y-row.Top+rowGap, leastRow)
		if compact {
			y = row.Top + barHeight + 4
		}
	}
	return y + laneGap/2
}

// layBars draws the spans of one generation.
func (r *generationRow) layBars(g record.Generation, a axis, end, y float64) {
	staged := stagedUntil(g, end)
	s := box(a, g.StartedAtMillis, staged, y, barHeight)
	s.Class, s.Hover = "staging", fmt.Sprintf("staging generation %d", g.ID)
	s.fit(fmt.Sprintf("staging %d", g.ID), "staging")
	s.Title = fmt.Sprintf("Generation %d staged from %s to %s", g.ID, millisText(g.StartedAtMillis), millisText(staged))
	r.Staging = &s

	if g.PublishedAtMillis == nil {
		r.End, r.Note = abandoned(g, a, staged, y)
		return
	}
	served := end
	if g.SupersededAtMillis != nil {
		served = *g.SupersededAtMillis
	}
	v := box(a, *g.PublishedAtMillis, served, y, barHeight)
	v.Class, v.Hover = "serving", fmt.Sprintf("generation %d serves", g.ID)
	long := fmt.Sprintf("serves readers · seq %s → %s", grouped(g.BaseSeq), grouped(g.AppliedSeq))
	v.fit(long, "serves readers", "serves")
	v.Title = fmt.Sprintf("Generation %d serves from %s to %s, %s", g.ID, millisText(*g.PublishedAtMillis), millisText(served), long)
	r.Serving = &v
	if g.SupersededAtMillis == nil {
		return
	}
	gone := end
	title := fmt.Sprintf("Generation %d superseded, kept to the end", g.ID)
	if g.RetiredAtMillis != nil {
		gone = *g.RetiredAtMillis
		title = fmt.Sprintf("Generation %d superseded, retired at %s", g.ID, millisText(gone))
		x := a.x(gone)
		r.End = &mark{X: x, Glyph: "┤", Class: "retired", Title: title}
		r.Note = &mark{X: x, Label: "retired", Class: "quiet", LabelX: x + 7, Anchor: "start"}
		if x+60 > a.width {
			r.Note = nil
		}
	}
	k := box(a, served, gone, y+barHeight/2-1, 2)
	k.Class, k.Title, k.Hover = "kept", title, fmt.Sprintf("generation %d kept", g.ID)
	r.Kept = &k
}

// stagedUntil is when staging ended: at publish, when rollback had finished, or
// at the end of the run.
func stagedUntil(g record.Generation, end float64) float64 {
	switch {
	case g.PublishedAtMillis != nil:
		return *g.PublishedAtMillis
	case len(g.States) > 0 && g.Outcome != record.Unfinished:
		return g.States[len(g.States)-1].AtMillis
	case g.Outcome != record.Unfinished:
		return g.StartedAtMillis
	}
	return end
}

// abandoned draws how a rebuild that never served ended.
func abandoned(g record.Generation, a axis, at, y float64) (end, note *mark) {
	x := a.x(at)
	text := outcomeText(g.Outcome)
	if g.Cause != "" {
		text += ": " + g.Cause
	}
	glyph, class := "✕", "abandoned"
	if g.Outcome == record.Unfinished {
		glyph, class = "…", "quiet"
	}
	end = &mark{X: x + 9, Glyph: glyph, Class: class, Title: fmt.Sprintf("Generation %d %s", g.ID, text)}
	note = &mark{X: x, Class: "quiet", LabelX: x + 19, Anchor: "start", Label: shortened(text, 70)}
	if note.LabelX+labelWidth(note.Label) > a.width {
		note.Anchor = "end"
		note.LabelX = a.x(g.StartedAtMillis) - 8
		if x+18 > a.width {
			end.X = a.width - 9
		}
		if note.LabelX < labelWidth(note.Label) {
			note = nil
		}
	}
	return end, note
}
