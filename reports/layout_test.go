package reports

import (
	"math"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"reconsim/reports/record"
)

func TestMillisText(t *testing.T) {
	for want, millis := range map[string]float64{
		"0 ms": 0, "0.25 ms": 0.25, "420 ms": 420, "999 ms": 999.4, "1 s": 999.5, "8.94 s": 8_940, "59.99 s": 59_994,
		"1 min 00 s": 59_995, "2 min 05 s": 125_000, "1 h 00 min": 3_599_500, "1,000 h 02 min": 3_600_120_000,
		"−1 s": -1000, "?": math.NaN(),
	} {
		assert.Equal(t, want, millisText(millis))
	}
	assert.Equal(t, []string{"840 µs", "1.27 ms", "12.3 ms", "2.05 s"},
		[]string{microsText(840), microsText(1270), microsText(12_345), microsText(2_050_000)})
	assert.Equal(t, []string{"0 B", "1,023 B", "1 KiB", "87 MiB", "1.5 GiB"},
		[]string{bytesText(0), bytesText(1023), bytesText(1024), bytesText(87 << 20), bytesText(3 << 29)})
	assert.Equal(t, "-1,234,567", grouped(-1234567))
	assert.Equal(t, []string{"1 property", "2 properties"}, []string{plural(1, "property"), plural(2, "property")})
}

func TestHeadline(t *testing.T) {
	property := func(name string, checked, violations int64) record.Property {
		return record.Property{Name: name, Checked: checked, Violations: violations}
	}
	for want, run := range map[string]record.Run{
		"No reader saw an empty or mixed answer.":          {Verdict: record.Pass, Properties: []record.Property{property("one-generation", 9, 0), property("never-empty", 9, 0)}},
		"No reader saw a mixed answer.":                    {Verdict: record.Pass, Properties: []record.Property{property("one-generation", 9, 0), property("exact", 0, 0)}},
		"All 2 properties held.":                           {Verdict: record.Pass, Properties: []record.Property{property("no-leak", 9, 0), property("legal-edges", 1, 0)}},
		"Nothing failed, but nothing was checked.":         {Verdict: record.Pass, Properties: []record.Property{property("exact", 0, 0)}},
		"2 answers were empty and 1 violation of no-leak.": {Verdict: record.Fail, Properties: []record.Property{property("no-leak", 9, 1), property("never-empty", 9, 2)}},
		"3 violations.":                                    {Verdict: record.Fail, Violations: make([]record.Violation, 1), ViolationsOmitted: 2},
		"1 expectation missed and 1 fault never fired.":    {Verdict: record.Fail, Expectations: make([]record.Expectation, 1), Faults: make([]record.Fault, 1)},
		"2 thresholds missed.":                             {Verdict: record.Fail, Thresholds: make([]record.Threshold, 2)},
		"The run could not be carried out.":                {Verdict: record.Fail, Error: &record.Failure{Message: "x"}},
		"The run failed.":                                  {Verdict: record.Fail},
	} {
		assert.Equal(t, want, headline(run))
	}
}

func TestAxisToScaleAndStretched(t *testing.T) {
	linear := linearAxis(1000, 500)
	assert.Equal(t, []float64{0, 250, 500, 500, 0}, []float64{linear.x(-1), linear.x(500), linear.x(1000), linear.x(5000), linear.x(math.NaN())})
	assert.Equal(t, 500.0, linear.millis(250))

	// An hour of rest and a commit of a millisecond: both can be seen.
	stretched := stretchedAxis([]float64{3_599_000, 3_599_001}, 3_600_000, 1000)
	assert.GreaterOrEqual(t, stretched.x(3_599_001)-stretched.x(3_599_000), float64(minStretchedWidth))
	assert.Greater(t, stretched.x(3_599_000), 500.0)
}

// randomAxis draws both kinds of axis over durations of a microsecond to a day.
func randomAxis(t *rapid.T) axis {
	duration := math.Pow(10, rapid.Float64Range(-3, 8).Draw(t, "decade"))
	if rapid.Bool().Draw(t, "linear") {
		return linearAxis(duration, plotWidth)
	}
	at := rapid.SliceOfN(rapid.Float64Range(-1, 1.2*duration), 0, 60).Draw(t, "changes")
	return stretchedAxis(at, duration, plotWidth)
}

