package staging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/swap"
	"reconsim/recon/tasks"
)

// Options of [NewManager].
type Options struct {
	Env      *env.Env
	Protocol swap.Protocol
	Tasks    []tasks.Task
	// StatusFile keeps the status across restarts.
	StatusFile string
	// Timeout limits INITIALIZING to READY_TO_COMMIT.
	Timeout time.Duration
	// Workers is the size of the rebuild's own pool.
	Workers int
	// SinkBytes bounds the memory of one sink.
	SinkBytes       int
	FileSystemPaths bool
	Log             *slog.Logger
	// OnChange is told every transition, in order; it must not block.
	OnChange func(Status)
}

// Manager runs rebuilds, one at a time.
type Manager struct {
	o        Options
	status   atomic.Pointer[Status]
	progress atomic.Pointer[tasks.Progress]
	mu       struct {
		sync.Mutex
		cancel context.CancelCauseFunc
		// figures are those of the rebuild that loaded its rows last.
		figures []TaskFigures
	}
}

// Job is one rebuild to be run.
type Job struct {
	Trigger Trigger
	// Attempt counts from 1 within one trigger.
	Attempt int
	// Final is true for the last attempt that automation makes: if it fails
	// the state is FAILED.
	Final bool
	// Obtain brings the OM rows into the staged generation; phase names what
	// it is doing.
	Obtain func(ctx context.Context, s swap.Staged, phase func(string)) error
	// CatchUp applies deltas that came since the base and returns how many
	// fetches are left.
	CatchUp func(ctx context.Context, s swap.Staged) (left int, err error)
	// Hold runs fn while no delta is taken, by anyone.
	Hold func(ctx context.Context, fn func() error) error
}

// CancelError is the cause of a rebuild that was stopped on purpose.
type CancelError struct {
	Cause Cause
	By    string
}

func (e *CancelError) Error() string { return fmt.Sprintf("cancelled by %s (%s)", e.By, e.Cause) }

// ErrNotCancellable means that no rebuild runs, or that it is past the point
// where it can be stopped.
var ErrNotCancellable = errors.New("no rebuild is running that can be cancelled")

// NewManager makes a manager and settles what the last run of the program left
// behind: a rebuild that was under way is over, and how is decided by what the
// protocol serves.
func NewManager(o Options) (*Manager, error) {
	m := &Manager{o: o}
	status, err := loadStatus(o.Env, o.StatusFile)
	if err != nil {
		return nil, err
	}
	if status.State != None && status.State != Failed {
		status = m.settleCrash(status)
	}
	status.RetryAt = time.Time{}
	m.status.Store(&status)
	return m, m.save(status)
}

func (m *Manager) settleCrash(status Status) Status {
	outcome := Outcome{ID: status.ID, Result: "ROLLED_BACK", Cause: CauseCrash, Reason: "the program ended during " + status.State.String(),
		Trigger: status.Trigger, Attempt: status.Attempt, BaseSeq: status.BaseSeq, StartedAt: status.StartedAt, EndedAt: m.o.Env.Now()}
	if meta, ok := m.o.Protocol.Serving(); ok && meta.Build == status.ID {
		outcome.Result, outcome.Cause = "COMMITTED", CauseNone
	}
	return Status{ID: status.ID, State: None, Phase: "IDLE", Trigger: status.Trigger, Attempt: status.Attempt,
		ChangedAt: m.o.Env.Now(), BaseSeq: status.BaseSeq, Last: &outcome}
}

// Status is the present state with the tasks' progress.
func (m *Manager) Status() Status {
	s := *m.status.Load()
	if p := m.progress.Load(); p != nil {
		s.Tasks = taskProgress(p)
	}
	return s
}

// Cancel stops the running rebuild; it is over soon after, not when Cancel
// returns. From COMMITTING on it is refused.
func (m *Manager) Cancel(cause Cause, by string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.cancel == nil || !m.status.Load().CancelAllowed {
		return ErrNotCancellable
	}
	m.mu.cancel(&CancelError{Cause: cause, By: by})
	return nil
}

// PlanRetry notes for people when the next attempt will begin.
func (m *Manager) PlanRetry(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := *m.status.Load()
	s.RetryAt = at
	m.status.Store(&s)
}

// transition enters a state. An illegal edge is a mistake of this package and
// is refused loudly.
func (m *Manager) transition(to State, phase string, change func(*Status)) error {
	m.mu.Lock()
	s := *m.status.Load()
	from := s.State
	if !Legal(from, to) {
		m.mu.Unlock()
		return fmt.Errorf("staging cannot go from %s to %s", from, to)
	}
	s.State, s.Phase, s.ChangedAt = to, phase, m.o.Env.Now()
	s.CancelAllowed = to == Initializing || to == Processing || to == ReadyToCommit
	if change != nil {
		change(&s)
	}
	m.status.Store(&s)
	m.mu.Unlock()
	if err := m.save(s); err != nil {
		m.o.Log.Error("staging status could not be written; a restart will show an older one", "err", err.Error())
	}
	m.o.Log.Info("staging", "state", to.String(), "generation", s.ID, "phase", phase)
	if m.o.OnChange != nil {
		m.o.OnChange(m.Status())
	}
	return nil
}

func (m *Manager) phase(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := *m.status.Load()
	s.Phase = name
	m.status.Store(&s)
}

// causeOf classifies the error that ended a rebuild in a state.
func causeOf(err error, in State) Cause {
	var cancelled *CancelError
	var invalid *InvalidError
	switch {
	case errors.As(err, &cancelled):
		return cancelled.Cause
	case errors.As(err, &invalid):
		return CauseValidation
	case errors.Is(err, env.ErrTimeout) && in != Committing:
		return CauseTimeout
	case in == Committing:
		return CauseCommit
	default:
		return CauseFailure
	}
}

// InvalidError is a staged generation that failed validation.
type InvalidError struct{ Err error }

func (e *InvalidError) Error() string { return e.Err.Error() }
func (e *InvalidError) Unwrap() error { return e.Err }

// newStageOptions fills what the protocol needs to stage a generation.
func (m *Manager) newStageOptions() (generation.StageOptions, error) {
	build, err := m.o.Protocol.NextBuild()
	if err != nil {
		return generation.StageOptions{}, err
	}
	return generation.StageOptions{Build: max(build, m.status.Load().ID+1), SinkBytes: m.o.SinkBytes}, nil
}
