package reports

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"reconsim/reports/record"
)

// TestTheFixturesAreGoodExplanations: what the pages are made from is what a
// writer may write.
func TestTheFixturesAreGoodExplanations(t *testing.T) {
	run, _ := lostReaders()
	for _, w := range run.Why {
		require.NoError(t, w.Check(len(run.Violations)))
	}
	m := tornMatrix(600)
	require.NoError(t, m.Check())
}

// TestOperationsOfOneInstantAreAllSeen, in their order, and what happened with
// them lies where they do: the bad answer at its operation, after the others.
func TestOperationsOfOneInstantAreAllSeen(t *testing.T) {
	run, list := lostReaders()
	w := run.Why[1]
	times := newWhyTime(w)
	_, stretched := times.axes(nil)
	for i := 1; i < len(times.at); i++ {
		assert.GreaterOrEqual(t, stretched.x(times.at[i])-stretched.x(times.at[i-1]), minStretchedWidth-0.01, "step %d", i)
	}
	assert.GreaterOrEqual(t, stretched.x(times.second)-stretched.x(times.first), pairRoom)
	d := whyDrawing{run: run, ev: eventsOf(list), why: w, time: times, class: generationClasses(run, w)}
	bad, ok := d.badAnswer()
	require.True(t, ok)
	assert.Equal(t, times.second, bad, "the second of the pair is the answer")
	assert.False(t, times.readable(linearAxis(times.duration, plotWidth)))

	// To scale they coincide, and offsets in words are those of the record.
	p := newWhyPage(run, eventsOf(list), w)
	assert.True(t, p.StretchedFirst)
	assert.Equal(t, "in the same instant", p.PairApart)
	assert.Equal(t, []string{"−190 µs", "0", "0"}, []string{p.Steps[0].Offset, p.Steps[1].Offset, p.Steps[2].Offset})
	assert.Equal(t, []string{"①", "②"}, []string{p.Pair[0].Sign, p.Pair[1].Sign})
}

func TestAWideWindowShowsItsParts(t *testing.T) {
	run, list := lostReaders()
	p := newWhyPage(run, eventsOf(list), run.Why[0])
	plot := p.Plots[1]
	assert.Len(t, plot.Parts, 2, "one mark on each generation that the answer took from")
	assert.Len(t, plot.Answers, len(run.Why[0].Answers))
	assert.Equal(t, []string{"generation 1", "generation 4"}, []string{plot.Groups[0].Text, plot.Groups[1].Text})
	assert.NotEqual(t, plot.Groups[0].Class, plot.Groups[1].Class)
	bad := 0
	for _, a := range plot.Answers {
		if a.Bad {
			bad++
			assert.Equal(t, plot.PairX[1], a.X)
		}
	}
	assert.Equal(t, 1, bad)
	assert.Equal(t, "4.59 ms later", p.PairApart)
}

func TestThePairIsAlwaysListed(t *testing.T) {
	w := record.Why{First: record.Operation{Number: 5}, Second: record.Operation{Number: 9}, Steps: []record.Operation{{Number: 7}, {Number: 12}}}
	var numbers []int64
	for _, s := range whySteps(w) {
		numbers = append(numbers, s.Number)
	}
	assert.Equal(t, []int64{5, 7, 9, 12}, numbers)
}

func TestOffsetText(t *testing.T) {
	for want, millis := range map[string]float64{"0": 0, "+0.5 µs": 0.0005, "+120 µs": 0.12, "−120 µs": -0.12, "+1.2 ms": 1.2, "−2.75 ms": -2.75,
		"+1.2 s": 1200, "+999.4 ms": 999.4, "−2 min 05 s": -125_000, "?": math.Inf(1)} {
		assert.Equal(t, want, offsetText(millis))
	}
	assert.Equal(t, "12.599780 s", clockText(12_599.78))
}

func TestReplayedText(t *testing.T) {
	for want, r := range map[string]record.Replay{
		"with the same trace 00ff.":          {Fresh: true, SameTrace: true, TraceHash: "00ff"},
		"by another course. The first diffe": {Fresh: true, FirstDifference: "operation 3"},
		"did not show it again":              {FirstDifference: "operation 3"},
		"It was not replayed":                {},
	} {
		assert.Contains(t, replayedText(r).Text, want)
	}
}

