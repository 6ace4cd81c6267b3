package record_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

var update = flag.Bool("update", false, "write the golden files and schemas anew")

// golden compares with a file of the package, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "%s differs: look, then run the test with -update", path)
}

// sample is a run with every field set.
func sample() record.Run {
	return record.Run{
		ToolVersion: "0.1.0", CommandLine: []string{"reconsim", "run", "a.yaml"}, Tier: "sim", Seed: 1<<64 - 1,
		StartedAt: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC), Clock: record.ClockVirtual,
		DurationMillis: 2000.5, Seconds: 0.25, CPUSeconds: 0.5, PeakRSSBytes: 64 << 20,
		Machine:  record.Machine{Cores: 2, GoVersion: "go1.26.8", Platform: "linux/amd64"},
		Scenario: record.Scenario{File: "a.yaml", Name: "a", About: "A story.", Proves: []string{"REQ-S8"}},
		Config:   []record.Setting{{Key: "ozone.recon.staging.enabled", Value: "true", Source: "default"}},
		Verdict:  record.Fail, Repeat: "reconsim run --seed 1 a.yaml", TraceHash: "00ff",
		Counts: record.Counts{Reads: 3, ByEndpoint: []record.Count{{Name: "/api/v1/clusterState", Reads: 3}},
			ByState: []record.Count{{Name: record.StateNone, Reads: 3}}, SpanningPublish: 1},
		Properties: []record.Property{{Name: "one-generation", Checked: 3, Violations: 1}},
		Faults:     []record.Fault{{ID: "F1", Point: "recon/task/rows", Rule: "error once", Armed: 1, Fired: 1, Optional: true, Line: 4}},
		Generations: []record.Generation{{ID: 1, Lineage: "ozone1/om1/1#7", Trigger: "bootstrap", BaseSeq: 7, AppliedSeq: 9,
			Outcome: record.Committed, Cause: "none", StartedAtMillis: 1, PublishedAtMillis: record.Millis(5),
			SupersededAtMillis: record.Millis(9), RetiredAtMillis: record.Millis(10),
			States:   []record.StateChange{{State: record.StateInitializing, AtMillis: 1, Cause: "bootstrap"}},
			TaskRows: []record.TaskRows{{Task: "NSSummaryTask", Rows: 12}}}},
		Violations: []record.Violation{{Property: "one-generation", Signature: "one-generation r1 1+2", Message: "mixed",
			Replay: "reconsim replay x", Reader: "r1", AtMillis: 7, Generation: 1, Request: "GET /", Got: "3", Want: "4"}},
		ViolationsOmitted: 2,
		Why:               []record.Why{why()},
		Latency: record.Latency{
			Overall: []record.PhaseLatency{{Phase: record.Rest, Reads: 3, P50Micros: 10, P99Micros: 20, MaxMicros: 30}},
			ByEndpoint: []record.EndpointLatency{{Endpoint: "/api/v1/clusterState",
				Phases: []record.PhaseLatency{{Phase: record.Rest, Reads: 3, P50Micros: 10, P99Micros: 20, MaxMicros: 30}}}}},
		Expectations: []record.Expectation{{Text: "generation = 1", OK: true, Got: "1", Line: 9}},
		Thresholds:   []record.Threshold{{Expr: "rest.p99Micros < 50", OK: true, Value: "20 µs", Line: 10}},
		Error:        &record.Failure{Kind: record.KindEnvironment, Message: "disk full", File: "f", Line: 1, Column: 2, Suggestion: "free some"},
	}
}

func TestRunSurvivesTheDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "the", "way")
	want := sample()
	require.NoError(t, record.WriteRun(dir, want))
	got, err := record.ReadRun(dir)
	require.NoError(t, err)
	want.SchemaVersion, want.Dir = record.SchemaVersion, dir
	assert.Equal(t, want, got)

	// A second record replaces the first and leaves nothing beside it.
	require.NoError(t, record.WriteRun(dir, record.Run{Tier: "local"}))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	data, err := os.ReadFile(filepath.Join(dir, record.RunFile))
	require.NoError(t, err)
	assert.NotContains(t, string(data), "null", "lists are lists, also when empty")
}

func TestWriteRunLeavesTheCallersListsAlone(t *testing.T) {
	run := record.Run{Generations: []record.Generation{{ID: 1}}}
	require.NoError(t, record.WriteRun(t.TempDir(), run))
	assert.Nil(t, run.Generations[0].States)
}

func TestReadRunRefuses(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"empty":         {"", "not JSON"},
		"cut short":     {`{"schemaVersion": 1, "tier": "si`, "not JSON"},
		"no version":    {`{}`, "schemaVersion is 0"},
		"later version": {`{"schemaVersion": 2, "toolVersion": "9.9"}`, "use the reconsim that wrote it (9.9)"},
		"wrong type":    {`{"schemaVersion": 1, "seed": "x"}`, "seed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, record.RunFile), []byte(c.content), 0o644))
			_, err := record.ReadRun(dir)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, dir, "the error says where")
		})
	}
	_, err := record.ReadRun(t.TempDir())
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestDecodeRunPassesOverNewFields(t *testing.T) {
	run, err := record.DecodeRun([]byte(`{"schemaVersion": 1, "tier": "sim", "colour": "blue"}`))
	require.NoError(t, err)
	assert.Equal(t, "sim", run.Tier)
}

func TestFailureSaysWhere(t *testing.T) {
	for want, f := range map[string]record.Failure{
		"a.yaml:3:1: no such point (list them)": {File: "a.yaml", Line: 3, Message: "no such point", Suggestion: "list them"},
		"a.yaml: unreadable":                    {File: "a.yaml", Message: "unreadable"},
		"port taken":                            {Message: "port taken"},
	} {
		assert.Equal(t, want, f.Error())
	}
}

