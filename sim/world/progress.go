package world

import (
	"time"

	"reconsim/recon/staging"
)

// Progress is how a run stands, for a person who watches.
type Progress struct {
	Elapsed    time.Duration
	State      string
	Phase      string
	Generation uint64
	Published  int64
	Reads      int64
	Violations int64
	Tasks      []staging.TaskProgress
}

// Progress looks at the run; it may be called at any time.
func (w *World) Progress() Progress {
	p := Progress{State: "STARTING", Published: w.published.Load(), Reads: w.meter.reads("", "")}
	if !w.begun.IsZero() {
		p.Elapsed = w.plain.Now().Sub(w.begun)
	}
	w.mu.Lock()
	p.Violations = int64(len(w.mu.violations)) + w.mu.omitted
	w.mu.Unlock()
	if recon := w.recon.Load(); recon != nil {
		s := recon.Controller.StagingStatus()
		p.State, p.Phase, p.Generation, p.Tasks = s.State.String(), s.Phase, s.ID, s.Tasks
	}
	return p
}
