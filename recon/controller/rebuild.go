package controller

import (
	"context"
	"errors"
	"fmt"
	"time"

	"reconsim/recon/config"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/omsync"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
)

// rebuildLoop runs one request after the other.
func (c *Controller) rebuildLoop(ctx context.Context) {
	for c.changed.WaitUntil(ctx, c.requested) == nil {
		if r := c.takeRequest(); r != nil {
			c.rebuild(ctx, *r)
			c.doneRebuilding()
		}
	}
}

// rebuild runs attempts of a request until one is committed, automation gives
// up, or a newer request takes over.
func (c *Controller) rebuild(ctx context.Context, r request) {
	if r.trigger == staging.TriggerTaskFailure && !c.isFrozen() {
		return // A rebuild that was under way has already replaced what failed.
	}
	var candidate *download
	attempts := int(c.o.Config.Int(config.StagingMaxRetryAttempts))
	if !c.o.Config.Bool(config.StagingAutoRetryEnabled) {
		attempts = 1
	}
	c.log.Info("rebuild", "trigger", string(r.trigger), "reason", r.reason)
	for attempt := c.firstAttempt(r, attempts); ; attempt++ {
		outcome, err := c.staging.Run(ctx, c.job(r, attempt, attempt >= attempts, &candidate))
		if err == nil {
			c.kickSync()
			break
		}
		c.feed.end()
		if cause := outcome.Cause; cause == staging.CauseShutdown || cause == staging.CauseCancelled ||
			cause == staging.CauseSuperseded || c.staging.Status().State == staging.Failed {
			break
		}
		if attempt >= attempts || !c.waitToRetry(ctx) || c.requested() {
			break
		}
	}
	if err := c.o.Source.Discard(); err != nil {
		c.log.Error("candidate folder stays behind", "err", err.Error())
	}
}

// firstAttempt goes on counting after a crash in the same trigger, so that a
// rebuild that kills the program is not tried for ever.
func (c *Controller) firstAttempt(r request, attempts int) int {
	s := c.staging.Status()
	if s.Last != nil && s.Last.Cause == staging.CauseCrash && s.Last.Trigger == r.trigger && s.Last.Attempt < attempts {
		return s.Last.Attempt + 1
	}
	return 1
}

// waitToRetry waits for the delay, a fifth more or less so that Recons do not
// retry in step. It reports false when ctx ended.
func (c *Controller) waitToRetry(ctx context.Context) bool {
	delay := c.o.Config.Duration(config.StagingRetryDelayMinutes)
	delay += time.Duration((c.jitter.Float64() - 0.5) * 0.4 * float64(delay))
	c.staging.PlanRetry(c.env.Now().Add(delay))
	ok := c.waitFor(ctx, delay, c.requested)
	c.staging.PlanRetry(time.Time{})
	return ok
}

// download is a verified snapshot, and what was served when it was asked for:
// deltas go on meanwhile, so a snapshot may well be older than what is served
// once it is here, but never than this.
type download struct {
	generation.Snapshot
	floor omdb.TransactionInfo
}

// job says where an attempt's OM rows and deltas come from.
func (c *Controller) job(r request, attempt int, final bool, candidate **download) staging.Job {
	return staging.Job{
		Trigger: r.trigger, Attempt: attempt, Final: final,
		Obtain: func(ctx context.Context, s swap.Staged, phase func(string)) error {
			if r.download {
				return c.obtainSnapshot(ctx, s, phase, candidate)
			}
			return c.obtainLocal(ctx, s, phase)
		},
		CatchUp: c.catchUp,
		Hold: func(ctx context.Context, fn func() error) error {
			if err := c.hold.LockContext(ctx); err != nil {
				return err
			}
			defer c.hold.Unlock()
			if err := c.feedToServed(ctx); err != nil {
				return err
			}
			if err := fn(); err != nil {
				return err
			}
			c.feed.end()
			c.thaw()
			return nil
		},
	}
}

// obtainSnapshot downloads, or takes a verified download of an earlier attempt
// again.
func (c *Controller) obtainSnapshot(ctx context.Context, s swap.Staged, phase func(string), candidate **download) error {
	if *candidate != nil {
		leader, err := c.o.Source.Leader(ctx)
		if err != nil {
			return err
		}
		if leader != (*candidate).Lineage.Node {
			*candidate = nil
		}
	}
	if *candidate == nil {
		phase("DOWNLOADING")
		served, _ := c.o.Protocol.Committed()
		snapshot, err := c.o.Source.Download(ctx, nil)
		if err != nil {
			return err
		}
		*candidate = &download{snapshot, served.Applied}
	}
	phase("OPENING")
	floor := (*candidate).floor
	if err := s.AdoptSnapshot(ctx, (*candidate).Snapshot); err != nil {
		return err
	}
	m := s.Meta()
	if m.Applied.Less(floor) {
		*candidate = nil
		return fmt.Errorf("the snapshot of OM %s is at %s, older than what is served (%s): the leader is not ready", m.Lineage.Node, m.Applied, floor)
	}
	c.feed.begin(positionOf(m))
	return nil
}

// obtainLocal starts from the served generation's own OM rows. The fetch that
// a task could not take is added to them, so that the rebuild gets past it.
func (c *Controller) obtainLocal(ctx context.Context, s swap.Staged, phase func(string)) error {
	phase("CHECKPOINT")
	if err := c.hold.LockContext(ctx); err != nil {
		return err
	}
	defer c.hold.Unlock()
	if err := s.AdoptServed(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	failed := c.mu.failed
	c.mu.Unlock()
	if failed != nil && failed.First == s.Meta().AppliedSeq+1 {
		fetch, applied, err := c.decode(s.Meta(), s, *failed)
		if err != nil {
			return err
		}
		if err := s.WriteRows(ctx, fetch.Apply, applied); err != nil {
			return err
		}
	}
	c.feed.begin(positionOf(s.Meta()))
	return nil
}

// stagedTarget takes deltas for a sealed rebuild.
type stagedTarget struct{ swap.Staged }

func (t stagedTarget) Rows() omdb.Reader { return t.Staged.Rows() }

// catchUp gives the staged generation what is in the feed now.
func (c *Controller) catchUp(ctx context.Context, s swap.Staged) (left int, err error) {
	for range c.feed.capacity {
		if cause := context.Cause(ctx); cause != nil {
			return 0, cause
		}
		fetched, more, ok := c.feed.take()
		if !ok {
			return 0, nil
		}
		if err := c.pointCatchUp(ctx, s, fetched); err != nil {
			return 0, err
		}
		if err := c.apply(ctx, stagedTarget{s}, fetched); err != nil {
			var failed *omsync.BootstrapError
			if errors.As(err, &failed) {
				c.supersede(request{trigger: staging.TriggerDivergence, download: true, reason: failed.Reason})
			}
			return 0, err
		}
		if left = more; left == 0 {
			return 0, nil
		}
	}
	return left, nil
}
