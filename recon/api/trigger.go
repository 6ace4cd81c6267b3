package api

import "net/http"

// triggerSync is GET and POST /triggerdbsync/om (spec/api.md 4.16): true if a
// sync begins now, false if one goes on. Ozone has only GET, which prefetchers
// may trigger.
func (s *server) triggerSync(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		// HEAD is for looking only.
		w.WriteHeader(http.StatusOK)
		return
	}
	s.writeJSON(w, r, http.StatusOK, s.Control.TriggerSync())
}

// reinitialize is POST /triggerdbsync/om/reinit (spec/api.md 4.16).
func (s *server) reinitialize(w http.ResponseWriter, r *http.Request) {
	accepted, message := s.Control.Rebuild("POST " + r.URL.Path)
	if !accepted {
		s.fail(w, r, problem{status: http.StatusConflict, code: "RETRY", title: "Not accepted now",
			detail: message, retrySeconds: s.retrySeconds()})
		return
	}
	w.Header().Set("Location", base+"/staging")
	s.writeJSON(w, r, http.StatusAccepted, struct {
		Status  string `json:"status"`
		Message string `json:"message"`
	}{"ACCEPTED", message})
}
