package api

import (
	"context"
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
// tasks run without a new revision. Label and rows are of one view: what is
// served may change while the answer is made.
func (s *server) taskStatus(w http.ResponseWriter, r *http.Request) {
	label, err := s.servedLabel(r.Context(), "task/status")
	switch {
	case errors.Is(err, swap.ErrNothingPublished):
		w.Header().Set("Recon-Staging", s.stagingHeader())
	case err != nil:
		s.fail(w, r, err)
		return
	default:
		s.setLabel(w.Header(), label)
	}
	if err := s.between(r.Context(), "task/status", 1); err != nil {
		s.fail(w, r, err)
		return
	}
	bodies := []taskStatusBody{}
	for _, t := range s.Control.TaskStatuses(label) {
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

// servedLabel is the label of what is served now. The error is
// [swap.ErrNothingPublished] before the first commit.
func (s *server) servedLabel(ctx context.Context, endpoint string) (generation.Label, error) {
	view, release, err := s.Views.Acquire(ctx, endpoint, generation.Need{})
	if err != nil {
		return generation.Label{}, err
	}
	defer release()
	return view.Label(), nil
}
