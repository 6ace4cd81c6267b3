package controller

import (
	"context"
	"strings"
	"testing"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/omdb"
	"reconsim/recon/staging"
	"reconsim/recon/tasks"
)

// TestBootstrapThenDeltas: the first start takes a snapshot, then deltas are
// followed without another.
func TestBootstrapThenDeltas(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	meta := e.caughtUp(1)
	if meta.BaseSeq != 10 || meta.Lineage.Node != "om1" || meta.Applied != (omdb.TransactionInfo{Term: 1, Index: 10}) {
		t.Errorf("the snapshot is served as %+v", meta)
	}
	if got := e.last(); got.Result != "COMMITTED" || got.Trigger != staging.TriggerFirstStart || got.Attempt != 1 {
		t.Errorf("outcome %+v", got)
	}
	e.serves("first", "row", 1)
	om.put("second", "row")
	om.put("first", "changed")
	meta = e.caughtUp(1)
	e.serves("first", "changed", 2)
	if meta.BaseSeq != 10 || meta.Applied.Index != 12 || om.downloaded() != 1 {
		t.Errorf("after the deltas %+v, %d downloads", meta, om.downloaded())
	}
	if seq, known := e.OMLatestSeq(); !known || seq != 14 {
		t.Errorf("the OM's latest sequence is %d (%t), want 14", seq, known)
	}
}

// TestDenialIsNoDivergence: an OM that denies updates but gives snapshots is
// not downloaded again and again (OM-H34); the generation goes on afterwards.
func TestDenialIsNoDivergence(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	om.change(func() { om.denied = true })
	om.put("second", "row")
	e.syncs()
	e.wait("the denial is told", func() bool { return strings.Contains(e.LastError(), "Access denied") })
	if om.downloaded() != 1 || e.Frozen() != "" {
		t.Errorf("%d downloads, frozen %q", om.downloaded(), e.Frozen())
	}
	om.change(func() { om.denied = false })
	e.caughtUp(1)
	e.serves("second", "row", 2)
	e.wait("the error is gone", func() bool { return e.LastError() == "" })
}

// TestSequenceGap: once the OM no longer has what comes next, the served
// generation takes no delta until a new snapshot replaces it (recon.md 6.8,
// step 2); then it thaws.
func TestSequenceGap(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	g := newGate()
	om.change(func() {
		om.transfer = g.pass
		om.seq, om.log = om.seq+6, nil // Three transactions that the log no longer has.
	})
	om.put("after the gap", "row")
	e.waitGate(g, "the download")
	if !strings.Contains(e.Frozen(), "SequenceNumberNotFoundException") {
		t.Errorf("frozen %q", e.Frozen())
	}
	om.put("during the download", "row")
	e.syncs()
	if meta, _ := e.protocol.Serving(); meta.Build != 1 || meta.AppliedSeq != 10 {
		t.Errorf("a frozen generation moved: %+v", meta)
	}
	e.serves("after the gap", "", 1)
	g.open()
	e.caughtUp(2)
	e.serves("during the download", "row", 3)
	if got := e.last(); got.Trigger != staging.TriggerSequenceGap || got.Result != "COMMITTED" || e.Frozen() != "" {
		t.Errorf("outcome %+v, frozen %q", got, e.Frozen())
	}
	om.put("after the thaw", "row")
	e.caughtUp(2)
	e.serves("after the thaw", "row", 4)
}

// TestLeaderSwitch: sequence numbers mean nothing on another node, whatever
// they are there (OM-H10, om.md 6).
func TestLeaderSwitch(t *testing.T) {
	for _, tc := range []struct {
		name string
		seq  uint64
	}{
		{"ours is above the new leader's", 7},
		{"ours is the new leader's, up to date", 10},
		{"ours is inside the new leader's log", 30},
	} {
		t.Run("OM-H10 "+tc.name, func(t *testing.T) {
			om := newScriptedOM(t)
			e := newEngine(t, om)
			e.caughtUp(1)
			om.change(func() {
				om.leader, om.seq = "om2", tc.seq-2
				om.rows = map[string]string{"of om2": "row"}
				om.info.Term++
			})
			om.put("second", "row")
			meta := e.caughtUp(2)
			if meta.Lineage.Node != "om2" || meta.Applied.Term != 2 || om.downloaded() != 2 {
				t.Errorf("serving %+v after %d downloads", meta, om.downloaded())
			}
			if got := e.last(); got.Trigger != staging.TriggerLeaderSwitch {
				t.Errorf("outcome %+v", got)
			}
			e.serves("of om2", "row", 2)
			e.serves("first", "", 2)
		})
	}
}

