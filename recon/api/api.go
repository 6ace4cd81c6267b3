package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// Control is what the endpoints about rebuilds show and may ask for. All its
// methods return at once.
type Control interface {
	// StagingStatus is the state of the rebuild that goes on, or went last.
	StagingStatus() staging.Status
	// TaskStatuses are the rows of RECON_TASK_STATUS, in the order to show, as
	// whoever is served so may know them; the zero Label is before the first
	// commit.
	TaskStatuses(served generation.Label) []staging.TaskStatus
	// TriggerSync asks for a sync with the OM now; false means one goes on.
	TriggerSync() bool
	// Rebuild asks for a rebuild; message tells the caller why or why not.
	Rebuild(reason string) (accepted bool, message string)
	// Cancel asks the rebuild that goes on to stop. An error means that it
	// cannot be stopped any more, or that there is none.
	Cancel(by string) error
	// OMLatestSeq is the newest sequence number heard of from the OM.
	OMLatestSeq() (seq uint64, known bool)
}

// Options is what the handler is made of. Env, Views and Control are required.
type Options struct {
	Env     *env.Env
	Views   swap.Views
	Control Control
	// FileSystemPaths is ozone.om.enable.filesystem.paths.
	FileSystemPaths bool
	// OMServiceID and SCMServiceID are shown by clusterState; "" is null.
	OMServiceID, SCMServiceID string
	// Zone is that of listKeys' creationDate; nil is the process's.
	Zone *time.Location
	// Version is shown in metrics and on the page.
	Version string
	// Collectors are further metrics to serve.
	Collectors []prometheus.Collector
	// Log takes what went wrong inside; nil drops it.
	Log *slog.Logger
}

// server is the handler's state. Everything in it is safe for concurrent use.
type server struct {
	Options
	metrics *metrics
	streams streamCount
}

// New makes the handler of all endpoints. It panics without Env, Views or
// Control, which is a mistake of the program.
func New(o Options) http.Handler {
	if o.Env == nil || o.Views == nil || o.Control == nil {
		panic("api: Env, Views and Control are required")
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{Options: o}
	s.metrics = newMetrics(s)
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.guard(r))
	}
	return mux
}

// base is the path under which Ozone's endpoints and the staging resource lie.
const base = "/api/v1"

// route is a pattern with a handler for each method. GET serves HEAD too.
type route struct {
	pattern string
	methods map[string]http.HandlerFunc
}

func get(pattern string, h http.HandlerFunc) route {
	return route{pattern, map[string]http.HandlerFunc{http.MethodGet: h}}
}

func post(pattern string, h http.HandlerFunc) route {
	return route{pattern, map[string]http.HandlerFunc{http.MethodPost: h}}
}

func (s *server) routes() []route {
	data := func(path string, e dataEndpoint) route { return get(base+path, s.data(e)) }
	summary := func(path string, total func(*reading) (any, error)) route {
		return data("/keys/"+path+"/summary", dataEndpoint{name: "keys/summaries", prepare: statsOnly(total), tagged: true})
	}
	return []route{
		data("/namespace/summary", dataEndpoint{name: "namespace/summary", prepare: s.namespaceSummary, tagged: true}),
		data("/namespace/usage", dataEndpoint{name: "namespace/usage", prepare: s.namespaceUsage, tagged: true}),
		data("/namespace/dist", dataEndpoint{name: "namespace/dist", prepare: s.namespaceDistribution, tagged: true}),
		data("/containers/{id}/keys", dataEndpoint{name: "containers/keys", prepare: s.containerKeys, tagged: true}),
		summary("open", openKeySummary),
		summary("open/mpu", openUploadSummary),
		summary("deletePending", deletedKeySummary),
		summary("deletePending/dirs", deletedDirectorySummary),
		data("/keys/listKeys", dataEndpoint{name: "keys/listKeys", prepare: s.listKeys, tagged: true}),
		data("/utilization/fileCount", dataEndpoint{name: "utilization/fileCount", prepare: s.fileCount, tagged: true}),
		data("/clusterState", dataEndpoint{name: "clusterState", prepare: statsOnly(s.clusterState)}),
		get(base+"/task/status", s.taskStatus),
		{base + "/triggerdbsync/om", map[string]http.HandlerFunc{http.MethodGet: s.triggerSync, http.MethodPost: s.triggerSync}},
		post(base+"/triggerdbsync/om/reinit", s.reinitialize),
		get(base+"/staging", s.stagingStatus),
		post(base+"/staging/jobs", s.startJob),
		get(base+"/staging/jobs/{id}", s.showJob),
		post(base+"/staging/jobs/{id}/cancel", s.cancelJob),
		get(base+"/staging/events", s.stagingEvents),
		get("/livez", s.live),
		get("/readyz", s.ready),
		get("/startupz", s.startup),
		get("/metrics", s.metrics.serve),
		get("/{$}", page("index.html")),
		get("/ui/recon.css", page("recon.css")),
		get("/ui/recon.js", page("recon.js")),
		{"/", nil},
	}
}
