package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statusRows is an answer of task/status at the given sequence numbers.
func statusRows(base, applied uint64) string {
	row := func(name string, seq uint64) string {
		return fmt.Sprintf(`{"taskName":%q,"lastUpdatedTimestamp":1,"lastUpdatedSeqNumber":%d,"lastTaskRunStatus":0,"isCurrentTaskRunning":0}`, name, seq)
	}
	return "[" + strings.Join([]string{row("OmSnapshotRequest", base), row("OmDeltaRequest", applied),
		row("NSSummaryTask", applied), row("REPROCESS_STAGING", base)}, ",") + "]"
}

// TestTaskStatus: what the rows tell is what the label says, and a view of the
// past is seen here as anywhere else.
func TestTaskStatus(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, o *Observation)
		want   []Property
	}{
		"right":              {func(*world, *Observation) {}, nil},
		"rows ahead of it":   {func(w *world, o *Observation) { o.Body = []byte(statusRows(w.seq(w.first), w.seq(w.first+11))) }, []Property{WatermarkHonest}},
		"rows behind it":     {func(w *world, o *Observation) { o.Body = []byte(statusRows(w.seq(w.first), w.seq(w.first+9))) }, []Property{WatermarkHonest}},
		"another generation": {func(w *world, o *Observation) { o.Body = []byte(statusRows(w.seq(w.first+10), w.seq(w.first+10))) }, []Property{WatermarkHonest}},
		"one row ahead": {func(w *world, o *Observation) {
			o.Body = []byte(strings.Replace(string(o.Body), fmt.Sprintf(`"NSSummaryTask","lastUpdatedTimestamp":1,"lastUpdatedSeqNumber":%d`, w.seq(w.first+10)),
				fmt.Sprintf(`"NSSummaryTask","lastUpdatedTimestamp":1,"lastUpdatedSeqNumber":%d`, w.seq(w.first+11)), 1))
		}, []Property{WatermarkHonest}},
		"no rows":               {func(_ *world, o *Observation) { o.Body = []byte(`[]`) }, []Property{NeverEmpty, NeverEmpty}},
		"no list":               {func(_ *world, o *Observation) { o.Body = []byte(`{}`) }, []Property{NoError}},
		"cut off":               {func(_ *world, o *Observation) { o.Body = o.Body[:20] }, []Property{NoError}},
		"not found":             {func(_ *world, o *Observation) { o.Status = 404 }, []Property{NoError}},
		"stale":                 {func(w *world, o *Observation) { o.SentAt, o.DoneAt = w.at(30), w.at(30.1) }, []Property{WatermarkHonest}},
		"before the first view": {func(_ *world, o *Observation) { o.Header, o.Body = nil, []byte(statusRows(0, 0)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.observe(7, w.first, w.first+10, 10, taskStatusPath, []byte(statusRows(w.seq(w.first), w.seq(w.first+10))))
			c.change(w, &o)
			require.ElementsMatch(t, c.want, properties(w.checker.Check(o)))
		})
	}
}

// TestTaskStatusGoesBack: its label binds the answers of all other requests.
func TestTaskStatusGoesBack(t *testing.T) {
	w := newWorld(t)
	require.Empty(t, w.checker.Check(w.observe(7, w.first, w.first+10, 10, taskStatusPath, []byte(statusRows(w.seq(w.first), w.seq(w.first+10))))))
	o := w.right(9, clusterState)
	o.SentAt, o.DoneAt = w.at(10.5), w.at(10.6)
	require.Equal(t, []Property{Monotonic}, properties(w.checker.Check(o)))
}
