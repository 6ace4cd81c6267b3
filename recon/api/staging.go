package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// stagingBody is the state of staging (spec/api.md 9.6). 64-bit numbers that
// may exceed what JavaScript holds exactly are strings.
type stagingBody struct {
	State   string  `json:"state"`
	Phase   string  `json:"phase"`
	Job     *string `json:"job"`
	Trigger *string `json:"trigger"`
	Attempt int     `json:"attempt"`
	// Serving is null before the first commit.
	Serving       *servingBody `json:"serving"`
	Target        *targetBody  `json:"target"`
	StartedAt     *string      `json:"startedAt"`
	ChangedAt     *string      `json:"changedAt"`
	FinishedAt    *string      `json:"finishedAt"`
	RetryAt       *string      `json:"retryAt"`
	DurationMs    int64        `json:"durationMs"`
	Progress      float64      `json:"progress"`
	ETASeconds    *int64       `json:"etaSeconds"`
	CancelAllowed bool         `json:"cancelAllowed"`
	Tasks         []taskBody   `json:"tasks"`
	LastError     *string      `json:"lastError"`
	Last          *outcomeBody `json:"last"`
}

type servingBody struct {
	Generation       string  `json:"generation"`
	AppliedSeq       string  `json:"appliedSeq"`
	AsOf             string  `json:"asOf"`
	StalenessSeconds int64   `json:"stalenessSeconds"`
	LagSeq           *string `json:"lagSeq"`
	Lineage          string  `json:"lineage"`
}

type targetBody struct {
	SnapshotSeq string `json:"snapshotSeq"`
}

type taskBody struct {
	Name          string  `json:"name"`
	State         string  `json:"state"`
	RowsDone      string  `json:"rowsDone"`
	RowsEstimated string  `json:"rowsEstimated"`
	Progress      float64 `json:"progress"`
	Error         *string `json:"error"`
}

// outcomeBody is how a rebuild ended.
type outcomeBody struct {
	Job         string  `json:"job"`
	Result      string  `json:"result"`
	Cause       *string `json:"cause"`
	Reason      *string `json:"reason"`
	Trigger     string  `json:"trigger"`
	Attempt     int     `json:"attempt"`
	SnapshotSeq string  `json:"snapshotSeq"`
	StartedAt   *string `json:"startedAt"`
	FinishedAt  *string `json:"finishedAt"`
	DurationMs  int64   `json:"durationMs"`
	Quarantined *string `json:"quarantined"`
}

// jobID is the name of a rebuild in the API.
func jobID(build uint64) string { return "b-" + strconv.FormatUint(build, 10) }

// describe builds the body of a status.
func (s *server) describe(ctx context.Context, status staging.Status) (stagingBody, error) {
	serving, err := s.serving(ctx)
	body := stagingBody{
		State: status.State.String(), Phase: status.Phase, Trigger: orNull(string(status.Trigger)), Attempt: status.Attempt,
		Serving: serving, StartedAt: instant(status.StartedAt), ChangedAt: instant(status.ChangedAt), RetryAt: instant(status.RetryAt),
		Progress: status.Progress(), CancelAllowed: status.CancelAllowed, Tasks: taskBodies(status.Tasks),
		Last: newOutcomeBody(status.Last),
	}
	if status.ID != 0 {
		body.Job = orNull(jobID(status.ID))
		body.Target = &targetBody{strconv.FormatUint(status.BaseSeq, 10)}
	}
	if eta, ok := s.etaSeconds(status); ok {
		body.ETASeconds = &eta
	}
	if last := status.Last; last != nil && last.ID == status.ID && !active(status.State) {
		body.FinishedAt = instant(last.EndedAt)
		body.DurationMs = last.EndedAt.Sub(last.StartedAt).Milliseconds()
		body.LastError = orNull(last.Reason)
	} else if active(status.State) && !status.StartedAt.IsZero() {
		body.DurationMs = s.Env.Now().Sub(status.StartedAt).Milliseconds()
	}
	return body, err
}

// active reports whether a rebuild goes on or is being rolled back.
func active(state staging.State) bool { return underWay(state) || state == staging.RollingBack }

func (s *server) serving(ctx context.Context) (*servingBody, error) {
	l, err := s.servedLabel(ctx, "staging")
	if errors.Is(err, swap.ErrNothingPublished) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	body := &servingBody{
		Generation: l.ID(), AppliedSeq: strconv.FormatUint(l.AppliedSeq, 10), AsOf: *instantOf(l.AsOf),
		StalenessSeconds: s.stalenessSeconds(l), Lineage: l.Lineage.String(),
	}
	if latest, known := s.Control.OMLatestSeq(); known {
		body.LagSeq = orNull(strconv.FormatUint(max(latest, l.AppliedSeq)-l.AppliedSeq, 10))
	}
	return body, nil
}

func taskBodies(tasks []staging.TaskProgress) []taskBody {
	bodies := make([]taskBody, len(tasks))
	for i, t := range tasks {
		bodies[i] = taskBody{
			Name: t.Name, State: t.State, RowsDone: strconv.FormatInt(t.RowsDone, 10),
			RowsEstimated: strconv.FormatInt(t.RowsEstimated, 10), Progress: taskProgress(t), Error: orNull(t.Error),
		}
	}
	return bodies
}

// taskProgress is the share of a task that is done: 1 only when it is.
func taskProgress(t staging.TaskProgress) float64 {
	return staging.Status{Tasks: []staging.TaskProgress{t}}.Progress()
}

func newOutcomeBody(o *staging.Outcome) *outcomeBody {
	if o == nil {
		return nil
	}
	return &outcomeBody{
		Job: jobID(o.ID), Result: o.Result, Cause: orNull(string(o.Cause)), Reason: orNull(o.Reason),
		Trigger: string(o.Trigger), Attempt: o.Attempt, SnapshotSeq: strconv.FormatUint(o.BaseSeq, 10),
		StartedAt: instant(o.StartedAt), FinishedAt: instant(o.EndedAt),
		DurationMs: o.EndedAt.Sub(o.StartedAt).Milliseconds(), Quarantined: orNull(o.Quarantined),
	}
}

// instant is a time on the wire, null if there is none.
func instant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return instantOf(t)
}

func instantOf(t time.Time) *string {
	text := t.UTC().Format(time.RFC3339)
	return &text
}
