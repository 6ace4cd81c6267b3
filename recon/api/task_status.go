package api

import (
	"errors"
	"net/http"

	"reconsim/recon/generation"
	"reconsim/recon/swap"
)

// taskStatusBody is a row of RECON_TASK_STATUS.
type taskStatusBody struct {
	TaskName             string `json:"taskName"`
	LastUpdatedTimestamp int64  `json:"lastUpdatedTimestamp"`
	LastUpdatedSeqNumber uint64 `json:"lastUpdatedSeqNumber"`
	LastTaskRunStatus    int    `json:"lastTaskRunStatus"`
	IsCurrentTaskRunning int    `json:"isCurrentTaskRunning"`
}

// taskStatus is GET /task/status (spec/api.md 4.15). It answers before the
// first commit too: that is when it is looked at most. It has no ETag, because
// tasks run without a new revision.
func (s *server) taskStatus(w http.ResponseWriter, r *http.Request) {
	if err := s.labelFor(w.Header(), r, "task/status"); err != nil {
		s.fail(w, r, err)
		return
	}
	bodies := []taskStatusBody{}
	for _, t := range s.Control.TaskStatuses() {
		body := taskStatusBody{
			TaskName: t.Name, LastUpdatedTimestamp: t.UpdatedMillis,
			LastUpdatedSeqNumber: t.AppliedSeq, LastTaskRunStatus: t.RunStatus,
		}
		if t.Running {
			body.IsCurrentTaskRunning = 1
		}
		bodies = append(bodies, body)
	}
	s.writeJSON(w, r, http.StatusOK, bodies)
}

// labelFor sets the label of what is served now. Without a generation only the
// state of staging is told.
func (s *server) labelFor(h http.Header, r *http.Request, endpoint string) error {
	view, release, err := s.Views.Acquire(r.Context(), endpoint, generation.Need{})
	if errors.Is(err, swap.ErrNothingPublished) {
		h.Set("Recon-Staging", s.stagingHeader())
		return nil
	}
	if err != nil {
		return err
	}
	defer release()
	s.setLabel(h, view.Label())
	return nil
}
