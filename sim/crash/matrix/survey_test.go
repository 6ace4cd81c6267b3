package matrix

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/sim/disk"
)

// strip leaves out what depends on the machine.
func strip(r *Result) Result {
	s := *r
	s.judge, s.Seconds = nil, 0
	s.Depths = slices.Clone(s.Depths)
	for i := range s.Depths {
		s.Depths[i].Seconds = 0
	}
	return s
}

// TestSurveyIsRepeatable: the same run gives the same matrix, cell by cell, with
// one judge or with several, at both depths, also where cells are bad.
func TestSurveyIsRepeatable(t *testing.T) {
	var first Result
	for i, judges := range []int{1, 3} {
		r := recordSmall(t, point.PointerBeforeSQL)
		// A window around the move of the pointer is enough, and quick.
		r.First = lastWithBoth(t, r) - 1
		r.Last = r.First + 3
		result, err := Survey(context.Background(), r, Options{Depth: 2, Policies: []disk.Policy{disk.Synced, disk.Torn}, Judges: judges})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = strip(result)
			continue
		}
		if got := strip(result); !reflect.DeepEqual(got, first) {
			t.Errorf("%d judges: %+v\none judge: %+v", judges, got, first)
		}
	}
	if len(first.Bad) == 0 || first.Depths[1].Checked < 100 || first.Depths[1].Images < first.Depths[1].Distinct {
		t.Errorf("%+v, %d bad: too thin to prove anything", first.Depths, len(first.Bad))
	}
	for _, c := range first.Bad {
		if len(c.Steps) == 2 {
			return
		}
	}
	t.Error("no second crash is bad although first ones are")
}

// TestRowsAreTheMatrix: a row has a letter for each operation; each judged state
// stands in capitals in one cell, and the worst of a cell shows.
func TestRowsAreTheMatrix(t *testing.T) {
	r := recordSmall(t, point.PointerBeforeSQL)
	result := surveyAll(t, r, 1, disk.Synced, disk.All)
	if len(result.Rows) != 2 || result.Rows[0].Policy != "synced" || result.Rows[1].Policy != "all" {
		t.Fatalf("%+v", result.Rows)
	}
	for _, row := range result.Rows {
		if len(row.Outcomes) != r.Last-r.First+1 || strings.Contains(row.Outcomes, ".") {
			t.Errorf("%s: %q", row.Policy, row.Outcomes)
		}
	}
	for _, c := range result.Bad {
		at := c.Steps[0].Op - r.First
		if cell := result.Rows[0].Cell(at); cell.Outcome != record.OutcomeWontOpen || !cell.Checked {
			t.Errorf("operation %d: %+v", c.Steps[0].Op, cell)
		}
		if cell := result.Rows[1].Cell(at); cell.Outcome.Bad() {
			t.Errorf("operation %d is bad although everything survived", c.Steps[0].Op)
		}
	}
}

// TestSurveyStops: a survey that is stopped says that it is not complete.
func TestSurveyStops(t *testing.T) {
	r := recordSmall(t)
	ctx, stop := context.WithCancel(context.Background())
	told := 0
	result, err := Survey(ctx, r, Options{Depth: 1, Policies: disk.AllPolicies(), Judges: 1, Progress: func(Progress) { told++; stop() }})
	if err != nil {
		t.Fatal(err)
	}
	if told == 0 || result.Incomplete == "" || result.States() == 0 || result.Depths[0].Checked >= result.Depths[0].Distinct {
		t.Errorf("told %d times, incomplete %q, %+v", told, result.Incomplete, result.Depths)
	}
	var m record.CrashMatrix
	if err := result.Fill(context.Background(), &m, func([]Step) string { return "" }); err != nil {
		t.Fatal(err)
	}
	if m.Complete || m.Verdict != record.Fail {
		t.Errorf("complete %v, verdict %s", m.Complete, m.Verdict)
	}
}

// TestInspectTellsTheCell: the command of a bad cell, at both depths, shows the
// same outcome again, with what was pending and what became of it.
func TestInspectTellsTheCell(t *testing.T) {
	r := recordSmall(t, point.PointerBeforeSQL)
	move := lastWithBoth(t, r)
	for _, steps := range [][]Step{
		{{move + 1, disk.Synced}},
		{{move + 1, disk.Metadata.Member(0)}},
		{{move + 1, disk.Synced}, {2, disk.All}},
	} {
		story, err := Inspect(r, steps)
		if err != nil {
			t.Fatal(err)
		}
		if len(story.Steps) != len(steps) {
			t.Fatalf("%s: %d steps told", place(steps), len(story.Steps))
		}
		if len(story.Steps[0].Pending) == 0 || story.Steps[0].Last.Actor == "" {
			t.Errorf("%s: %+v", place(steps), story.Steps[0])
		}
		if story.Outcome != WontOpen || story.Detail == "" {
			t.Errorf("%s: %s", place(steps), story.Verdict)
		}
	}
	if _, err := Inspect(r, []Step{{move, disk.Prefix.Member(4000)}}); err == nil {
		t.Error("a crash that does not exist was judged")
	}
	if _, err := Inspect(r, []Step{{r.Log.Len() + 1, disk.All}}); err == nil {
		t.Error("a crash after the end was judged")
	}
}

func TestPromises(t *testing.T) {
	var p promises
	p.add(10, State{1, 100}, "first")
	p.add(12, State{1, 100}, "again, which adds nothing")
	p.add(12, State{1, 90}, "older, which adds nothing")
	p.add(15, State{2, 50}, "a newer generation at an older sequence is newer")
	p.add(15, State{2, 60}, "two at one operation")
	for op, want := range map[int]State{0: {}, 9: {}, 10: {1, 100}, 14: {1, 100}, 15: {2, 60}, 99: {2, 60}} {
		if got := p.at(op).State; got != want {
			t.Errorf("after operation %d: %s, want %s", op, got, want)
		}
	}
	if got := p.ops(); !reflect.DeepEqual(got, []int{10, 15}) {
		t.Errorf("more is promised at %v", got)
	}
}

// FuzzParseStep: what a step prints is what is read, and nothing makes it panic.
func FuzzParseStep(f *testing.F) {
	for _, text := range []string{"12:prefix 3", "0:synced", "7:all", ":", "x:all", "3:", "-1:all", "9:prefix -1", "1:exhaustive 255"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		step, err := ParseStep(text)
		if err != nil {
			return
		}
		again, err := ParseStep(step.String())
		if err != nil || again != step {
			t.Errorf("%q: %v became %v, %v", text, step, again, err)
		}
	})
}

// BenchmarkEngineStart opens an engine on a crash image and stops it; nothing is
// read.
func BenchmarkEngineStart(b *testing.B) {
	r := recordSmall(b)
	restarter, err := newRestarter(r)
	if err != nil {
		b.Fatal(err)
	}
	defer sameForAll(1)()
	image, err := r.Log.ImageLosing(r.Last, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := restarter.start(image.FS(disk.Options{}), func(context.Context, *started) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkJudgeState is one state of a matrix: start, read whole, judge, stop.
func BenchmarkJudgeState(b *testing.B) {
	r := recordSmall(b)
	j, err := newJudge(r)
	if err != nil {
		b.Fatal(err)
	}
	defer sameForAll(1)()
	image, err := r.Log.ImageLosing(r.Last, nil)
	if err != nil {
		b.Fatal(err)
	}
	promised := r.promises.at(r.Last)
	begun := time.Now()
	for b.Loop() {
		if v := j.restart(image, promised, false).Verdict; v.Outcome.Bad() {
			b.Fatal(v)
		}
	}
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "states/s")
}