func TestDiffAnswers(t *testing.T) {
	signs := func(got, want string) string {
		lines, ok := diffAnswers(got, want)
		if !ok {
			return "text"
		}
		var out []string
		for _, l := range lines {
			out = append(out, l.Sign+strings.TrimSpace(l.Text))
		}
		return strings.Join(out, "|")
	}
	assert.Equal(t, ` {|−"a": 1,|+"a": 2,| "b": 9007199254740993| }`, signs(`{"b": 9007199254740993, "a": 2}`, `{"a": 1, "b": 9007199254740993}`), "members are sorted, numbers kept")
	assert.Equal(t, ` {| "a": 1|−"b": 2| }`, signs(`{"a": 1}`, `{"a": 1, "b": 2}`), "a comma is no difference")
	assert.Equal(t, "text", signs(`{"a": 1…`, `{"a": 1}`), "a shortened answer is no JSON")
	assert.Equal(t, "text", signs(`{} {}`, `{}`))
	assert.Equal(t, "text", signs("", ""))
	long := `[` + strings.Repeat("1,", maxDiffLines) + `1]`
	assert.Equal(t, "text", signs(long, long))
	many := `[` + strings.Repeat("1,", 40)
	assert.Equal(t, "…38 equal lines|1,|1,|1,|−2|+3| ]", strings.ReplaceAll(signs(many+`3]`, many+`2]`), "| 1", "|1"))
}

// TestADiffSaysBothAnswers: without what only one has, it is the other.
func TestADiffSaysBothAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		got, want := rapid.SliceOfN(line, 0, 12).Draw(t, "got"), rapid.SliceOfN(line, 0, 12).Draw(t, "want")
		var gotBack, wantBack []string
		for _, l := range diffLines(got, want) {
			if l.Class != "want" {
				gotBack = append(gotBack, l.Text)
			}
			if l.Class != "got" {
				wantBack = append(wantBack, l.Text)
			}
		}
		require.Equal(t, strings.Join(got, ""), strings.Join(gotBack, ""))
		require.Equal(t, strings.Join(want, ""), strings.Join(wantBack, ""))
	})
}

func randomWhy(t *rapid.T, violations int) record.Why {
	at := rapid.OneOf(rapid.Float64Range(0, 1000), rapid.Just(500.0), rapid.Float64Range(-10, 1e9), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)))
	operation := rapid.Custom(func(t *rapid.T) record.Operation {
		return record.Operation{Number: rapid.Int64Range(-3, 60).Draw(t, "number"), AtMillis: at.Draw(t, "at"), Actor: rapid.String().Draw(t, "actor"),
			Kind: rapid.SampledFrom(append(record.OperationKinds(), "odd")).Draw(t, "kind"), Text: rapid.String().Draw(t, "text"), Generation: rapid.Uint64Range(0, 5).Draw(t, "generation")}
	})
	w := record.Why{Violation: rapid.IntRange(0, violations-1).Draw(t, "violation"), Reader: rapid.String().Draw(t, "reader"), FromMillis: at.Draw(t, "from"), ToMillis: at.Draw(t, "to"),
		First: operation.Draw(t, "first"), Second: operation.Draw(t, "second"), Explanation: rapid.String().Draw(t, "explanation"),
		Steps: rapid.SliceOfN(operation, 0, record.MaxWhySteps+5).Draw(t, "steps")}
	for range rapid.IntRange(0, 6).Draw(t, "answers") {
		w.Answers = append(w.Answers, record.Answer{SentMillis: at.Draw(t, "sent"), AtMillis: at.Draw(t, "at"), Generation: rapid.Uint64Range(0, 6).Draw(t, "generation"), Bad: rapid.Bool().Draw(t, "bad")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "parts") {
		w.Parts = append(w.Parts, record.AnswerPart{Generation: rapid.Uint64Range(0, 6).Draw(t, "generation"), Text: rapid.String().Draw(t, "text")})
	}
	return w
}

// TestAnyExplanationCanBeDrawn, whatever times and numbers it has.
func TestAnyExplanationCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run, ev := randomRun(t)
		run.Violations = append(run.Violations, record.Violation{Property: "exact", Got: rapid.String().Draw(t, "got"), Want: rapid.String().Draw(t, "want")})
		run.Why = []record.Why{randomWhy(t, len(run.Violations))}
		var out bytes.Buffer
		require.NoError(t, writeWhyPage(&out, run, ev, 0))
		if found := notANumber.Find(out.Bytes()); found != nil {
			t.Fatalf("the page holds %q", found)
		}
		for _, p := range newWhyPage(run, ev, run.Why[0]).Plots {
			for _, list := range [][]segment{p.States, p.Bands} {
				for _, s := range list {
					require.GreaterOrEqual(t, s.X, 0.0)
					require.LessOrEqual(t, s.X, plotWidth)
					require.LessOrEqual(t, s.Y+s.Height, p.Height)
				}
			}
			for _, s := range p.Steps {
				require.True(t, s.X >= 0 && s.X <= plotWidth, "step at %v", s.X)
			}
		}
	})
}

func TestAWhyPageNeedsItsViolation(t *testing.T) {
	run := record.Run{Why: []record.Why{{Violation: 3}}}
	require.ErrorContains(t, writeWhyPage(&bytes.Buffer{}, run, events{}, 0), "why 1 explains violation 3 of 0")
	dir := t.TempDir()
	require.NoError(t, record.WriteRun(dir, run))
	require.ErrorContains(t, Render(dir), fmt.Sprintf("render %s", record.WhyPage(0)))
}
