package reports

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

// firstLight is a made-up record of the story that the scenario first-light
// tells: bootstrap; the log is compacted, a snapshot follows, a task fails and
// is rolled back; a pointer move fails and is quarantined; the third attempt
// commits; another leader forces one more bootstrap; in the end all is equal.
func firstLight() (record.Run, []record.Event) {
	at := record.Millis
	states := func(changes ...any) (list []record.StateChange) {
		for i := 0; i < len(changes); i += 2 {
			list = append(list, record.StateChange{State: changes[i].(string), AtMillis: float64(changes[i+1].(int))})
		}
		return list
	}
	rows := func(scale int64) []record.TaskRows {
		return []record.TaskRows{{Task: "NSSummaryTask", Rows: 181 * scale}, {Task: "ContainerKeyMapperTaskOBS", Rows: 402 * scale},
			{Task: "ContainerKeyMapperTaskFSO", Rows: 611 * scale}, {Task: "FileSizeCountTaskOBS", Rows: 44},
			{Task: "FileSizeCountTaskFSO", Rows: 57}, {Task: "OmTableInsightTask", Rows: 63}}
	}
	run := record.Run{
		SchemaVersion: 1, ToolVersion: "reconsim 0.1.0",
		CommandLine: []string{"reconsim", "run", "--tier", "sim", "--seed", "42", "scenarios/first-light.yaml"},
		Tier:        "sim", Seed: 42, StartedAt: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC),
		Clock: record.ClockVirtual, DurationMillis: 20_000, Seconds: 0.412, CPUSeconds: 0.391, PeakRSSBytes: 87 << 20,
		Machine: record.Machine{Cores: 2, GoVersion: "go1.26.8", Platform: "linux/amd64"},
		Scenario: record.Scenario{File: "scenarios/first-light.yaml", Name: "first-light",
			About:  "Recon bootstraps, loses its place in the OM's log, fails two rebuilds in two different ways, commits the third, and follows the OM to another leader, while readers never stop reading.",
			Proves: []string{"REQ-T1", "REQ-T2", "REQ-T3", "REQ-S2", "REQ-V1", "FP2", "FP9"}},
		Config: []record.Setting{
			{Key: "ozone.recon.staging.enabled", Value: "true", Source: "default"},
			{Key: "ozone.recon.staging.retry.delay.seconds", Value: "2", Source: "scenarios/first-light.yaml:14"},
			{Key: "ozone.recon.task.thread.count", Value: "6", Source: "default"}},
		Verdict: record.Pass, Repeat: "reconsim run --tier sim --seed 42 scenarios/first-light.yaml",
		TraceHash: "9f2c61d07ab4e853",
		Properties: []record.Property{{Name: "one-generation", Checked: 47_812}, {Name: "never-empty", Checked: 47_812},
			{Name: "exact", Checked: 47_812}, {Name: "monotonic", Checked: 47_796}, {Name: "read-your-commit", Checked: 47_812},
			{Name: "no-error", Checked: 47_812}, {Name: "durable-commit", Checked: 3}, {Name: "watermark-honest", Checked: 47_812},
			{Name: "untouched", Checked: 412}, {Name: "legal-edges", Checked: 29}, {Name: "converge", Checked: 1},
			{Name: "no-leak", Checked: 6}, {Name: "cancel-bounded", Checked: 0}},
		Faults: []record.Fault{
			{ID: "summary-breaks", Point: "task/rows", Rule: "NSSummaryTask fails after 600 rows, once", Armed: 1, Fired: 1, Line: 31},
			{ID: "pointer-eio", Point: "pointer/move", Rule: "EIO, once", Armed: 1, Fired: 1, Line: 33},
			{ID: "slow-disk", Point: "disk/sync", Rule: "20 ms, now and then", Armed: 1, Optional: true, Line: 35}},
		Generations: []record.Generation{
			{ID: 1, Lineage: "ozone1/om1/2#118", Trigger: "bootstrap", BaseSeq: 1200, AppliedSeq: 1388, Outcome: record.Committed,
				StartedAtMillis: 200, PublishedAtMillis: at(1552), SupersededAtMillis: at(12_470), RetiredAtMillis: at(13_400),
				States: states("INITIALIZING", 200, "PROCESSING", 430, "READY_TO_COMMIT", 1480, "COMMITTING", 1520, "COMMITTED", 1560, "NONE", 1610), TaskRows: rows(10)},
			{ID: 2, Lineage: "ozone1/om1/2#171", Trigger: "sequence not found", BaseSeq: 1702, Outcome: record.RolledBack,
				Cause: "NSSummaryTask failed: injected", StartedAtMillis: 4300,
				States: states("INITIALIZING", 4300, "PROCESSING", 4620, "ROLLING_BACK", 5380, "NONE", 5560)},
			{ID: 3, Lineage: "ozone1/om1/2#171", Trigger: "retry", BaseSeq: 1702, AppliedSeq: 1791, Outcome: record.Quarantined,
				Cause: "moving the pointer: input/output error", StartedAtMillis: 7560,
				States: states("INITIALIZING", 7560, "PROCESSING", 7700, "READY_TO_COMMIT", 8800, "COMMITTING", 8860, "ROLLING_BACK", 8910, "NONE", 9080), TaskRows: rows(13)},
			{ID: 4, Lineage: "ozone1/om1/2#171", Trigger: "retry", BaseSeq: 1702, AppliedSeq: 2004, Outcome: record.Committed,
				StartedAtMillis: 11_080, PublishedAtMillis: at(12_470), SupersededAtMillis: at(17_030), RetiredAtMillis: at(18_010),
				States: states("INITIALIZING", 11_080, "PROCESSING", 11_240, "READY_TO_COMMIT", 12_370, "COMMITTING", 12_420, "COMMITTED", 12_480, "NONE", 12_540), TaskRows: rows(13)},
			{ID: 5, Lineage: "ozone1/om2/3#240", Trigger: "leader changed", BaseSeq: 2117, AppliedSeq: 2290, Outcome: record.Committed,
				StartedAtMillis: 15_240, PublishedAtMillis: at(17_030),
				States: states("INITIALIZING", 15_240, "PROCESSING", 15_600, "READY_TO_COMMIT", 16_930, "COMMITTING", 16_980, "COMMITTED", 17_040, "NONE", 17_100), TaskRows: rows(15)}},
		Expectations: []record.Expectation{
			{Text: "generation 2 is rolled back because NSSummaryTask failed", OK: true, Got: "rolled-back: NSSummaryTask failed: injected", Line: 40},
			{Text: "the staged generation of a failed switch is kept for analysis", OK: true, Got: "generation 3 quarantined", Line: 41},
			{Text: "at the end Recon equals the OM", OK: true, Got: "7 endpoints equal at seq 2290", Line: 42}},
		Thresholds: []record.Threshold{{Expr: "staging.p99Micros < 3 * rest.p99Micros", OK: true, Value: "1.31 ms against 2.52 ms", Line: 45}},
		Latency: record.Latency{
			Overall: []record.PhaseLatency{
				{Phase: record.Rest, Reads: 24_013, P50Micros: 212, P99Micros: 840, MaxMicros: 2_310},
				{Phase: record.Staging, Reads: 23_587, P50Micros: 264, P99Micros: 1_310, MaxMicros: 6_120},
				{Phase: record.Switch, Reads: 212, P50Micros: 271, P99Micros: 1_420, MaxMicros: 3_900}},
			ByEndpoint: []record.EndpointLatency{
				{Endpoint: "/api/v1/namespace/summary", Phases: []record.PhaseLatency{{Phase: record.Rest, Reads: 8_004, P50Micros: 180, P99Micros: 700, MaxMicros: 1_900}}},
				{Endpoint: "/api/v1/clusterState", Phases: []record.PhaseLatency{{Phase: record.Rest, Reads: 8_010, P50Micros: 240, P99Micros: 900, MaxMicros: 2_310}}}}},
	}
	events := []record.Event{
		{AtMillis: 0, Kind: record.KindOM, Action: record.OMLeader, Node: "om1"},
		{AtMillis: 4000, Kind: record.KindOM, Action: record.OMCompaction, Node: "om1", Seq: 1650},
		{AtMillis: 15_000, Kind: record.KindOM, Action: record.OMLeader, Node: "om2"},
		{AtMillis: 5372, Kind: record.KindFault, Fault: "summary-breaks", Point: "task/rows", Subject: "NSSummaryTask", Message: "error"},
		{AtMillis: 8904, Kind: record.KindFault, Fault: "pointer-eio", Point: "pointer/move", Message: "EIO"},
		{AtMillis: 20_000, Kind: record.KindLog, Level: "INFO", Message: "all equal"},
	}
	return withReads(run, events)
}

