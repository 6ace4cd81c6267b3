package reports

import (
	"math"
	"slices"
	"sort"
)

// axis maps a time of the run to a horizontal position: a chain of straight
// pieces between knots. To scale there is one piece; stretched there is one
// between each two changes.
type axis struct {
	knots []knot
	width float64
	// stretched says that equal widths are not equal times.
	stretched bool
}

type knot struct{ millis, x float64 }

// minStretchedWidth is the room, in pixels, that a stretched axis gives to the
// time between two changes before the rest is shared out.
const minStretchedWidth = 9

// linearAxis is to scale.
func linearAxis(durationMillis, width float64) axis {
	return axis{knots: []knot{{0, 0}, {durationMillis, width}}, width: width}
}

// stretchedAxis gives each time between two changes a minimum width and shares
// the rest by the square root of its length, so that a commit of a millisecond
// and an hour of rest can both be seen.
func stretchedAxis(changes []float64, durationMillis, width float64) axis {
	times := []float64{0, durationMillis}
	for _, at := range changes {
		if at > 0 && at < durationMillis {
			times = append(times, at)
		}
	}
	sort.Float64s(times)
	times = slices.Compact(times)
	gaps := float64(len(times) - 1)
	least := math.Min(minStretchedWidth, width/(2*gaps))
	roots := 0.0
	for i := 1; i < len(times); i++ {
		roots += math.Sqrt(times[i] - times[i-1])
	}
	a := axis{knots: []knot{{0, 0}}, width: width, stretched: true}
	x := 0.0
	for i := 1; i < len(times); i++ {
		x += least + (width-gaps*least)*math.Sqrt(times[i]-times[i-1])/roots
		a.knots = append(a.knots, knot{times[i], x})
	}
	a.knots[len(a.knots)-1].x = width // not a rounding error beside it
	return a
}

// x is the position of a time, within the axis.
func (a axis) x(millis float64) float64 {
	last := a.knots[len(a.knots)-1]
	if !(millis > 0) { // also what is not a number
		return 0
	}
	if millis >= last.millis {
		return a.width
	}
	i := sort.Search(len(a.knots), func(i int) bool { return a.knots[i].millis > millis })
	from, to := a.knots[i-1], a.knots[i]
	return from.x + (to.x-from.x)*(millis-from.millis)/(to.millis-from.millis)
}

// millis is the time at a position, the inverse of x.
func (a axis) millis(x float64) float64 {
	if x <= 0 {
		return 0
	}
	last := a.knots[len(a.knots)-1]
	if x >= last.x {
		return last.millis
	}
	i := sort.Search(len(a.knots), func(i int) bool { return a.knots[i].x > x })
	from, to := a.knots[i-1], a.knots[i]
	return from.millis + (to.millis-from.millis)*(x-from.x)/(to.x-from.x)
}

// tick is one labelled time of an axis.
type tick struct {
	X     float64
	Label string
	// Anchor is the SVG text-anchor: the outermost labels stay inside.
	Anchor string
}

const (
	tickRoom          = 70.0 // pixels between two labels
	maxTickCandidates = 4000
)

// ticks picks round times. To scale they are evenly spaced; on a stretched
// axis the roundest come first and finer ones follow wherever there is room
// for a label, so that there are more of them where time is stretched.
func (a axis) ticks() []tick {
	return a.ticksFrom(0, func(millis float64) string {
		if millis == 0 {
			return "0"
		}
		return millisText(millis)
	})
}

// ticksFrom picks times that are round when counted from an origin on the axis,
// before and after it.
func (a axis) ticksFrom(origin float64, label func(fromOrigin float64) string) []tick {
	duration := a.knots[len(a.knots)-1].millis
	steps := tickSteps(duration)
	if !a.stretched {
		steps = a.evenStep(steps)
	}
	var taken []float64
	chosen := map[float64]float64{} // by position: how far from the origin
	for _, step := range steps {
		for i := -math.Floor(origin / step); origin+i*step <= duration; i++ {
			x := a.x(origin + i*step)
			j := sort.SearchFloat64s(taken, x)
			if j > 0 && x-taken[j-1] < tickRoom || j < len(taken) && taken[j]-x < tickRoom {
				continue
			}
			taken = slices.Insert(taken, j, x)
			chosen[x] = i * step
		}
	}
	ticks := make([]tick, 0, len(taken))
	for _, x := range taken {
		t := tick{X: x, Label: label(chosen[x]), Anchor: "middle"}
		switch {
		case x == 0 || origin > 0 && x < tickRoom/2:
			t.Anchor = "start"
		case x > a.width-tickRoom/2:
			t.Anchor = "end"
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// evenStep keeps the finest step whose labels do not touch.
func (a axis) evenStep(steps []float64) []float64 {
	for i := len(steps) - 1; i > 0; i-- {
		if a.x(steps[i]) >= tickRoom {
			return steps[i : i+1]
		}
	}
	return steps[:min(len(steps), 1)]
}

// tickSteps lists round steps in milliseconds, from that of about two ticks to
// the finest that is worth trying.
func tickSteps(durationMillis float64) []float64 {
	var steps []float64
	for _, step := range []float64{ // whole hours, minutes, seconds
		86_400_000, 21_600_000, 7_200_000, 3_600_000, 1_200_000, 600_000, 300_000, 120_000, 60_000, 30_000, 10_000,
		5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001,
	} {
		if step < durationMillis && durationMillis/step <= maxTickCandidates {
			steps = append(steps, step)
		}
	}
	return steps
}