func TestAxisIsMonotonicAndInvertible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := randomAxis(t)
		duration := a.knots[len(a.knots)-1].millis
		times := rapid.SliceOfN(rapid.Float64Range(0, duration), 2, 20).Draw(t, "times")
		sort.Float64s(times)
		for i, at := range times {
			x := a.x(at)
			require.True(t, x >= 0 && x <= a.width, "x %v of %v", x, at)
			require.InDelta(t, at, a.millis(x), duration*1e-6)
			if i > 0 {
				require.GreaterOrEqual(t, x, a.x(times[i-1]))
			}
		}
		previous := math.Inf(-1)
		for _, tick := range a.ticks() {
			require.GreaterOrEqual(t, tick.X-previous, tickRoom, "ticks have room")
			require.LessOrEqual(t, tick.X, a.width)
			previous = tick.X
		}
	})
}

func TestLabelsOfARowDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		marks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) mark {
			return mark{X: rapid.Float64Range(0, plotWidth).Draw(t, "x"), Glyph: "⚡",
				Label: strings.Repeat("m", rapid.IntRange(0, 30).Draw(t, "length"))}
		}), 0, 20).Draw(t, "marks")
		placed, rows := placeLabels(marks, plotWidth, maxMarkRows)
		require.Len(t, placed, len(marks))
		require.LessOrEqual(t, rows, maxMarkRows)
		extent := func(m mark) (from, to float64) {
			if m.Anchor == "end" {
				return m.LabelX - labelWidth(m.Label), m.LabelX
			}
			return m.LabelX, m.LabelX + labelWidth(m.Label)
		}
		for i, m := range placed {
			require.True(t, m.Row >= 0 && m.Row < maxMarkRows)
			if m.Label == "" {
				continue
			}
			from, to := extent(m)
			require.LessOrEqual(t, to, plotWidth)
			for _, other := range placed[:i] {
				if other.Row == m.Row && other.Label != "" {
					otherFrom, otherTo := extent(other)
					require.False(t, from < otherTo && otherFrom < to, "%v and %v", m, other)
				}
			}
		}
	})
}

func TestJoinMarks(t *testing.T) {
	joined := joinMarks([]mark{{X: 10, Class: "fault", Label: "a"}, {X: 11, Class: "fault", Label: "b"},
		{X: 12, Class: "fault", Label: "a"}, {X: 13, Class: "fault", Label: "a"}, {X: 40, Class: "fault", Label: "a"}})
	var labels []string
	for _, m := range joined {
		labels = append(labels, m.Label)
	}
	assert.Equal(t, []string{"a ×3", "b", "a"}, labels)
}

func TestAnswerRates(t *testing.T) {
	a := linearAxis(1000, 100) // 25 columns of 40 ms
	bars := answerRates([]record.Event{
		{AtMillis: 0, SpanMillis: 100, Generation: 1, Reads: 100},                 // 1 a millisecond
		{AtMillis: 900, SpanMillis: 100, Generation: 1, Reads: 50, Failed: 25},    // half of that
		{AtMillis: 960, SpanMillis: 40, Generation: 2, Reads: 80},                 // twice, in one column
		{AtMillis: 5000, SpanMillis: 100, Generation: 3, Reads: 10},               // after the end
		{AtMillis: math.NaN(), Generation: 3, Reads: 10}, {AtMillis: 1, Reads: 0}, // nothing to draw
	}, a)
	require.Len(t, bars[1], 3+3, "a column is drawn where there were answers")
	assert.Equal(t, answerBar{X: 0, Width: 3, Height: 0.5}, bars[1][0])
	assert.InDelta(t, 0.25, bars[1][2].Height, 1e-9, "half a column covered is half the rate")
	last := bars[1][5]
	assert.InDelta(t, 0.25, last.Height, 1e-9)
	assert.InDelta(t, 0.125, last.Failed, 1e-9)
	require.Len(t, bars[2], 1)
	assert.InDelta(t, 1.0, bars[2][0].Height, 1e-9)
	assert.Empty(t, bars[3])
}

