package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reconsim/reports/record"
)

const smooth = "scenarios/swap/smooth.yaml"

// TestCrashesOfSmooth is the tutorial: every crash of a clean rebuild is the old
// or the new generation, and the run directory shows the matrix.
func TestCrashesOfSmooth(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "crashes")
	out, errOut, code := call(t, "crashes", smooth, "--seed", "1", "--policy", "synced,all", "--json", "--out", dir)
	if code != exitHeld {
		t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
	}
	d := decode[record.CrashDocument](t, out)
	if d.Verdict != record.Pass || !d.Complete || d.Operations < 100 || d.Depth != 1 || d.Cells.Bad() != 0 || d.Cells.New == 0 ||
		d.States != d.Cells.Old+d.Cells.New || strings.Join(d.Policies, ",") != "synced,all" || d.RunDir != dir || len(d.Bad) != 0 {
		t.Errorf("document: %+v", d)
	}
	for _, name := range []string{record.CrashesFile, "crashes.html", "summary.md", "junit.xml"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCrashesTellsTheCulprit: a planted mistake makes bad cells. Each kind was
// shown in a fresh process; its command shows it again, as a story.
func TestCrashesTellsTheCulprit(t *testing.T) {
	t.Setenv(actAsProgram, "1")
	dir := filepath.Join(t.TempDir(), "crashes")
	out, errOut, code := call(t, "crashes", smooth, "--seed", "1", "--policy", "synced", "--mutant", "pointer-before-sql", "--out", dir)
	if code != exitViolated || !strings.Contains(out, "wontOpen") || !strings.Contains(out, "was not durable when operation") {
		t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
	}
	m, err := record.ReadCrashMatrix(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Verdict != record.Fail || len(m.Bad) == 0 || m.Bad[0].Pair == nil || !m.Bad[0].Fresh {
		t.Fatalf("%s, %d bad: %+v", m.Verdict, len(m.Bad), m.Bad)
	}
	b := m.Bad[0]
	args := strings.Fields(b.Replay)[1:]
	out, errOut, code = call(t, append(args, "--json")...)
	if code != exitViolated {
		t.Fatalf("%s: exit %d\n%s\n%s", b.Replay, code, errOut, out)
	}
	d := decode[crashCellDocument](t, out)
	if d.Outcome != b.Outcome || d.Pair == nil || d.Pair.Explanation != b.Pair.Explanation || len(d.Crashes) != 1 || d.Replay != b.Replay {
		t.Errorf("%+v", d)
	}
	out, _, code = call(t, args...)
	for _, want := range []string{"The machine crashes after operation", "lost", "The engine is restarted. WON'T-OPEN", "The pair: operation"} {
		if code != exitViolated || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q:\n%s", code, want, out)
		}
	}
}

// TestCrashesTwice tells a cell of depth 2.
func TestCrashesTwice(t *testing.T) {
	out, errOut, code := call(t, "crashes", smooth, "--seed", "1", "--at", "400", "--policy", "prefix 1", "--then", "3:all", "--json")
	if code != exitHeld {
		t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
	}
	d := decode[crashCellDocument](t, out)
	if d.Verdict != record.Pass || d.Outcome != record.OutcomeOld || len(d.Crashes) != 2 || d.Then != "3:all" {
		t.Errorf("%+v", d)
	}
}

func TestCrashesRefuses(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing.yaml")
	text := "name: nothing\nabout: A bootstrap fails.\nproves: [exact]\nworld: {oms: 1, keys: 10, deltasPerSecond: 10, seed: 1}\n" +
		"config: {ozone.recon.om.snapshot.task.initial.delay: 1h}\nreaders: {count: 1, thinkTime: 20ms}\n" +
		"timeline:\n  - do: wait\n    for: 10ms\nexpect: {converge: 10ms}\n"
	if err := os.WriteFile(nothing, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{smooth, "--depth", "3"}, "--depth"},
		{[]string{smooth, "--judges", "0"}, "--judges"},
		{[]string{smooth, "--policy", "sync"}, "crash policy"},
		{[]string{smooth, "--then", "3:all"}, "--then"},
		{[]string{smooth, "--at", "400", "--policy", "synced,all"}, "one policy"},
		{[]string{smooth, "--at", "400", "--policy", "prefix"}, "no such crash"},
		{[]string{smooth, "--at", "400", "--policy", "prefix 4000"}, "no such crash"},
		{[]string{smooth, "--at", "99999", "--policy", "all"}, "no such crash"},
		{[]string{smooth, "--at", "400", "--policy", "all", "--then", "all"}, "--then"},
		{[]string{smooth, "--mutant", "nobody"}, "planted mistake"},
		{[]string{"no-such-file.yaml"}, "no-such-file"},
		{[]string{nothing}, "no rebuild was committed"},
	} {
		out, errOut, code := call(t, append(append([]string{"crashes"}, c.args...), "--json", "--out", filepath.Join(t.TempDir(), "x"))...)
		if code != exitUsage {
			t.Errorf("%v: exit %d\n%s", c.args, code, errOut)
			continue
		}
		var d record.ErrorDocument
		if err := json.Unmarshal([]byte(out), &d); err != nil || !strings.Contains(d.Error.Message, c.want) {
			t.Errorf("%v: %q, want %q (%v)", c.args, d.Error.Message, c.want, err)
		}
	}
}

// TestSelftestCrashes: the mistakes that only a crash shows are seen by the
// matrix.
func TestSelftestCrashes(t *testing.T) {
	out, errOut, code := call(t, "selftest", "skip-table-sync", "skip-pointer-sync", "--json", "--seed", "1")
	if code != exitHeld {
		t.Fatalf("exit %d\n%s\n%s", code, errOut, out)
	}
	d := decode[selftestResult](t, out)
	if d.Killed != 2 || len(d.Survived) != 0 || d.Results[0].Executions < 100 {
		t.Errorf("%+v", d)
	}
}

// TestCrashesRefusesCrashes: a story that crashes Recon itself is refused, as there
// is no run of it to crash.
func TestCrashesRefusesCrashes(t *testing.T) {
	_, said, code := call(t, "crashes", "scenarios/process/kill-staging.yaml", "--out", filepath.Join(t.TempDir(), "crashes"))
	if code != exitUsage || !strings.Contains(said, "cuts Recon's power itself") {
		t.Errorf("exit %d: %s", code, said)
	}
}
