package reports

import (
	"sort"
	"unicode/utf8"
)

// mark is a moment in a lane: a glyph, and beside it a label if there is room.
type mark struct {
	X float64
	// Glyph is the character drawn at X.
	Glyph string
	// Class styles glyph and label: fault, compaction, down, violation.
	Class string
	// Label is the text beside the glyph; empty if there was no room.
	Label string
	// LabelX and Anchor place the label left or right of the glyph.
	LabelX float64
	Anchor string
	// Row is the row of the lane, 0 on top.
	Row int
	// Title is shown while hovering and read by screen readers.
	Title string
	// Link leads to what the mark is about, or is empty.
	Link string
}

const (
	glyphRoom      = 8.0 // pixels from the middle of a glyph to its label
	labelCharWidth = 6.3 // pixels, an upper mean of a sans-serif at 11.5 px
	labelGap       = 14.0
	joinWithin     = 7.0 // marks nearer than this are drawn as one
)

func labelWidth(text string) float64 { return float64(utf8.RuneCountInString(text)) * labelCharWidth }

// placeLabels gives each mark a row such that no two of a row overlap, and
// drops a label where maxRows rows are not enough. Marks come back ordered by
// X. It returns the number of rows used.
func placeLabels(marks []mark, width float64, maxRows int) (placed []mark, rows int) {
	placed = append([]mark(nil), marks...)
	sort.SliceStable(placed, func(i, j int) bool { return placed[i].X < placed[j].X })
	type span struct{ from, to float64 }
	taken := make([][]span, maxRows)
	free := func(row int, s span) bool {
		for _, t := range taken[row] {
			if s.from < t.to && t.from < s.to {
				return false
			}
		}
		return true
	}
	for i := range placed {
		m := &placed[i]
		length := glyphRoom + labelWidth(m.Label)
		s := span{m.X - glyphRoom, m.X + length + labelGap}
		m.LabelX, m.Anchor = m.X+glyphRoom, "start"
		if m.X+length > width {
			s = span{m.X - length - labelGap, m.X + glyphRoom}
			m.LabelX, m.Anchor = m.X-glyphRoom, "end"
		}
		m.Row = -1
		for row := range maxRows {
			if free(row, s) {
				m.Row = row
				break
			}
		}
		if m.Row < 0 { // no room: the glyph alone, over whatever is there
			m.Row, m.Label = maxRows-1, ""
			continue
		}
		taken[m.Row] = append(taken[m.Row], s)
		rows = max(rows, m.Row+1)
	}
	return placed, rows
}
