package staging

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/swap"
	"reconsim/recon/tasks"
)

// catchUpRounds bounds how often a rebuild catches up while deltas go on; the
// last round is done while they are held.
const catchUpRounds = 8

// smallRemainder is how many fetches may be left for the round in which deltas
// are held.
const smallRemainder = 4

// Run runs one rebuild to its end. The error is what ended it, nil if it was
// committed; the outcome is also in Status.
func (m *Manager) Run(ctx context.Context, job Job) (Outcome, error) {
	options, err := m.newStageOptions()
	if err != nil {
		return Outcome{}, err
	}
	program := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(context.Canceled)
	m.progress.Store(nil)
	m.mu.Lock()
	m.mu.cancel = cancel
	m.mu.Unlock()
	started := m.o.Env.Now()
	err = m.transition(Initializing, "CREATING", func(s *Status) {
		*s = Status{ID: options.Build, State: s.State, Phase: s.Phase, Trigger: job.Trigger, Attempt: job.Attempt,
			StartedAt: started, ChangedAt: s.ChangedAt, CancelAllowed: true, Last: s.Last}
	})
	if err != nil {
		return Outcome{}, err
	}
	staged, err := m.build(ctx, job, options)
	if err == nil {
		err = m.commit(ctx, staged, job)
	}
	if err != nil {
		if ended := context.Cause(program); ended != nil && causeOf(err, m.status.Load().State) == CauseFailure {
			// It failed because the program stops, which is no reason to give
			// up.
			err = fmt.Errorf("%w: %w", &CancelError{Cause: CauseShutdown, By: ended.Error()}, err)
		}
		return m.rollBack(ctx, staged, err, job.Final)
	}
	return m.finish(ctx)
}

// build takes a rebuild from INITIALIZING to READY_TO_COMMIT within the time
// limit. It returns the staged generation also with an error, to be rolled
// back; nil if there is none yet.
func (m *Manager) build(ctx context.Context, job Job, options generation.StageOptions) (swap.Staged, error) {
	ctx, stop := m.o.Env.WithTimeout(ctx, m.o.Timeout, "staging")
	defer stop()
	staged, err := m.o.Protocol.Stage(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := job.Obtain(ctx, staged, m.phase); err != nil {
		return staged, err
	}
	err = m.transition(Processing, "REPROCESS", func(s *Status) { s.BaseSeq = staged.Meta().BaseSeq })
	if err != nil {
		return staged, err
	}
	asOf := m.o.Env.Now()
	seen, err := m.runTasks(ctx, staged)
	if err != nil {
		return staged, err
	}
	m.phase("LOADING")
	if err := staged.LoadSinks(ctx); err != nil {
		return staged, err
	}
	m.measure(staged.SinkFigures(), m.progress.Load())
	m.phase("SEALING")
	if err := staged.Seal(ctx, asOf); err != nil {
		return staged, err
	}
	m.phase("VERIFYING")
	if err := staged.Validate(ctx, seen); err != nil {
		return staged, &InvalidError{Err: err}
	}
	if cause := context.Cause(ctx); cause != nil {
		return staged, cause
	}
	return staged, m.transition(ReadyToCommit, "CATCHING_UP", nil)
}

// countedSource counts the rows that the tasks were shown, for validation.
type countedSource struct {
	swap.Staged
	seen map[omdb.Table]*atomic.Int64
}

func (c countedSource) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	rows := int64(0)
	err := c.Staged.Scan(t, lower, upper, func(key, value []byte) (bool, error) {
		rows++
		return fn(key, value)
	})
	c.seen[t].Add(rows)
	return err
}

// runTasks rebuilds the derived tables and returns how many rows of each OM
// table were read.
func (m *Manager) runTasks(ctx context.Context, staged swap.Staged) (map[omdb.Table]int64, error) {
	progress := tasks.NewProgress(m.o.Tasks)
	m.progress.Store(progress)
	source := countedSource{Staged: staged, seen: map[omdb.Table]*atomic.Int64{}}
	for _, t := range omdb.Tables() {
		source.seen[t] = new(atomic.Int64)
	}
	err := tasks.Run(ctx, m.o.Env, tasks.RunOptions{
		Tasks: m.o.Tasks, Source: source, Workers: m.o.Workers, FileSystemPaths: m.o.FileSystemPaths, Progress: progress,
		NewSink:   func(task string, _ int) (tasks.Sink, error) { return staged.NewSink(ctx, task) },
		NewSorter: func(task string) (tasks.Sorter, error) { return staged.NewSorter(ctx, task) },
	})
	seen := map[omdb.Table]int64{}
	for _, t := range omdb.Tables() {
		seen[t] = source.seen[t].Load()
	}
	return seen, err
}

