package controller

import (
	"context"
	"strings"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/generation"
	"reconsim/recon/omsync"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

func (c *Controller) pointCatchUp(ctx context.Context, s swap.Staged, f omsync.Fetched) error {
	return c.env.Point(ctx, point.CatchUp, generation.Name(s.Build()), int64(f.First))
}

// StagingStatus is the state of staging, for people and programs.
func (c *Controller) StagingStatus() staging.Status { return c.staging.Status() }

// OMLatestSeq is the OM's newest sequence at the last fetch; known is false
// before the first one.
func (c *Controller) OMLatestSeq() (seq uint64, known bool) {
	seq = c.omLatest.Load()
	return seq, seq != 0
}

// Frozen says why the served generation takes no deltas, empty if it does.
func (c *Controller) Frozen() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.frozen
}

// LastError is the newest failure of a sync, empty after a good one.
func (c *Controller) LastError() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.lastError
}

// TriggerSync makes the sync actor fetch now. It reports false while a sync is
// already asked for.
func (c *Controller) TriggerSync() bool {
	c.mu.Lock()
	asked := c.mu.syncNow
	c.mu.Unlock()
	c.kickSync()
	return !asked
}

func (c *Controller) kickSync() {
	c.mu.Lock()
	c.mu.syncNow = true
	c.mu.Unlock()
	c.changed.Broadcast()
}

// Rebuild asks for a rebuild from the local copy, at once also while an
// automatic retry waits. It is refused while one runs.
func (c *Controller) Rebuild(reason string) (accepted bool, message string) {
	return c.manual(false, reason)
}

// Download asks for a rebuild from a new snapshot.
func (c *Controller) Download(reason string) (accepted bool, message string) {
	return c.manual(true, reason)
}

func (c *Controller) manual(download bool, reason string) (bool, string) {
	switch s := c.staging.Status(); s.State {
	case staging.None, staging.Failed:
	default:
		return false, "a rebuild is running (" + s.State.String() + ")"
	}
	if _, serving := c.o.Protocol.Serving(); !serving || c.isFrozen() {
		// Without a whole local copy only the OM has what is needed.
		download = true
	}
	c.ask(request{trigger: staging.TriggerManual, download: download, reason: reason})
	return true, "the rebuild is queued"
}

// Cancel stops a rebuild that has not come to COMMITTING.
func (c *Controller) Cancel(by string) error { return c.staging.Cancel(staging.CauseCancelled, by) }

// TaskStatuses are the rows of RECON_TASK_STATUS, derived from the label of
// what is served and from the rebuild that ended last. The zero Label is that of
// nothing.
func (c *Controller) TaskStatuses(served generation.Label) []staging.TaskStatus {
	s := c.staging.Status()
	updated := int64(0)
	if !served.AsOf.IsZero() {
		updated = served.AsOf.UnixMilli()
	}
	running := s.State != staging.None && s.State != staging.Failed
	rows := []staging.TaskStatus{
		{Name: "OmSnapshotRequest", UpdatedMillis: updated, AppliedSeq: served.BaseSeq, Running: strings.HasPrefix(s.Phase, "DOWNLOAD")},
		{Name: "OmDeltaRequest", UpdatedMillis: updated, AppliedSeq: served.AppliedSeq},
	}
	if c.LastError() != "" {
		rows[1].RunStatus = -1
	}
	for _, t := range c.o.Tasks {
		rows = append(rows, staging.TaskStatus{Name: t.Name(), UpdatedMillis: updated, AppliedSeq: served.AppliedSeq,
			Running: s.State == staging.Processing})
	}
	reprocess := staging.TaskStatus{Name: "REPROCESS_STAGING", UpdatedMillis: updated, AppliedSeq: served.BaseSeq, Running: running}
	if s.Last != nil {
		reprocess.UpdatedMillis = s.Last.EndedAt.UnixMilli()
		if s.Last.Result != "COMMITTED" {
			reprocess.RunStatus = -1
		}
	}
	return append(rows, reprocess)
}

// reportLoop logs the progress of a rebuild.
func (c *Controller) reportLoop(ctx context.Context) {
	interval := c.o.Config.Duration(config.StagingProgressSeconds)
	for interval > 0 && c.env.Sleep(ctx, interval) == nil {
		if s := c.staging.Status(); s.State == staging.Processing {
			c.log.Info("rebuild progress", "generation", s.ID, "phase", s.Phase, "percent", int(100*s.Progress()))
		}
	}
}

// Figures measure the tasks of the rebuild that loaded its rows last.
func (c *Controller) Figures() []staging.TaskFigures { return c.staging.Figures() }
