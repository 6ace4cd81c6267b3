package reports

import (
	"fmt"
	"math"

	"reconsim/reports/record"
)

// latencyChart is the drawn latency of each phase on a logarithmic axis: a bar
// from p50 to p99, a line on to the slowest read.
type latencyChart struct {
	Width, Height float64
	Label         string
	Ticks         []tick
	TickBottom    float64
	Rows          []latencyRow
}

// latencyRow is one phase.
type latencyRow struct {
	Phase         string
	Y             float64
	P50, P99, Max float64 // positions
	BarWidth      float64
	LineWidth     float64
	Title         string
}

const (
	latencyWidth  = 520.0
	latencyNames  = 70.0
	latencyRight  = 26.0
	latencyRowGap = 38.0
)

// phaseWords says when each phase is, in the order in which they are shown.
var phaseWords = []struct {
	phase record.Phase
	words string
}{
	{record.Rest, "no rebuild under way"},
	{record.Staging, "while a rebuild is staged"},
	{record.Switch, "across a switch"},
}

// newLatencyChart lays the latencies out; nil if there are none.
func newLatencyChart(run record.Run) *latencyChart {
	if len(run.Latency.Overall) == 0 {
		return nil
	}
	low, high := math.Inf(1), 0.0
	for _, p := range run.Latency.Overall {
		low = math.Min(low, decade(p.P50Micros))
		high = math.Max(high, decade(max(p.MaxMicros, p.P99Micros)))
	}
	low, high = math.Floor(low), math.Ceil(high)
	if high <= low {
		high = low + 1
	}
	x := func(micros int64) float64 {
		return latencyNames + (decade(micros)-low)/(high-low)*(latencyWidth-latencyNames-latencyRight)
	}
	c := &latencyChart{Width: latencyWidth, Label: "Latency by phase on a logarithmic axis. The table beside it holds the same data."}
	y := 18.0
	for _, w := range phaseWords {
		p, ok := run.Latency.Of(w.phase)
		if !ok {
			continue
		}
		row := latencyRow{Phase: string(w.phase), Y: y, P50: x(p.P50Micros), P99: x(p.P99Micros), Max: x(p.MaxMicros),
			Title: fmt.Sprintf("%s, %s: p50 %s, p99 %s, max %s", w.phase, w.words,
				microsText(p.P50Micros), microsText(p.P99Micros), microsText(p.MaxMicros))}
		row.BarWidth = math.Max(row.P99-row.P50, 1)
		row.LineWidth = math.Max(row.Max-row.P99, 0)
		c.Rows = append(c.Rows, row)
		y += latencyRowGap
	}
	c.TickBottom = y - 14
	for d := low; d <= high; d++ {
		micros := int64(math.Pow(10, d))
		c.Ticks = append(c.Ticks, tick{X: x(micros), Label: microsText(micros), Anchor: "middle"})
	}
	c.Height = c.TickBottom + 20
	return c
}

// decade is the decimal logarithm of a latency; less than a microsecond counts
// as one.
func decade(micros int64) float64 { return math.Log10(math.Max(float64(micros), 1)) }
