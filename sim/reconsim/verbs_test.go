package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reconsim/reports/record"
	"reconsim/scenarios"
)

// call runs the program and returns what it printed and its exit code.
func call(t *testing.T, args ...string) (out, errOut string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, &o, &e)
	return o.String(), e.String(), code
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("stdout is no JSON document: %v\n%s", err, text)
	}
	if d.More() {
		t.Fatalf("stdout holds more than one document:\n%s", text)
	}
	return v
}

// TestRunSmooth is the tutorial: one clean rebuild on real files and HTTP, from
// the command line to the run directory.
func TestRunSmooth(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	out, errOut, code := call(t, "run", "scenarios/swap/smooth.yaml", "--tier", "local", "--json", "--seed", "3", "--out", dir)
	if code != exitHeld {
		t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
	}
	d := decode[record.RunDocument](t, out)
	if d.Verdict != record.Pass || d.Tier != "local" || d.Seed != 3 || len(d.Scenarios) != 1 {
		t.Fatalf("document: %+v", d)
	}
	s := d.Scenarios[0]
	committed := 0
	for _, g := range s.Generations {
		if g.Outcome == record.Committed && g.Lineage != "" && g.AppliedSeq >= g.BaseSeq {
			committed++
		}
	}
	if committed != 2 || s.Reads < 300 || s.RunDir != dir || len(s.Violations) != 0 {
		t.Fatalf("scenario: %+v", s)
	}
	for _, name := range []string{"run.json", "events.jsonl", "summary.md", "report.html", "junit.xml"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); !os.IsNotExist(err) {
		t.Errorf("the data of a run that passed stays behind: %v", err)
	}
}

// TestRunMutant proves that a planted mistake is seen, with its exit code and a
// command that repeats it.
func TestRunMutant(t *testing.T) {
	out, errOut, code := call(t, "run", "scenarios/swap/stalled-commit.yaml", "--mutant", "serve-next-sql", "--json", "--out", filepath.Join(t.TempDir(), "run"))
	if code != exitViolated {
		t.Fatalf("exit %d\n%s", code, errOut)
	}
	s := decode[record.RunDocument](t, out).Scenarios[0]
	if !slices.ContainsFunc(s.Properties, func(p record.Property) bool { return p.Name == "exact" && p.Violations > 0 }) {
		t.Fatalf("exact is not violated: %+v", s.Properties)
	}
	if len(s.Violations) == 0 || !strings.Contains(s.Violations[0].Replay, "--mutant serve-next-sql") || s.Violations[0].Signature == "" {
		t.Fatalf("violations: %+v", s.Violations)
	}
}

// TestBadInput proves that bad usage and bad files exit with 2 and say where.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	smooth, err := os.ReadFile(filepath.Join("..", "..", "scenarios", "swap", "smooth.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	ran := filepath.Dir(file("events.jsonl", ""))
	misspelt := file("misspelt.yaml", strings.Replace(string(smooth), "never-empty", "never-emtpy", 1))
	for _, c := range []struct {
		name, kind, suggestion string
		args                   []string
		line                   int
	}{
		{"unknown verb", "usage", "", []string{"fly"}, 0},
		{"unknown tier", "usage", "", []string{"run", misspelt, "--tier", "moon"}, 0},
		{"tier to come", "usage", "", []string{"run", misspelt, "--tier", "process"}, 0},
		{"missing file", "usage", "", []string{"run", filepath.Join(dir, "none.yaml")}, 1},
		{"misspelt property", "scenario", "never-empty", []string{"run", misspelt}, 5},
		{"empty file", "scenario", "", []string{"run", file("empty.yaml", "")}, 1},
		{"binary file", "scenario", "", []string{"run", file("binary.yaml", "\x00\xff\x01")}, 1},
		{"two documents", "scenario", "", []string{"run", file("two.yaml", string(smooth)+"---\n"+string(smooth))}, 1},
		{"directory of a run", "usage", "give another --out, or none", []string{"run", "scenarios/swap/smooth.yaml", "--out", ran}, 0},
		{"unknown mutant", "usage", "", []string{"run", misspelt, "--mutant", "none"}, 0},
		{"bad shard", "usage", "", []string{"run", misspelt, "--shard", "3/2"}, 0},
		{"no loopback", "usage", "", []string{"serve", "--listen", "0.0.0.0:80"}, 0},
		{"unknown key", "usage", "", []string{"serve", "--set", "ozone.recon.stagin=1"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _, code := call(t, append(c.args, "--json")...)
			failure := decode[record.ErrorDocument](t, out).Error
			if code != exitUsage || failure.Kind != c.kind || failure.Message == "" || failure.Line != c.line || c.line > 0 && failure.Column < 1 {
				t.Errorf("exit %d, %+v", code, failure)
			}
			if c.suggestion != "" && failure.Suggestion != c.suggestion {
				t.Errorf("suggestion %q, want %q", failure.Suggestion, c.suggestion)
			}
		})
	}
}

// TestValidateCorpus proves that every scenario that comes with the program is
// right, and that the listing and the schema know them.
func TestValidateCorpus(t *testing.T) {
	args := []string{"validate", "--json"}
	for _, f := range scenarios.CorpusFiles() {
		args = append(args, filepath.Join("..", "..", "scenarios", f))
	}
	out, errOut, code := call(t, args...)
	v := decode[validation](t, out)
	if code != exitHeld || v.Verdict != "pass" || len(v.Files) < 17 {
		t.Fatalf("exit %d, %s, %d files\n%s\n%s", code, v.Verdict, len(v.Files), errOut, out)
	}
	out, _, code = call(t, "list", "--json")
	l := decode[listing](t, out)
	if code != exitHeld || len(l.Scenarios) != len(v.Files) || len(l.Mutants) < 4 || len(l.Points) < 30 || len(l.Tasks) != 6 {
		t.Errorf("list: exit %d, %d scenarios, %d mutants, %d points, %d tasks", code, len(l.Scenarios), len(l.Mutants), len(l.Points), len(l.Tasks))
	}
	out, _, code = call(t, "schema")
	if schema := decode[map[string]any](t, out); code != exitHeld || schema["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("schema: exit %d, %v", code, schema["$schema"])
	}
	out, _, code = call(t, "explain", filepath.Join("..", "..", "scenarios", "first-light.yaml"))
	if code != exitHeld || !strings.Contains(out, "compact-log") || !strings.Contains(out, "task-dies") {
		t.Errorf("explain: exit %d\n%s", code, out)
	}
}
