package explore

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/shrink"
	"reconsim/sim/tier"
)

// foundDir takes scenarios that failed, shrunk, for TestFound.
const foundDir = "testdata/found"

// TestDrawnScenarios draws whole scenarios and runs each: no violation of the
// generation protocol, whatever goes wrong and in whatever order.
// RAPID_TIME=10m goes on for so long. What fails is shrunk and written to
// testdata/found.
func TestDrawnScenarios(t *testing.T) {
	begin := time.Now()
	least := time.Duration(0)
	if text := os.Getenv("RAPID_TIME"); text != "" {
		var err error
		if least, err = time.ParseDuration(text); err != nil {
			t.Fatalf("RAPID_TIME: %v", err)
		}
	}
	// A failure is shrunk by our own shrinker and kept as a scenario.
	flags := map[string]string{"rapid.checks": "12", "rapid.shrinktime": "0s", "rapid.nofailfile": "true"}
	if least == 0 {
		flags["rapid.seed"] = "1" // The same few each time: what is new is for make rapid to find.
	}
	for name, value := range flags {
		before := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, before) })
	}
	for n := range runtime.GOMAXPROCS(0) {
		t.Run(fmt.Sprintf("process-%d", n), func(t *testing.T) {
			t.Parallel()
			pool, err := shrink.StartPool(t.Context(), tier.Job{File: "drawn.yaml"}, 1)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := pool.Close(); err != nil && t.Context().Err() == nil {
					t.Error(err)
				}
			})
			runs := 0
			for again := true; again && !t.Failed(); again = time.Since(begin) < least {
				f := &finder{pool: pool}
				t.Run("draw", func(t *testing.T) { rapid.Check(t, f.check) })
				runs += f.runs
				f.report(t)
			}
			t.Logf("%d scenarios", runs)
		})
	}
}

// finder runs drawn scenarios and keeps the first one that fails.
type finder struct {
	pool      *shrink.Pool
	runs      int
	failed    *scenarios.Scenario
	out       tier.Outcome
	signature string
	message   string
}

// check is the property. Each kind of violation has a line of its own, since
// rapid tells failures apart by their lines.
func (f *finder) check(t *rapid.T) {
	text := rapid.Custom(drawText).Draw(t, "scenario")
	s, problems := scenarios.Load("drawn.yaml", []byte(text), tier.Vocabulary())
	if len(problems) > 0 {
		t.Fatalf("drawn against the rules of scenarios: %v\n%s", problems, text)
	}
	out, err := f.pool.Do(s)
	if err != nil {
		t.Fatalf("run what was drawn: %v\n%s", err, text)
	}
	f.runs++
	signature := f.worst(out.Signatures)
	if signature == "" {
		return
	}
	f.failed, f.out, f.signature = s, out, signature
	f.message = describeViolation(out, signature)
	switch property, _, _ := strings.Cut(signature, "|"); property {
	case string(check.OneGeneration):
		t.Fatalf("one-generation: %s", f.message)
	case string(check.NeverEmpty):
		t.Fatalf("never-empty: %s", f.message)
	case string(check.Exact):
		t.Fatalf("exact: %s", f.message)
	case string(check.Monotonic):
		t.Fatalf("monotonic: %s", f.message)
	case string(check.NoError):
		t.Fatalf("no-error: %s", f.message)
	case string(check.ReadYourCommit):
		t.Fatalf("read-your-commit: %s", f.message)
	case string(check.Converge):
		t.Fatalf("converge: %s", f.message)
	case string(check.WatermarkHonest):
		t.Fatalf("watermark-honest: %s", f.message)
	case string(check.LegalEdges):
		t.Fatalf("legal-edges: %s", f.message)
	case string(check.NoLeak):
		t.Fatalf("no-leak: %s", f.message)
	case "expectation":
		t.Fatalf("the story or the run did not come to its end: %s", f.message)
	case "error":
		t.Fatalf("the harness failed: %s", f.message)
	case "unchecked":
		t.Fatalf("nothing was checked: %s", f.message)
	default:
		t.Fatalf("something else: %s", f.message)
	}
}

// worst is the signature that says most: a violation rather than what follows
// from it.
func (f *finder) worst(signatures []string) string {
	worst := ""
	for _, s := range signatures {
		switch {
		case !tier.JudgedAtEnd(s):
			return s
		case worst == "" || strings.HasPrefix(worst, "unchecked|"):
			worst = s
		}
	}
	return worst
}

func describeViolation(out tier.Outcome, signature string) string {
	for _, v := range out.Violations {
		if v.Signature == signature {
			return signature + ": " + v.Message
		}
	}
	for _, unmet := range out.Unmet {
		if text, _, _ := strings.Cut(unmet, "; got "); signature == "expectation|"+text {
			return unmet
		}
	}
	if out.Error != nil {
		return signature + ": " + out.Error.Message
	}
	return signature
}

// report shrinks what failed and writes it as a scenario, beside the command that
// shows it.
func (f *finder) report(t *testing.T) {
	if f.failed == nil {
		return
	}
	job := shrink.Bounded(tier.Job{File: "drawn.yaml"}, f.out, f.signature)
	pool, err := shrink.StartPool(t.Context(), job, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }() // What ends it early is the end of the test.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := shrink.Shrink(ctx, shrink.Options{Scenario: f.failed, Tier: tier.Sim, Signature: f.signature, Run: pool.Run})
	small := r.Scenario
	if err != nil {
		t.Logf("it could not be shrunk: %v", err)
		small = f.failed
	}
	small.Comment = "What was wrong: " + f.message
	file, err := writeFound(small, f.signature)
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("%d lines of %d are left in %s:\n  bin/reconsim run %s", r.LinesAfter, r.LinesBefore, file, filepath.Join("sim/explore", file))
}

// writeFound writes a scenario under a name that its content decides.
func writeFound(s *scenarios.Scenario, signature string) (file string, err error) {
	kind, _, _ := strings.Cut(signature, "|")
	text, err := s.Marshal()
	if err != nil {
		return "", err
	}
	h := fnv.New32a()
	_, _ = h.Write(text)
	s.Name = fmt.Sprintf("found/%s-%08x", kind, h.Sum32())
	if text, err = s.Marshal(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(foundDir, 0o755); err != nil {
		return "", err
	}
	file = filepath.Join(foundDir, filepath.Base(s.Name)+".yaml")
	return file, os.WriteFile(file, text, 0o644)
}

// TestFound runs what drawing has found before, and what was wrong then.
func TestFound(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(foundDir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, problems := scenarios.Load(file, text, tier.Vocabulary())
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			out := tier.Job{File: file, Scenario: string(text), Seed: uint64(s.Schedule.Seed)}.Run()
			for _, signature := range out.Signatures {
				if isFinding(signature) {
					t.Errorf("%s: bin/reconsim run %s", describeViolation(out, signature), filepath.Join("sim/explore", file))
				}
			}
			if out.Verdict != record.Pass && len(out.Signatures) == 0 {
				t.Errorf("it failed: %+v", out.Error)
			}
		})
	}
}
