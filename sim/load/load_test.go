package load

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/tier"
)

// TestRun is the tutorial: a small load with most of its keys known to the
// oracle as sums only. Every phase is there in its order, the readers of all
// three phases were judged, and the story that was told lies beside the figures.
func TestRun(t *testing.T) {
	threshold, problem := scenarios.ParseExpression("rebuild <= 1h")
	if problem != nil {
		t.Fatal(problem)
	}
	told := map[string]bool{}
	o := Options{Keys: 30_000, Readers: 2, RequestsPerSecond: 100, Deltas: 100, DeltasPerSecond: 200, Rest: scenarios.Duration(time.Second),
		Seed: 5, Sample: 3000, Out: filepath.Join(t.TempDir(), "run"), Thresholds: []scenarios.Expression{threshold},
		Progress: func(p Progress) { told[p.Phase] = true }}
	run, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if run.Verdict != record.Pass || run.Tier != tier.Load {
		t.Fatalf("verdict %s in tier %s: %v %+v %+v %+v", run.Verdict, run.Tier, run.Error, run.Expectations, run.Thresholds, run.Violations)
	}
	l := run.Load
	want := []string{phaseOracle, phaseGenerate, phaseTransfer, phaseExtract, phaseIngest, phaseScan, phaseSinks, phaseSeal, phaseValidate,
		phaseCatchUp, phaseCommit, phaseRebuild}
	var got []string
	inside := 0.0
	for _, p := range l.Phases {
		got = append(got, p.Name)
		if p.Seconds <= 0 || p.CPUSeconds < 0 {
			t.Errorf("phase %+v", p)
		}
		if slices.Contains(want[4:11], p.Name) {
			inside += p.Seconds
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("phases %v, want %v", got, want)
	}
	rebuild, _ := l.Phase(phaseRebuild)
	if rebuild.Seconds < inside*0.999 || rebuild.Seconds > inside*1.001 || rebuild.Rows < o.Keys {
		t.Errorf("the rebuild %+v is not what its phases add up to, %f s", rebuild, inside)
	}
	if l.SourceBytes < 1<<20 || l.PeakDiskBytes < l.SourceBytes || l.BytesWritten <= 0 || l.Switch.DurableMicros <= 0 || l.RequestsPerSecond != 200 {
		t.Errorf("figures %+v", l)
	}
	rows, share := int64(0), 0.0
	for _, task := range l.Tasks {
		rows, share = rows+task.Rows, share+task.ScanShare
	}
	if len(l.Tasks) != 6 || rows < o.Keys || share < 0.99 || share > 1.01 {
		t.Errorf("tasks %+v", l.Tasks)
	}
	for _, phase := range []record.Phase{record.Rest, record.Staging} {
		if p, ok := run.Latency.Of(phase); !ok || p.Reads == 0 {
			t.Errorf("no reads in phase %s: %+v", phase, run.Latency.Overall)
		}
	}
	if len(told) == 0 {
		t.Error("no progress was told")
	}
	text, err := os.ReadFile(filepath.Join(o.Out, "scenario.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, problems := scenarios.Load("scenario.yaml", text, tier.Vocabulary()); len(problems) > 0 {
		t.Errorf("the story is no scenario: %v", problems)
	}
}

// TestThresholdMissed: a figure beyond its threshold fails the run, which
// otherwise holds.
func TestThresholdMissed(t *testing.T) {
	threshold, problem := scenarios.ParseExpression("peak-rss <= 1KiB")
	if problem != nil {
		t.Fatal(problem)
	}
	run, err := Run(t.Context(), Options{Keys: 1000, Readers: 2, RequestsPerSecond: 100, Rest: scenarios.Duration(time.Second / 2),
		Seed: 6, Sample: 20_000, Out: filepath.Join(t.TempDir(), "run"), Thresholds: []scenarios.Expression{threshold}})
	if err != nil {
		t.Fatal(err)
	}
	missed := slices.ContainsFunc(run.Thresholds, func(t record.Threshold) bool { return !t.OK && t.Expr == "peak-rss <= 1KiB" })
	if run.Verdict != record.Fail || !missed || len(run.Violations) > 0 {
		t.Errorf("verdict %s, thresholds %+v, violations %+v", run.Verdict, run.Thresholds, run.Violations)
	}
}

// TestLeft: the rate of a phase foretells its end.
func TestLeft(t *testing.T) {
	p := Progress{InPhase: 2 * time.Second, Done: 1000, Total: 4000}
	if left, ok := p.Left(); !ok || left != 6*time.Second || p.PerSecond() != 500 {
		t.Errorf("%v left (%t) at %f a second", left, ok, p.PerSecond())
	}
	for _, p := range []Progress{{}, {InPhase: time.Second, Total: 5}, {InPhase: time.Second, Done: 5}} {
		if left, ok := p.Left(); ok {
			t.Errorf("%+v: %v left", p, left)
		}
	}
}

// TestRepeat: the command that repeats a run says all that it was given.
func TestRepeat(t *testing.T) {
	threshold, _ := scenarios.ParseExpression("p99 while PROCESSING <= 10ms")
	o := Options{Keys: 5, Readers: 1, RequestsPerSecond: 2, Deltas: 3, DeltasPerSecond: 4, Rest: scenarios.Duration(time.Second), Sample: 6,
		MemoryBytes: 7 << 20, Seed: 8, Thresholds: []scenarios.Expression{threshold}}
	want := "reconsim load --keys 5 --readers 1 --rate 2 --deltas 3 --delta-rate 4 --rest 1s --sample 6 --memory 7 --seed 8 --thresholds 'p99 while PROCESSING <= 10ms'"
	if got := o.repeat(); got != want {
		t.Errorf("repeat\n%s, want\n%s", got, want)
	}
}
