package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"reconsim/recon/staging"
)

// jobRequestBytes is the largest body of a request for a rebuild.
const jobRequestBytes = 16 << 10

// stagingStatus is GET /staging.
func (s *server) stagingStatus(w http.ResponseWriter, r *http.Request) {
	s.writeStaging(w, r, http.StatusOK)
}

func (s *server) writeStaging(w http.ResponseWriter, r *http.Request, status int) {
	body, err := s.describe(r.Context(), s.Control.StagingStatus())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.writeJSON(w, r, status, body)
}

// jobRequest asks for a rebuild. A rebuild that is asked for starts from what
// is served; only a first start or a lost place in the OM's log downloads.
type jobRequest struct {
	Source string `json:"source"`
	Reason string `json:"reason"`
}

const sourceLocal = "local-checkpoint"

// startJob is POST /staging/jobs.
func (s *server) startJob(w http.ResponseWriter, r *http.Request) {
	var request jobRequest
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, jobRequestBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&request); err != nil && !errors.Is(err, io.EOF) {
		s.fail(w, r, badParameter(http.StatusBadRequest, "body", `The body must be like {"reason":"…"}: %v.`, err))
		return
	}
	if request.Source != "" && request.Source != sourceLocal {
		s.fail(w, r, badParameter(http.StatusBadRequest, "source",
			"source must be %q or missing, not %q: a rebuild that is asked for starts from what is served.", sourceLocal, request.Source))
		return
	}
	if request.Reason == "" {
		request.Reason = "POST " + r.URL.Path
	}
	accepted, message := s.Control.Rebuild(request.Reason)
	if !accepted {
		s.fail(w, r, problem{status: http.StatusConflict, code: "BUILD_RUNNING", title: "No rebuild can begin now",
			detail: message, retrySeconds: s.retrySeconds()})
		return
	}
	w.Header().Set("Location", base+"/staging")
	w.Header().Set("Retry-After", strconv.Itoa(retryMinSeconds))
	s.writeStaging(w, r, http.StatusAccepted)
}

// showJob is GET /staging/jobs/{id}, for the rebuild that goes on and the one
// that ended last.
func (s *server) showJob(w http.ResponseWriter, r *http.Request) {
	status := s.Control.StagingStatus()
	id := r.PathValue("id")
	switch {
	case active(status.State) && id == jobID(status.ID):
		s.writeStaging(w, r, http.StatusOK)
	case status.Last != nil && id == jobID(status.Last.ID):
		s.writeJSON(w, r, http.StatusOK, newOutcomeBody(status.Last))
	default:
		s.fail(w, r, noSuchJob(id))
	}
}

func noSuchJob(id string) problem {
	return problem{status: http.StatusNotFound, code: "NO_SUCH_JOB", title: "No such rebuild",
		detail: strconv.Quote(id) + " is neither the rebuild that goes on nor the one that ended last."}
}

// cancelJob is POST /staging/jobs/{id}/cancel (REQ-V3): 202 if the rebuild was
// asked to stop, 200 if it has been stopped already, 409 if it cannot be.
func (s *server) cancelJob(w http.ResponseWriter, r *http.Request) {
	status := s.Control.StagingStatus()
	id := r.PathValue("id")
	running := active(status.State) && id == jobID(status.ID)
	ended := !running && status.Last != nil && id == jobID(status.Last.ID)
	switch {
	case ended && status.Last.Cause == staging.CauseCancelled:
		s.writeStaging(w, r, http.StatusOK)
		return
	case ended:
		s.fail(w, r, notCancellable("The rebuild has ended: "+status.Last.Result+"."))
		return
	case !running:
		s.fail(w, r, noSuchJob(id))
		return
	case !status.CancelAllowed:
		s.fail(w, r, notCancellable("The rebuild is in "+status.State.String()+" and cannot be stopped any more."))
		return
	}
	if err := s.Control.Cancel("REST " + r.RemoteAddr); err != nil {
		s.fail(w, r, notCancellable("The rebuild cannot be stopped: "+err.Error()+"."))
		return
	}
	w.Header().Set("Retry-After", strconv.Itoa(retryMinSeconds))
	s.writeStaging(w, r, http.StatusAccepted)
}

func notCancellable(detail string) problem {
	return problem{status: http.StatusConflict, code: "NOT_CANCELLABLE", title: "Not cancellable", detail: detail}
}
