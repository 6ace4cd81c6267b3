package check

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plantedFaults are answers with one fault each, and the properties that must
// see it, no more.
var plantedFaults = map[string]struct {
	plan func(t *testing.T, w *world) Observation
	want []Property
}{
	"stale beyond the bound": {func(_ *testing.T, w *world) Observation {
		o := w.right(10, clusterState)
		o.SentAt, o.DoneAt = w.at(30), w.at(30.1)
		return o
	}, []Property{WatermarkHonest}},
	"label of another state": {func(_ *testing.T, w *world) Observation {
		newer := w.changing(20, clusterState)
		return w.observe(7, w.first, newer, float64(newer-w.first), clusterState, w.body(w.first+20, clusterState))
	}, []Property{Exact, WatermarkHonest}},
	"label of a generation that never was": {func(_ *testing.T, w *world) Observation {
		return w.observe(8, w.first, w.first+10, 10, clusterState, w.body(w.first+10, clusterState))
	}, []Property{WatermarkHonest}},
	"label of a sequence that never was": {func(_ *testing.T, w *world) Observation {
		return w.withLabel(`"0-7";applied=99999990`)
	}, []Property{WatermarkHonest}},
	"label that is none": {func(_ *testing.T, w *world) Observation {
		return w.withLabel(`0-7`)
	}, []Property{WatermarkHonest}},
	"all zero": {func(t *testing.T, w *world) Observation {
		o := w.right(10, clusterState)
		for _, f := range []string{"volumes", "buckets", "keys", "keysPendingDeletion", "deletedDirs"} {
			o.Body = change(t, o.Body, 0, f)
		}
		return o
	}, []Property{Exact, NeverEmpty}},
	"some zero, as when a store is closed between reads (HZ-A1)": {func(t *testing.T, w *world) Observation {
		o := w.right(10, clusterState)
		o.Body = change(t, change(t, o.Body, 0, "volumes"), 0, "buckets")
		return o
	}, []Property{Exact, NeverEmpty}},
	"empty list": {func(_ *testing.T, w *world) Observation {
		return w.withBody("/api/v1/utilization/fileCount", "[]")
	}, []Property{Exact, NeverEmpty}},
	"empty page of keys": {func(_ *testing.T, w *world) Observation {
		return w.withBody("/api/v1/keys/listKeys?startPrefix=/vol/bkt",
			`{"status":"OK","path":"","replicatedDataSize":-1,"unReplicatedDataSize":-1,"keys":[]}`)
	}, []Property{Exact, NeverEmpty}},
	"path not found though it is there": {func(_ *testing.T, w *world) Observation {
		return w.withBody(rootSummary, `{"path":"","type":"UNKNOWN","countStats":null,"objectInfo":null,"status":"PATH_NOT_FOUND"}`)
	}, []Property{Exact, NeverEmpty}},
	"status 404 though it is there": {func(_ *testing.T, w *world) Observation {
		o := w.withBody("/api/v1/keys/listKeys?startPrefix=/vol/bkt", `{"type":"x"}`)
		o.Status = 404
		return o
	}, []Property{Exact, NeverEmpty}},
	"list cut off (HZ-A2)": {func(t *testing.T, w *world) Observation {
		o := w.right(10, "/api/v1/utilization/fileCount")
		var list []json.RawMessage
		require.NoError(t, json.Unmarshal(o.Body, &list))
		o.Body, _ = json.Marshal(list[:len(list)/2])
		return o
	}, []Property{Exact, NoError}},
	"page of keys cut off, with the sums of what is left (HZ-A2)": {func(t *testing.T, w *world) Observation {
		o := w.right(10, "/api/v1/keys/listKeys?startPrefix=/vol/bkt&limit=6")
		short := w.body(w.first+10, "/api/v1/keys/listKeys?startPrefix=/vol/bkt&limit=2")
		require.NotEqual(t, string(o.Body), string(short))
		o.Body = short
		return o
	}, []Property{Exact, NoError}},
	"a number too large": {func(t *testing.T, w *world) Observation {
		o := w.right(10, rootSummary)
		o.Body = change(t, o.Body, 1_000_001, "countStats", "numKey")
		return o
	}, []Property{Exact}},
	"a field too many (D17)": {func(_ *testing.T, w *world) Observation {
		o := w.right(10, rootSummary)
		o.Body = []byte(strings.Replace(string(o.Body), "{", `{"$schema":"x",`, 1))
		return o
	}, []Property{Exact}},
	"a field missing": {func(_ *testing.T, w *world) Observation {
		return w.withBody("/api/v1/keys/open/summary", `{}`)
	}, []Property{Exact, NeverEmpty}},
	"status 500": {func(_ *testing.T, w *world) Observation {
		o := w.right(10, rootSummary)
		o.Status = 500
		return o
	}, []Property{NoError}},
	"503 after something was committed": {func(_ *testing.T, w *world) Observation {
		w.checker.CommitAcknowledged(w.published(7, w.first, 0))
		o := w.right(10, rootSummary)
		o.Status = 503
		return o
	}, []Property{NoError}},
	"no answer": {func(_ *testing.T, w *world) Observation {
		o := w.right(10, rootSummary)
		o.Status, o.Failure = 0, "connection reset"
		return o
	}, []Property{NoError}},
	"half a body": {func(_ *testing.T, w *world) Observation {
		o := w.right(10, rootSummary)
		o.Body = o.Body[:len(o.Body)/2]
		return o
	}, []Property{NoError}},
	"no label, a state that never was": {func(t *testing.T, w *world) Observation {
		o := w.right(10, rootSummary)
		o.Header = nil
		o.Body = change(t, o.Body, 1_000_001, "countStats", "numKey")
		return o
	}, []Property{Exact}},
	"no label, stale": {func(_ *testing.T, w *world) Observation {
		seconds := float64(w.changing(0, clusterState) - w.first)
		o := w.right(0, clusterState)
		o.Header = nil
		o.SentAt, o.DoneAt = w.at(seconds+8), w.at(seconds+9)
		return o
	}, []Property{WatermarkHonest, Exact}},
}