func TestStateSpans(t *testing.T) {
	change := func(state string, at float64) record.StateChange {
		return record.StateChange{State: state, AtMillis: at}
	}
	run := record.Run{DurationMillis: 100, Generations: []record.Generation{
		{ID: 1, StartedAtMillis: 10, States: []record.StateChange{change(record.StateInitializing, 10), change(record.StateNone, 20)}},
		{ID: 2, StartedAtMillis: 30, States: []record.StateChange{change(record.StateProcessing, 30), change(record.StateFailed, 40)}},
		{ID: 3, StartedAtMillis: 60, States: []record.StateChange{change(record.StateProcessing, 60)}},
	}}
	assert.Equal(t, []stateSpan{
		{10, 20, record.StateInitializing, "", 1},
		{30, 40, record.StateProcessing, "", 2},
		{40, 60, record.StateFailed, "", 2}, // until the next rebuild
		{60, 100, record.StateProcessing, "", 3},
	}, stateSpans(run))
}

// TestStatesOfOneInstantAreAllSeen: in virtual time a rebuild may take none.
func TestStatesOfOneInstantAreAllSeen(t *testing.T) {
	run := record.Run{DurationMillis: 1000, Generations: []record.Generation{{ID: 1, StartedAtMillis: 500, Outcome: record.Committed,
		PublishedAtMillis: record.Millis(500)}}}
	for _, state := range []string{"INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "COMMITTED", "NONE"} {
		run.Generations[0].States = append(run.Generations[0].States, record.StateChange{State: state, AtMillis: 500})
	}
	spread := spreadStates(run)
	tl := newTimeline(spread, events{}, stretchedAxis(changes(spread, events{}), 1000, plotWidth), "stretched")
	previous := 0.0
	for _, s := range tl.States[1:6] {
		assert.GreaterOrEqual(t, s.Width, float64(minStretchedWidth), s.Title)
		assert.GreaterOrEqual(t, s.X, previous)
		assert.Contains(t, s.Title, "500 ms", "the words keep the time")
		previous = s.X + s.Width
	}
	assert.Equal(t, 500.0, run.Generations[0].States[5].AtMillis, "the record itself is not touched")
}

func TestTheTimelineOfFirstLight(t *testing.T) {
	run, list := firstLight()
	ev, err := readEvents(writeRunDir(t, run, list))
	require.NoError(t, err)
	tl := newTimeline(run, ev, linearAxis(20_000, plotWidth), "scale")

	var names []string
	for _, n := range tl.Names {
		names = append(names, n.Name)
	}
	assert.Equal(t, []string{"OM leader", "Faults", "Rebuild state", "Generation 1", "Generation 2", "Generation 3", "Generation 4", "Generation 5"}, names)
	assert.Len(t, tl.OM, 2, "om1, then om2")
	assert.Equal(t, "log compacted ≤ 1,650", tl.OMMarks[0].Label)
	assert.Len(t, tl.Faults, 2)
	one, two, three, five := tl.Generations[0], tl.Generations[1], tl.Generations[2], tl.Generations[4]
	assert.Equal(t, one.Serving.X, one.Staging.X+one.Staging.Width, "it serves from where staging ends")
	assert.InDelta(t, tl.Generations[3].Serving.X, one.Serving.X+one.Serving.Width, 0.01, "never a gap, never an overlap")
	assert.Nil(t, two.Serving)
	assert.Empty(t, two.Bars, "a generation that never served never answered")
	assert.Equal(t, "quarantined: moving the pointer: input/output error", three.Note.Label)
	assert.Nil(t, five.Kept, "still serving at the end")
	assert.Greater(t, len(one.Bars), 100)
	assert.True(t, readableToScale(run, linearAxis(20_000, plotWidth)))
	assert.False(t, readableToScale(run, linearAxis(20_000_000, plotWidth)))
}
