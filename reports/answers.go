package reports

import (
	"math"

	"reconsim/reports/record"
)

// answerBar is one column of the answers drawn below a generation.
type answerBar struct {
	X, Width float64
	// Height is 0 to 1, relative to the busiest column of the run.
	Height float64
	// Failed is the part of Height that were errors.
	Failed float64
}

// answerColumn is the width of a column in pixels.
const answerColumn = 4.0

// answerRates turns samples into columns of equal width for each generation.
// A column's height is a rate, answers in a time, so that it means the same to
// scale and stretched. A sample is spread evenly over its span.
func answerRates(samples []record.Event, a axis) map[uint64][]answerBar {
	columns := int(math.Ceil(a.width / answerColumn))
	type rates struct{ reads, failed []float64 }
	byGeneration := map[uint64]*rates{}
	for _, s := range samples {
		if s.Reads <= 0 || math.IsNaN(s.AtMillis) {
			continue
		}
		r := byGeneration[s.Generation]
		if r == nil {
			r = &rates{make([]float64, columns), make([]float64, columns)}
			byGeneration[s.Generation] = r
		}
		spread(r.reads, float64(s.Reads), s, a)
		spread(r.failed, float64(s.Failed), s, a)
	}
	busiest := 0.0
	for _, r := range byGeneration { // a maximum: the order does not matter
		for _, rate := range r.reads {
			busiest = math.Max(busiest, rate)
		}
	}
	bars := map[uint64][]answerBar{}
	for generation, r := range byGeneration { // into a map: nor here
		for i, rate := range r.reads {
			if rate > 0 {
				bars[generation] = append(bars[generation], answerBar{
					X: float64(i) * answerColumn, Width: answerColumn - 1, Height: rate / busiest,
					Failed: math.Max(0, math.Min(r.failed[i], rate)) / busiest,
				})
			}
		}
	}
	return bars
}

// spread adds a count to the columns that a sample's span covers, as a rate.
func spread(columns []float64, count float64, s record.Event, a axis) {
	from := math.Max(s.AtMillis, 0)
	to := from + math.Max(s.SpanMillis, 1e-3)
	first := clampInt(int(a.x(from)/answerColumn), len(columns))
	last := clampInt(int(math.Ceil(a.x(to)/answerColumn))-1, len(columns))
	for i := first; i <= max(first, last); i++ {
		start, end := a.millis(float64(i)*answerColumn), a.millis(float64(i+1)*answerColumn)
		overlap := math.Min(end, to) - math.Max(start, from)
		if length := end - start; overlap > 0 && length > 0 {
			columns[i] += count * overlap / (to - from) / length
		}
	}
}

func clampInt(i, length int) int { return min(max(i, 0), length-1) }
