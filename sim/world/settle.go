package world

import (
	"context"
	"fmt"
	"strings"
	"time"

	"reconsim/recon/generation"
	"reconsim/recon/staging"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
)

// settle ends traffic and faults and waits until Recon shows the OM's last
// transaction; then every answer must be of that state.
func (w *World) settle(ctx context.Context) error {
	w.cluster.StopTraffic()
	if err := w.plan.DisarmAll(); err != nil {
		return &Failure{err}
	}
	w.cluster.ClearFaults()
	w.network.disturb(scenarios.Step{})
	for _, n := range w.cluster.Nodes() {
		if err := w.cluster.Resume(n.ID()); err != nil {
			return &Failure{err}
		}
		if err := w.cluster.Heal(n.ID()); err != nil {
			return &Failure{err}
		}
	}
	if err := w.cluster.Settle(); err != nil {
		return &Failure{err}
	}
	index := w.cluster.Index()
	deadline := w.plain.Now().Add(w.scenario.Expect.Converge.D())
	w.event(record.Event{Kind: record.KindLog, Level: "INFO", Message: fmt.Sprintf("traffic and faults have stopped at transaction %d", index)})
	for !w.equals(index) && w.plain.Now().Before(deadline) {
		if err := w.plain.Sleep(ctx, pollEvery); err != nil {
			return w.failureOr(err)
		}
	}
	if !w.equals(index) {
		// The answers say so too, but nobody may be reading.
		w.checker.Tally(check.Converge, 1, check.Violation{Index: -1, SentAt: deadline, DoneAt: w.plain.Now(),
			Detail: fmt.Sprintf("%v after faults stopped Recon shows transaction %d, the OM is at %d", w.scenario.Expect.Converge.D(), w.firstIndex+w.Deltas(), index)})
		w.violated(check.Violation{Property: check.Converge, Signature: "converge|recon", DoneAt: w.plain.Now(),
			Detail: fmt.Sprintf("Recon never came to transaction %d", index)})
	}
	w.checker.Quiesced(index, w.plain.Now())
	until := w.meter.reads("", "") + w.options.SettledReads
	limit := w.plain.Now().Add(20 * time.Second)
	for w.meter.reads("", "") < until && w.plain.Now().Before(limit) {
		if err := w.plain.Sleep(ctx, pollEvery); err != nil {
			return w.failureOr(err)
		}
	}
	return nil
}

// equals reports whether Recon shows readers the state at an index and rests.
func (w *World) equals(index int64) bool {
	recon := w.recon.Load()
	if recon == nil || recon.Controller.Frozen() != "" {
		return false
	}
	view, release, err := recon.Protocol.Acquire(context.Background(), "harness", generation.Need{})
	if err != nil {
		return false
	}
	defer release()
	state := recon.Controller.StagingStatus().State
	return view.Label().Applied.Index == index && (state == staging.None || state == staging.Failed)
}

// probeDirectories looks at what Recon left on disk after it has stopped: one
// generation, no candidate, no temporary files.
func (w *World) probeDirectories() {
	l := w.life.Load()
	if l == nil || l.over.Load() {
		return // Nobody had the time to tidy up; the run has failed for that already.
	}
	fs := l.fs
	dir := fs.PathJoin(w.options.Dir, "recon", "generations")
	names, err := fs.List(dir)
	if err != nil {
		w.fail(fmt.Errorf("look at Recon's folder: %w", err))
		return
	}
	generations, temporary := int64(0), int64(0)
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "gen-"):
			generations++
		case strings.HasSuffix(name, ".tmp"):
			temporary++
		}
	}
	candidates, err := fs.List(fs.PathJoin(w.options.Dir, "recon", "candidate"))
	if err != nil {
		candidates = nil // The folder is gone, as it should be.
	}
	now := w.plain.Now()
	for _, p := range []check.Probe{
		{What: "generation directories after the end", Got: generations, Limit: 1, At: now},
		{What: "temporary files after the end", Got: temporary, Limit: 0, At: now},
		{What: "files of downloads after the end", Got: int64(len(candidates)), Limit: 0, At: now},
	} {
		for _, v := range w.checker.Probe(p) {
			w.violated(v)
		}
	}
}
