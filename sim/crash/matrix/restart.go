package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omsync"
	"reconsim/recon/ozonepb"
	"reconsim/sim/disk"
	"reconsim/sim/sched"
	"reconsim/sim/world"
)

// restarter starts engines on disks. It is safe for concurrent use: engines
// share nothing.
type restarter struct {
	config    *config.Config
	service   string
	mutations []point.Mutation
	// now is the virtual time at which an engine starts.
	now time.Time
	// limit is the real time that a restart may take.
	limit time.Duration
}

// restartLimit is some thousand times what a restart takes.
const restartLimit = 20 * time.Second

func newRestarter(r *Recording) (*restarter, error) {
	c, err := config.Load(config.Layer{Source: "scenario", Values: r.options.Scenario.Config})
	if err != nil {
		return nil, err
	}
	return &restarter{config: c, service: r.service, mutations: r.options.Mutations, now: r.ended.Add(time.Second), limit: restartLimit}, nil
}

// started is an engine that has recovered, with its first sweep done.
type started struct {
	recon *world.Recon
	// shown are the states that it has published, with the operations of its
	// disk until then.
	shown promises
	// operations is how many there were when it was asked for anything.
	operations int
}

// StartError is an engine that did not come up, or did not live.
type StartError struct{ Err error }

func (e *StartError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *StartError) Unwrap() error { return e.Err }

// start recovers what is on the disk as the program does at its start, lets look
// ask, and stops the engine. The error is the engine's: that it did not start,
// panicked, waited for ever, or was ended from below by its store.
func (r *restarter) start(fs *disk.FS, look func(context.Context, *started) error) error {
	ended := make(chan error, 1)
	// A store's fatal error ends the goroutine that meets it; this one only
	// waits.
	go func() { ended <- r.simulate(fs, look) }()
	limit := time.NewTimer(r.limit)
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
		fs.Crash()
		return &StartError{fmt.Errorf("the engine was neither up nor down after %v of real time", r.limit)}
	}
}

// errEndedFromBelow means that the engine's actor never returned.
var errEndedFromBelow = errors.New("the engine was ended from below, by a fatal error of its store")

func (r *restarter) simulate(fs *disk.FS, look func(context.Context, *started) error) error {
	s := sched.New(sched.Options{Seed: 1, Start: r.now})
	defer s.Close()
	result := error(&StartError{errEndedFromBelow})
	runtime := guarded{s}
	s.Go("recon", func() {
		returned := false
		defer func() {
			// Without its head the engine's other actors would go on for ever.
			runtime.stopOnPanic("recon", recover())
			if !returned {
				s.Stop(errEndedFromBelow) // The first cause counts.
			}
		}()
		result = r.live(runtime, fs, look)
		returned = true
	})
	if err := s.Run(); err != nil {
		return &StartError{err}
	}
	return result
}

func (r *restarter) live(runtime env.Runtime, fs *disk.FS, look func(context.Context, *started) error) error {
	ctx := context.Background()
	e := env.New(env.Options{FS: fs, Runtime: runtime, Quiet: true, Mutations: r.mutations})
	s := &started{}
	recon, err := world.StartRecon(ctx, world.ReconOptions{Env: e, Config: r.config, Client: noOM{}, Dir: reconDir, Service: r.service,
		Log: slog.New(slog.DiscardHandler), OnPublish: func(m generation.Meta) {
			s.shown.add(fs.Operations(), stateOf(m.Label()), "the restarted engine served it")
		}})
	if err != nil {
		return &StartError{fmt.Errorf("start: %w", err)}
	}
	s.recon = recon
	if err := recon.Protocol.Sweep(ctx); err != nil {
		return errors.Join(&StartError{fmt.Errorf("first cleanup: %w", err)}, recon.Stop())
	}
	s.operations = fs.Operations()
	err = look(ctx, s)
	if stopErr := recon.Stop(); stopErr != nil && err == nil {
		err = &StartError{fmt.Errorf("stop: %w", stopErr)}
	}
	return err
}

// guarded is a scheduler whose run ends when an actor panics.
type guarded struct{ *sched.Scheduler }

// Go starts an actor whose panic ends the run and not the program.
func (g guarded) Go(name string, fn func()) {
	g.Scheduler.Go(name, func() {
		defer func() { g.stopOnPanic(name, recover()) }()
		fn()
	})
}

func (g guarded) stopOnPanic(name string, v any) {
	if v != nil {
		g.Stop(fmt.Errorf("actor %s panicked: %v", name, v))
	}
}

// errNoOM is all that a restarted engine hears.
var errNoOM = errors.New("no OM answers: the engine has not been asked to follow one yet")

// noOM is a cluster of which no node answers.
type noOM struct{}

var _ omsync.Client = noOM{}

func (noOM) Nodes() []string { return []string{"om1"} }

func (noOM) Submit(context.Context, string, *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	return nil, errNoOM
}

func (noOM) Checkpoint(context.Context, string) (io.ReadCloser, error) { return nil, errNoOM }
