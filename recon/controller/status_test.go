package controller

import (
	"testing"
	"time"

	"reconsim/recon/generation"
)

// TestTaskStatuses: rows tell of the snapshot or of what was folded in since, as
// the label does that they are asked for, and nothing before the first commit.
func TestTaskStatuses(t *testing.T) {
	e := newEngine(t, newScriptedOM(t))
	e.caughtUp(1)
	asOf := time.UnixMilli(1_700_000_000_123)
	for _, l := range []generation.Label{{}, {Build: 1, BaseSeq: 10, AppliedSeq: 10, AsOf: asOf}, {Build: 4, BaseSeq: 20, AppliedSeq: 25, AsOf: asOf}} {
		rows := e.TaskStatuses(l)
		if len(rows) != 3+len(e.o.Tasks) {
			t.Fatalf("%d rows of %d tasks", len(rows), len(e.o.Tasks))
		}
		for _, row := range rows {
			want := l.AppliedSeq
			if row.Name == "OmSnapshotRequest" || row.Name == "REPROCESS_STAGING" {
				want = l.BaseSeq
			}
			if row.AppliedSeq != want {
				t.Errorf("of %s, %s is told to be at %d", l.ID(), row.Name, row.AppliedSeq)
			}
			if row.Name != "REPROCESS_STAGING" && (row.UpdatedMillis == asOf.UnixMilli()) != (l.Build > 0) {
				t.Errorf("of %s, %s is told to be of %d", l.ID(), row.Name, row.UpdatedMillis)
			}
		}
	}
}
