package controller

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/staging"
)

// TestGivesUp: after the last attempt automation leaves it FAILED and the old
// generation serves; a manual rebuild leaves FAILED (REQ retry.attempts).
func TestGivesUp(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om, config.StagingMaxRetryAttempts, "3")
	e.caughtUp(1)
	e.hook.set(func(_ context.Context, p point.Point, _ string) error {
		if p == point.TaskStart {
			return errInjected
		}
		return nil
	})
	e.Rebuild("test")
	e.waitState(staging.Failed)
	e.syncs()
	ended := e.waitEnded(4)
	if len(ended) != 4 {
		t.Fatalf("%d rebuilds ended, want the first start and three attempts", len(ended))
	}
	for i, got := range ended[1:] {
		if got.Attempt != i+1 || got.Cause != staging.CauseFailure || got.Trigger != staging.TriggerManual || !strings.Contains(got.Reason, "injected failure") {
			t.Errorf("attempt %d: %+v", i+1, got)
		}
	}
	// Deltas go on meanwhile.
	om.put("second", "row")
	e.wait("the old generation goes on", func() bool { m, _ := e.protocol.Serving(); return m.Build == 1 && m.AppliedSeq == 12 })
	e.hook.set(nil)
	if ok, message := e.Rebuild("test"); !ok {
		t.Fatal(message)
	}
	e.wait("the manual rebuild is committed", func() bool { return e.last().Result == "COMMITTED" && e.last().ID > 4 })
	e.caughtUp(e.last().ID)
	e.serves("second", "row", 2)
	if om.downloaded() != 1 {
		t.Errorf("%d downloads, a rebuild from the local copy needs none", om.downloaded())
	}
}

// TestRetryDisabled: without automatic retry the first failure is the last.
func TestRetryDisabled(t *testing.T) {
	e := newEngine(t, newScriptedOM(t), config.StagingAutoRetryEnabled, "false")
	e.caughtUp(1)
	e.hook.set(func(_ context.Context, p point.Point, _ string) error {
		if p == point.StagingSeal {
			return errInjected
		}
		return nil
	})
	e.Rebuild("test")
	e.waitState(staging.Failed)
	e.syncs()
	if n := len(e.waitEnded(2)); n != 2 {
		t.Errorf("%d rebuilds ended, want 2", n)
	}
}

// TestRetryKeepsDownload: an attempt after a failure takes the verified
// snapshot of the one before.
func TestRetryKeepsDownload(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	failures := 0
	e.hook.set(func(_ context.Context, p point.Point, _ string) error {
		if p == point.StagingSeal && failures == 0 {
			failures++
			return errInjected
		}
		return nil
	})
	e.Download("test")
	e.wait("the second attempt is committed", func() bool { return e.last().Attempt == 2 && e.last().Result == "COMMITTED" })
	if om.downloaded() != 2 {
		t.Errorf("%d downloads, want one for each generation", om.downloaded())
	}
	e.caughtUp(3)
}

// TestCancel: a cancel during PROCESSING ends the rebuild, which is not tried
// again, and the old generation serves and follows.
func TestCancel(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	if err := e.Cancel("a tester"); !errors.Is(err, staging.ErrNotCancellable) {
		t.Errorf("cancel of nothing: %v", err)
	}
	g := e.hook.park(point.TaskStart)
	e.Rebuild("test")
	e.waitGate(g, "PROCESSING")
	for _, again := range []func(string) (bool, string){e.Rebuild, e.Download} {
		if ok, message := again("test"); ok || message != "a rebuild is running (PROCESSING)" {
			t.Errorf("a second rebuild: %t, %q", ok, message)
		}
	}
	if err := e.Cancel("a tester"); err != nil {
		t.Fatal(err)
	}
	e.waitState(staging.None)
	if got := e.last(); got.Cause != staging.CauseCancelled || got.Result != "ROLLED_BACK" || !strings.Contains(got.Reason, "a tester") {
		t.Errorf("outcome %+v", got)
	}
	e.hook.set(nil)
	om.put("second", "row")
	e.caughtUp(1)
	e.syncs()
	e.serves("second", "row", 2)
	if len(e.waitEnded(2)) != 2 {
		t.Errorf("%d rebuilds ended, a cancelled one is not tried again", len(e.ended()))
	}
}

