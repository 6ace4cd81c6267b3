package matrix

import (
	"context"
	"regexp"
	"testing"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/disk"
	"reconsim/sim/tier"
)

// smallWorld is a rebuild with little in it, so that every crash of it can be
// judged in a test.
const smallWorld = `
name: small
about: A bootstrap, deltas, and a rebuild.
proves: [exact, converge]
world: {oms: 1, keys: 40, deltasPerSecond: 20, seed: 3}
config:
  ozone.recon.om.snapshot.task.initial.delay: 10ms
  ozone.recon.om.snapshot.task.interval.delay: 100ms
readers: {count: 1, thinkTime: 20ms}
timeline:
  - when: {generation: 1, reads: 40}
    do: trigger-rebuild
  - when: {generation: 2}
    do: wait
    for: 200ms
expect: {generations: 2, converge: 10s}
`

// recordSmall runs the small world with planted mistakes.
func recordSmall(t testing.TB, mutations ...point.Mutation) *Recording {
	t.Helper()
	s, problems := scenarios.Load("small.yaml", []byte(smallWorld), tier.Vocabulary())
	if len(problems) == 0 {
		s, problems = s.ForTier("sim")
	}
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	r, err := Record(RecordOptions{Scenario: s, Seed: 7, Mutations: mutations})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func surveyAll(t testing.TB, r *Recording, depth int, policies ...disk.Policy) *Result {
	t.Helper()
	if len(policies) == 0 {
		policies = disk.AllPolicies()
	}
	result, err := Survey(context.Background(), r, Options{Depth: depth, Policies: policies, Judges: 2})
	if err != nil {
		t.Fatal(err)
	}
	if result.Incomplete != "" {
		t.Fatal(result.Incomplete)
	}
	return result
}

// TestEveryCrashIsOldOrNew: crash-atomic and durable-commit of the generation
// protocol (D3, D7) at every operation of a rebuild under every policy.
func TestEveryCrashIsOldOrNew(t *testing.T) {
	r := recordSmall(t)
	if r.Run.Verdict != "pass" {
		t.Fatalf("the recorded run itself failed: %+v", r.Run.Violations)
	}
	if r.Old != 1 || r.New != 2 {
		t.Fatalf("generations %d and %d, want 1 and 2", r.Old, r.New)
	}
	result := surveyAll(t, r, 1)
	for _, c := range result.Bad {
		t.Errorf("%s: %s", c.Place(), c.Verdict)
	}
	if result.Cells.Old < 100 || result.Cells.New < 10 {
		t.Errorf("%+v: the matrix is too thin to prove anything", result.Cells)
	}
	d := result.Depths[0]
	if d.Images < 10*d.Distinct || d.Checked != d.Distinct || result.States() != d.Checked {
		t.Errorf("%+v: each distinct image is to be judged once, of many more crashes", d)
	}
}

// TestMutantsAreSeen: each planted mistake in what is synced when makes bad
// cells, and the pair that is named is the true culprit.
func TestMutantsAreSeen(t *testing.T) {
	for _, m := range []struct {
		mutation       point.Mutation
		outcome        record.CrashOutcome
		lost, survived string
	}{
		{point.SkipTableSync, record.OutcomeWontOpen, `^write .*/gen-0000000[12]/sinks/000001\.sst`, `^rename .*/CURRENT\.tmp to .*/CURRENT$`},
		{point.SkipDirectorySync, record.OutcomeWontOpen, `^link .* to .*/gen-0000000[12]/om/\d+\.sst$`, `^rename .*/CURRENT\.tmp to .*/CURRENT$`},
		{point.PointerBeforeSQL, record.OutcomeWontOpen, `^write .*/gen-0000000[12]/sql\.db at`, `^rename .*/CURRENT\.tmp to .*/CURRENT$`},
		{point.SkipPointerSync, record.OutcomeLost, `^rename .*/CURRENT\.tmp to .*/CURRENT$`, `^generation \d .* promised: it was published`},
		{point.PublishBeforeMove, record.OutcomeLost, `^rename .*/CURRENT\.tmp to .*/CURRENT$`, `^generation \d .* promised: it was published`},
	} {
		t.Run(m.mutation.String(), func(t *testing.T) {
			result := surveyAll(t, recordSmall(t, m.mutation), 1, disk.Synced, disk.Prefix)
			var matrix record.CrashMatrix
			if err := result.Fill(context.Background(), &matrix, func(steps []Step) string { return place(steps) }); err != nil {
				t.Fatal(err)
			}
			if matrix.Verdict != record.Fail || matrix.Cells.Of(m.outcome) == 0 {
				t.Fatalf("%+v: no cell is %s", matrix.Cells, m.outcome)
			}
			signatures := map[string]int{}
			for _, b := range matrix.Bad {
				signatures[b.Signature]++
				if b.Outcome != m.outcome {
					t.Errorf("operation %d, %s: %s, want %s: %s", b.Operation, b.Policy, b.Outcome, m.outcome, b.Message)
				}
				if b.Pair == nil {
					t.Errorf("operation %d, %s: no pair is named", b.Operation, b.Policy)
					continue
				}
				if !regexp.MustCompile(m.lost).MatchString(b.Pair.Lost.Text) || !regexp.MustCompile(m.survived).MatchString(b.Pair.Survived.Text) {
					t.Errorf("operation %d, %s: the pair is not the culprit: %s", b.Operation, b.Policy, b.Pair.Explanation)
				}
			}
			t.Logf("%+v %v", matrix.Cells, signatures)
		})
	}
}
