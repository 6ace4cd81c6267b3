package controller

import (
	"context"
	"errors"
	"fmt"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/omsync"
	"reconsim/recon/staging"
	"reconsim/recon/tasks"
)

// syncLoop keeps the served generation and the feed up with the OM.
func (c *Controller) syncLoop(ctx context.Context) {
	delay := c.o.Config.Duration(config.SnapshotInitialDelay)
	for c.waitFor(ctx, delay, c.syncWanted) {
		c.mu.Lock()
		c.mu.syncNow = false
		c.mu.Unlock()
		if err := c.sync(ctx); err != nil && context.Cause(ctx) == nil {
			c.log.Warn("sync failed; the next one tries again", "err", err.Error())
			c.noteError(err.Error())
		} else if err == nil {
			c.noteError("")
		}
		if err := c.o.Protocol.Sweep(ctx); err != nil {
			c.log.Error("sweep failed", "err", err.Error())
		}
		delay = c.o.Config.Duration(config.SnapshotIntervalDelay)
	}
}

func (c *Controller) syncWanted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.syncNow
}

func (c *Controller) noteError(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.lastError = text
}

// sync fetches until the lag is small enough.
func (c *Controller) sync(ctx context.Context) error {
	threshold := uint64(c.o.Config.Int(config.DeltaLagThreshold))
	for {
		lag, err := c.syncOnce(ctx)
		if err != nil || lag <= threshold {
			return err
		}
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
	}
}

// syncOnce shows what is committed and could not be shown before, makes one fetch,
// and returns the lag that is left.
func (c *Controller) syncOnce(ctx context.Context) (lag uint64, err error) {
	if err := c.hold.LockContext(ctx); err != nil {
		return 0, err
	}
	defer c.hold.Unlock()
	// It must not wait for the OM's next transaction. A rebuild under way needs
	// its fetch whether or not this succeeds.
	advanceErr := c.o.Protocol.Advance(ctx)
	lag, err = c.fetch(ctx)
	return lag, errors.Join(advanceErr, err)
}

// fetch asks the OM once, for the feed if a rebuild is under way and for the
// served generation otherwise. The caller holds deltas.
func (c *Controller) fetch(ctx context.Context) (lag uint64, err error) {
	meta, rows := c.o.Protocol.Committed()
	serving := rows != nil
	from, turn, fed := c.feed.position()
	if !fed {
		if !serving {
			c.begin(request{trigger: staging.TriggerFirstStart, download: true, reason: "nothing is served yet"})
			return 0, nil
		}
		if c.isFrozen() {
			return 0, nil
		}
		from = positionOf(meta)
	}
	fetched, err := c.o.Source.Fetch(ctx, from)
	if err != nil {
		return 0, c.fetchFailed(err)
	}
	c.omLatest.Store(fetched.Latest)
	if len(fetched.Batches) == 0 {
		return 0, nil
	}
	if fed && !c.feed.add(turn, fetched) {
		c.supersede(request{trigger: staging.TriggerOverflow, download: true,
			reason: "more deltas came during the rebuild than " + config.EventBufferCapacity + " allows"})
		return 0, nil
	}
	if news, ok := c.continuation(meta, from, fetched); serving && ok {
		if err := c.applyServed(ctx, news); err != nil {
			return 0, err
		}
	}
	return fetched.Latest - fetched.Last, nil
}

func positionOf(m generation.Meta) omsync.Position {
	return omsync.Position{Lineage: m.Lineage, Seq: m.AppliedSeq, Applied: m.Applied}
}

// continuation is the part of a fetch that follows what is served; false if
// there is none. A fetch for a rebuild may begin before that: its snapshot was
// taken while deltas went on.
func (c *Controller) continuation(served generation.Meta, from omsync.Position, f omsync.Fetched) (omsync.Fetched, bool) {
	if c.env.Mutated(point.SkipFreeze) {
		return f, f.Last > served.AppliedSeq
	}
	if c.isFrozen() || !served.Lineage.SameOM(from.Lineage) {
		return f, false
	}
	for f.First <= served.AppliedSeq && len(f.Batches) > 0 {
		// Fetch has looked at the headers.
		first, count, err := f.Batches[0].Header()
		if err != nil || first != f.First {
			return f, false
		}
		f.First, f.Batches = first+uint64(count), f.Batches[1:]
	}
	return f, len(f.Batches) > 0 && f.First == served.AppliedSeq+1
}

// feedToServed fetches for the rebuild until it has what is served, which can
// be ahead of a snapshot. The caller holds deltas.
func (c *Controller) feedToServed(ctx context.Context) error {
	for range catchUpFetches {
		served, rows := c.o.Protocol.Committed()
		at, turn, fed := c.feed.position()
		if rows == nil || !fed || !at.Lineage.SameOM(served.Lineage) || at.Seq >= served.AppliedSeq {
			return nil
		}
		fetched, err := c.o.Source.Fetch(ctx, at)
		if err != nil {
			return fmt.Errorf("fetch what is served beyond the snapshot: %w", err)
		}
		if !c.feed.add(turn, fetched) {
			return fmt.Errorf("what is served beyond the snapshot is more than %s allows", config.EventBufferCapacity)
		}
	}
	return fmt.Errorf("what is served could not be reached in %d fetches", catchUpFetches)
}

