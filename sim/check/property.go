package check

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Property is the name of something that must always hold.
type Property string

// The properties. The first nine are judged here from observations, the next
// two here from what the world reports; the others are judged elsewhere and
// only counted here, see [Checker.Tally].
const (
	OneGeneration   Property = "one-generation"
	NeverEmpty      Property = "never-empty"
	Exact           Property = "exact"
	Monotonic       Property = "monotonic"
	NoError         Property = "no-error"
	ReadYourCommit  Property = "read-your-commit"
	Converge        Property = "converge"
	WatermarkHonest Property = "watermark-honest"
	LegalEdges      Property = "legal-edges"
	NoLeak          Property = "no-leak"
	DurableCommit   Property = "durable-commit"
	CrashAtomic     Property = "crash-atomic"
	Untouched       Property = "untouched"
	CancelBounded   Property = "cancel-bounded"
	Isolation       Property = "isolation"
)

// meanings says in a line what each property demands.
var meanings = map[Property]string{
	OneGeneration:   "an answer mixes nothing: no part of it is of another state than the rest",
	NeverEmpty:      "no zero, empty list or missing thing where the OM has something",
	Exact:           "an answer equals the oracle's at the state its label names",
	Monotonic:       "no client is ever shown an older state than it has seen",
	NoError:         "no 5xx, broken connection or cut-off list while data could be served",
	ReadYourCommit:  "after a commit is acknowledged every later answer has it",
	Converge:        "once faults stop, answers reach the OM's state in bounded time",
	WatermarkHonest: "a label names the state that the answer shows, and is not older than allowed",
	LegalEdges:      "staging goes from state to state only along legal edges",
	NoLeak:          "directories, handles, pins, actors and disk stay within their bounds",
	DurableCommit:   "a commit that was acknowledged survives a crash",
	CrashAtomic:     "after any crash the old or the new generation is served, whole",
	Untouched:       "data that does not come from the OM survives a swap",
	CancelBounded:   "a cancelled rebuild ends in bounded time",
	Isolation:       "readers are not slowed down by a rebuild beyond the bound",
}

// Properties lists all properties, sorted by name.
func Properties() []Property {
	all := make([]Property, 0, len(meanings))
	for p := range meanings {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

// Meaning says in a line what the property demands; empty for an unknown name.
func (p Property) Meaning() string { return meanings[p] }

// Violation is one time that a property did not hold.
type Violation struct {
	Property Property `json:"property"`
	// Signature is the same for violations that are likely one fault: property,
	// reader, and the pair of generations (answered, current).
	Signature string `json:"signature"`
	Reader    string `json:"reader,omitempty"`
	Session   string `json:"session,omitempty"`
	Request   string `json:"request,omitempty"`
	Phase     string `json:"phase,omitempty"`
	// SpannedPublish says that a generation was published before the answer.
	SpannedPublish bool      `json:"spannedPublish,omitempty"`
	SentAt         time.Time `json:"sentAt"`
	DoneAt         time.Time `json:"doneAt"`
	// Generation and Index are what the answer's label says; Index is −1
	// without one.
	Generation string `json:"generation,omitempty"`
	Index      int64  `json:"index"`
	// Detail says what is wrong.
	Detail string `json:"detail"`
	// Path is where the first difference lies in the JSON, Want and Got what
	// stood there.
	Path string `json:"path,omitempty"`
	Want string `json:"want,omitempty"`
	Got  string `json:"got,omitempty"`
	// Status and Body are the answer, the body cut at 4 KiB.
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"`
}

// String is the violation in a line.
func (v Violation) String() string {
	s := fmt.Sprintf("%s: %s", v.Property, v.Detail)
	if v.Path != "" {
		s += fmt.Sprintf(" (%s: want %s, got %s)", v.Path, v.Want, v.Got)
	}
	if v.Request != "" {
		s += fmt.Sprintf(" [%s %s]", v.Reader, v.Request)
	}
	return s
}

const (
	keptViolations = 20
	keptSignatures = 1000
	keptBodyBytes  = 4 << 10
)

// Result is what became of a property.
type Result struct {
	Property Property `json:"property"`
	// Checked is how often it was put to the test.
	Checked    int64 `json:"checked"`
	Violations int64 `json:"violations"`
	// Kept are the first violations in full.
	Kept []Violation `json:"kept,omitempty"`
	// Signatures counts violations by signature.
	Signatures []SignatureCount `json:"signatures,omitempty"`
}

// SignatureCount is how often violations of one signature came.
type SignatureCount struct {
	Signature string `json:"signature"`
	Count     int64  `json:"count"`
}

// tally counts one property.
type tally struct {
	checked, violations int64
	kept                []Violation
	signatures          map[string]int64
}

func (t *tally) add(v Violation) {
	t.violations++
	if len(t.kept) < keptViolations {
		t.kept = append(t.kept, v)
	}
	if t.signatures == nil {
		t.signatures = map[string]int64{}
	}
	if _, known := t.signatures[v.Signature]; known || len(t.signatures) < keptSignatures {
		t.signatures[v.Signature]++
	}
}

func (t *tally) result(p Property) Result {
	r := Result{Property: p, Checked: t.checked, Violations: t.violations, Kept: slices.Clone(t.kept)}
	for s, n := range t.signatures {
		r.Signatures = append(r.Signatures, SignatureCount{s, n})
	}
	slices.SortFunc(r.Signatures, func(a, b SignatureCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Signature, b.Signature))
	})
	return r
}