func TestVacuousFault(t *testing.T) {
	assert.True(t, record.Fault{Armed: 1}.Vacuous())
	assert.True(t, record.Fault{}.Vacuous(), "a rule that was never armed shows nothing either")
	assert.False(t, record.Fault{Armed: 1, Optional: true}.Vacuous())
	assert.False(t, record.Fault{Armed: 1, Fired: 1}.Vacuous())
}

func TestDocument(t *testing.T) {
	failed, passed := sample(), record.Run{Verdict: record.Pass, Tier: "sim", Seed: 3, Seconds: 1, Dir: "runs/2"}
	failed.Dir = "runs/1"
	data, err := json.MarshalIndent(record.Document([]record.Run{failed, passed}), "", "  ")
	require.NoError(t, err)
	golden(t, "testdata/document.json", append(data, '\n'))

	assert.Equal(t, record.Pass, record.Document([]record.Run{passed}).Verdict)
	assert.Equal(t, record.Fail, record.Document(nil).Verdict, "nothing run is nothing shown")

	data, err = json.Marshal(record.ErrorDocument{Error: record.Failure{Kind: record.KindUsage, Message: "no file"}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"error": {"kind": "usage", "message": "no file"}}`, string(data))
}

func TestEventsAreAppended(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	want := []record.Event{
		{AtMillis: 0, Kind: record.KindOM, Action: record.OMLeader, Node: "om1"},
		{AtMillis: 1.5, Kind: record.KindState, Generation: 1, State: record.StateProcessing},
		{AtMillis: 100, Kind: record.KindReadSample, Generation: 1, SpanMillis: 100, Reads: 40, Failed: 1},
	}
	for i, events := range [][]record.Event{want[:2], want[2:]} { // a restarted process appends
		w, err := record.OpenEvents(dir)
		require.NoError(t, err)
		for _, event := range events {
			require.NoError(t, w.Append(event))
		}
		require.NoError(t, w.Flush())
		require.Len(t, readEvents(t, dir), []int{2, 3}[i], "flushed events are on disk")
		require.NoError(t, w.Close())
		require.ErrorIs(t, w.Close(), os.ErrClosed)
		require.ErrorIs(t, w.Append(want[0]), os.ErrClosed)
	}
	assert.Equal(t, want, readEvents(t, dir))
}

func TestAppendRefusesALineThatCannotBeReadBack(t *testing.T) {
	w, err := record.OpenEvents(t.TempDir())
	require.NoError(t, err)
	require.ErrorContains(t, w.Append(record.Event{Kind: record.KindLog, Message: strings.Repeat("x", record.MaxEventBytes)}), "shorten")
	require.NoError(t, w.Append(record.Event{Kind: record.KindLog}), "one bad event spoils no other")
	require.NoError(t, w.Close())
}

func readEvents(t *testing.T, dir string) []record.Event {
	t.Helper()
	var events []record.Event
	require.NoError(t, record.ReadEvents(dir, func(e record.Event) error { events = append(events, e); return nil }))
	return events
}

func TestDecodeEvents(t *testing.T) {
	stop := errors.New("enough")
	for name, c := range map[string]struct {
		content string
		events  int
		want    string
		is      error
	}{
		"none":              {content: ""},
		"blank lines":       {content: "\n{\"kind\":\"log\"}\n\n", events: 1},
		"no last newline":   {content: `{"kind":"log"}`, events: 1},
		"cut short":         {content: "{\"kind\":\"log\"}\n{\"ki", events: 1, is: record.ErrTruncated},
		"broken in between": {content: "{\"ki\n{\"kind\":\"log\"}\n", want: "line 1"},
		"no kind":           {content: "{\"kind\":\"log\"}\n{}\n", events: 1, want: "line 2: an event without a kind"},
		"endless line":      {content: strings.Repeat(" ", record.MaxEventBytes+1), want: "line 1 is longer"},
		"caller's error":    {content: "{\"kind\":\"fault\"}\n", is: stop},
	} {
		t.Run(name, func(t *testing.T) {
			events := 0
			err := record.DecodeEvents(strings.NewReader(c.content), func(e record.Event) error {
				if e.Kind == record.KindFault {
					return stop
				}
				events++
				return nil
			})
			assert.Equal(t, c.events, events)
			switch {
			case c.is != nil:
				require.ErrorIs(t, err, c.is)
			case c.want != "":
				require.ErrorContains(t, err, c.want)
			default:
				require.NoError(t, err)
			}
		})
	}
	require.ErrorIs(t, record.ReadEvents(t.TempDir(), nil), fs.ErrNotExist)
}

func FuzzDecodeRun(f *testing.F) {
	data, err := json.Marshal(sample())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"schemaVersion":1}`))
	f.Add([]byte(`{"schemaVersion":1,"generations":[{"states":null}],"error":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		run, err := record.DecodeRun(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(run)
		require.NoError(t, err)
		back, err := record.DecodeRun(again)
		require.NoError(t, err)
		twice, err := json.Marshal(back)
		require.NoError(t, err)
		assert.Equal(t, string(again), string(twice))
	})
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add([]byte("{\"kind\":\"om\",\"atMillis\":1e3}\n{\"kind\":\"log\""))
	f.Add([]byte("\n\n{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		events := 0
		_ = record.DecodeEvents(bytes.NewReader(data), func(e record.Event) error {
			require.NotEmpty(t, e.Kind)
			events++
			return nil
		})
		assert.LessOrEqual(t, events, bytes.Count(data, []byte("\n"))+1)
	})
}
