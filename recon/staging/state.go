package staging

import "slices"

// State is the public state of staging (REQ, design document 6.1). The finer
// names shown beside it are phases.
type State uint8

// The states, in the order of a rebuild that goes well, then the two others.
const (
	None State = iota
	Initializing
	Processing
	ReadyToCommit
	Committing
	Committed
	RollingBack
	Failed
)

var stateNames = [...]string{"NONE", "INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "COMMITTED", "ROLLING_BACK", "FAILED"}

// String is the requirement's name of the state.
func (s State) String() string { return stateNames[s] }

// MarshalText writes the requirement's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the requirement's name.
func (s *State) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames[:], string(text))
	if i < 0 {
		return &UnknownStateError{Name: string(text)}
	}
	*s = State(i)
	return nil
}

// UnknownStateError reports a name that is no state.
type UnknownStateError struct{ Name string }

func (e *UnknownStateError) Error() string { return "unknown staging state " + e.Name }

// States lists all states.
func States() []State {
	return []State{None, Initializing, Processing, ReadyToCommit, Committing, Committed, RollingBack, Failed}
}

// edges are the transitions that may happen, with those that the design
// document misses (recon.md 6.1, DD-X1, DD-X12).
var edges = map[State][]State{
	None:          {Initializing},
	Initializing:  {Processing, RollingBack},
	Processing:    {ReadyToCommit, RollingBack},
	ReadyToCommit: {Committing, RollingBack},
	Committing:    {Committed, RollingBack},
	Committed:     {None},
	RollingBack:   {None, Failed},
	Failed:        {Initializing, None},
}

// Legal reports whether a transition may happen.
func Legal(from, to State) bool { return slices.Contains(edges[from], to) }

// Cause says why a rebuild ended.
type Cause string

// The causes.
const (
	CauseNone       Cause = ""
	CauseFailure    Cause = "FAILURE"
	CauseValidation Cause = "VALIDATION"
	CauseCommit     Cause = "COMMIT"
	CauseCancelled  Cause = "CANCELLED"
	CauseTimeout    Cause = "TIMEOUT"
	CauseSuperseded Cause = "SUPERSEDED"
	CauseShutdown   Cause = "SHUTDOWN"
	CauseCrash      Cause = "CRASH"
)

// Trigger says why a rebuild began.
type Trigger string

// The triggers.
const (
	TriggerFirstStart   Trigger = "FIRST_START"
	TriggerSequenceGap  Trigger = "SEQUENCE_NOT_FOUND"
	TriggerDivergence   Trigger = "DIVERGENCE"
	TriggerLeaderSwitch Trigger = "LEADER_SWITCH"
	TriggerTaskFailure  Trigger = "TASK_FAILURES"
	TriggerOverflow     Trigger = "BUFFER_OVERFLOW"
	TriggerManual       Trigger = "MANUAL_TRIGGER"
	TriggerRetry        Trigger = "RETRY"
)

// Phases lists the finer names that a status may carry.
func Phases() []string {
	return []string{"IDLE", "CREATING", "CHECKPOINT", "DOWNLOADING", "OPENING", "REPROCESS", "LOADING", "SEALING", "VERIFYING",
		"CATCHING_UP", "PUBLISHING", "RETIRING", "SUCCEEDED", "ROLLING_BACK", "ROLLED_BACK", "GAVE_UP", "ROLLBACK_FAILED"}
}
