package reports

import (
	"fmt"
	"math"
	"strings"

	"reconsim/reports/record"
)

// whyTime places the moments of a window. In virtual time many operations share
// one instant; they are moved apart by next to nothing, in their order, so that
// a stretched axis shows each and a drawing to scale is not changed.
type whyTime struct {
	from, duration float64
	steps          []record.Operation
	// at has the moment of each step, counted from the start of the window.
	at []float64
	// first and second are those of the pair.
	first, second float64
}

// apart is how far, as a part of the window, operations of one instant are
// moved apart.
const apart = 1e-9

func newWhyTime(w record.Why) whyTime {
	from, to := w.FromMillis, w.ToMillis
	for _, o := range append([]record.Operation{w.First, w.Second}, w.Steps...) {
		if o.AtMillis < from {
			from = o.AtMillis
		}
		if o.AtMillis > to {
			to = o.AtMillis
		}
	}
	if !finite(from) {
		from = 0
	}
	t := whyTime{from: from, duration: to - from}
	if !finite(t.duration) || t.duration <= 0 {
		t.duration = 0.001 // one instant: a microsecond to lay it out in
	}
	t.steps = whySteps(w)
	last := math.Inf(-1)
	for _, o := range t.steps {
		at := t.since(o.AtMillis)
		if at <= last {
			at = last + apart*t.duration
		}
		last = at
		t.at = append(t.at, at)
	}
	if over := last - t.duration; over > 0 {
		t.duration = last
	}
	t.first, t.second = t.of(w.First), t.of(w.Second)
	return t
}

// whySteps is the steps with the pair among them, whatever the record has.
func whySteps(w record.Why) []record.Operation {
	steps := w.Steps[:min(len(w.Steps), record.MaxWhySteps)]
	missing := func(o record.Operation) bool {
		for _, s := range steps {
			if s.Number == o.Number {
				return false
			}
		}
		return true
	}
	for _, o := range []record.Operation{w.First, w.Second} {
		if !missing(o) {
			continue
		}
		at := len(steps)
		for i, s := range steps {
			if s.Number > o.Number {
				at = i
				break
			}
		}
		steps = append(append(append([]record.Operation{}, steps[:at]...), o), steps[at:]...)
	}
	return steps
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// since is a moment of the run counted from the start of the window, within it.
func (t whyTime) since(atMillis float64) float64 {
	at := atMillis - t.from
	if !(at > 0) {
		return 0
	}
	return math.Min(at, t.duration)
}

// of is the moment of a step.
func (t whyTime) of(o record.Operation) float64 {
	for i, s := range t.steps {
		if s.Number == o.Number {
			return t.at[i]
		}
	}
	return t.since(o.AtMillis)
}

// when is the moment of something that happened, to the step if one of its
// kind and generation happened in the same instant.
func (t whyTime) when(atMillis float64, kind record.OperationKind, generation uint64) float64 {
	for i, s := range t.steps {
		if s.AtMillis == atMillis && s.Kind == kind && (s.Generation == generation || s.Generation == 0) {
			return t.at[i]
		}
	}
	return t.since(atMillis)
}

// within tells whether a span of the run touches the window.
func (t whyTime) within(fromMillis, toMillis float64) bool {
	return toMillis >= t.from && fromMillis <= t.from+t.duration
}

// pairRoom is the least room, in pixels, between the two of the pair on a
// stretched axis; an arrow lies in it.
const pairRoom = 72.0

// axes are the window to scale and stretched at the steps.
func (t whyTime) axes(changes []float64) (scale, stretched axis) {
	changes = append(append([]float64{}, changes...), t.at...)
	pieces := math.Ceil(pairRoom / minStretchedWidth)
	for i := 1.0; i < pieces; i++ {
		changes = append(changes, t.first+(t.second-t.first)*i/pieces)
	}
	return linearAxis(t.duration, plotWidth), stretchedAxis(changes, t.duration, plotWidth)
}

// readable tells whether the pair and the steps can be told apart to scale.
func (t whyTime) readable(scale axis) bool {
	const least = 4.0
	if math.Abs(scale.x(t.second)-scale.x(t.first)) < pairRoom/2 {
		return false
	}
	for i := 1; i < len(t.at); i++ {
		if scale.x(t.at[i])-scale.x(t.at[i-1]) < least {
			return false
		}
	}
	return true
}

// offsetText writes a moment counted from another one: −120 µs, 0, +1.2 s.
func offsetText(millis float64) string {
	size := math.Abs(millis)
	text := ""
	switch {
	case !finite(millis):
		return "?"
	case size < 0.0005e-3:
		return "0"
	case size < 0.9995:
		text = trimZeros(size*1000, 3) + " µs"
	case size < 999.5:
		text = trimZeros(size, 3) + " ms"
	default:
		text = millisText(size)
	}
	if millis < 0 {
		return "−" + text
	}
	return "+" + text
}

// clockText writes a moment of a run to the microsecond.
func clockText(millis float64) string {
	if !finite(millis) {
		return "?"
	}
	return fmt.Sprintf("%.6f s", millis/1000)
}

// spanText writes the length of a window.
func spanText(millis float64) string {
	return strings.TrimPrefix(offsetText(math.Abs(millis)), "+")
}
