package tier

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/sched"
	"reconsim/sim/world"
)

// Options of a run in any tier.
type Options struct {
	// File is how the scenario was named by the user.
	File     string
	Scenario *scenarios.Scenario
	Seed     uint64
	// Out is the run directory. In real tiers the OM's and Recon's data lie below
	// it and are removed after a run that passed.
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
	// Strategy orders the actors of the sim tier; nil for the scenario's.
	Strategy sched.Strategy
	// Plant is a cause of nondeterminism in the sim tier, see [Plants].
	Plant string
	// KeepTrace keeps the sim tier's trace line by line.
	KeepTrace bool
	// Until ends a run in the sim tier at the first violation whose signature is of
	// this kind (check.KindOf), or at the very first for [AnyViolation]; empty for
	// no such end. Within ends it after so much virtual time; 0 for no such end.
	Until  string
	Within time.Duration
	// Log takes Recon's log in the sim tier; nil for nobody.
	Log io.Writer
}

// AnyViolation is for Options.Until.
const AnyViolation = "any"

// newRun is the record of a run that has not begun.
func newRun(o Options) record.Run {
	repeat := o.Repeat
	if repeat == "" {
		repeat = repeatCommand(o)
	}
	return record.Run{ToolVersion: o.Version, CommandLine: o.CommandLine, Tier: o.Tier, Seed: o.Seed,
		Machine:  record.Machine{Cores: runtime.GOMAXPROCS(0), GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH},
		Scenario: record.Scenario{File: o.File, Name: o.Scenario.Name, About: o.Scenario.About, Proves: o.Scenario.Proves},
		Repeat:   repeat, Mutants: mutantNames(o.Mutations), Dir: o.Out}
}

// makeRunDir makes a run directory and refuses one that holds a run.
func makeRunDir(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, record.EventsFile)); err == nil {
		return &record.Failure{Kind: record.KindUsage, Message: dir + " holds a run already, which would be mixed with this one",
			Suggestion: "give another --out, or none"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the run directory: %w", err)
	}
	return nil
}

// repeatCommand is what a person pastes to have the run again.
func repeatCommand(o Options) string {
	order, ok := strategyFlag(o)
	if !ok {
		return "reconsim replay " + o.Out
	}
	command := fmt.Sprintf("reconsim run %s --tier %s --seed %d%s", o.File, o.Tier, o.Seed, order)
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
