package reports

import (
	"fmt"
	"math"
	"strings"

	"reconsim/reports/record"
)

// growthChart is the curves of coverage over executions; numbers are pixels.
type growthChart struct {
	Width, Height float64
	// Bottom is where values are 0, CurveRight where curves end.
	Bottom, CurveRight float64
	Ticks              []tick
	Curves             []growthCurve
	Label              string
}

// growthCurve is one curve, scaled to its own largest value, which its label
// names.
type growthCurve struct {
	Class, Name, Path string
	LabelY            float64
	Label             string
}

const (
	growthWidth  = 560.0
	growthHeight = 230.0
	growthLabel  = 124.0
)

// newGrowthChart draws how cells, pairs and traces grew. Each is scaled to its
// own largest value: what matters is where a curve still rises.
func newGrowthChart(e record.Exploration) *growthChart {
	last := int64(0)
	for _, s := range e.Growth {
		last = max(last, s.Executions)
	}
	if last == 0 || len(e.Growth) < 2 {
		return nil
	}
	g := &growthChart{Width: growthWidth, Height: growthHeight, Bottom: growthHeight - 26, CurveRight: growthWidth - growthLabel}
	plot := g.CurveRight
	x := func(executions int64) float64 { return plot * float64(max(executions, 0)) / float64(last) }
	top := 14.0
	for _, c := range []struct {
		class, name string
		of          func(record.GrowthSample) int64
		all         int64
	}{
		{"cells", "cells", func(s record.GrowthSample) int64 { return s.Cells }, e.Coverage.Cells},
		{"pairs", "pairs", func(s record.GrowthSample) int64 { return s.Pairs }, 0},
		{"traces", "traces", func(s record.GrowthSample) int64 { return s.Traces }, 0},
	} {
		largest := int64(0)
		for _, s := range e.Growth {
			largest = max(largest, c.of(s))
		}
		if largest <= 0 {
			continue
		}
		scale := max(largest, c.all)
		y := func(v int64) float64 { return g.Bottom - (g.Bottom-top)*float64(max(v, 0))/float64(scale) }
		var path strings.Builder
		for i, s := range e.Growth {
			letter := "L"
			if i == 0 {
				letter = "M"
			}
			fmt.Fprintf(&path, "%s%s %s", letter, trimZeros(x(s.Executions), 1), trimZeros(y(c.of(s)), 1))
		}
		final := c.of(e.Growth[len(e.Growth)-1])
		label := grouped(final) + " " + c.name
		if c.all > 0 {
			label = fmt.Sprintf("%s of %s %s", grouped(final), grouped(c.all), c.name)
		}
		g.Curves = append(g.Curves, growthCurve{Class: c.class, Name: c.name, Path: path.String(), LabelY: y(final), Label: label})
	}
	g.spreadLabels()
	g.Ticks = linearAxis(float64(last), plot).ticksFrom(0, func(v float64) string { return grouped(int64(math.Round(v))) })
	var words []string
	for _, c := range g.Curves {
		words = append(words, c.Label)
	}
	g.Label = fmt.Sprintf("Growth over %s: %s at the end.", plural(last, "execution"), listed(words))
	return g
}

// spreadLabels moves labels apart that would overlap, in the order of height.
func (g *growthChart) spreadLabels() {
	const least = 16.0
	order := make([]int, len(g.Curves))
	for i := range order {
		order[i] = i
		for j := i; j > 0 && g.Curves[order[j]].LabelY < g.Curves[order[j-1]].LabelY; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	for k := 1; k < len(order); k++ {
		above, c := &g.Curves[order[k-1]], &g.Curves[order[k]]
		c.LabelY = math.Max(c.LabelY, above.LabelY+least)
	}
}
