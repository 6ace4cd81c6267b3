package api

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/recon/omdb"
	"reconsim/recon/staging"
)

// recorded loads the rows of a real OM and what a real Recon answered.
func recorded(t *testing.T) (*fixture, map[string]any) {
	t.Helper()
	f := newFixture()
	text, err := os.ReadFile("testdata/recorded/rows.tsv")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		require.Len(t, fields, 3)
		table, ok := omdb.TableByName(fields[0])
		require.True(t, ok, fields[0])
		key, err := hex.DecodeString(fields[1])
		require.NoError(t, err)
		value, err := hex.DecodeString(fields[2])
		require.NoError(t, err)
		f.rows.put(table, key, value)
	}
	f.rows.derive(t, false)
	text, err = os.ReadFile("testdata/recorded/answers.json")
	require.NoError(t, err)
	return f, parse(t, text).(map[string]any)
}

// parse reads JSON and keeps numbers exact.
func parse(t *testing.T, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	require.NoError(t, d.Decode(&v), "%s", text)
	return v
}

// TestAnswersAreThoseOfARealRecon compares whole bodies with those that a real
// Recon gave for the same rows (D15, D17).
func TestAnswersAreThoseOfARealRecon(t *testing.T) {
	f, answers := recorded(t)
	h := f.handler()
	// The recording has the sizes swapped (DEF-T1).
	deleted := answers["/keys/deletePending/summary"].(map[string]any)
	deleted["totalReplicatedDataSize"], deleted["totalUnreplicatedDataSize"] =
		deleted["totalUnreplicatedDataSize"], deleted["totalReplicatedDataSize"]
	compared := 0
	for request, want := range answers {
		if !strings.HasPrefix(request, "/") || request == "/task/status" {
			continue
		}
		w := h.get(base + request)
		require.Equal(t, 200, w.Code, "%s: %s", request, w.Body)
		got := parse(t, w.Body.Bytes())
		if request == "/utilization/fileCount" { // an order of its own
			require.ElementsMatch(t, want, got, request)
		} else {
			require.Equal(t, want, got, request)
		}
		compared++
	}
	require.GreaterOrEqual(t, compared, 12)
}

// TestObjectsAreThoseOfARealRecon compares the objects that namespace/summary
// shows with the recorded ones.
func TestObjectsAreThoseOfARealRecon(t *testing.T) {
	f, answers := recorded(t)
	h := f.handler()
	object := func(path string) map[string]any {
		w := h.get(base + "/namespace/summary?path=" + url.QueryEscape(path))
		require.Equal(t, 200, w.Code)
		return parse(t, w.Body.Bytes()).(map[string]any)["objectInfo"].(map[string]any)
	}
	require.Equal(t, answers["volume vol1"], object("/vol1"))
	require.Equal(t, answers["bucket fso"], object("/vol1/fso"))
	versions := object("/vol1/fso/d1/d2/key2")["keyLocationVersions"].([]any)
	require.Len(t, versions, 1)
	require.Equal(t, shape(answers["one location list of a key"]), shape(versions[0]))
}

// TestTaskStatusHasTheShapeOfARealRecon checks the fields and the names of
// rows; times and sequence numbers are those of the run.
func TestTaskStatusHasTheShapeOfARealRecon(t *testing.T) {
	f, answers := recorded(t)
	want := answers["/task/status"].([]any)
	for _, row := range want {
		f.tasks = append(f.tasks, staging.TaskStatus{Name: row.(map[string]any)["taskName"].(string), UpdatedMillis: 1, AppliedSeq: 2})
	}
	got := parse(t, f.handler().get(base+"/task/status").Body.Bytes())
	require.Equal(t, shape(want), shape(got))
}

// shape keeps names and kinds of fields and drops values.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, field := range v {
			out[name] = shape(field)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, shape(item))
		}
		return out
	case nil:
		return nil
	}
	return reflect.TypeOf(v).String()
}
