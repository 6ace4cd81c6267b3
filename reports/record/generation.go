package record

// The states of a rebuild (REQ-S2), as the engine names them.
const (
	StateNone          = "NONE"
	StateInitializing  = "INITIALIZING"
	StateProcessing    = "PROCESSING"
	StateReadyToCommit = "READY_TO_COMMIT"
	StateCommitting    = "COMMITTING"
	StateCommitted     = "COMMITTED"
	StateRollingBack   = "ROLLING_BACK"
	StateFailed        = "FAILED"
)

// Outcome says what became of a rebuild.
type Outcome string

// The outcomes.
const (
	// Committed: the generation was published and served.
	Committed Outcome = "committed"
	// RolledBack: given up before the commit point, the directory removed.
	RolledBack Outcome = "rolled-back"
	// Quarantined: given up, the directory kept for analysis.
	Quarantined Outcome = "quarantined"
	// FailedOut: given up and no further attempt is made by itself.
	FailedOut Outcome = "failed"
	// Discarded: found unfinished after a crash and swept away.
	Discarded Outcome = "discarded"
	// Unfinished: the run ended first.
	Unfinished Outcome = "unfinished"
)

// Generation is one rebuild: from the start of staging to commit or rollback
// and, if it was served, to its retirement.
type Generation struct {
	// ID is the generation's number.
	ID uint64 `json:"id"`
	// Lineage names OM service, leader node and term#index of the snapshot.
	Lineage string `json:"lineage"`
	// Trigger says why the rebuild began, as bootstrap or sequence-not-found.
	Trigger string `json:"trigger,omitempty"`
	// BaseSeq is the OM sequence number of the snapshot.
	BaseSeq uint64 `json:"baseSeq"`
	// AppliedSeq is the last OM sequence number applied to it.
	AppliedSeq uint64 `json:"appliedSeq"`
	// Outcome says what became of it.
	Outcome Outcome `json:"outcome" jsonschema:"enum=committed,enum=rolled-back,enum=quarantined,enum=failed,enum=discarded,enum=unfinished"`
	// Cause says why it was given up; empty if it was not.
	Cause string `json:"cause,omitempty"`
	// StartedAtMillis is when staging began.
	StartedAtMillis float64 `json:"startedAtMillis"`
	// PublishedAtMillis is when readers first saw it; absent if never.
	PublishedAtMillis *float64 `json:"publishedAtMillis,omitempty"`
	// SupersededAtMillis is when a newer one was published; absent if it
	// still served at the end, or never did.
	SupersededAtMillis *float64 `json:"supersededAtMillis,omitempty"`
	// RetiredAtMillis is when its directory was removed; absent if it still
	// lay on disk at the end.
	RetiredAtMillis *float64 `json:"retiredAtMillis,omitempty"`
	// States is the course of the rebuild, in order.
	States []StateChange `json:"states"`
	// TaskRows is how many rows each task derived.
	TaskRows []TaskRows `json:"taskRows,omitempty"`
}

// StateChange is the moment at which a rebuild entered a state.
type StateChange struct {
	// State is the state entered.
	State string `json:"state" jsonschema:"enum=NONE,enum=INITIALIZING,enum=PROCESSING,enum=READY_TO_COMMIT,enum=COMMITTING,enum=COMMITTED,enum=ROLLING_BACK,enum=FAILED"`
	// AtMillis is when.
	AtMillis float64 `json:"atMillis"`
	// Cause says why, where the edge does not speak for itself.
	Cause string `json:"cause,omitempty"`
}

// TaskRows is how many rows a task derived in a rebuild.
type TaskRows struct {
	// Task is the task's name.
	Task string `json:"task"`
	// Rows is the number of derived rows written.
	Rows int64 `json:"rows"`
}

// Millis makes an optional time.
func Millis(at float64) *float64 { return &at }
