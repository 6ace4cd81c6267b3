package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// dataRequests has one request for each data endpoint.
var dataRequests = map[string]string{
	"/namespace/summary?path=/":               "namespace/summary",
	"/namespace/usage?path=/v/fso&files=true": "namespace/usage",
	"/namespace/dist?path=/v":                 "namespace/dist",
	"/containers/1/keys":                      "containers/keys",
	"/keys/open/summary":                      "keys/summaries",
	"/keys/open/mpu/summary":                  "keys/summaries",
	"/keys/deletePending/summary":             "keys/summaries",
	"/keys/deletePending/dirs/summary":        "keys/summaries",
	"/keys/listKeys?startPrefix=/v/fso":       "keys/listKeys",
	"/utilization/fileCount":                  "utilization/fileCount",
	"/clusterState":                           "clusterState",
}

func TestDataAnswersAreLabelled(t *testing.T) {
	for request := range dataRequests {
		f := smallWorld(t, false)
		w := f.handler().get(base + request)
		require.Equal(t, http.StatusOK, w.Code, request)
		h := w.Header()
		require.Equal(t, `"2210457-7";applied=2210988`, h.Get("Recon-Generation"))
		require.Equal(t, `"om1";term=3;index=45`, h.Get("Recon-Lineage"))
		require.Equal(t, "42", h.Get("Recon-Staleness"))
		require.Equal(t, "none", h.Get("Recon-Staging"))
		require.Equal(t, "private, no-cache", h.Get("Cache-Control"))
		require.Equal(t, "Thu, 02 Jan 2025 03:03:23 GMT", h.Get("Last-Modified"))
		require.Equal(t, 0, f.pinned, "%s keeps its pin", request)
		if strings.HasPrefix(request, "/clusterState") {
			require.Empty(t, h.Get("ETag"), "SCM's part changes without a revision")
		} else {
			require.Equal(t, `W/"2210457-7.2210988"`, h.Get("ETag"), request)
		}
	}
}

func TestStalenessIsZeroWhenTheOMHasNothingNewer(t *testing.T) {
	for _, c := range []struct {
		latest uint64
		want   string
	}{{0, "42"}, {2210988, "0"}, {2210987, "0"}, {2210989, "42"}} {
		f := smallWorld(t, false)
		f.latest = c.latest
		require.Equal(t, c.want, f.handler().get(base+"/clusterState").Header().Get("Recon-Staleness"), "latest %d", c.latest)
	}
}

func TestStagingHeader(t *testing.T) {
	tasks := []staging.TaskProgress{{Name: "NSSummaryTask", State: "RUNNING", RowsDone: 3749, RowsEstimated: 10000}}
	done := []staging.TaskProgress{{Name: "NSSummaryTask", State: "DONE", RowsDone: 10, RowsEstimated: 10}}
	for _, c := range []struct {
		status staging.Status
		want   string
	}{
		{staging.Status{}, "none"},
		{staging.Status{State: staging.Initializing}, "initializing;progress=0.0"},
		{staging.Status{State: staging.Processing, Tasks: tasks}, "processing;progress=0.374"},
		{staging.Status{State: staging.ReadyToCommit, Tasks: done}, "ready_to_commit;progress=1.0"},
		{staging.Status{State: staging.RollingBack, Tasks: tasks}, "rolling_back"},
		{staging.Status{State: staging.Failed}, "failed"},
	} {
		f := smallWorld(t, false)
		f.status = c.status
		require.Equal(t, c.want, f.handler().get(base+"/clusterState").Header().Get("Recon-Staging"))
	}
}

func TestLineageIsAStructuredString(t *testing.T) {
	require.Equal(t, `"a\"b\\c?"`, structuredString("a\"b\\cé"))
}

func TestNotModified(t *testing.T) {
	f := smallWorld(t, false)
	h := f.handler()
	for _, c := range []struct {
		match string
		want  int
	}{
		{`W/"2210457-7.2210988"`, http.StatusNotModified},
		{`"2210457-7.2210988"`, http.StatusNotModified},
		{`W/"1-1.1", W/"2210457-7.2210988"`, http.StatusNotModified},
		{`*`, http.StatusNotModified},
		{`W/"2210457-7.2210987"`, http.StatusOK},
		{`nonsense`, http.StatusOK},
	} {
		w := h.get(base+"/namespace/summary?path=/", "If-None-Match", c.match)
		require.Equal(t, c.want, w.Code, c.match)
		require.Equal(t, c.want == http.StatusNotModified, w.Body.Len() == 0)
		require.NotEmpty(t, w.Header().Get("Recon-Generation"))
	}
	for _, request := range []string{"/clusterState", "/task/status"} {
		require.Equal(t, http.StatusOK, h.get(base+request, "If-None-Match", "*").Code, request)
	}
	require.Equal(t, 0, f.pinned)
}