// TestPlantedFaults: a check that cannot fail is worth nothing (D10).
func TestPlantedFaults(t *testing.T) {
	for name, c := range plantedFaults {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			require.ElementsMatch(t, c.want, properties(w.checker.Check(c.plan(t, w))))
		})
	}
}

// TestMixture: parts of two generations in one answer (HZ-A5, HZ-A7).
func TestMixture(t *testing.T) {
	w := newWorld(t)
	old, now := w.first+2, w.last
	a, b := w.body(old, clusterState), w.body(now, clusterState)
	keys := mustField(t, a, "keys")
	require.NotEqual(t, keys, mustField(t, b, "keys"))
	require.NotEqual(t, mustField(t, a, "keysPendingDeletion"), mustField(t, b, "keysPendingDeletion"))
	w.publish(8, now, transactions)
	require.Empty(t, w.checker.Check(w.observe(7, w.first, old, 2, clusterState, a)))
	mixed := change(t, b, json.RawMessage(keys), "keys")
	got := w.checker.Check(w.observe(8, now, now, transactions, clusterState, mixed))
	require.ElementsMatch(t, []Property{Exact, OneGeneration}, properties(got))
	for _, v := range got {
		require.Equal(t, "$.keys", v.Path)
		require.Equal(t, keys, v.Got)
		require.Equal(t, mustField(t, b, "keys"), v.Want)
		require.Contains(t, v.Signature, fmt.Sprintf("|dashboard|%d-8/%d-8", w.seq(now), w.seq(now)))
	}

	// The same in a listing: sizes of one state below names of another.
	u := "/api/v1/namespace/usage?path=/&replica=true"
	mixed = change(t, w.body(now, u), json.RawMessage(mustField(t, w.body(old, u), "sizeWithReplica")), "sizeWithReplica")
	require.ElementsMatch(t, []Property{Exact, OneGeneration},
		properties(w.checker.Check(w.observe(8, now, now, transactions, u, mixed))))
}

func mustField(t *testing.T, body []byte, name string) string {
	var tree map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(body, &tree))
	return string(tree[name])
}
