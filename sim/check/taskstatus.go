package check

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// taskStatusPath is the one request whose answers the oracle cannot foretell:
// they tell of rebuilds, not of rows (spec: REST API 4.15).
const taskStatusPath = "/api/v1/task/status"

func (o *Observation) isTaskStatus() bool {
	path, _, _ := strings.Cut(o.Request, "?")
	return path == taskStatusPath
}

// taskRow is what is judged of a row of RECON_TASK_STATUS.
type taskRow struct {
	TaskName             string      `json:"taskName"`
	LastUpdatedSeqNumber json.Number `json:"lastUpdatedSeqNumber"`
}

// The rows that are about the snapshot, not about what was folded in since, and
// the row that says how far the deltas came.
const (
	snapshotRow  = "OmSnapshotRequest"
	reprocessRow = "REPROCESS_STAGING"
	deltaRow     = "OmDeltaRequest"
)

// taskStatus holds the sequence numbers of task/status against the answer's own
// label: who is told that a delta was taken must be shown it as well.
func (e *examination) taskStatus() {
	var rows []taskRow
	if e.o.Status != http.StatusOK {
		e.violate(NoError, nil, "status %d", e.o.Status)
		return
	}
	if err := json.Unmarshal(e.o.Body, &rows); err != nil {
		e.violate(NoError, nil, "the body is no list of tasks: %v", err)
		return
	}
	if !e.labelled {
		return
	}
	e.check(NeverEmpty)
	missing := map[string]bool{snapshotRow: true, deltaRow: true}
	for _, row := range rows {
		delete(missing, row.TaskName)
		want := e.label.AppliedSeq
		if row.TaskName == snapshotRow || row.TaskName == reprocessRow {
			want = e.label.BaseSeq
		}
		if told := row.LastUpdatedSeqNumber.String(); told != strconv.FormatUint(want, 10) {
			e.violate(WatermarkHonest, &Difference{Path: "$[" + row.TaskName + "].lastUpdatedSeqNumber", Want: strconv.FormatUint(want, 10), Got: told},
				"%s is told to be at another sequence than the answer's label", row.TaskName)
			return
		}
	}
	for _, name := range []string{snapshotRow, deltaRow} {
		if missing[name] {
			e.violate(NeverEmpty, nil, "the row of %s is missing", name)
		}
	}
}