// commit catches up, then switches while no delta is taken.
func (m *Manager) commit(ctx context.Context, staged swap.Staged, job Job) error {
	for range catchUpRounds {
		left, err := job.CatchUp(ctx, staged)
		if err != nil {
			return fmt.Errorf("catch up: %w", err)
		}
		if left <= smallRemainder {
			break
		}
	}
	return job.Hold(ctx, func() error {
		for left := 1; left > 0; {
			var err error
			if left, err = job.CatchUp(ctx, staged); err != nil {
				return fmt.Errorf("catch up: %w", err)
			}
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err := m.transition(Committing, "PUBLISHING", nil); err != nil {
			return err
		}
		// From here on a cancel is refused, so the context's end is ignored.
		return m.o.Protocol.Commit(context.WithoutCancel(ctx), staged)
	})
}

func (m *Manager) finish(ctx context.Context) (Outcome, error) {
	ctx = context.WithoutCancel(ctx)
	var outcome Outcome
	err := m.transition(Committed, "RETIRING", func(s *Status) {
		outcome = m.outcome(s, "COMMITTED")
		s.Last = &outcome
	})
	if err == nil {
		if statusErr := m.o.Env.Point(ctx, point.StatusWrite, outcome.Result, int64(outcome.ID)); statusErr != nil {
			// The switch is done and durable; the status is derived from META.
			m.o.Log.Error("the outcome of a rebuild could not be recorded", "err", statusErr.Error())
		}
		err = m.transition(None, "SUCCEEDED", nil)
	}
	return outcome, err
}

// rollBack gives the rebuild up and says why.
func (m *Manager) rollBack(ctx context.Context, staged swap.Staged, why error, final bool) (Outcome, error) {
	ctx = context.WithoutCancel(ctx)
	cause := causeOf(why, m.status.Load().State)
	m.o.Log.Warn("staging is rolled back", "cause", string(cause), "err", why.Error())
	if err := m.transition(RollingBack, "ROLLING_BACK", nil); err != nil {
		return Outcome{}, err
	}
	var quarantined string
	var rollBackErr error
	if staged != nil {
		keep := ""
		if cause == CauseCommit || cause == CauseValidation {
			keep = fmt.Sprintf("%s: %v", cause, why)
		}
		quarantined, rollBackErr = m.o.Protocol.RollBack(ctx, staged, keep)
	}
	to, phase := None, "ROLLED_BACK"
	reason := why.Error()
	if final && cause != CauseCancelled && cause != CauseSuperseded && cause != CauseShutdown {
		to, phase = Failed, "GAVE_UP"
	}
	if rollBackErr != nil {
		// Files are left behind. The old generation is served all the same,
		// and the sweep at the next start removes what the pointer does not name.
		to, phase = Failed, "ROLLBACK_FAILED"
		reason = fmt.Sprintf("%v; and the rollback failed: %v", why, rollBackErr)
	}
	var outcome Outcome
	err := m.transition(to, phase, func(s *Status) {
		outcome = m.outcome(s, "ROLLED_BACK")
		outcome.Cause, outcome.Reason, outcome.Quarantined = cause, reason, quarantined
		s.Last = &outcome
	})
	if err != nil {
		return outcome, err
	}
	return outcome, why
}

func (m *Manager) outcome(s *Status, result string) Outcome {
	return Outcome{ID: s.ID, Result: result, Trigger: s.Trigger, Attempt: s.Attempt, BaseSeq: s.BaseSeq,
		StartedAt: s.StartedAt, EndedAt: m.o.Env.Now()}
}

// Acknowledge leaves FAILED without a rebuild.
func (m *Manager) Acknowledge() error { return m.transition(None, "IDLE", nil) }

// LastEnded is when the rebuild that ended last did so.
func (m *Manager) LastEnded() time.Time {
	if last := m.status.Load().Last; last != nil {
		return last.EndedAt
	}
	return time.Time{}
}
