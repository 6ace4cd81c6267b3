package record

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Why answers, for one kind of violation, why the reader saw what it saw. A
// run has one for each signature, about the first violation that has it.
type Why struct {
	// Violation is the index, from 0, into Run.Violations.
	Violation int `json:"violation"`
	// Reader names the reader that got the answer.
	Reader string `json:"reader"`
	// FromMillis and ToMillis bound the window that matters. It may be as
	// short as the machine's clock can tell apart.
	FromMillis float64 `json:"fromMillis"`
	ToMillis   float64 `json:"toMillis"`
	// Parts says which parts of the answer came from which generation, older
	// generation first: two entries for a mixed answer, one for a wrong one.
	Parts []AnswerPart `json:"parts"`
	// First and Second are the pair: the two operations that, in this order,
	// let two generations be seen together.
	First  Operation `json:"first"`
	Second Operation `json:"second"`
	// Explanation answers the question in one sentence.
	Explanation string `json:"explanation"`
	// Steps are the operations around the pair, in order and with the pair
	// among them, up to MaxWhySteps.
	Steps []Operation `json:"steps"`
	// Answers are the reader's answers within the window, in order and with
	// the bad one among them, up to MaxWhyAnswers.
	Answers []Answer `json:"answers"`
	// ScenarioFile and TraceFile are the files that reproduce it, relative to
	// the run directory where they lie in it; empty where there is none.
	ScenarioFile string `json:"scenarioFile,omitempty"`
	TraceFile    string `json:"traceFile,omitempty"`
	// Replay says whether the failure was repeated before it was reported.
	Replay Replay `json:"replay"`
}

// The bounds of a Why's lists.
const (
	MaxWhySteps   = 40
	MaxWhyAnswers = 400
)

// WhyPage is the name, in the run directory, of the page about Run.Why at an
// index from 0.
func WhyPage(index int) string { return fmt.Sprintf("why-%d.html", index+1) }

// AnswerPart is a part of an answer and the generation that it came from.
type AnswerPart struct {
	Generation uint64 `json:"generation"`
	// Text says which part, as `numTotalKey and keys[0..3]`.
	Text string `json:"text"`
}

// OperationKind says what sort of thing an Operation is.
type OperationKind string

// The kinds of operations.
const (
	// OperationPoint is an actor going on at a named point.
	OperationPoint OperationKind = "point"
	// OperationDisk changed the disk.
	OperationDisk OperationKind = "disk"
	// OperationPublish let readers see a generation.
	OperationPublish OperationKind = "publish"
	// OperationAnswer gave a reader an answer, or a part of one.
	OperationAnswer OperationKind = "answer"
	// OperationCrash ended the process, or started it again.
	OperationCrash OperationKind = "crash"
)

// OperationKinds lists every kind.
func OperationKinds() []OperationKind {
	return []OperationKind{OperationPoint, OperationDisk, OperationPublish, OperationAnswer, OperationCrash}
}

// Operation is one entry of a trace.
type Operation struct {
	// Number is its place in the trace, or on the disk where the trace is the
	// disk's, counted from 1.
	Number int64 `json:"number"`
	// AtMillis is when; many operations may share one instant of virtual time.
	AtMillis float64 `json:"atMillis"`
	// Actor did it.
	Actor string        `json:"actor"`
	Kind  OperationKind `json:"kind" jsonschema:"enum=point,enum=disk,enum=publish,enum=answer,enum=crash"`
	// Text is the operation as the trace prints it.
	Text string `json:"text"`
	// Generation is the generation that it was about, 0 if none.
	Generation uint64 `json:"generation,omitempty"`
}

// Answer is one answer that a reader got.
type Answer struct {
	// SentMillis is when the request was sent, AtMillis when the answer came.
	SentMillis float64 `json:"sentMillis"`
	AtMillis   float64 `json:"atMillis"`
	// Generation is the generation that the answer claimed, 0 if none.
	Generation uint64 `json:"generation,omitempty"`
	// Request is the request line.
	Request string `json:"request,omitempty"`
	// Bad marks the answer that broke the property.
	Bad bool `json:"bad,omitempty"`
}

// Replay is how a failure was repeated.
type Replay struct {
	// Command is ready to paste.
	Command string `json:"command"`
	// Fresh says that it was repeated in a process of its own before it was
	// reported, and that it failed again with the same signature.
	Fresh bool `json:"fresh"`
	// SameTrace says that the repetition took the same course.
	SameTrace bool `json:"sameTrace"`
	// TraceHash is that of the repetition.
	TraceHash string `json:"traceHash,omitempty"`
	// FirstDifference is the first operation that differed, empty if none did.
	FirstDifference string `json:"firstDifference,omitempty"`
}

// WhyOf returns the index into Why of the explanation of a violation given by
// its index, by its signature if there is none of its own, and false if it was
// not explained.
func (r *Run) WhyOf(violation int) (int, bool) {
	if violation < 0 || violation >= len(r.Violations) {
		return 0, false
	}
	of := func(matches func(explained int) bool) int {
		return slices.IndexFunc(r.Why, func(w Why) bool {
			return w.Violation >= 0 && w.Violation < len(r.Violations) && matches(w.Violation)
		})
	}
	if i := of(func(explained int) bool { return explained == violation }); i >= 0 {
		return i, true
	}
	wanted := r.Violations[violation]
	i := of(func(explained int) bool {
		v := r.Violations[explained]
		return v.Signature != "" && v.Signature == wanted.Signature && v.Property == wanted.Property
	})
	return max(i, 0), i >= 0
}

// Check says what is wrong with an explanation of one of so many violations:
// all of it at once, nil if nothing is. Writers call it before they report.
func (w Why) Check(violations int) error {
	var wrong []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	add(w.Violation < 0 || w.Violation >= violations, "violation %d is explained, of %d", w.Violation, violations)
	add(!(w.FromMillis <= w.ToMillis), "the window ends at %v ms, before it begins at %v ms", w.ToMillis, w.FromMillis)
	add(w.Explanation == "", "there is no explanation")
	add(w.Replay.Command == "", "there is no command to replay it")
	add(w.Replay.SameTrace && w.Replay.FirstDifference != "", "the traces are said to be the same and to differ at %s", w.Replay.FirstDifference)
	add(len(w.Steps) > MaxWhySteps, "%d steps are more than %d", len(w.Steps), MaxWhySteps)
	add(len(w.Answers) > MaxWhyAnswers, "%d answers are more than %d", len(w.Answers), MaxWhyAnswers)
	add(w.First.Number >= w.Second.Number, "the pair is out of order: operation %d before %d", w.First.Number, w.Second.Number)
	known := OperationKinds()
	pair := []Operation{w.First, w.Second}
	for _, o := range slices.Concat(pair, w.Steps) {
		add(!slices.Contains(known, o.Kind), "operation %d is of no known kind: %q", o.Number, o.Kind)
		add(o.Text == "", "operation %d has no text", o.Number)
	}
	byNumber := func(a, b Operation) int { return cmp.Compare(a.Number, b.Number) }
	add(!slices.IsSortedFunc(w.Steps, byNumber), "the steps are not in order")
	for _, o := range pair {
		add(!slices.ContainsFunc(w.Steps, func(s Operation) bool { return s.Number == o.Number }), "operation %d of the pair is not among the steps", o.Number)
	}
	add(!slices.IsSortedFunc(w.Answers, func(a, b Answer) int { return cmp.Compare(a.AtMillis, b.AtMillis) }), "the answers are not in order")
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("why of violation %d: %w", w.Violation, errors.Join(wrong...))
}