// catchUpFetches bounds the fetches while deltas are held.
const catchUpFetches = 64

// fetchFailed decides what a failed fetch means. Only a demand for a snapshot
// leads to one; everything else is tried again.
func (c *Controller) fetchFailed(err error) error {
	bootstrap, ok := omsync.IsBootstrap(err)
	if !ok || c.env.Mutated(point.IgnoreLineage) {
		return err
	}
	trigger := staging.TriggerSequenceGap
	switch {
	case bootstrap.LeaderChanged:
		trigger = staging.TriggerLeaderSwitch
	case bootstrap.Divergence:
		trigger = staging.TriggerDivergence
	}
	c.freeze(bootstrap.Reason)
	c.supersede(request{trigger: trigger, download: true, reason: bootstrap.Reason})
	return nil
}

// begin asks for a rebuild unless one is under way, waits to be tried again, or
// is already asked for: a second request would count its attempts anew.
func (c *Controller) begin(r request) {
	if c.requested() || c.isRebuilding() || c.staging.Status().State != staging.None {
		return
	}
	c.ask(r)
}

// supersede asks for a rebuild that makes the present one pointless.
func (c *Controller) supersede(r request) {
	c.feed.end()
	c.ask(r)
	if err := c.staging.Cancel(staging.CauseSuperseded, string(r.trigger)); err != nil && !errors.Is(err, staging.ErrNotCancellable) {
		c.log.Error("a superseded rebuild could not be cancelled", "err", err.Error())
	}
}

// applyServed gives a fetch to the served generation. Tasks that fail twice are
// rebuilt from the local copy.
func (c *Controller) applyServed(ctx context.Context, f omsync.Fetched) error {
	target := servedTarget{c}
	err := c.apply(ctx, target, f)
	var failed *tasks.TaskError
	if errors.As(err, &failed) {
		c.log.Warn("a task failed on a delta; once more", "task", failed.Task, "err", err.Error())
		err = c.apply(ctx, target, f)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failed):
		c.freeze(err.Error())
		c.mu.Lock()
		c.mu.failed = &f
		c.mu.Unlock()
		if _, _, fed := c.feed.position(); !fed {
			c.ask(request{trigger: staging.TriggerTaskFailure, reason: err.Error()})
		}
		return err
	default:
		return c.fetchFailed(err)
	}
}

// target is a generation that takes deltas.
type target interface {
	Meta() generation.Meta
	Rows() omdb.Reader
	Apply(ctx context.Context, d generation.Delta) error
}

type servedTarget struct{ c *Controller }

func (t servedTarget) Meta() generation.Meta {
	m, _ := t.c.o.Protocol.Committed()
	return m
}
func (t servedTarget) Rows() omdb.Reader {
	_, rows := t.c.o.Protocol.Committed()
	return rows
}
func (t servedTarget) Apply(ctx context.Context, d generation.Delta) error {
	return t.c.o.Protocol.Apply(ctx, d)
}

// apply folds a fetch into a generation, all or nothing. An error that the
// fetch itself causes is a *[omsync.BootstrapError].
func (c *Controller) apply(ctx context.Context, t target, f omsync.Fetched) error {
	fetch, applied, err := c.decode(t.Meta(), t.Rows(), f)
	if err != nil {
		return err
	}
	return t.Apply(ctx, generation.Delta{
		Write: fetch.Apply,
		Derive: func(ctx context.Context, store omdb.Store) error {
			delta := tasks.NewDelta(f.Last, fetch.Events(), c.o.Config.Bool(config.FileSystemPathsEnabled))
			return tasks.Process(ctx, c.env, c.o.Tasks, delta, store)
		},
		Applied: applied,
	})
}

// decode turns a fetch into changes of a generation's rows and META after it.
func (c *Controller) decode(meta generation.Meta, before omdb.Reader, f omsync.Fetched) (*omdb.Fetch, generation.Meta, error) {
	families := map[uint32]omdb.Table{}
	for id, name := range meta.Families {
		if table, known := omdb.TableByName(name); known {
			families[id] = table
		}
	}
	fetch := omdb.NewFetch(families, before)
	for _, batch := range f.Batches {
		if err := fetch.Add(batch); err != nil {
			return nil, meta, &omsync.BootstrapError{Divergence: true, Reason: err.Error()}
		}
	}
	if info, ok := fetch.TransactionInfo(); ok {
		if info.Less(meta.Applied) && !c.env.Mutated(point.IgnoreLineage) {
			return nil, meta, &omsync.BootstrapError{Divergence: true, Reason: fmt.Sprintf(
				"the OM's log went back from %s to %s", meta.Applied, info)}
		}
		meta.Applied = info
	}
	meta.AppliedSeq, meta.AsOf = f.Last, f.At
	return fetch, meta, nil
}