// TestNothingPublished proves D17's 503: before the first commit there are no
// zeros, but a problem that says when to come back.
func TestNothingPublished(t *testing.T) {
	for request := range dataRequests {
		f := smallWorld(t, false)
		f.acquireErr = swap.ErrNothingPublished
		f.status = staging.Status{
			State: staging.Processing, StartedAt: testNow.Add(-30 * time.Second),
			Tasks: []staging.TaskProgress{{Name: "NSSummaryTask", State: "RUNNING", RowsDone: 25, RowsEstimated: 100}},
		}
		w := f.handler().get(base + request)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, request)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Equal(t, "90", w.Header().Get("Retry-After"))
		require.Equal(t, "processing;progress=0.25", w.Header().Get("Recon-Staging"))
		require.Empty(t, w.Header().Get("ETag"))
		require.Contains(t, w.Body.String(), `"code":"NOT_READY"`)
	}
	f := newFixture()
	f.acquireErr = swap.ErrNothingPublished
	f.tasks = []staging.TaskStatus{{Name: "REPROCESS_STAGING", RunStatus: -1, Running: true}}
	w := f.handler().get(base + "/task/status")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, `[{"taskName":"REPROCESS_STAGING","lastUpdatedTimestamp":0,"lastUpdatedSeqNumber":0,"lastTaskRunStatus":-1,"isCurrentTaskRunning":1}]`, w.Body.String())
	require.Equal(t, "15", f.handler().get(base+"/clusterState").Header().Get("Retry-After"))
}

// TestTaskStatusIsOfOneView proves that a reader who is held inside its answer
// is told of the tasks as of its label, whatever is served meanwhile.
func TestTaskStatusIsOfOneView(t *testing.T) {
	f := newFixture()
	f.hit = func(p point.Point, _ string, _ int64) error {
		if p == point.ReadBetween {
			f.label.Build, f.label.BaseSeq, f.label.AppliedSeq = 8, 3000000, 3000001
		}
		return nil
	}
	w := f.handler().get(base + "/task/status")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, `"2210457-7";applied=2210988`, w.Header().Get("Recon-Generation"))
	require.Equal(t, uint64(7), f.askedAs.Build)
	require.Equal(t, 0, f.pinned)
	require.Equal(t, uint64(8), f.label.Build)
}

// TestPointsBetweenReads proves that a reader can be held inside its answer
// (FP19), and that a fault there fails the request and lets the pin go.
func TestPointsBetweenReads(t *testing.T) {
	for request, endpoint := range dataRequests {
		f := smallWorld(t, false)
		require.Equal(t, http.StatusOK, f.handler().get(base+request).Code)
		hits := 0
		for _, p := range f.points {
			if p == point.ReadBetween.String()+" "+endpoint {
				hits++
			}
		}
		if request == "/keys/deletePending/dirs/summary" {
			continue // a single read has nothing between
		}
		require.Greater(t, hits, 0, request)
		require.Less(t, hits, 10, request)

		f.hit = func(p point.Point, subject string, n int64) error {
			require.Equal(t, 1, f.pinned)
			if n == 2 || n == 1 && hits == 1 {
				return errors.New("planned fault")
			}
			return nil
		}
		w := f.handler().get(base + request)
		require.Equal(t, http.StatusInternalServerError, w.Code, request)
		require.Contains(t, w.Body.String(), "planned fault")
		require.Equal(t, 0, f.pinned)
	}
}

// TestReadErrorsAreNeverShortAnswers proves the rule of spec/api.md 9.1: an
// answer whose rows cannot be read is an error, not zeros or a short list.
func TestReadErrorsAreNeverShortAnswers(t *testing.T) {
	for _, c := range []struct {
		table   omdb.Table
		request string
	}{
		{omdb.VolumeTable, "/namespace/summary?path=/"},
		{omdb.BucketTable, "/namespace/usage?path=/v"},
		{omdb.PrefixTable, "/namespace/summary?path=/"},
		{omdb.DirectoryTable, "/namespace/dist?path=/v/fso/a"},
		{omdb.FileTable, "/namespace/usage?path=/v/fso&files=true"},
		{omdb.KeyTable, "/namespace/usage?path=/v/obs&files=true"},
		{derived.NamespaceSummary, "/namespace/usage?path=/"},
		{derived.NamespaceSummary, "/containers/1/keys"},
		{derived.NamespaceSummary, "/keys/listKeys?startPrefix=/v/fso"},
		{derived.ContainerKey, "/containers/1/keys"},
		{derived.ContainerKeyCount, "/containers/1/keys"},
		{omdb.FileTable, "/containers/1/keys"},
		{omdb.FileTable, "/keys/listKeys?startPrefix=/v/fso"},
	} {
		f := smallWorld(t, false)
		f.readErr, f.readErrTable = errors.New("disk gone"), c.table
		w := f.handler().get(base + c.request)
		require.Equal(t, http.StatusInternalServerError, w.Code, c.request)
		require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), "disk gone")
		require.Empty(t, w.Header().Get("ETag"), "an error must not be kept under the revision's tag")
		require.Equal(t, 0, f.pinned)
	}
}

// TestCorruptRowsAreErrors feeds rows that are no messages.
func TestCorruptRowsAreErrors(t *testing.T) {
	for table, request := range map[omdb.Table]string{
		omdb.VolumeTable:         "/namespace/summary?path=/v",
		omdb.BucketTable:         "/namespace/summary?path=/v/fso",
		omdb.DirectoryTable:      "/namespace/summary?path=/v/fso/a",
		omdb.FileTable:           "/keys/listKeys?startPrefix=/v/fso",
		omdb.KeyTable:            "/namespace/usage?path=/v/obs&files=true",
		derived.NamespaceSummary: "/namespace/dist?path=/v/fso",
	} {
		f := smallWorld(t, false)
		for key := range f.rows[table] {
			f.rows[table][key] = []byte{0xff, 0x01}
		}
		w := f.handler().get(base + request)
		require.Equal(t, http.StatusInternalServerError, w.Code, request)
		require.Contains(t, w.Body.String(), `"code":"INTERNAL"`)
	}
}