// TestOlderSnapshot: a leader whose snapshot is older than what is served is
// not ready; what is served stays (om.md 6, rule 5).
func TestOlderSnapshot(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om, config.StagingMaxRetryAttempts, "2")
	e.caughtUp(1)
	om.put("second", "row")
	e.caughtUp(1)
	om.change(func() {
		om.leader, om.seq, om.log = "om2", 40, nil
		om.rows = map[string]string{"first": "row"}
		om.info = omdb.TransactionInfo{Term: 1, Index: 10}
	})
	e.waitState(staging.Failed)
	if got := e.last(); got.Trigger != staging.TriggerLeaderSwitch || got.Attempt != 2 ||
		!strings.Contains(got.Reason, "is at 1#10, older than what is served (1#11)") {
		t.Errorf("outcome %+v", got)
	}
	e.serves("second", "row", 2)
	om.change(func() { om.info.Index = 11 }) // Equal is as new.
	if ok, message := e.Rebuild("the leader is ready now"); !ok {
		t.Fatal(message)
	}
	e.wait("the snapshot is committed", func() bool { m, _ := e.protocol.Serving(); return m.Lineage.Node == "om2" })
	e.caughtUp(4)
	e.serves("second", "", 1)
}

// TestStop: Stop returns in every state, and the next start serves what the
// pointer names.
func TestStop(t *testing.T) {
	parkAt := func(p point.Point) func(*engine) *gate {
		return func(e *engine) *gate {
			g := e.hook.park(p)
			e.Rebuild("test")
			e.waitGate(g, p.String())
			return nil
		}
	}
	for _, tc := range []struct {
		name  string
		reach func(e *engine) *gate
		state staging.State
		build uint64
	}{
		{"idle", func(*engine) *gate { return nil }, staging.None, 1},
		{"frozen in a download", func(e *engine) *gate {
			g := newGate()
			e.om.change(func() { e.om.transfer, e.om.leader = g.pass, "om2" })
			e.waitGate(g, "the download")
			return nil
		}, staging.Initializing, 1},
		{"before the directory is made", parkAt(point.StagingCreate), staging.Initializing, 1},
		{"tasks at work", parkAt(point.TaskStart), staging.Processing, 1},
		{"validation", parkAt(point.StagingValidate), staging.Processing, 1},
		{"catching up", func(e *engine) *gate {
			tasksAt, catchUp := newGate(), newGate()
			e.hook.set(func(ctx context.Context, p point.Point, _ string) error {
				switch p {
				case point.TaskStart:
					return tasksAt.pass(ctx)
				case point.CatchUp:
					return catchUp.pass(ctx)
				}
				return nil
			})
			e.Rebuild("test")
			e.waitGate(tasksAt, "the tasks")
			e.om.put("second", "row")
			e.wait("the delta is held for the rebuild", func() bool { m, _ := e.protocol.Serving(); return m.AppliedSeq == 12 })
			tasksAt.open()
			e.waitGate(catchUp, "the catch-up")
			return nil
		}, staging.ReadyToCommit, 1},
		{"at the commit point, which no stop breaks off", func(e *engine) *gate {
			g := e.hook.park(point.PointerMove)
			e.Rebuild("test")
			e.waitGate(g, "the commit")
			return g
		}, staging.Committing, 2},
		{"waiting to retry", func(e *engine) *gate {
			e.hook.set(func(_ context.Context, p point.Point, _ string) error {
				if p == point.StagingSeal {
					return errInjected
				}
				return nil
			})
			e.Rebuild("test")
			e.wait("a retry is planned", func() bool { return !e.StagingStatus().RetryAt.IsZero() })
			return nil
		}, staging.None, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := newEngine(t, newScriptedOM(t), config.StagingRetryDelayMinutes, "10")
			e.caughtUp(1)
			g := tc.reach(e)
			if got := e.StagingStatus().State; got != tc.state {
				t.Fatalf("staging is %s, want %s", got, tc.state)
			}
			if g != nil {
				go g.open()
			}
			e.stop()
			e.hook.set(nil)
			e.om.change(func() { e.om.leader = "" }) // Only what is on disk counts.
			e.start()
			if r := e.Recovery(); !r.Serving || r.Broken != "" {
				t.Fatalf("recovery %+v", r)
			}
			if meta, _ := e.protocol.Serving(); meta.Build != tc.build {
				t.Errorf("generation %d is served, want %d", meta.Build, tc.build)
			}
			e.serves("first", "row", int64(e.om.count()))
		})
	}
}

