package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/faults/point"
	"reconsim/recon/swap"
)

func TestUnknownPathsAndMethodsAreProblems(t *testing.T) {
	h := smallWorld(t, false).handler()
	for _, c := range []struct {
		method, target string
		want           int
		allow          string
	}{
		{"GET", "/nothing", 404, ""},
		{"GET", base + "/namespace", 404, ""},
		{"GET", base + "/containers/1", 404, ""},
		{"POST", base + "/clusterState", 405, "GET, HEAD"},
		{"DELETE", base + "/staging/jobs/b-1/cancel", 405, "POST"},
		{"GET", base + "/triggerdbsync/om/reinit", 405, "POST"},
	} {
		w := h.do(c.method, c.target, "")
		require.Equal(t, c.want, w.Code, "%s %s", c.method, c.target)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Equal(t, c.allow, w.Header().Get("Allow"))
	}
}

func TestHeadHasNoBody(t *testing.T) {
	w := smallWorld(t, false).handler().do("HEAD", base+"/clusterState", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Zero(t, w.Body.Len())
	require.NotEmpty(t, w.Header().Get("Content-Length"))
}

// TestNoPanicReachesAUser proves that a defect in a handler is a problem, not
// a cut connection.
func TestNoPanicReachesAUser(t *testing.T) {
	f := smallWorld(t, false)
	f.hit = func(point.Point, string, int64) error { panic("a defect") }
	w := f.handler().get(base + "/namespace/summary?path=/")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	require.Equal(t, 0, f.pinned)
}

func TestAcquireFails(t *testing.T) {
	f := smallWorld(t, false)
	f.acquireErr = errors.New("the store is broken")
	for _, request := range []string{"/clusterState", "/task/status", "/staging"} {
		w := f.handler().get(base + request)
		require.Equal(t, http.StatusInternalServerError, w.Code, request)
		require.Contains(t, w.Body.String(), "the store is broken")
	}
}

func TestEndedRequestIsNoInternalError(t *testing.T) {
	f := smallWorld(t, false)
	f.acquireErr = context.Canceled
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	f.handler().ServeHTTP(w, httptest.NewRequest("GET", base+"/clusterState", nil).WithContext(ctx))
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Contains(t, w.Body.String(), "REQUEST_ENDED")
}

func TestServiceIDs(t *testing.T) {
	f := smallWorld(t, false)
	f.options.OMServiceID, f.options.SCMServiceID = "om-service", "scm-service"
	body := f.handler().get(base + "/clusterState").Body.String()
	require.Contains(t, body, `"scmServiceId":"scm-service","omServiceId":"om-service"`)
}

func TestNewNeedsItsParts(t *testing.T) {
	require.Panics(t, func() { New(Options{}) })
}

// TestPage proves that the page is served with its parts, that nothing in it
// refers to another place, and that no script or style stands inline, which
// its policy would refuse.
func TestPage(t *testing.T) {
	h := smallWorld(t, false).handler()
	for target, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/ui/recon.css": "text/css; charset=utf-8", "/ui/recon.js": "text/javascript; charset=utf-8",
	} {
		w := h.get(target)
		require.Equal(t, http.StatusOK, w.Code, target)
		require.Equal(t, kind, w.Header().Get("Content-Type"))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, w.Header().Get("Content-Security-Policy"), "unsafe")
		text := strings.ReplaceAll(w.Body.String(), "http://www.w3.org/2000/svg", "")
		require.NotContains(t, text, "http://")
		require.NotContains(t, text, "https://")
		require.NotContains(t, text, " style=")
		require.NotContains(t, text, " onclick=")
		require.NotContains(t, text, "innerHTML")
		require.Greater(t, len(text), 500, target)
	}
}

func TestHealth(t *testing.T) {
	f := smallWorld(t, false)
	h := f.handler()
	for _, target := range []string{"/livez", "/readyz", "/startupz"} {
		w := h.get(target)
		require.Equal(t, http.StatusOK, w.Code, target)
		require.Equal(t, "ok", w.Body.String())
	}
	require.Equal(t, "[+]generation ok\n[+]staging ok\nok", h.get("/readyz?verbose").Body.String())

	f.acquireErr = swap.ErrNothingPublished
	require.Equal(t, http.StatusOK, h.get("/livez").Code)
	require.Equal(t, http.StatusOK, h.get("/startupz").Code, "recovery found nothing, and is done")
	w := h.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))

	f.acquireErr = errors.New("broken")
	require.Equal(t, http.StatusOK, h.get("/livez").Code)
	require.Equal(t, http.StatusServiceUnavailable, h.get("/startupz").Code)
}

func TestReadyWarnsOfAFailedRebuild(t *testing.T) {
	f := smallWorld(t, false)
	f.status = failedStatus()
	w := f.handler().get("/readyz?verbose")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "[!]staging warning: the last rebuild failed: no space")
}

func TestMetrics(t *testing.T) {
	f := smallWorld(t, false)
	f.latest = 2211000
	f.options.Version = "1.2.3"
	f.status = processingStatus()
	f.tasks = taskRows()
	h := f.handler()
	h.get(base + "/clusterState")
	h.do("BREW", base+"/containers/1/keys", "")
	body := h.get("/metrics").Body.String()
	for _, line := range []string{
		`recon_build_info{version="1.2.3"} 1`,
		`recon_http_requests_total{code="200",method="get",route="/api/v1/clusterState"} 1`,
		`recon_http_requests_total{code="405",method="other",route="/api/v1/containers/{id}/keys"} 1`,
		`recon_http_request_duration_seconds_count{code="200",method="get",route="/api/v1/clusterState"} 1`,
		"recon_serving 1",
		"recon_serving_snapshot_sequence 2.210457e+06",
		"recon_serving_applied_sequence 2.210988e+06",
		"recon_om_latest_sequence 2.211e+06",
		"recon_serving_data_timestamp_seconds 1.735787003e+09",
		`recon_staging_state{state="PROCESSING"} 1`,
		`recon_staging_state{state="NONE"} 0`,
		`recon_staging_progress_ratio{task="NSSummaryTask"} 0.37`,
		`recon_staging_rows_processed_total{task="NSSummaryTask"} 3.7e+06`,
		`recon_task_applied_sequence{task="OmDeltaRequest"} 2.210988e+06`,
		`recon_task_running{task="NSSummaryTask"} 1`,
		`recon_task_failed{task="NSSummaryTask"} 1`,
		"recon_event_streams_open 0",
	} {
		require.Contains(t, body, line+"\n")
	}
	f.acquireErr = swap.ErrNothingPublished
	body = h.get("/metrics").Body.String()
	require.Contains(t, body, "recon_serving 0\n")
	require.NotContains(t, body, "recon_serving_applied_sequence")
}
