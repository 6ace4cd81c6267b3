package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/omsync"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
	"reconsim/recon/tasks"
)

// hook is a fault plan in Go: the test's function decides at each point.
type hook struct {
	mu sync.Mutex
	fn func(ctx context.Context, p point.Point, subject string) error
}

func (h *hook) Armed() bool { return true }

func (h *hook) Hit(ctx context.Context, p point.Point, subject string, _ int64) error {
	h.mu.Lock()
	fn := h.fn
	h.mu.Unlock()
	if fn == nil {
		return nil
	}
	return fn(ctx, p, subject)
}

func (h *hook) set(fn func(ctx context.Context, p point.Point, subject string) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fn = fn
}

// gate parks whoever comes until it is opened or the comer's context ends.
type gate struct {
	arrived, opened chan struct{}
	once            sync.Once
}

func newGate() *gate { return &gate{arrived: make(chan struct{}), opened: make(chan struct{})} }

func (g *gate) pass(ctx context.Context) error {
	g.once.Do(func() { close(g.arrived) })
	select {
	case <-g.opened:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *gate) open() { close(g.opened) }

// park makes the engine wait at a point.
func (h *hook) park(at point.Point) *gate {
	g := newGate()
	h.set(func(ctx context.Context, p point.Point, _ string) error {
		if p != at {
			return nil
		}
		return g.pass(ctx)
	})
	return g
}

// engine is a controller over real generations and a scripted OM.
type engine struct {
	*Controller
	t        *testing.T
	om       *scriptedOM
	hook     *hook
	protocol *swap.Generations
	dir      string
	set      map[string]string
	mu       sync.Mutex
	outcomes []staging.Outcome
	told     func(staging.Status)
}

// newEngine starts an engine on a new folder; pairs are settings.
func newEngine(t *testing.T, om *scriptedOM, pairs ...string) *engine {
	t.Helper()
	e := &engine{t: t, om: om, hook: &hook{}, dir: t.TempDir(), set: map[string]string{
		config.SnapshotInitialDelay: "0", config.SnapshotIntervalDelay: "5ms", config.StagingRetryDelayMinutes: "0.0003",
		config.StagingThreadPoolSize: "2", config.ConnectionRequestTimeout: "20s"}}
	for i := 0; i < len(pairs); i += 2 {
		e.set[pairs[i]] = pairs[i+1]
	}
	e.start()
	t.Cleanup(func() { e.stop() })
	return e
}

func (e *engine) start() {
	e.t.Helper()
	cfg, err := config.Load(config.Layer{Source: "test", Values: e.set})
	if err != nil {
		e.t.Fatal(err)
	}
	world := env.NewOS(e.hook)
	e.protocol, err = swap.NewGenerations(world, swap.Options{Dir: filepath.Join(e.dir, "generations"), SameDeviceAs: e.dir})
	if err != nil {
		e.t.Fatal(err)
	}
	source := omsync.NewSource(omsync.Options{Env: world, Client: e.om, Service: "omservice", CandidateDir: filepath.Join(e.dir, "candidate"),
		RequestTimeout: cfg.Duration(config.ConnectionRequestTimeout), TransferTimeout: time.Minute, MaxBytes: 1 << 20, MinBytesPerSecond: 1, Limit: 1000})
	e.Controller = New(Options{Env: world, Config: cfg, Protocol: e.protocol, Source: source, Tasks: tasks.All(),
		StatusFile: filepath.Join(e.dir, "staging.json"), Log: slog.New(slog.DiscardHandler), OnStaging: e.note})
	if err := e.Start(context.Background()); err != nil {
		e.t.Fatal(err)
	}
}

// onStaging calls fn at each transition, in the rebuild actor.
func (e *engine) onStaging(fn func(staging.Status)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.told = fn
}

// note keeps every outcome.
func (e *engine) note(s staging.Status) {
	e.mu.Lock()
	told := e.told
	e.mu.Unlock()
	if told != nil {
		told(s)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.Last != nil && (len(e.outcomes) == 0 || e.outcomes[len(e.outcomes)-1] != *s.Last) {
		e.outcomes = append(e.outcomes, *s.Last)
	}
}

// ended lists how rebuilds have ended so far, as far as OnStaging was told.
func (e *engine) ended() []staging.Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]staging.Outcome(nil), e.outcomes...)
}

// last is how the rebuild that ended last did so.
func (e *engine) last() staging.Outcome {
	if last := e.StagingStatus().Last; last != nil {
		return *last
	}
	return staging.Outcome{}
}

// waitEnded waits until n rebuilds have ended and been told.
func (e *engine) waitEnded(n int) []staging.Outcome {
	e.t.Helper()
	e.wait(fmt.Sprintf("%d rebuilds have ended", n), func() bool { return len(e.ended()) >= n })
	return e.ended()
}

func (e *engine) stop() {
	e.t.Helper()
	if e.Controller == nil {
		return
	}
	if err := e.Stop(); err != nil {
		e.t.Errorf("stop: %v", err)
	}
	e.Controller = nil
}

// restart is a new start of the program on the same folder.
func (e *engine) restart() {
	e.t.Helper()
	e.stop()
	e.start()
}

// patience ends a test that waits in vain.
const patience = 20 * time.Second

// wait returns once ok is true.
func (e *engine) wait(what string, ok func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			meta, serving := e.protocol.Serving()
			e.t.Fatalf("waited in vain until %s; serving %t %+v; staging %+v; frozen %q; last error %q",
				what, serving, meta, e.StagingStatus(), e.Frozen(), e.LastError())
		}
	}
}

func (e *engine) waitGate(g *gate, what string) {
	e.t.Helper()
	select {
	case <-g.arrived:
	case <-time.After(patience):
		e.t.Fatalf("waited in vain for %s; staging %+v", what, e.StagingStatus())
	}
}

// caughtUp waits until a generation serves all that the OM has, and no rebuild
// is under way.
func (e *engine) caughtUp(build uint64) generation.Meta {
	e.t.Helper()
	var meta generation.Meta
	e.wait("the generation has caught up", func() bool {
		meta, _ = e.protocol.Serving()
		return meta.Build == build && meta.AppliedSeq == e.om.at() && e.StagingStatus().State == staging.None
	})
	return meta
}

// waitState waits for a state of staging.
func (e *engine) waitState(want staging.State) {
	e.t.Helper()
	e.wait("staging is "+want.String(), func() bool { return e.StagingStatus().State == want })
}

// syncs waits until the engine has looked at the OM again.
func (e *engine) syncs() {
	e.t.Helper()
	for range 3 {
		e.TriggerSync()
		e.wait("a sync has begun", func() bool {
			e.Controller.mu.Lock()
			defer e.Controller.mu.Unlock()
			return !e.Controller.mu.syncNow
		})
	}
}

// serves checks one row and the derived count of all rows of a view.
func (e *engine) serves(key, value string, rows int64) {
	e.t.Helper()
	view, release, err := e.protocol.Acquire(context.Background(), "test", generation.Need{Stats: true})
	if err != nil {
		e.t.Fatal(err)
	}
	defer release()
	got, found, err := view.Get(omdb.S3SecretTable, []byte(key))
	if err != nil || found != (value != "") || string(got) != value {
		e.t.Errorf("row %q is %q (%t, %v), want %q", key, got, found, err, value)
	}
	if n := view.SQL().Stats["s3SecretTableCount"]; n != rows {
		e.t.Errorf("s3SecretTableCount is %d, want %d", n, rows)
	}
}

var errInjected = errors.New("injected failure")
