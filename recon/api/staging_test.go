package api

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

func processingStatus() staging.Status {
	return staging.Status{
		ID: 8, State: staging.Processing, Phase: "REPROCESS", Trigger: staging.TriggerSequenceGap, Attempt: 1,
		StartedAt: testNow.Add(-245 * time.Second), ChangedAt: testNow.Add(-200 * time.Second), BaseSeq: 2214001, CancelAllowed: true,
		Tasks: []staging.TaskProgress{
			{Name: "NSSummaryTask", State: "RUNNING", RowsDone: 3_700_000, RowsEstimated: 10_000_000},
			{Name: "OmTableInsightTask", State: "PENDING"},
		},
	}
}

func failedStatus() staging.Status {
	return staging.Status{
		ID: 8, State: staging.Failed, Phase: "FAILED", Trigger: staging.TriggerManual, Attempt: 3, BaseSeq: 2214001,
		StartedAt: testNow.Add(-300 * time.Second), ChangedAt: testNow.Add(-60 * time.Second), RetryAt: testNow.Add(10 * time.Minute),
		Last: &staging.Outcome{
			ID: 8, Result: "ROLLED_BACK", Cause: staging.CauseFailure, Reason: "no space", Trigger: staging.TriggerManual, Attempt: 3,
			BaseSeq: 2214001, StartedAt: testNow.Add(-300 * time.Second), EndedAt: testNow.Add(-60 * time.Second), Quarantined: "quarantine/8",
		},
	}
}

func taskRows() []staging.TaskStatus {
	return []staging.TaskStatus{
		{Name: "OmDeltaRequest", UpdatedMillis: 1735787045000, AppliedSeq: 2210988},
		{Name: "NSSummaryTask", UpdatedMillis: 1735787045001, AppliedSeq: 2210457, RunStatus: -1, Running: true},
	}
}

// TestStaging runs testdata/staging: states of a rebuild and what GET /staging,
// /task/status and jobs tell of them.
func TestStaging(t *testing.T) {
	worlds := map[string]func(f *fixture){
		"idle":       func(*fixture) {},
		"processing": func(f *fixture) { f.status, f.latest, f.tasks = processingStatus(), 2210998, taskRows() },
		"failed":     func(f *fixture) { f.status = failedStatus() },
		"first":      func(f *fixture) { f.status, f.acquireErr = processingStatus(), swap.ErrNothingPublished },
	}
	datadriven.RunTest(t, "testdata/staging", func(t *testing.T, d *datadriven.TestData) string {
		f := smallWorld(t, false)
		require.Contains(t, worlds, d.Cmd)
		worlds[d.Cmd](f)
		w := f.handler().get(base + strings.TrimSpace(d.Input))
		return show(t, w.Code, w.Header().Get("Content-Type"), w.Body.Bytes())
	})
}

func TestStartJob(t *testing.T) {
	f := smallWorld(t, false)
	h := f.handler()
	w := h.do("POST", base+"/staging/jobs", `{"source":"local-checkpoint","reason":"wrong sums"}`)
	require.Equal(t, http.StatusAccepted, w.Code, w.Body)
	require.Equal(t, base+"/staging", w.Header().Get("Location"))
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, "wrong sums", f.reason)
	require.Equal(t, http.StatusAccepted, h.do("POST", base+"/staging/jobs", "").Code)
	require.Equal(t, "POST "+base+"/staging/jobs", f.reason)
	for _, body := range []string{`{"source":"download"}`, `{"reasons":"x"}`, `[`, `{"reason":"` + strings.Repeat("x", jobRequestBytes) + `"}`} {
		require.Equal(t, http.StatusBadRequest, h.do("POST", base+"/staging/jobs", body).Code)
	}
	f.busy = true
	w = h.do("POST", base+"/staging/jobs", "{}")
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), `"code":"BUILD_RUNNING"`)
	require.Contains(t, w.Body.String(), "A rebuild is under way.")
}

