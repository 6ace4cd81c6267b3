package explore

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"reconsim/faults/point"
	"reconsim/recon/staging"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/sched"
	"reconsim/sim/tier"
)

func TestMain(m *testing.M) {
	tier.BeWorker()
	os.Exit(m.Run())
}

// options explores a scenario of the corpus.
func options(t *testing.T, name string, mutants ...string) Options {
	t.Helper()
	text, err := fs.ReadFile(scenarios.Corpus(), name)
	if err != nil {
		t.Fatal(err)
	}
	s, problems := scenarios.Load(name, text, tier.Vocabulary())
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	return Options{Scenarios: []*scenarios.Scenario{s}, Jobs: []tier.Job{{File: name, Scenario: string(text), Mutants: mutants}},
		Seed: 1, Workers: 2, Out: filepath.Join(t.TempDir(), "out")}
}

// TestExploreFindsNothingInGeneration is the tutorial: some executions, each in
// another order, of which all count, and what they have covered.
func TestExploreFindsNothingInGeneration(t *testing.T) {
	o := options(t, "swap/smooth.yaml")
	o.Executions = 12
	e, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if e.Verdict != record.Pass || len(e.Violations) > 0 || e.Executions+e.Discarded != 12 || e.Executions == 0 {
		t.Fatalf("%+v", e)
	}
	if e.DistinctTraces < 6 || e.Coverage.Reached < 40 || e.AdjacentPairs < 50 || len(e.Growth) == 0 {
		t.Fatalf("%d distinct traces, %d cells, %d pairs", e.DistinctTraces, e.Coverage.Reached, e.AdjacentPairs)
	}
}

// TestExploreFindsMutant: a planted mistake is found, was repeated with the same
// trace in a fresh process, and can be replayed from its directory.
func TestExploreFindsMutant(t *testing.T) {
	o := options(t, "swap/stalled-commit.yaml", "serve-next-sql")
	o.Executions = 1
	e, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if e.Verdict != record.Fail || len(e.Violations) == 0 {
		t.Fatalf("%+v", e)
	}
	for _, v := range e.Violations {
		if !v.Fresh || v.RunDir == "" || !slices.Contains([]string{"exact", "one-generation", "watermark-honest"}, v.Property) {
			t.Fatalf("%+v", v)
		}
	}
	recorded, err := tier.ReadRecorded(e.Violations[0].RunDir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := recorded.Replay(t.Context(), filepath.Join(t.TempDir(), "replay"))
	if err != nil || !again.SameTrace {
		t.Fatalf("%+v, %v", again, err)
	}
}

// TestFindingsAreTold: each kind of violation is listed once, and the scenario
// file of its run directory shows it without any flag, also where the execution
// that showed it first was led by the choices of another.
func TestFindingsAreTold(t *testing.T) {
	o := options(t, "swap/smooth.yaml", "tag-of-generation")
	o.Executions, o.Workers = 16, 1
	e, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	kinds, told := map[string]bool{}, 0
	for _, v := range e.Violations {
		kind := check.KindOf(v.Signature)
		if kinds[kind] || !v.Fresh || v.RunDir == "" {
			t.Fatalf("kind %s: %+v", kind, v)
		}
		kinds[kind] = true
		if v.Scenario == "" {
			continue
		}
		told++
		text, err := os.ReadFile(v.Scenario)
		if err != nil {
			t.Fatal(err)
		}
		s, problems := scenarios.Load(v.Scenario, text, tier.Vocabulary())
		if len(problems) > 0 {
			t.Fatal(problems[0])
		}
		out, err := tier.Afresh(t.Context(), tier.WorkerOptions{}, tier.Job{File: v.Scenario, Scenario: string(text),
			Seed: uint64(s.Schedule.Seed), Mutants: []string{"tag-of-generation"}})
		if err != nil || !showsKind(out, kind) {
			t.Fatalf("%s shows %v and not %s, %v", v.Scenario, out.Signatures, kind, err)
		}
	}
	if told == 0 {
		t.Fatalf("no finding has a scenario: %+v", e.Violations)
	}
}

// TestExploreExhaustive: the search goes on from job to job in one worker.
func TestExploreExhaustive(t *testing.T) {
	o := options(t, "swap/smooth.yaml")
	o.Executions, o.Strategies, o.Workers = 5, []string{"exhaustive 1"}, 1
	e, err := Run(t.Context(), o)
	if err != nil || e.Verdict != record.Pass || e.DistinctTraces != 5 {
		t.Fatalf("%+v, %v", e, err)
	}
}

// TestSearchSpendsWhereCoverageAppears: a strategy that brings something new is
// tried more often, and what has brought something is gone on from.
func TestSearchSpendsWhereCoverageAppears(t *testing.T) {
	s := newSearch([]tier.Job{{File: "x"}}, []string{"random", "pct 2"}, 1)
	choices := sched.Choices{Actors: []string{"a", "b"}, Picks: []int32{0, 1, 0, 1}}
	led := 0
	fresh := point.All()
	for range 400 {
		trial := s.next()
		if trial.lead >= 0 {
			led++
			if trial.job.Seed == 0 {
				t.Fatal("a lead has lost its seed")
			}
		}
		covered := tier.NewCoverage()
		if trial.job.Strategy == "pct 2" && len(fresh) > 0 {
			covered.Passed(fresh[0], staging.None, nil)
			fresh = fresh[1:]
		}
		if _, err := s.learn(trial, covered, choices.String()); err != nil {
			t.Fatal(err)
		}
	}
	if s.arms[1].tries < 2*s.arms[0].tries || led < 100 {
		t.Errorf("random was tried %d times, pct %d times, %d from leads", s.arms[0].tries, s.arms[1].tries, led)
	}
}

// TestHome: every point of the engine is at home somewhere, those of disks and
// OMs are not cells.
func TestHome(t *testing.T) {
	for _, p := range point.All() {
		isCell := p < point.DiskCreate
		if got := len(Home(p)) > 0; got != isCell {
			t.Errorf("%v is at home in %v", p, Home(p))
		}
		if slices.Contains(Home(p), staging.Failed) {
			t.Errorf("%v: nothing is passed in FAILED", p)
		}
	}
}
