package check

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGoingBack: monotonic by generation, by sequence and by index; requests
// that overlap are not ordered, and a pinned one may ask for the past.
func TestGoingBack(t *testing.T) {
	w := newWorld(t)
	w.publish(8, w.first+10, 10)
	newest := w.observe(8, w.first+10, w.first+12, 12, clusterState, w.body(w.first+12, clusterState))
	older := w.observe(7, w.first, w.first+12, 13, clusterState, w.body(w.first+12, clusterState))
	require.Empty(t, w.checker.Check(newest))
	require.Equal(t, []Property{Monotonic}, properties(w.checker.Check(older)))
	older = w.observe(8, w.first+10, w.first+11, 13, clusterState, w.body(w.first+11, clusterState))
	require.Equal(t, []Property{Monotonic}, properties(w.checker.Check(older)))
	// A newer generation with an older index: the OM's index may not fall.
	w.publish(9, w.first+9, 13)
	older = w.observe(9, w.first+9, w.first+9, 13, clusterState, w.body(w.first+9, clusterState))
	require.Equal(t, []Property{Monotonic}, properties(w.checker.Check(older)))

	overlapping := w.observe(7, w.first, w.first+12, 12.05, clusterState, w.body(w.first+12, clusterState))
	overlapping.Session = "s2"
	first := newest
	first.Session = "s2"
	require.Empty(t, w.checker.Check(first))
	require.Empty(t, w.checker.Check(overlapping))

	pinned := w.observe(7, w.first, w.first+3, 20, clusterState+"?generation=0-7", w.body(w.first+3, clusterState))
	require.Empty(t, w.checker.Check(pinned))
	gone := pinned
	gone.Status, gone.Body = http.StatusGone, nil
	require.Empty(t, w.checker.Check(gone))
}

// TestGoingBackWithoutLabel: the session saw a state that only newer indices
// have.
func TestGoingBackWithoutLabel(t *testing.T) {
	w := newWorld(t)
	changed := w.changing(20, clusterState)
	seen := w.observe(7, w.first, changed, float64(changed-w.first), clusterState, w.body(changed, clusterState))
	seen.Header = nil
	require.Empty(t, w.checker.Check(seen))
	w.checker.Freeze(w.at(0))
	back := w.observe(7, w.first, changed, float64(changed-w.first)+1, clusterState, w.body(w.first+20, clusterState))
	back.Header = nil
	require.Contains(t, properties(w.checker.Check(back)), Monotonic)
}

// TestReadYourCommit: an acknowledged commit is seen by every later request.
func TestReadYourCommit(t *testing.T) {
	w := newWorld(t)
	p := Published{Build: 8, BaseSeq: w.seq(w.first + 10), AppliedSeq: w.seq(w.first + 10), Lineage: Lineage{Node: "om1"}, At: w.at(11)}
	w.checker.Published(p)
	w.checker.CommitAcknowledged(p)
	before := w.right(10, clusterState)
	require.Empty(t, w.checker.Check(before))
	late := w.observe(7, w.first, w.first+11, 12, clusterState, w.body(w.first+11, clusterState))
	late.Session = "another"
	require.Equal(t, []Property{ReadYourCommit}, properties(w.checker.Check(late)))
}

// TestFrozen: a frozen Recon may be stale, until it thaws.
func TestFrozen(t *testing.T) {
	w := newWorld(t)
	w.checker.Freeze(w.at(11))
	at := func(seconds float64) []Violation {
		return w.checker.Check(w.observe(7, w.first, w.first+10, seconds, clusterState, w.body(w.first+10, clusterState)))
	}
	require.Empty(t, at(30))
	w.checker.Thaw(w.at(30))
	require.Empty(t, at(34))
	require.Equal(t, []Property{WatermarkHonest}, properties(at(36)))
}

// TestConverge: once faults stop, the OM's state must be seen by the deadline.
func TestConverge(t *testing.T) {
	w := newWorld(t)
	w.checker.Freeze(w.at(0))
	w.checker.Quiesced(w.last, w.at(60))
	behind := func(seconds float64) []Violation {
		return w.checker.Check(w.observe(7, w.first, w.last-1, seconds, clusterState, w.body(w.last-1, clusterState)))
	}
	require.Empty(t, behind(59))
	require.Equal(t, []Property{Converge}, properties(behind(60)))
	w.checker.Disturbed()
	require.Empty(t, behind(61))
}

// TestBeforeFirstPublish: 503 is right until there is something to serve.
func TestBeforeFirstPublish(t *testing.T) {
	w := newWorld(t)
	o := w.right(0, clusterState)
	o.SentAt, o.Status, o.Header = w.at(-1), 503, nil
	require.Empty(t, w.checker.Check(o))
	o.Status = 500
	require.Equal(t, []Property{NoError}, properties(w.checker.Check(o)))
	o.Status, o.Excused, o.Failure = 0, true, "killed"
	require.Empty(t, w.checker.Check(o))
}

// TestNotModified: a 304 stands for what the client had kept, has its place in
// order, and answers nobody who has kept nothing.
func TestNotModified(t *testing.T) {
	w := newWorld(t)
	require.Empty(t, w.checker.Check(w.right(12, clusterState)))
	o := w.right(11, clusterState)
	o.Status, o.Body, o.Kept = http.StatusNotModified, nil, o.Body
	o.SentAt, o.DoneAt = w.at(13), w.at(13)
	require.Equal(t, []Property{Monotonic}, properties(w.checker.Check(o)))

	o = w.right(15, clusterState)
	o.Status, o.Body, o.Kept = http.StatusNotModified, nil, o.Body
	require.Empty(t, w.checker.Check(o))
	o.Kept = w.body(w.first, clusterState)
	got := w.checker.Check(o)
	require.ElementsMatch(t, []Property{Exact, WatermarkHonest}, properties(got))
	require.Contains(t, got[0].Detail, "by a 304")
	o.Kept = nil
	require.Equal(t, []Property{NoError}, properties(w.checker.Check(o)))
}
