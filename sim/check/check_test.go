package check

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
	"reconsim/sim/oracle"
)

// world is a small run: node om1 has the sequence number 10·(index − first) at
// each index.
type world struct {
	*testing.T
	oracle      *oracle.Oracle
	checker     *Checker
	first, last int64
	start       time.Time
}

const (
	maxLag       = 5 * time.Second
	transactions = 40
)

func newWorld(t *testing.T) *world {
	base := namespace.New(namespace.Config{Keys: 400, Seed: 3, Volumes: 2, BucketsPerLayout: 1})
	o, err := oracle.New(base)
	require.NoError(t, err)
	w := &world{T: t, oracle: o, first: o.Last(), start: time.Unix(1_800_000_000, 0)}
	workload := namespace.NewWorkload(base, 5)
	for range transactions {
		require.NoError(t, o.Apply(workload.Next()))
	}
	w.last = o.Last()
	w.checker = New(o, Options{MaxLag: maxLag, IndexAt: func(node string, seq uint64) (int64, bool) {
		index := w.first + int64(seq)/10
		return index, node == "om1" && seq%10 == 0 && index <= w.last
	}})
	// One transaction a second.
	for index := w.first; index <= w.last; index++ {
		w.checker.Acknowledged(Acknowledgement{Node: "om1", Seq: w.seq(index), Index: index, At: w.at(float64(index - w.first))})
	}
	w.publish(7, w.first, 0)
	return w
}

func (w *world) at(seconds float64) time.Time {
	return w.start.Add(time.Duration(seconds * float64(time.Second)))
}

func (w *world) seq(index int64) uint64 { return uint64(index-w.first) * 10 }

func (w *world) publish(build uint64, index int64, seconds float64) {
	w.checker.Published(w.published(build, index, seconds))
}

func (w *world) published(build uint64, index int64, seconds float64) Published {
	return Published{
		Build: build, BaseSeq: w.seq(index), AppliedSeq: w.seq(index),
		Lineage: Lineage{Service: "s", Node: "om1", Term: 1, Index: index}, At: w.at(seconds),
	}
}

// body is the right answer at an index.
func (w *world) body(index int64, request string) []byte {
	a, err := w.oracle.Ask(index, request)
	require.NoError(w, err)
	require.Equal(w, 200, a.Status)
	text, err := json.Marshal(a.Body)
	require.NoError(w, err)
	return text
}

// observe makes the observation of an answer that came at a second.
func (w *world) observe(build uint64, base, applied int64, seconds float64, request string, body []byte) Observation {
	return Observation{
		Reader: "dashboard", Session: "s1", Request: request, Status: 200, Body: body,
		Header: http.Header{"Recon-Generation": {fmt.Sprintf(`"%d-%d";applied=%d`, w.seq(base), build, w.seq(applied))}},
		SentAt: w.at(seconds), DoneAt: w.at(seconds + 0.1),
	}
}

// right is a right answer at an index, sent as that index was acknowledged.
func (w *world) right(offset int64, request string) Observation {
	index := w.first + offset
	return w.observe(7, w.first, index, float64(offset), request, w.body(index, request))
}

// withLabel is a right answer with another label.
func (w *world) withLabel(label string) Observation {
	o := w.right(10, clusterState)
	o.Header.Set("Recon-Generation", label)
	return o
}

// withBody is an answer with a body that is not the right one.
func (w *world) withBody(request, body string) Observation {
	o := w.right(10, request)
	o.Body = []byte(body)
	return o
}

func properties(violations []Violation) []Property {
	names := []Property{}
	for _, v := range violations {
		names = append(names, v.Property)
	}
	return names
}

// change edits a field of a JSON object by its path.
func change(t *testing.T, body []byte, value any, path ...string) []byte {
	var tree map[string]any
	require.NoError(t, json.Unmarshal(body, &tree))
	object := tree
	for _, name := range path[:len(path)-1] {
		object = object[name].(map[string]any)
	}
	require.Contains(t, object, path[len(path)-1])
	object[path[len(path)-1]] = value
	text, err := json.Marshal(tree)
	require.NoError(t, err)
	return text
}

const (
	clusterState = "/api/v1/clusterState"
	rootSummary  = "/api/v1/namespace/summary?path=/"
	rootDist     = "/api/v1/namespace/dist?path=/"
)

