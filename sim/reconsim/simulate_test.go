package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reconsim/reports/record"
	"reconsim/sim/tier"
)

// TestSimulateAndReplay is the tutorial of the sim tier: a run is a function of
// its seed, its directory is enough to repeat it, and another seed is another
// run (D5, D6).
func TestSimulateAndReplay(t *testing.T) {
	dir := t.TempDir()
	simulate := func(name, seed string) record.RunDocument {
		out, errOut, code := call(t, "run", "scenarios/swap/smooth.yaml", "--json", "--seed", seed, "--out", filepath.Join(dir, name))
		if code != exitHeld {
			t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
		}
		return decode[record.RunDocument](t, out)
	}
	first, again, other := simulate("first", "3"), simulate("again", "3"), simulate("other", "4")
	hash := func(d record.RunDocument) string { return d.Scenarios[0].TraceHash }
	if hash(first) == "" || hash(first) != hash(again) || hash(first) == hash(other) {
		t.Fatalf("traces %s and %s of seed 3, %s of seed 4", hash(first), hash(again), hash(other))
	}
	out, errOut, code := call(t, "replay", filepath.Join(dir, "first"), "--json", "--out", filepath.Join(dir, "replay"))
	if d := decode[tier.Replayed](t, out); code != exitHeld || !d.SameTrace || d.FirstDifference != nil {
		t.Fatalf("exit %d, %+v\n%s", code, d, errOut)
	}
	// A directory whose run was another one is found out, entry by entry.
	text, err := os.ReadFile(filepath.Join(dir, "other", record.TraceFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "first", record.TraceFile), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	run, err := record.ReadRun(filepath.Join(dir, "first"))
	if err != nil {
		t.Fatal(err)
	}
	run.TraceHash = hash(other)
	if err := record.WriteRun(filepath.Join(dir, "first"), run); err != nil {
		t.Fatal(err)
	}
	out, _, code = call(t, "replay", filepath.Join(dir, "first"), "--json", "--out", filepath.Join(dir, "replay2"))
	if d := decode[tier.Replayed](t, out); code != exitViolated || d.SameTrace || d.FirstDifference == nil {
		t.Fatalf("exit %d, %+v", code, d)
	}
}

// TestFailureIsRepeatedAndExplained: a planted mistake is seen in the sim tier,
// has been repeated in a fresh process with the same trace, and comes with the
// pair of operations that let it be seen.
func TestFailureIsRepeatedAndExplained(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	_, errOut, code := call(t, "run", "scenarios/swap/stalled-commit.yaml", "--mutant", "serve-next-sql", "--json", "--seed", "5", "--out", dir)
	if code != exitViolated {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	run, err := record.ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.Why) == 0 {
		t.Fatal("nothing is explained")
	}
	for i, w := range run.Why {
		if err := w.Check(len(run.Violations)); err != nil {
			t.Error(err)
		}
		if !w.Replay.Fresh || !w.Replay.SameTrace || !strings.Contains(w.Replay.Command, "--mutant serve-next-sql") {
			t.Errorf("replay: %+v", w.Replay)
		}
		if info, err := os.Stat(filepath.Join(dir, record.WhyPage(i))); err != nil || info.Size() == 0 {
			t.Errorf("page %d: %v", i, err)
		}
	}
}

// TestCertify proves that seeds decide everything, with a confined process on
// one processor as the second one, and that each planted cause of
// nondeterminism is found and named.
func TestCertify(t *testing.T) {
	out, errOut, code := call(t, "certify", "scenarios/swap/smooth.yaml", "scenarios/leader/switch-idle.yaml", "-n", "2", "--json")
	if c := decode[tier.Certificate](t, out); code != exitHeld || c.Runs != 4 || c.Equal != 4 || c.FirstDifference != nil || c.Entries < 10_000 {
		t.Fatalf("exit %d, %+v\n%s", code, c, errOut)
	}
	for _, plant := range tier.Plants() {
		out, errOut, code := call(t, "certify", "scenarios/swap/smooth.yaml", "-n", "1", "--plant", plant, "--json")
		c := decode[tier.Certificate](t, out)
		if code != exitViolated || c.FirstDifference == nil {
			t.Fatalf("%s: exit %d, %+v\n%s", plant, code, c, errOut)
		}
		if d := c.FirstDifference; !strings.Contains(d.First+d.Second, "/planted/") {
			t.Errorf("%s: the first difference is not the planted one: %v", plant, d)
		}
	}
}
