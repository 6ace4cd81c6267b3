package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/tier"
)

// shrinkTo calls the verb and returns its document.
func shrinkTo(t *testing.T, out string, args ...string) (shrunk, error) {
	t.Helper()
	var text, errOut bytes.Buffer
	p := &program{out: &text, err: &errOut, json: true}
	cmd := p.shrinkVerb()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(append(args, "--out", out))
	err := cmd.ExecuteContext(t.Context())
	var d shrunk
	if err == nil {
		if err := json.Unmarshal(text.Bytes(), &d); err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
	}
	return d, err
}

// TestShrinkVerb is the tutorial of shrink: a planted mistake in a scenario of the
// corpus is left with a few lines, which show the violation without a seed from
// outside.
func TestShrinkVerb(t *testing.T) {
	out := filepath.Join(t.TempDir(), "small.yaml")
	args := []string{"scenarios/swap/pointer-fails-before.yaml", "--mutant", "publish-before-move", "--seed", "5"}
	d, err := shrinkTo(t, out, args...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.Signature, "monotonic|") || d.LinesAfter > 6 || d.LinesBefore < 15 || d.File != out || !d.Complete || d.Executions < 20 || d.Seconds <= 0 {
		t.Fatalf("%+v", d)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	s, problems := scenarios.Load(out, text, tier.Vocabulary())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.Faults[0].ID != "pointer-fails" || !strings.Contains(s.About, "publish-before-move") || s.Schedule.Seed != 5 {
		t.Errorf("%s", text)
	}
	ran, _, code := call(t, "run", out, "--mutant", "publish-before-move", "--json", "--out", filepath.Join(t.TempDir(), "run"))
	if code != exitViolated || !strings.Contains(ran, d.Signature) {
		t.Errorf("exit %d: %s", code, ran)
	}
	// What is there is not overwritten.
	var failure *record.Failure
	if _, err := shrinkTo(t, out, args...); !errors.As(err, &failure) || failure.Kind != record.KindUsage {
		t.Errorf("%v", err)
	}
}

// TestShrinkRunDir: a run directory says all that shrink needs, also what was
// given on the command line; without the order there would be nothing to shrink.
func TestShrinkRunDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, errOut, code := call(t, "run", "scenarios/swap/pointer-fails-before.yaml", "--mutant", "publish-before-move", "--seed", "5",
		"--strategy", "pct 2", "--json", "--out", dir)
	if code != exitViolated {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	run, err := record.ReadRun(dir)
	if err != nil || !strings.Contains(run.Repeat, "--strategy 'pct 2'") {
		t.Fatalf("%s, %v", run.Repeat, err)
	}
	out := filepath.Join(t.TempDir(), "small.yaml")
	d, err := shrinkTo(t, out, dir)
	if err != nil || !strings.HasPrefix(d.Signature, "monotonic|") || !strings.Contains(d.Replay, "--mutant publish-before-move") {
		t.Fatalf("%+v, %v", d, err)
	}
	// A run that followed choices can only be replayed.
	run.Strategy = "replay then random: world,reader; 0*3 1 0"
	if err := record.WriteRun(dir, run); err != nil {
		t.Fatal(err)
	}
	var failure *record.Failure
	if _, err := shrinkTo(t, out+"2", dir); !errors.As(err, &failure) || failure.Kind != record.KindUsage || !strings.Contains(failure.Message, "reconsim replay") {
		t.Fatal(err)
	}
}

// TestShrinkRefuses: there must be something to keep.
func TestShrinkRefuses(t *testing.T) {
	for _, c := range []struct {
		message string
		args    []string
	}{
		{"does not fail with seed 5", []string{"scenarios/swap/smooth.yaml", "--seed", "5"}},
		{"does not show \"monotonic|reader-0|1-2/3-4\" with seed 5, but ", []string{"scenarios/swap/stalled-commit.yaml", "--seed", "5", "--mutant", "serve-next-sql", "--signature", "monotonic|reader-0|1-2/3-4"}},
		{"is no planted mistake", []string{"scenarios/swap/smooth.yaml", "--mutant", "none"}},
		{"--seed 9223372036854775808 cannot stand in a scenario", []string{"scenarios/swap/smooth.yaml", "--seed", "9223372036854775808"}},
		{"no such file", []string{"nowhere.yaml"}},
	} {
		_, err := shrinkTo(t, filepath.Join(t.TempDir(), "small.yaml"), c.args...)
		var failure *record.Failure
		if !errors.As(err, &failure) || failure.Kind != record.KindUsage || !strings.Contains(failure.Message, c.message) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}

// TestShrinkLongStory: of 40 steps and 10 faults around one defect ten lines or
// fewer are left, in well under half a minute.
func TestShrinkLongStory(t *testing.T) {
	const file = "testdata/long-story.yaml"
	s, problems, err := scenarios.LoadFile(os.DirFS("."), file, tier.Vocabulary())
	if err != nil || len(problems) > 0 || len(s.Timeline) != 40 || len(s.Faults) != 10 {
		t.Fatalf("%v %v: %d steps, %d faults", err, problems, len(s.Timeline), len(s.Faults))
	}
	d, err := shrinkTo(t, filepath.Join(t.TempDir(), "small.yaml"), file, "--mutant", "serve-next-sql", "--seed", "1")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(d.Signature, "exact|") || d.LinesAfter > 10 || d.LinesBefore < 50 || !d.Complete || d.Seconds > 30 {
		t.Fatalf("%+v", d)
	}
}