// changing finds an index at which a request's answer differs from the one at
// offset, in at least a few of its parts.
func (w *world) changing(offset int64, request string) int64 {
	before := w.body(w.first+offset, request)
	for index := w.last; index > w.first+offset; index-- {
		if string(before) != string(w.body(index, request)) {
			return index
		}
	}
	w.Fatalf("nothing changed in %s", request)
	return 0
}

// TestRightAnswersPass: every endpoint, at every index, is exact and put to the
// test (D9, D10).
func TestRightAnswersPass(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for offset := range int64(transactions) {
		requests, err := w.oracle.Requests(w.first+offset, rng, 40)
		require.NoError(t, err)
		for _, r := range requests {
			require.Empty(t, w.checker.Check(w.right(offset, r)), r)
		}
	}
	require.Empty(t, w.checker.Vacuous(Exact, OneGeneration, NeverEmpty, NoError, Monotonic, WatermarkHonest))
	require.Equal(t, []Property{Converge, ReadYourCommit}, w.checker.Vacuous(Converge, Exact, ReadYourCommit))
	for _, r := range w.checker.Results() {
		require.Zero(t, r.Violations, r.Property)
	}
}

// TestLegalEdges proves REQ-S2's table by the checker.
func TestLegalEdges(t *testing.T) {
	c := New(nil, Options{})
	for _, step := range []string{"INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "COMMITTED", "NONE", "INITIALIZING", "ROLLING_BACK", "FAILED", "INITIALIZING"} {
		require.Empty(t, c.Transition(Transition{Machine: "recon", From: c.feed.machines["recon"] + map[bool]string{true: "NONE"}[c.feed.machines["recon"] == ""], To: step}))
	}
	for _, bad := range []Transition{
		{From: "INITIALIZING", To: "COMMITTED"}, {From: "PROCESSING", To: "ROLLING_BACK"},
		{To: "PROCESSING", Restarted: true}, {From: "PROCESSING", To: "NO_SUCH_STATE"},
	} {
		bad.Machine = "recon"
		require.Equal(t, []Property{LegalEdges}, properties(c.Transition(bad)), "%+v", bad)
	}
	require.Equal(t, int64(14), c.Results()[6].Checked)
	require.Equal(t, LegalEdges, c.Results()[6].Property)
}

// TestProbes: a bound may be reached, not exceeded.
func TestProbes(t *testing.T) {
	c := New(nil, Options{})
	require.Empty(t, c.Probe(Probe{What: "open pins", Got: 2, Limit: 2}))
	require.Equal(t, []Property{NoLeak}, properties(c.Probe(Probe{What: "open pins", Got: 3, Limit: 2})))
}

// TestKeptViolations: the first 20 are kept in full, all are counted.
func TestKeptViolations(t *testing.T) {
	w := newWorld(t)
	for range 50 {
		o := w.right(10, clusterState)
		o.Status = 500
		w.checker.Check(o)
	}
	w.checker.Tally(CrashAtomic, 3, Violation{Detail: "half a generation"})
	for _, r := range w.checker.Results() {
		switch r.Property {
		case NoError:
			require.Equal(t, int64(50), r.Checked)
			require.Equal(t, int64(50), r.Violations)
			require.Len(t, r.Kept, 20)
			require.Equal(t, int64(50), r.Signatures[0].Count)
		case CrashAtomic:
			require.Equal(t, int64(1), r.Violations)
		default:
			require.Zero(t, r.Violations)
		}
	}
}

// TestPool: what is submitted is checked, each session in order.
func TestPool(t *testing.T) {
	w := newWorld(t)
	bad := make(chan Violation, 10)
	p := NewPool(w.checker, 2, 4, func(v Violation) { bad <- v })
	for offset := range int64(transactions) {
		for s := range 5 {
			o := w.right(offset, clusterState)
			o.Session = fmt.Sprint(s)
			p.Submit(o)
		}
	}
	p.Close()
	require.Empty(t, bad)
	require.Equal(t, int64(5*transactions), w.checker.tallies[Exact].checked)
}

func TestEveryPropertyHasAMeaning(t *testing.T) {
	require.Len(t, Properties(), 15)
	for _, p := range Properties() {
		require.NotEmpty(t, p.Meaning())
	}
}