// withReads makes up the readers of a run: samples of whoever served, and the
// counts that follow from them.
func withReads(run record.Run, events []record.Event) (record.Run, []record.Event) {
	random := rand.New(rand.NewPCG(run.Seed, 7))
	byState := map[string]int64{}
	for start := 0.0; start < run.DurationMillis; start += record.ReadSampleMillis {
		for _, g := range run.Generations {
			if g.PublishedAtMillis == nil || *g.PublishedAtMillis >= start+record.ReadSampleMillis ||
				g.SupersededAtMillis != nil && *g.SupersededAtMillis+30 < start {
				continue
			}
			from := math.Max(start, *g.PublishedAtMillis)
			to := start + record.ReadSampleMillis
			if g.SupersededAtMillis != nil {
				to = math.Min(to, *g.SupersededAtMillis+30) // pins outlive the switch a little
			}
			reads := int64((to - from) * (2.2 + 0.7*math.Sin(start/2400) + 0.5*random.Float64()))
			if reads <= 0 {
				continue
			}
			events = append(events, record.Event{AtMillis: from, Kind: record.KindReadSample, Generation: g.ID, SpanMillis: to - from, Reads: reads})
			run.Counts.Reads += reads
			byState[stateAt(run, from)] += reads
		}
	}
	for _, state := range []string{"NONE", "INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "COMMITTED", "ROLLING_BACK"} {
		run.Counts.ByState = append(run.Counts.ByState, record.Count{Name: state, Reads: byState[state]})
	}
	third := run.Counts.Reads / 3
	run.Counts.ByEndpoint = []record.Count{{Name: "/api/v1/namespace/summary", Reads: third}, {Name: "/api/v1/clusterState", Reads: third},
		{Name: "/api/v1/containers/{id}/keys", Reads: run.Counts.Reads - 2*third}}
	run.Counts.SpanningPublish = 212
	for i, p := range run.Properties {
		if p.Checked > 40_000 {
			run.Properties[i].Checked = run.Counts.Reads
		}
	}
	return run, events
}

