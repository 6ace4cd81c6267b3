package tier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/reports"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/world"
)

// Options of [RunLocal].
type Options struct {
	// File is how the scenario was named by the user.
	File     string
	Scenario *scenarios.Scenario
	Seed     uint64
	// Out is the run directory; the OM's and Recon's data lie below it and are
	// removed after a run that passed.
	Out string
	// Timeout ends a run that hangs; 0 means ten minutes.
	Timeout time.Duration
	// Patience is how long a step of the timeline waits for its condition.
	Patience    time.Duration
	Mutations   []point.Mutation
	CommandLine []string
	// Tier is the name that the run goes by; [Local] if empty. A load run is one
	// of this tier with Sample and Hooks, which are those of world.Options.
	Tier   string
	Sample int64
	Hooks  world.Hooks
	// Measured adds figures to the record before thresholds are looked at; it
	// may be nil.
	Measured func(*record.Run)
	// Repeat is the command that repeats the run; empty for `reconsim run`.
	Repeat string
	// Progress is called a few times a second while the run goes on; it may be
	// nil.
	Progress func(world.Progress)
	Version  string
}

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
	if o.Repeat == "" {
		o.Repeat = repeatCommand(o)
	}
	run := record.Run{ToolVersion: o.Version, CommandLine: o.CommandLine, Tier: o.Tier, Seed: o.Seed, StartedAt: time.Now().UTC(), Clock: record.ClockReal,
		Machine:  record.Machine{Cores: runtime.GOMAXPROCS(0), GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH},
		Scenario: record.Scenario{File: o.File, Name: o.Scenario.Name, About: o.Scenario.About, Proves: o.Scenario.Proves},
		Repeat:   o.Repeat, Dir: o.Out}
	if _, err := os.Stat(filepath.Join(o.Out, record.EventsFile)); err == nil {
		return run, &record.Failure{Kind: record.KindUsage, Message: o.Out + " holds a run already, which would be mixed with this one",
			Suggestion: "give another --out, or none"}
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return run, fmt.Errorf("make the run directory: %w", err)
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

// repeatCommand is what a person pastes to have the run again.
func repeatCommand(o Options) string {
	command := fmt.Sprintf("reconsim run %s --tier %s --seed %d", o.File, Local, o.Seed)
	for _, m := range o.Mutations {
		command += " --mutant " + m.String()
	}
	return command
}

type resources struct {
	cpuSeconds   float64
	peakRSSBytes int64
}

// usage is what the process has used so far.
func usage() resources {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return resources{}
	}
	seconds := func(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return resources{cpuSeconds: seconds(r.Utime) + seconds(r.Stime), peakRSSBytes: r.Maxrss << 10}
}
