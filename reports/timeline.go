package reports

import (
	"fmt"
	"math"

	"reconsim/reports/record"
)

// timeline is a drawn timeline: every number is a coordinate in pixels.
type timeline struct {
	// ID tells the two drawings of a page apart: scale or stretched.
	ID string
	// Width and Height are those of the plot, GutterWidth that of the names.
	Width, Height, GutterWidth float64
	// Knots are the axis for the script's readout, as "millis:x …".
	Knots string
	// Label says in a sentence what the drawing shows.
	Label     string
	Stretched bool

	Ticks  []tick
	Guides []guide
	Names  []laneName
	// OM is the leader lane; its marks are compactions and outages.
	OM      []segment
	OMMarks []mark
	OMTop   float64
	HasOM   bool

	Faults    []mark
	FaultsTop float64

	States    []segment
	StatesTop float64

	Generations []generationRow

	Violations    []mark
	ViolationsTop float64
}

// segment is a span of time in a lane.
type segment struct {
	X, Y, Width, Height float64
	Class               string
	// Text is drawn inside; shortened to a letter or nothing if narrow.
	Text  string
	Title string
	// Hover is what the readout says about this lane at these times.
	Hover string
}

// laneName is a lane's name in the gutter, with a second line in small.
type laneName struct {
	Y           float64
	Name, Small string
}

// guide is a line through all lanes at a moment.
type guide struct {
	X, Top, Bottom float64
	Class          string
}

// Sizes of the drawing in pixels.
const (
	plotWidth    = 1012.0
	gutterWidth  = 132.0
	axisHeight   = 30.0
	barHeight    = 18.0
	markRow      = 19.0
	laneGap      = 14.0
	answerHeight = 22.0
	rowGap       = 12.0
	maxMarkRows  = 4
	// maxRows is how many generations a timeline shows.
	maxRows = 40
)

// newTimeline lays a run out over an axis.
func newTimeline(run record.Run, ev events, a axis, id string) timeline {
	t := timeline{ID: id, Width: plotWidth, GutterWidth: gutterWidth, Stretched: a.stretched,
		Ticks: a.ticks(), Knots: knotsText(a), Label: timelineLabel(run)}
	y := axisHeight
	y = t.layOM(run, ev, a, y)
	y = t.layFaults(run, ev, a, y)
	y = t.layStates(run, a, y)
	y = t.layGenerations(run, ev, a, y)
	y = t.layViolations(run, a, y)
	t.Height = y
	for i := range t.Guides {
		t.Guides[i].Bottom = y - laneGap/2
	}
	return t
}

// runMillis is the length of the drawing: the run's, or longer if something in
// the record lies later, and never nothing.
func runMillis(run record.Run) float64 {
	longest := run.DurationMillis
	for _, g := range run.Generations {
		for _, at := range generationTimes(g) {
			longest = math.Max(longest, at)
		}
	}
	for _, v := range run.Violations {
		longest = math.Max(longest, v.AtMillis)
	}
	if !(longest > 0) || math.IsInf(longest, 0) {
		return 1
	}
	return longest
}

// spreadStates moves state changes of one instant apart by a hundred-thousandth
// of the run, in a copy: in virtual time a commit may take no time at all, and
// still the stretched drawing shows each state. Times in words stay as they are.
func spreadStates(run record.Run) record.Run {
	least := runMillis(run) * 1e-5
	run.Generations = append([]record.Generation(nil), run.Generations...)
	for i, g := range run.Generations {
		states := append([]record.StateChange(nil), g.States...)
		for j := 1; j < len(states); j++ {
			states[j].AtMillis = math.Max(states[j].AtMillis, states[j-1].AtMillis+least)
		}
		run.Generations[i].States = states
	}
	return run
}

func generationTimes(g record.Generation) []float64 {
	times := []float64{g.StartedAtMillis}
	for _, s := range g.States {
		times = append(times, s.AtMillis)
	}
	for _, at := range []*float64{g.PublishedAtMillis, g.SupersededAtMillis, g.RetiredAtMillis} {
		if at != nil {
			times = append(times, *at)
		}
	}
	return times
}

// changes lists the times between which a stretched axis makes room.
func changes(run record.Run, ev events) []float64 {
	var times []float64
	for _, g := range run.Generations {
		times = append(times, generationTimes(g)...)
	}
	for _, list := range [][]record.Event{ev.om, ev.faults} {
		for _, e := range list {
			times = append(times, e.AtMillis)
		}
	}
	for _, v := range run.Violations {
		times = append(times, v.AtMillis)
	}
	if len(times) > maxStretchedChanges {
		times = times[:maxStretchedChanges]
	}
	return times
}

const maxStretchedChanges = 400

// readableToScale tells whether each rebuild is wide enough to be seen when the
// axis is to scale.
func readableToScale(run record.Run, a axis) bool {
	const least = 30.0
	for _, g := range run.Generations {
		times := generationTimes(g)
		end := g.StartedAtMillis
		for _, s := range g.States {
			end = math.Max(end, s.AtMillis)
		}
		if len(times) > 1 && a.x(end)-a.x(g.StartedAtMillis) < least {
			return false
		}
	}
	return true
}

func knotsText(a axis) string {
	text := ""
	for i, k := range a.knots {
		if i > 0 {
			text += " "
		}
		text += trimZeros(k.millis, 4) + ":" + trimZeros(k.x, 2)
	}
	return text
}

func timelineLabel(run record.Run) string {
	return fmt.Sprintf("Timeline of %s over %s: %s %s The table below the timeline holds the same data.",
		title(run), millisText(runMillis(run)), headline(run), rebuildsSentence(run))
}

func (t *timeline) name(y float64, name, small string) {
	t.Names = append(t.Names, laneName{Y: y, Name: name, Small: small})
}

// box makes a segment between two times, at least a pixel and a half wide.
func box(a axis, from, to, y, height float64) segment {
	x := a.x(from)
	width := math.Max(a.x(to)-x, 1.5)
	return segment{X: math.Min(x, a.width-width), Y: y, Width: width, Height: height}
}

// fit writes the longest of the given texts that fits into the segment.
func (s *segment) fit(texts ...string) {
	const padding = 8
	for _, text := range texts {
		if labelWidth(text)+padding <= s.Width || len(text) == 1 && s.Width >= 11 {
			s.Text = text
			return
		}
	}
}
