package staging

import "time"

// Status is what anyone may know about staging at a moment. It is an immutable
// value: reading it takes no lock, also while a commit runs.
type Status struct {
	// ID is the number of the generation being staged, or of the last one.
	ID      uint64  `json:"id"`
	State   State   `json:"state"`
	Phase   string  `json:"phase"`
	Trigger Trigger `json:"trigger,omitempty"`
	// Attempt counts from 1 within one trigger.
	Attempt   int       `json:"attempt"`
	StartedAt time.Time `json:"startedAt"`
	// ChangedAt is when State was entered.
	ChangedAt time.Time `json:"changedAt"`
	// BaseSeq is the OM sequence of the snapshot being rebuilt from.
	BaseSeq uint64 `json:"baseSeq"`
	// Tasks has one entry for each task, in the order of registration.
	Tasks []TaskProgress `json:"tasks"`
	// CancelAllowed is true until COMMITTING begins.
	CancelAllowed bool `json:"cancelAllowed"`
	// Last is the outcome of the rebuild that ended last.
	Last *Outcome `json:"last,omitempty"`
	// RetryAt is when an automatic retry will begin, zero if none is planned.
	RetryAt time.Time `json:"retryAt"`
}

// TaskProgress is one task's part of a rebuild.
type TaskProgress struct {
	Name          string `json:"name"`
	State         string `json:"state"` // PENDING, RUNNING, DONE, FAILED, CANCELLED
	RowsDone      int64  `json:"rowsDone"`
	RowsEstimated int64  `json:"rowsEstimated"`
	Error         string `json:"error,omitempty"`
}

// Outcome is how a rebuild ended.
type Outcome struct {
	ID          uint64    `json:"id"`
	Result      string    `json:"result"` // COMMITTED or ROLLED_BACK
	Cause       Cause     `json:"cause,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Trigger     Trigger   `json:"trigger"`
	Attempt     int       `json:"attempt"`
	BaseSeq     uint64    `json:"baseSeq"`
	StartedAt   time.Time `json:"startedAt"`
	EndedAt     time.Time `json:"endedAt"`
	Quarantined string    `json:"quarantined,omitempty"`
}

// Progress is the share of rows done over all tasks, 0 to 1. It is 1 only
// when every task is done.
func (s Status) Progress() float64 {
	var done, estimated int64
	complete := len(s.Tasks) > 0
	for _, t := range s.Tasks {
		done += t.RowsDone
		estimated += max(t.RowsEstimated, t.RowsDone)
		complete = complete && t.State == "DONE"
	}
	switch {
	case complete:
		return 1
	case estimated == 0:
		return 0
	default:
		return min(0.99, float64(done)/float64(estimated))
	}
}

// TaskStatus is a row of RECON_TASK_STATUS, derived from META and from the
// rebuild that ended last.
type TaskStatus struct {
	Name          string
	UpdatedMillis int64
	AppliedSeq    uint64
	// RunStatus is 0 for success and -1 for failure.
	RunStatus int
	Running   bool
}
