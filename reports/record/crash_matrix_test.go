package record_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

func matrix() record.CrashMatrix {
	operation := record.Operation{Number: 2, AtMillis: 3, Actor: "engine", Kind: record.OperationDisk, Text: "sync-dir d", Generation: 2}
	return record.CrashMatrix{ToolVersion: "0.1.0", CommandLine: []string{"reconsim", "crashes"}, Verdict: record.Fail, Scenario: record.Scenario{File: "a.yaml", Name: "a"},
		Seed: 1<<64 - 1, Protocol: "generation", Mutants: []string{"no-dir-sync"}, Depth: 2, Policies: []string{"synced", "prefix"},
		Operations: []record.CrashOperation{{Number: 0, Text: "before", Phase: record.StateNone}, {Number: 2, Text: "sync-dir d", Actor: "engine", AtMillis: 3, Phase: record.StateCommitting}},
		Rows:       []record.CrashRow{{Policy: "synced", Depth: 1, Outcomes: "Ob"}, {Policy: "prefix", Depth: 2, Outcomes: ".M"}},
		Cells:      record.CrashCells{Old: 1, New: 1, Mixed: 1}, Depths: []record.CrashDepth{{Depth: 1, Images: 5, Distinct: 3, Checked: 3, Seconds: 0.5}},
		States: 3, StatesPerSecond: 6, Seconds: 0.5, CPUSeconds: 0.9, Complete: false, Incomplete: "stopped",
		Bad: []record.BadCell{{Operation: 2, Policy: "prefix 3", Outcome: record.OutcomeMixed, Second: &record.SecondCrash{Operation: 1, Text: "remove x", Policy: "all"},
			Signature: "s", Message: "mixed", Lost: []record.LostOperation{{Number: 2, Text: "sync-dir d", Torn: true}}, LostOmitted: 2,
			Pair: &record.CrashPair{Lost: operation, Survived: operation, Explanation: "because"}, Replay: "reconsim crashes x", Fresh: true}},
		BadOmitted: 4, Repeat: "reconsim crashes", Error: &record.Failure{Kind: record.KindEnvironment, Message: "x"}}
}

func TestCrashMatrixSurvivesTheDisk(t *testing.T) {
	dir := t.TempDir()
	want := matrix()
	require.NoError(t, record.WriteCrashMatrix(dir, want))
	got, err := record.ReadCrashMatrix(dir)
	require.NoError(t, err)
	want.SchemaVersion, want.Dir = record.SchemaVersion, dir
	assert.Equal(t, want, got)
	require.NoError(t, compile(t, record.CrashMatrixSchema()).Validate(instance(t, got)))
	got.Bad[0].Outcome = "odd"
	assert.Error(t, compile(t, record.CrashMatrixSchema()).Validate(instance(t, got)), "the schema bites")
}

func TestCrashMatrixCheck(t *testing.T) {
	for want, spoil := range map[string]func(*record.CrashMatrix){
		"1 outcomes for 2 operations":    func(m *record.CrashMatrix) { m.Rows[0].Outcomes = "O" },
		"operation 0 stands after":       func(m *record.CrashMatrix) { m.Operations[1].Number = 0 },
		"'X' at operation 2, which stan": func(m *record.CrashMatrix) { m.Rows[1].Outcomes = ".X" },
	} {
		m := matrix()
		spoil(&m)
		assert.ErrorContains(t, m.Check(), want)
		dir := t.TempDir()
		require.NoError(t, record.WriteCrashMatrix(dir, m))
		_, err := record.ReadCrashMatrix(dir)
		assert.ErrorContains(t, err, want, "a record that does not fit is refused")
	}
}

func TestCrashRow(t *testing.T) {
	b := record.BuildCrashRow("prefix", 1, 5)
	b.Add(0, record.OutcomeOld, true)
	b.Add(1, record.OutcomeOld, false)
	b.Add(1, record.OutcomeNew, false) // some of one kind, some of the other
	b.Add(2, record.OutcomeLost, false)
	b.Add(2, record.OutcomeOld, true) // the worst stays, and that one was checked
	b.Add(3, record.OutcomeNew, true)
	b.Add(3, record.OutcomeWontOpen, true)
	b.Add(9, record.OutcomeOld, true)
	b.Add(4, "odd", true)
	row := b.Row()
	assert.Equal(t, record.CrashRow{Policy: "prefix", Depth: 1, Outcomes: "ObLW."}, row)
	assert.Equal(t, record.Cell{Outcome: record.OutcomeEither}, row.Cell(1))
	assert.Equal(t, record.Cell{Outcome: record.OutcomeWontOpen, Checked: true}, row.Cell(3))
	assert.Equal(t, record.Cell{}, row.Cell(4))
	assert.Equal(t, record.Cell{}, row.Cell(-1))
	assert.Equal(t, "prefix", record.PolicyFamily("prefix 3"))
}

func TestOutcomesHaveAnOrder(t *testing.T) {
	outcomes := record.CrashOutcomes()
	for i, a := range outcomes {
		assert.Equal(t, a != record.OutcomeOld && a != record.OutcomeNew && a != record.OutcomeEither, a.Bad(), string(a))
		for k, b := range outcomes {
			want := outcomes[max(i, k)]
			if min(i, k) == 0 && max(i, k) == 1 {
				want = record.OutcomeEither
			}
			assert.Equal(t, want, a.Worse(b), "%s and %s", a, b)
		}
	}
	var cells record.CrashCells
	for _, o := range outcomes {
		cells.Add(o)
		if o != record.OutcomeEither {
			assert.EqualValues(t, 1, cells.Of(o))
		}
	}
	assert.EqualValues(t, 4, cells.Bad())
	assert.Zero(t, cells.Of(record.OutcomeEither), "no state is either")
}

func TestDocumentCrashes(t *testing.T) {
	doc := record.DocumentCrashes(matrix())
	text := string(jsonOf(t, doc))
	for _, field := range []string{`"operations":2`, `"policies":["synced","prefix"]`, `"depth":2`, `"states":3`, `"statesPerSecond":6`, `"complete":false`,
		`"cells":{"old":1,"new":1,"empty":0,"mixed":1,"lost":0,"wontOpen":0}`, `"bad":[{"operation":2,"policy":"prefix 3","outcome":"mixed"`} {
		assert.Contains(t, text, field)
	}
	assert.NotContains(t, strings.ReplaceAll(string(jsonOf(t, record.DocumentCrashes(record.CrashMatrix{}))), `"error":null`, ""), "null")
}