func stateAt(run record.Run, at float64) string {
	state := record.StateNone
	for _, g := range run.Generations {
		for _, s := range g.States {
			if s.AtMillis <= at {
				state = s.State
			}
		}
	}
	return state
}

// lostReaders is a made-up failing run of the protocol that renames: mixed and
// empty answers at the switch, a fault that never fired, expectations missed.
func lostReaders() (record.Run, []record.Event) {
	run, events := firstLight()
	run.Verdict, run.Seed = record.Fail, 1337
	run.Scenario = record.Scenario{File: "scenarios/swap/rename-mixes.yaml", Name: "rename-mixes",
		About: "The protocol that renames two stores one after the other, read across the switch."}
	run.Repeat = "reconsim run --tier sim --seed 1337 scenarios/swap/rename-mixes.yaml"
	run.Properties[0].Violations, run.Properties[1].Violations = 3, 1
	run.Violations = []record.Violation{
		{Property: "one-generation", Signature: "one-generation/summary/1+4", Message: "one answer joins keys of generation 1 with sizes of generation 4",
			Replay: "reconsim replay runs/rename-mixes-1337 --until 12471", Reader: "r3", AtMillis: 12_471, Generation: 4,
			Request: "GET /api/v1/namespace/summary?path=/vol1/bucket1", Got: `{"numTotalKey": 1388, "sizeWithReplica": 9066112}`, Want: `{"numTotalKey": 1702, "sizeWithReplica": 9066112}`},
		{Property: "one-generation", Signature: "one-generation/summary/1+4", Message: "one answer joins keys of generation 1 with sizes of generation 4",
			Replay: "reconsim replay runs/rename-mixes-1337 --until 12473", Reader: "r1", AtMillis: 12_473, Generation: 4},
		{Property: "never-empty", Signature: "never-empty/containers/4", Message: "no container has keys", Reader: "r2", AtMillis: 12_600, Generation: 4,
			Request: "GET /api/v1/containers", Got: `{"totalCount": 0, "containers": []}`, Want: `{"totalCount": 26, …}`, Replay: "reconsim replay runs/rename-mixes-1337 --until 12600"},
		{Property: "one-generation", Signature: "one-generation/summary/4+5", Message: "<script>alert(1)</script> & a | in `the` text", Reader: "r3", AtMillis: 17_033, Generation: 5},
	}
	run.Why = []record.Why{whyMixed(), whyEmpty()}
	run.Faults[2].Optional = false
	run.Expectations[2] = record.Expectation{Text: "at the end Recon equals the OM", Got: "clusterState differs: 1,702 keys against 2,290", Line: 42}
	run.Thresholds[0] = record.Threshold{Expr: "staging.p99Micros < 3 * rest.p99Micros", Value: "9.2 ms against 2.52 ms", Line: 45}
	for i, e := range events {
		if e.Kind == record.KindReadSample && e.AtMillis >= 12_400 && e.AtMillis < 12_900 {
			events[i].Failed = e.Reads / 4
		}
	}
	return run, events
}

// writeRunDir writes a run and its events to a new run directory.
func writeRunDir(t testing.TB, run record.Run, list []record.Event) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, record.WriteRun(dir, run))
	w, err := record.OpenEvents(dir)
	require.NoError(t, err)
	for _, e := range list {
		require.NoError(t, w.Append(e))
	}
	require.NoError(t, w.Close())
	return dir
}
