package world

import (
	"fmt"
	"strings"

	"reconsim/faults/plan"
	"reconsim/recon/generation"
	"reconsim/recon/staging"
	"reconsim/reports/record"
	"reconsim/sim/check"
)

// maxViolations is how many violations a record keeps in full.
const maxViolations = 100

// stagingChanged hears of every transition of staging.
func (w *World) stagingChanged(s staging.Status) {
	now := w.plain.Now()
	w.mu.Lock()
	from, again := w.restarted(s.State)
	w.mu.transitions = append(w.mu.transitions, transition{state: s.State.String(), phase: s.Phase})
	w.noteState(s, w.millis(now))
	w.mu.Unlock()
	cause := ""
	if s.Last != nil && (s.State == staging.None || s.State == staging.Failed) {
		cause = string(s.Last.Cause)
	}
	w.event(record.Event{Kind: record.KindState, Generation: s.ID, State: s.State.String(), Cause: cause, Seq: s.BaseSeq})
	for _, v := range w.checker.Transition(check.Transition{Machine: "recon", From: from.String(), To: s.State.String(), Restarted: again, At: now}) {
		w.violated(v)
	}
	if hook := w.options.Hooks.Staged; hook != nil {
		hook(s, w.recon.Load())
	}
	if s.State == staging.Committed {
		if recon := w.recon.Load(); recon != nil {
			if m, ok := recon.Protocol.Serving(); ok {
				w.checker.CommitAcknowledged(publishedOf(m, now))
				w.promised(promise{m.Build, m.AppliedSeq})
			}
		}
	}
}

// noteState keeps the course of a rebuild for the record; the lock is held.
func (w *World) noteState(s staging.Status, atMillis float64) {
	if s.State == staging.Initializing {
		w.mu.generations = append(w.mu.generations, record.Generation{ID: s.ID, Trigger: string(s.Trigger), StartedAtMillis: atMillis, Outcome: record.Unfinished})
	}
	g := w.generationNoted(s.ID)
	if g == nil {
		return
	}
	g.BaseSeq = max(g.BaseSeq, s.BaseSeq)
	change := record.StateChange{State: s.State.String(), AtMillis: atMillis}
	if last := s.Last; last != nil && last.ID == s.ID {
		switch {
		case last.Result == "COMMITTED":
			g.Outcome = record.Committed
		case s.State == staging.Failed:
			g.Outcome = record.FailedOut
		case last.Quarantined != "":
			g.Outcome = record.Quarantined
		default:
			g.Outcome = record.RolledBack
		}
		if last.Result != "COMMITTED" {
			g.Cause = fmt.Sprintf("%s: %s", last.Cause, last.Reason)
			change.Cause = string(last.Cause)
		}
		if g.TaskRows == nil {
			for _, t := range s.Tasks {
				g.TaskRows = append(g.TaskRows, record.TaskRows{Task: t.Name, Rows: t.RowsDone})
			}
		}
	}
	g.States = append(g.States, change)
}

func (w *World) generationNoted(id uint64) *record.Generation {
	// After a crash a number may be given again; the last one is meant.
	for i := len(w.mu.generations) - 1; i >= 0; i-- {
		if w.mu.generations[i].ID == id {
			return &w.mu.generations[i]
		}
	}
	return nil
}

// noteShown keeps when a generation was published and what it replaced.
func (w *World) noteShown(m generation.Meta, atMillis float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.mu.generations {
		if g := &w.mu.generations[i]; g.PublishedAtMillis != nil && g.SupersededAtMillis == nil {
			g.SupersededAtMillis = record.Millis(atMillis)
		}
	}
	if g := w.generationNoted(m.Build); g != nil {
		g.PublishedAtMillis = record.Millis(atMillis)
		if g.Outcome == record.Discarded {
			g.Outcome, g.Cause = record.Committed, "" // The crash came after the commit point.
		}
		g.Lineage, g.BaseSeq, g.AppliedSeq = m.Lineage.String(), m.BaseSeq, m.AppliedSeq
	}
}

// Bounds on how often one fault is written down: of a rule that only parks, to
// set the pace, once is enough; the record counts all.
const (
	maxFiringsTold = 200
	maxParksTold   = 1
)

// fired hears of every fault that strikes.
func (w *World) fired(f plan.Firing) {
	limit := maxFiringsTold
	if strings.HasPrefix(f.Do, "park ") && !strings.Contains(f.Do, " then ") {
		limit = maxParksTold
	}
	w.mu.Lock()
	w.mu.told[f.Rule]++
	told := w.mu.told[f.Rule]
	w.mu.Unlock()
	if told > limit {
		return
	}
	w.event(record.Event{Kind: record.KindFault, Fault: f.Rule, Point: f.Point.String(), Subject: f.Subject, Message: f.Do})
}

// submit hands an answer to the judges.
func (w *World) submit(o check.Observation) {
	if w.pool != nil {
		w.pool.Submit(o)
		return
	}
	for _, v := range w.checker.Check(o) {
		w.violated(v)
	}
}

// violated keeps a violation for the record.
func (w *World) violated(v check.Violation) {
	w.meter.found(v)
	at := w.millis(v.DoneAt)
	kept := record.Violation{Property: string(v.Property), Signature: v.Signature, Message: v.String(), Reader: v.Reader,
		AtMillis: at, Request: v.Request, Got: v.Got, Want: v.Want}
	w.mu.Lock()
	number := 0
	if len(w.mu.violations) < maxViolations {
		w.mu.violations = append(w.mu.violations, kept)
		number = len(w.mu.violations)
	} else {
		w.mu.omitted++
	}
	w.mu.Unlock()
	w.event(record.Event{AtMillis: at, Kind: record.KindViolation, Property: kept.Property, Signature: kept.Signature,
		Reader: v.Reader, Endpoint: v.Request, Violation: number, Message: kept.Message})
}

func (w *World) state() staging.State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.latest
}