// TestSyncBetweenAttempts: a sync that finds nothing served just after an
// attempt was rolled back does not ask for a rebuild of its own, which would
// not wait and would count its attempts from one.
func TestSyncBetweenAttempts(t *testing.T) {
	om := newScriptedOM(t)
	om.transfer = func(context.Context) error { return errInjected }
	e := newEngine(t, om, config.StagingMaxRetryAttempts, "3", config.SnapshotInitialDelay, "1h", config.SnapshotIntervalDelay, "1h")
	e.onStaging(func(s staging.Status) {
		if s.State == staging.None && s.Last != nil {
			e.syncs()
		}
	})
	e.TriggerSync()
	e.waitState(staging.Failed)
	for i, got := range e.waitEnded(3) {
		if got.Attempt != i+1 || got.Trigger != staging.TriggerFirstStart {
			t.Errorf("attempt %d: %+v", i+1, got)
		}
	}
}

// TestStopBeforeFirst: without a committed generation the next start begins
// again, also after giving up.
func TestStopBeforeFirst(t *testing.T) {
	om := newScriptedOM(t)
	g := newGate()
	om.transfer = g.pass
	e := newEngine(t, om)
	e.waitGate(g, "the download")
	e.stop()
	om.change(func() { om.transfer = func(context.Context) error { return errInjected } })
	e.start()
	e.waitState(staging.Failed)
	e.syncs()
	if n := len(e.waitEnded(5)); n != 5 {
		t.Errorf("%d rebuilds ended, want the stopped one and three attempts, and no more", n)
	}
	om.change(func() { om.transfer = nil })
	e.restart()
	e.wait("the first generation is served", func() bool { _, ok := e.protocol.Serving(); return ok })
	if _, err := os.Stat(filepath.Join(e.dir, "candidate")); err == nil {
		e.wait("the candidate folder is removed", func() bool { _, err := os.Stat(filepath.Join(e.dir, "candidate")); return err != nil })
	}
	e.serves("first", "row", 1)
}

// TestDeltasDuringDownload: a snapshot that what is served has overtaken while
// it was on its way is as good as any. What is served goes on following the OM
// during the rebuild, and the switch never goes back, whether the feed has had
// a fetch or not (D15).
func TestDeltasDuringDownload(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om)
	e.caughtUp(1)
	om.put("before", "row") // The snapshot's term#index is another than the first one's.
	e.caughtUp(1)
	downloaded := e.hook.park(point.TransferDone)
	if ok, message := e.Download("test"); !ok {
		t.Fatal(message)
	}
	e.waitGate(downloaded, "the download")
	om.put("meanwhile", "row")
	e.wait("the delta is served", func() bool { m, _ := e.protocol.Serving(); return m.AppliedSeq == om.at() })
	scanning := e.hook.park(point.TaskStart)
	downloaded.open()
	e.waitGate(scanning, "the tasks")
	om.put("later", "row")
	e.wait("the next one is served, too", func() bool { m, _ := e.protocol.Serving(); return m.Build == 1 && m.AppliedSeq == om.at() })
	e.hook.set(nil)
	scanning.open()
	e.caughtUp(2)
	e.serves("later", "row", 4)
	if got := e.last(); got.Attempt != 1 || got.Result != "COMMITTED" {
		t.Errorf("outcome %+v", got)
	}
}

// TestSwitchReachesWhatIsServed: without a sync between the snapshot and the
// switch, the rebuild fetches what it lacks by itself.
func TestSwitchReachesWhatIsServed(t *testing.T) {
	om := newScriptedOM(t)
	e := newEngine(t, om, config.SnapshotIntervalDelay, "1h")
	e.caughtUp(1)
	om.put("before", "row")
	e.TriggerSync()
	e.caughtUp(1)
	downloaded := e.hook.park(point.TransferDone)
	if ok, message := e.Download("test"); !ok {
		t.Fatal(message)
	}
	e.waitGate(downloaded, "the download")
	om.put("meanwhile", "row")
	e.TriggerSync()
	e.wait("the delta is served", func() bool { m, _ := e.protocol.Serving(); return m.AppliedSeq == om.at() })
	var shown []generation.Meta
	e.hook.set(func(_ context.Context, p point.Point, _ string) error {
		if p == point.Published {
			m, _ := e.protocol.Serving()
			shown = append(shown, m)
		}
		return nil
	})
	downloaded.open()
	e.caughtUp(2)
	if len(shown) != 1 || shown[0].AppliedSeq != om.at() {
		t.Errorf("the switch showed %+v, want sequence %d", shown, om.at())
	}
	e.serves("meanwhile", "row", 3)
}
