package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"reconsim/recon/config"
	"reconsim/recon/env"
	"reconsim/recon/omsync"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
	"reconsim/recon/tasks"
)

// Options of [New].
type Options struct {
	Env      *env.Env
	Config   *config.Config
	Protocol swap.Protocol
	Source   *omsync.Source
	Tasks    []tasks.Task
	// StatusFile keeps the staging status across restarts.
	StatusFile string
	Log        *slog.Logger
	// OnStaging is told every transition of staging; it must not block.
	OnStaging func(staging.Status)
}

// Controller is the running engine.
type Controller struct {
	o       Options
	env     *env.Env
	log     *slog.Logger
	staging *staging.Manager
	feed    *feed
	// hold is taken by whoever applies a delta or needs none to be applied.
	hold     *env.Mutex
	changed  *env.Cond
	omLatest atomic.Uint64
	recovery swap.Recovery
	cancel   context.CancelCauseFunc
	// jitter belongs to the rebuild actor.
	jitter *rand.Rand
	mu     struct {
		sync.Mutex
		// frozen says why the served generation takes no deltas; empty if it does.
		frozen string
		// request waits for the rebuild actor; rebuilding is true while that has
		// one in hand, also between two attempts.
		request    *request
		rebuilding bool
		// syncNow asks the sync actor not to wait.
		syncNow bool
		// failed is the fetch that tasks could not take; the next rebuild from
		// the local copy includes its OM rows.
		failed  *omsync.Fetched
		running int
		// lastError is the newest failure of a sync, for people.
		lastError string
	}
}

// request is a rebuild that somebody asked for.
type request struct {
	trigger staging.Trigger
	// download is true for a new snapshot, false for the local copy.
	download bool
	reason   string
}

// New makes a controller; Start runs it.
func New(o Options) *Controller {
	c := &Controller{o: o, env: o.Env, log: o.Log, hold: o.Env.NewMutex(), changed: o.Env.NewCond(), jitter: o.Env.Rand("retry")}
	c.feed = &feed{capacity: int(o.Config.Int(config.EventBufferCapacity)), capacityBytes: 1 << 30}
	return c
}

// Start recovers what is on disk, serves it, and starts the two actors. They
// end when ctx does; Stop waits for them.
func (c *Controller) Start(ctx context.Context) error {
	var err error
	if c.recovery, err = c.o.Protocol.Open(ctx); err != nil {
		return fmt.Errorf("recover generations: %w", err)
	}
	cfg := c.o.Config
	c.staging, err = staging.NewManager(staging.Options{
		Env: c.env, Protocol: c.o.Protocol, Tasks: c.o.Tasks, StatusFile: c.o.StatusFile,
		Timeout: cfg.Duration(config.StagingTimeoutMinutes), Workers: int(cfg.Int(config.StagingThreadPoolSize)),
		SinkBytes: sinkBytes(cfg), FileSystemPaths: cfg.Bool(config.FileSystemPathsEnabled),
		Log: c.log, OnChange: c.o.OnStaging,
	})
	if err != nil {
		return err
	}
	if c.staging.Status().State == staging.Failed && !c.recovery.Serving {
		// Starting the program again is the operator's answer to a failure
		// that left nothing to serve.
		if err := c.staging.Acknowledge(); err != nil {
			return err
		}
	}
	// A kill between the switch and the end of its rebuild leaves a download
	// that no later rebuild would use.
	if err := c.o.Source.Discard(); err != nil {
		c.log.Error("candidate folder stays behind", "err", err.Error())
	}
	c.log.Info("recovered", "serving", c.recovery.Serving, "discarded", len(c.recovery.Discarded), "broken", c.recovery.Broken)
	ctx, c.cancel = context.WithCancelCause(ctx)
	c.start(ctx, "sync", c.syncLoop)
	c.start(ctx, "rebuild", c.rebuildLoop)
	c.start(ctx, "progress", c.reportLoop)
	return nil
}

// rowBytes is what a derived row takes in a sink, about.
const rowBytes = 100

// sinkBytes shares the change-map budget between the sinks of a rebuild: every
// task has one for each worker.
func sinkBytes(cfg *config.Config) int {
	perTask := float64(cfg.Int(config.NSSummaryFlushThreshold)) * rowBytes *
		min(cfg.Decimal(config.StagingMemoryFactor)*cfg.Decimal(config.StagingBatchMultiplier), 1)
	return int(perTask / float64(max(1, cfg.Int(config.StagingThreadPoolSize))))
}

func (c *Controller) start(ctx context.Context, name string, run func(context.Context)) {
	c.mu.Lock()
	c.mu.running++
	c.mu.Unlock()
	c.env.Go(name, func() {
		defer func() {
			c.mu.Lock()
			c.mu.running--
			c.mu.Unlock()
			c.changed.Broadcast()
		}()
		run(ctx)
	})
}

// errShutdown ends a rebuild because the program stops.
var errShutdown = &staging.CancelError{Cause: staging.CauseShutdown, By: "shutdown"}

// Stop ends the actors, rolls back a rebuild that is under way, and closes the
// generations.
func (c *Controller) Stop() error {
	if c.cancel == nil {
		return nil
	}
	c.cancel(errShutdown)
	err := c.changed.WaitUntil(context.Background(), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.mu.running == 0
	})
	return errors.Join(err, c.o.Protocol.Close())
}

// Recovery tells what Start found on disk.
func (c *Controller) Recovery() swap.Recovery { return c.recovery }

// ask hands a request to the rebuild actor. A request for a download replaces
// one for the local copy, and a rebuild under way that it makes pointless is
// cancelled.
func (c *Controller) ask(r request) {
	c.mu.Lock()
	if c.mu.request == nil || r.download {
		c.mu.request = &r
	}
	c.mu.Unlock()
	c.changed.Broadcast()
}

func (c *Controller) takeRequest() *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.mu.request
	c.mu.request = nil
	c.mu.rebuilding = r != nil
	return r
}

func (c *Controller) doneRebuilding() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.rebuilding = false
}

func (c *Controller) isRebuilding() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.rebuilding
}

func (c *Controller) requested() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.request != nil
}

// freeze stops deltas to the served generation (recon.md 6.8, step 2).
func (c *Controller) freeze(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.frozen == "" {
		c.mu.frozen = reason
		c.log.Warn("the served generation is frozen until a rebuild replaces it", "reason", reason)
	}
}

func (c *Controller) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.frozen = ""
	c.mu.failed = nil
}

func (c *Controller) isFrozen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.frozen != ""
}

// waitFor sleeps for d unless ok becomes true before; it reports false when ctx
// ended.
func (c *Controller) waitFor(ctx context.Context, d time.Duration, ok func() bool) bool {
	var over atomic.Bool
	stop := c.env.After(d, func() { over.Store(true); c.changed.Broadcast() })
	defer stop()
	return c.changed.WaitUntil(ctx, func() bool { return over.Load() || ok() }) == nil
}