// TestCancel proves REQ-V3: 202 while it can be cancelled, 200 when it was, 409
// when it cannot be, 404 for other rebuilds.
func TestCancel(t *testing.T) {
	cancelled := failedStatus()
	cancelled.State, cancelled.Last.Cause = staging.None, staging.CauseCancelled
	committing := processingStatus()
	committing.State, committing.CancelAllowed = staging.Committing, false
	for _, c := range []struct {
		name   string
		status staging.Status
		busy   bool
		id     string
		want   int
		asked  bool
	}{
		{"running", processingStatus(), false, "b-8", http.StatusAccepted, true},
		{"refused by the manager", processingStatus(), true, "b-8", http.StatusConflict, false},
		{"committing", committing, false, "b-8", http.StatusConflict, false},
		{"cancelled already", cancelled, false, "b-8", http.StatusOK, false},
		{"failed", failedStatus(), false, "b-8", http.StatusConflict, false},
		{"another", processingStatus(), false, "b-7", http.StatusNotFound, false},
		{"none at all", staging.Status{}, false, "b-0", http.StatusNotFound, false},
	} {
		f := smallWorld(t, false)
		f.status, f.busy = c.status, c.busy
		w := f.handler().do("POST", base+"/staging/jobs/"+c.id+"/cancel", "")
		require.Equal(t, c.want, w.Code, "%s: %s", c.name, w.Body)
		require.Equal(t, c.asked, f.cancelBy != "", c.name)
	}
}

func TestTriggers(t *testing.T) {
	f := smallWorld(t, false)
	h := f.handler()
	require.Equal(t, "true", h.get(base+"/triggerdbsync/om").Body.String())
	w := h.do("POST", base+"/triggerdbsync/om/reinit", "")
	require.Equal(t, http.StatusAccepted, w.Code)
	require.Equal(t, `{"status":"ACCEPTED","message":"A rebuild was queued."}`, w.Body.String())
	f.busy = true
	require.Equal(t, "false", h.do("POST", base+"/triggerdbsync/om", "").Body.String())
	w = h.do("POST", base+"/triggerdbsync/om/reinit", "")
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), `"code":"RETRY"`)
}

// TestEvents follows a rebuild from the first event to its end.
func TestEvents(t *testing.T) {
	f := smallWorld(t, false)
	f.status = processingStatus()
	ctx, cancel := context.WithCancel(context.Background())
	steps := []func(){
		func() {
			f.status = processingStatus()
			f.status.Tasks[0].RowsDone++
		},
		func() { f.status.State, f.status.CancelAllowed = staging.Committing, false },
		func() { f.label.Build, f.label.BaseSeq, f.status.State = 8, 2214001, staging.None },
		func() { f.status = failedStatus(); f.status.Attempt, f.status.Last.Attempt = 4, 4 },
		func() {
			f.status = failedStatus()
			f.status.Last.Attempt, f.status.Last.Cause = 5, staging.CauseCancelled
		},
		func() { f.now = f.now.Add(heartbeatInterval) },
		cancel,
	}
	f.onSleep = func() { steps[0](); steps = steps[1:] }
	w := httptest.NewRecorder()
	f.handler().ServeHTTP(w, httptest.NewRequest("GET", base+"/staging/events", nil).WithContext(ctx))
	require.Equal(t, "text/event-stream", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var got []string
	ids := map[string]bool{}
	for lines := bufio.NewScanner(w.Body); lines.Scan(); {
		line := lines.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			require.False(t, ids[id])
			ids[id] = true
		}
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			got = append(got, name)
		}
		if strings.HasPrefix(line, ":") {
			got = append(got, "heartbeat")
		}
	}
	require.Equal(t, []string{"snapshot", "task", "phase", "phase", "published", "phase", "failed", "cancelled", "heartbeat"}, got)
	require.Equal(t, 0, f.pinned)
}

func TestEventStreamsAreBounded(t *testing.T) {
	f := smallWorld(t, false)
	s := &server{Options: Options{Control: f}}
	s.streams.open.Store(maxStreams)
	w := httptest.NewRecorder()
	s.stagingEvents(w, httptest.NewRequest("GET", base+"/staging/events", nil))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, int64(maxStreams), s.streams.open.Load())
}
