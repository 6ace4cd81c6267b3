package crash

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// aimAndKill waits for the moment of the aim and kills.
func (l *loop) aimAndKill(ctx context.Context, k *Kill) error {
	ctx, cancel := context.WithTimeoutCause(ctx, aimLimit, errors.New("the moment to kill did not come"))
	defer cancel()
	if k.Aim.servesNothing() {
		return l.killStart(ctx, k)
	}
	crowd := l.client.read(ctx, l.rng.Uint64())
	during, stop := l.child.While(ctx)
	defer stop()
	last, err := l.moment(during, k.Aim)
	k.StateBefore = last.State
	killErr := l.child.Kill()
	l.drop()
	answers, found, readErr := crowd.end()
	k.AnswersBefore = answers
	k.add(found...)
	return errors.Join(killErr, err, readErr)
}

// killStart kills a process that does not serve yet: in its download, in some
// state of its first rebuild, or at a random moment of a start.
func (l *loop) killStart(ctx context.Context, k *Kill) error {
	if err := l.launch(); err != nil {
		return err
	}
	state, delay := "", l.within(max(l.starting, 200*time.Millisecond))
	switch {
	case k.Aim == AimDownload:
		state, delay = stateInitializing, l.within(l.downloading())
	case k.Aim == AimBootstrap && l.rng.IntN(2) == 0:
		state, delay = inOrder[l.rng.IntN(len(inOrder))], l.within(committingSpread)
	}
	want := func(s Staging) bool { return state == "" || s.ID > 0 && s.reached(state) }
	during, stop := l.child.While(ctx)
	defer stop()
	last, err := l.watch().Until(during, want)
	if err != nil {
		return errors.Join(err, l.child.Kill())
	}
	time.Sleep(delay)
	k.StateBefore = last.State
	err = l.child.Kill()
	l.drop()
	return err
}

// moment asks for a rebuild and returns when it is time to kill.
func (l *loop) moment(ctx context.Context, aim Aim) (Staging, error) {
	before, err := ReadStaging(stagingFile(l.recon))
	if err != nil {
		return before, err
	}
	if err := l.client.rebuild(ctx); err != nil {
		return before, err
	}
	state, delay := "", time.Duration(0)
	switch aim {
	case AimProcessing:
		state, delay = stateProcessing, l.within(l.processing())
	case AimReady:
		state, delay = stateReady, l.within(readySpread)
	case AimCommitting:
		state, delay = stateCommitting, l.within(committingSpread)
	case AimCommitted:
		state = stateCommitted
	default:
		return l.anyMoment(ctx)
	}
	last, err := l.watch().Until(ctx, func(s Staging) bool { return s.ID > before.ID && s.reached(state) })
	if err != nil {
		return last, fmt.Errorf("wait for %s: %w", state, err)
	}
	time.Sleep(delay)
	return last, nil
}

// anyMoment lets rebuilds follow one another for a while.
func (l *loop) anyMoment(ctx context.Context) (Staging, error) {
	until, over := context.WithTimeout(ctx, l.within(6*l.processing()))
	defer over()
	asked := uint64(0)
	last, err := l.watch().Until(ctx, func(s Staging) bool {
		if s.State == stateNone && s.ID != asked {
			asked = s.ID
			// A refusal only means that this moment has no rebuild.
			_ = l.client.rebuild(until)
		}
		return until.Err() != nil
	})
	return last, err
}

// watch polls and tells the judge of commits.
func (l *loop) watch() Watch {
	return Watch{Path: stagingFile(l.recon), Seen: func(s Staging) { l.judge.Committed(s.committed(), 0, time.Now()) }}
}

// within draws a time below limit.
func (l *loop) within(limit time.Duration) time.Duration {
	return time.Duration(l.rng.Int64N(int64(limit) + 1))
}

// Delays after a state was entered, so that kills fall all over it. They are
// drawn below about what a machine with two processors needs; a kill that comes
// late hits a later state and counts as that.
const (
	processingPerKey  = 3 * time.Microsecond
	downloadingPerKey = 1500 * time.Nanosecond
	readySpread       = 2 * time.Millisecond
	committingSpread  = time.Millisecond
)

func (l *loop) processing() time.Duration {
	return max(20*time.Millisecond, time.Duration(l.o.Keys)*processingPerKey)
}

func (l *loop) downloading() time.Duration {
	return max(5*time.Millisecond, time.Duration(l.o.Keys)*downloadingPerKey)
}

// restart starts the next process and judges it: its folder, its first answer,
// and answers over all endpoints.
func (l *loop) restart(ctx context.Context, k *Kill, death Death) error {
	if err := l.start(ctx); err != nil {
		return fmt.Errorf("after a kill in %s: %w", death.Disk.Staging.State, err)
	}
	disk, err := ReadDisk(l.recon)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	session := l.judge.Session("restart")
	requests, err := l.judge.Requests(l.rng, max(1, l.o.Answers-len(always)))
	if err != nil {
		return err
	}
	requests = append(append([]string{firstRequest}, always...), requests...)
	for i, request := range requests {
		seen, answered, found, err := l.client.ask(ctx, "restart", session, request)
		if err != nil {
			return err
		}
		if !answered {
			return fmt.Errorf("the loop was stopped: %w", context.Cause(ctx))
		}
		k.Answers++
		k.add(found...)
		if i == 0 {
			k.ServedAfter, k.Outcome = servedName(seen), outcomeOf(death, seen)
			k.add(l.judge.Restarted(death, Restart{First: seen, Disk: disk})...)
		}
	}
	return nil
}

// firstRequest is asked first of a restart; its answer has a label.
const firstRequest = "/api/v1/clusterState"

// always are requests that the oracle does not draw.
var always = []string{"/api/v1/task/status", "/api/v1/staging"}

// outcomeOf tells whether the rebuild that was under way at death is served.
func outcomeOf(d Death, first Seen) string {
	s := d.Disk.Staging
	switch {
	case d.Disk.Pointer == 0:
		return "first"
	case first.Build == s.ID && s.State != stateNone:
		return "new"
	default:
		return "old"
	}
}
