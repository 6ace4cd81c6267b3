package record_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

func why() record.Why {
	steps := []record.Operation{
		{Number: 3, AtMillis: 7, Actor: "engine", Kind: record.OperationDisk, Text: "rename a to b", Generation: 2},
		{Number: 4, AtMillis: 7, Actor: "engine", Kind: record.OperationPublish, Text: "publish 2", Generation: 2},
		{Number: 9, AtMillis: 7, Actor: "r1", Kind: record.OperationAnswer, Text: "GET /", Generation: 1},
	}
	return record.Why{Violation: 0, Reader: "r1", FromMillis: 6.9, ToMillis: 7.2, First: steps[0], Second: steps[2], Steps: steps,
		Parts:       []record.AnswerPart{{Generation: 1, Text: "keys"}, {Generation: 2, Text: "sizes"}},
		Answers:     []record.Answer{{SentMillis: 6.5, AtMillis: 7, Generation: 1, Request: "GET /", Bad: true}},
		Explanation: "It was read between.", ScenarioFile: "shrunk.yaml", TraceFile: "trace.txt",
		Replay: record.Replay{Command: "reconsim replay x", Fresh: true, SameTrace: true, TraceHash: "00ff", FirstDifference: ""}}
}

func TestWhyCheck(t *testing.T) {
	require.NoError(t, why().Check(1))
	for want, spoil := range map[string]func(*record.Why){
		"violation 1 is explained, of 1":               func(w *record.Why) { w.Violation = 1 },
		"violation -1 is explained":                    func(w *record.Why) { w.Violation = -1 },
		"the window ends":                              func(w *record.Why) { w.ToMillis = 6 },
		"there is no explanation":                      func(w *record.Why) { w.Explanation = "" },
		"no command to replay":                         func(w *record.Why) { w.Replay.Command = "" },
		"the same and to differ at operation 3":        func(w *record.Why) { w.Replay.FirstDifference = "operation 3" },
		"41 steps are more than 40":                    func(w *record.Why) { w.Steps = make([]record.Operation, 41) },
		"401 answers are more than 400":                func(w *record.Why) { w.Answers = make([]record.Answer, 401) },
		"out of order: operation 9 before 3":           func(w *record.Why) { w.First, w.Second = w.Second, w.First },
		"of no known kind: \"guess\"":                  func(w *record.Why) { w.Steps[1].Kind = "guess" },
		"operation 4 has no text":                      func(w *record.Why) { w.Steps[1].Text = "" },
		"the steps are not in order":                   func(w *record.Why) { w.Steps[0], w.Steps[1] = w.Steps[1], w.Steps[0] },
		"operation 9 of the pair is not among the ste": func(w *record.Why) { w.Steps = w.Steps[:2] },
		"the answers are not in order":                 func(w *record.Why) { w.Answers = append(w.Answers, record.Answer{AtMillis: 1}) },
	} {
		w := why()
		w.Steps = append([]record.Operation{}, w.Steps...)
		spoil(&w)
		assert.ErrorContains(t, w.Check(1), want)
	}
}

// TestWhyOf: an explanation of a violation is its own or one of its kind.
func TestWhyOf(t *testing.T) {
	mixed := record.Violation{Property: "one-generation", Signature: "s"}
	run := record.Run{Violations: []record.Violation{mixed, mixed, {Property: "no-leak", Signature: "s"}, {Property: "one-generation"}, {Property: "one-generation"}},
		Why: []record.Why{{Violation: 0}, {Violation: 3}, {Violation: 7}}}
	for violation, want := range []int{0, 0, -1, 1, -1} {
		at, explained := run.WhyOf(violation)
		assert.Equal(t, want >= 0, explained, "violation %d", violation)
		if explained {
			assert.Equal(t, want, at, "violation %d", violation)
		}
	}
	for _, outside := range []int{-1, 5} {
		_, explained := run.WhyOf(outside)
		assert.False(t, explained)
	}
	assert.Equal(t, "why-1.html", record.WhyPage(0))
	assert.Equal(t, "why-1.html", record.Document([]record.Run{run}).Scenarios[0].Violations[1].Why)
}