// failDelta makes a task fail the first n times that it takes a delta; it
// returns how often it was asked.
func (e *engine) failDelta(n int) (asked func() int) {
	count := 0
	e.hook.set(func(_ context.Context, p point.Point, subject string) error {
		if p != point.TaskDelta || subject != tasks.OmTableInsightTask {
			return nil
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if count++; count <= n {
			return errInjected
		}
		return nil
	})
	return func() int { e.mu.Lock(); defer e.mu.Unlock(); return count }
}

// TestTaskFailsOnce: one failure is retried and leaves no trace (FP18).
func TestTaskFailsOnce(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	asked := e.failDelta(1)
	om.put("second", "row")
	e.caughtUp(1)
	e.serves("second", "row", 2)
	if asked() != 2 || e.Frozen() != "" || len(e.waitEnded(1)) != 1 {
		t.Errorf("asked %d times, frozen %q, %d rebuilds", asked(), e.Frozen(), len(e.waitEnded(1)))
	}
}

// TestLastDeltaIsShown: a delta that SQL could not follow is shown by the next
// sync, not only with the OM's next transaction; until then nobody is told of it.
func TestLastDeltaIsShown(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	e.hook.set(func(_ context.Context, p point.Point, _ string) error {
		if p == point.DeltaSQL {
			return errInjected
		}
		return nil
	})
	om.put("second", "row")
	e.wait("the delta is committed", func() bool { m, _ := e.protocol.Committed(); return m.AppliedSeq == 12 })
	e.wait("the failure is told", func() bool { return strings.Contains(e.LastError(), errInjected.Error()) })
	e.serves("second", "", 1)
	if m, _ := e.protocol.Serving(); m.AppliedSeq != 10 {
		t.Errorf("serving %+v, readers see sequence 10", m)
	}
	e.hook.set(nil)
	e.caughtUp(1)
	e.serves("second", "row", 2)
}

// TestTaskFailsTwice: the tasks are rebuilt from the local copy, which gets the
// fetch that failed, without a download (FP18, REQ trigger TASK_FAILURES).
func TestTaskFailsTwice(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	asked := e.failDelta(2)
	om.put("second", "row")
	meta := e.caughtUp(2)
	e.serves("second", "row", 2)
	if got := e.last(); got.Trigger != staging.TriggerTaskFailure || got.Result != "COMMITTED" {
		t.Errorf("outcome %+v", got)
	}
	if asked() != 2 || om.downloaded() != 1 || e.Frozen() != "" {
		t.Errorf("asked %d times, %d downloads, frozen %q", asked(), om.downloaded(), e.Frozen())
	}
	if meta.Lineage.Node != "om1" || meta.AppliedSeq != 12 || meta.Applied.Index != 11 {
		t.Errorf("the rebuild has not got the failed fetch: %+v", meta)
	}
	om.put("third", "row")
	e.caughtUp(2)
	e.serves("third", "row", 3)
}

// TestOverflow: a rebuild that cannot hold what comes meanwhile is given up
// for a newer one; nothing is lost (REQ BUFFER_OVERFLOW).
func TestOverflow(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om, config.EventBufferCapacity, "1")
	e.caughtUp(1)
	g := e.hook.park(point.TaskStart)
	if ok, message := e.Rebuild("test"); !ok {
		t.Fatal(message)
	}
	e.waitGate(g, "the rebuild to begin")
	om.put("second", "row")
	e.wait("the first fetch is served and held for the rebuild", func() bool {
		meta, _ := e.protocol.Serving()
		return meta.AppliedSeq == 12
	})
	e.hook.set(nil) // Only the parked rebuild stays parked.
	om.put("third", "row")
	e.wait("the newer rebuild is committed", func() bool { return e.last().Trigger == staging.TriggerOverflow })
	meta := e.caughtUp(3)
	ended := e.waitEnded(3)
	if got := ended[1]; got.ID != 2 || got.Cause != staging.CauseSuperseded || got.Result != "ROLLED_BACK" {
		t.Errorf("outcome of the rebuild that overflowed: %+v", got)
	}
	if got := ended[2]; got.ID != 3 || got.Result != "COMMITTED" || meta.BaseSeq != 14 || om.downloaded() != 2 {
		t.Errorf("outcome %+v, serving %+v, %d downloads", got, meta, om.downloaded())
	}
	e.serves("third", "row", 3)
}
