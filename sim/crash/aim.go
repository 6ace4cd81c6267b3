package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Staging is what the status file of staging says, as far as kills need it. It
// is decoded here and not with the engine's own types.
type Staging struct {
	// ID is the generation that is being staged, or the last one.
	ID      uint64 `json:"id"`
	State   string `json:"state"`
	Phase   string `json:"phase"`
	BaseSeq uint64 `json:"baseSeq"`
	// Last is the rebuild that ended last; nil if none has.
	Last *StagingOutcome `json:"last"`
}

// StagingOutcome is how a rebuild ended.
type StagingOutcome struct {
	ID     uint64 `json:"id"`
	Result string `json:"result"`
	Cause  string `json:"cause"`
}

// The states that aims are about.
const (
	stateNone         = "NONE"
	stateInitializing = "INITIALIZING"
	stateProcessing   = "PROCESSING"
	stateReady        = "READY_TO_COMMIT"
	stateCommitting   = "COMMITTING"
	stateCommitted    = "COMMITTED"
	resultCommitted   = "COMMITTED"
)

// ReadStaging reads a status file. Without one nothing was ever staged: the
// state is NONE. As the file is replaced by rename, half a document is an error.
func ReadStaging(path string) (Staging, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Staging{State: stateNone}, nil
	}
	if err != nil {
		return Staging{}, fmt.Errorf("read the state of staging: %w", err)
	}
	var s Staging
	if err := json.Unmarshal(content, &s); err != nil {
		return Staging{}, fmt.Errorf("%s is no whole status of staging: %w", path, err)
	}
	return s, nil
}

// inOrder are the states of a rebuild that goes well.
var inOrder = []string{stateInitializing, stateProcessing, stateReady, stateCommitting, stateCommitted}

// reached reports whether the rebuild is in a state, is past it or has ended: a
// poll that comes late must not wait for what is over.
func (s Staging) reached(state string) bool {
	at := slices.Index(inOrder, s.State)
	return at < 0 || at >= slices.Index(inOrder, state)
}

// committed is the newest generation that the status says was committed.
func (s Staging) committed() uint64 {
	build := uint64(0)
	if s.Last != nil && s.Last.Result == resultCommitted {
		build = s.Last.ID
	}
	if s.State == stateCommitted {
		build = max(build, s.ID)
	}
	return build
}

// pollEvery is how often the status file is read while a kill is aimed: much
// shorter than the switch, which takes some milliseconds.
const pollEvery = 200 * time.Microsecond

// Watch polls the status file of staging.
type Watch struct {
	Path string
	// Seen, if not nil, is told of every status that differs from the one
	// before.
	Seen func(Staging)
}

// Until polls until want accepts a status, or ctx ends, whose cause is then the
// error.
func (w Watch) Until(ctx context.Context, want func(Staging) bool) (Staging, error) {
	var before Staging
	for {
		s, err := ReadStaging(w.Path)
		if err != nil {
			return s, err
		}
		if w.Seen != nil && (s.ID != before.ID || s.State != before.State) {
			w.Seen(s)
		}
		before = s
		if want(s) {
			return s, nil
		}
		if ctx.Err() != nil {
			return s, fmt.Errorf("staging is in %s: %w", s.State, context.Cause(ctx))
		}
		time.Sleep(pollEvery)
	}
}
