package tier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/sim/world"
)

// RunLocal runs one scenario on real files, real HTTP and real time, and writes
// the run directory. The error says that the run directory could not be
// written; everything else is in the record.
func RunLocal(ctx context.Context, o Options) (record.Run, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Minute
	}
	if o.Tier == "" {
		o.Tier = Local
	}
	run := newRun(o)
	run.StartedAt, run.Clock = time.Now().UTC(), record.ClockReal
	if err := makeRunDir(o.Out); err != nil {
		return run, err
	}
	events, err := record.OpenEvents(o.Out)
	if err != nil {
		return run, err
	}
	log, err := os.Create(filepath.Join(o.Out, "recon.log"))
	if err != nil {
		return run, errors.Join(fmt.Errorf("open Recon's log: %w", err), events.Close())
	}
	before := usage()
	runErr := tell(ctx, o, &run, events, log)
	after := usage()
	run.Seconds = time.Since(run.StartedAt).Seconds()
	run.CPUSeconds = after.cpuSeconds - before.cpuSeconds
	if runErr != nil {
		run.Verdict = record.Fail
		run.Error = &record.Failure{Kind: record.KindEnvironment, Message: runErr.Error()}
	}
	err = errors.Join(events.Close(), log.Close(), record.WriteRun(o.Out, run))
	if err == nil {
		err = reports.Render(o.Out)
	}
	if run.Verdict == record.Pass {
		err = errors.Join(err, os.RemoveAll(DataDir(o.Out)))
	}
	return run, err
}

// DataDir is where the OM's and Recon's data lie during a run.
func DataDir(out string) string { return filepath.Join(out, "data") }

// tell makes the world and lets it run.
func tell(ctx context.Context, o Options, run *record.Run, events *record.EventWriter, log io.Writer) error {
	var lost error
	w, err := world.New(world.Options{
		Scenario: o.Scenario, Seed: o.Seed, Dir: DataDir(o.Out), FS: vfs.Default, Runtime: env.NewGoroutines(),
		Network: true, CheckLater: true, Mutations: o.Mutations, Patience: o.Patience, Sample: o.Sample, Hooks: o.Hooks, Log: slog.New(slog.NewTextHandler(log, nil)),
		Event: func(e record.Event) {
			if err := events.Append(e); err != nil {
				lost = err
			}
		},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("the run did not end within %v", o.Timeout))
	defer cancel()
	stop := follow(w, o.Progress)
	err = w.Run(ctx)
	stop()
	run.PeakRSSBytes = usage().peakRSSBytes
	if o.Measured != nil {
		o.Measured(run)
	}
	var stuck *world.StuckError
	if errors.As(err, &stuck) {
		// The story came to nothing; that is a finding, not a broken machine.
		w.Fill(run)
		run.Expectations = append(run.Expectations, record.Expectation{Text: "the timeline is told to its end", Got: err.Error()})
		run.Verdict = record.Fail
		return lost
	}
	if err != nil {
		run.Error = &record.Failure{Kind: record.KindEnvironment, Message: err.Error()}
	}
	w.Fill(run)
	return errors.Join(err, lost)
}

// followEvery is how often a watcher is told how the run stands.
const followEvery = 200 * time.Millisecond

// follow tells a watcher how the run stands until stop is called.
func follow(w *world.World, watcher func(world.Progress)) (stop func()) {
	if watcher == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(followEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				watcher(w.Progress())
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}
