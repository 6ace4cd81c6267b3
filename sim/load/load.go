package load

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/template"
	"time"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/tier"
	"reconsim/sim/world"
)

//go:embed scenario.yaml.tmpl
var scenarioText string

var scenarioTemplate = template.Must(template.New("load").Parse(scenarioText))

// Options say what to load the engine with.
type Options struct {
	// Keys is the number of committed keys at the start.
	Keys int64
	// Readers ask RequestsPerSecond each, whatever the answers take.
	Readers           int
	RequestsPerSecond int
	// Deltas is how many OM transactions there are while readers read, at
	// DeltasPerSecond.
	Deltas          int64
	DeltasPerSecond int
	// Rest is how long readers are measured before and after the rebuild.
	Rest scenarios.Duration
	// Thresholds are expressions on the run's figures.
	Thresholds []scenarios.Expression
	Seed       uint64
	// Sample is about how many keys the oracle keeps one by one.
	Sample int64
	// MemoryBytes is the Go runtime's soft limit, which makes it collect
	// garbage more often near it; 0 means none.
	MemoryBytes int64
	// Out is the run directory.
	Out         string
	CommandLine []string
	Version     string
	// Progress is called a few times a second; it may be nil.
	Progress func(Progress)
}

// InFlight bounds the requests that a reader has under way at once. When so
// many wait for an answer, later ones wait to be sent; they are measured from
// when they were due all the same.
func (Options) InFlight() int { return 16 }

// Scenario is the story of a load run as a scenario file.
func (o Options) Scenario() ([]byte, error) {
	var text bytes.Buffer
	if err := scenarioTemplate.Execute(&text, o); err != nil {
		return nil, fmt.Errorf("write the load scenario: %w", err)
	}
	return text.Bytes(), nil
}

// patience is how long a step of the story may wait: a hundred million keys
// take minutes on small machines, a billion an hour.
const patience = 12 * time.Hour

// Run runs the load and writes the run directory. The error is of the
// environment or of the options; everything else is in the record.
func Run(ctx context.Context, o Options) (record.Run, error) {
	text, err := o.Scenario()
	if err != nil {
		return record.Run{}, err
	}
	file := filepath.Join(o.Out, "scenario.yaml")
	scenario, problems := scenarios.Load(file, text, tier.Vocabulary())
	if len(problems) == 0 {
		scenario, problems = scenario.ForTier(tier.Load)
	}
	if len(problems) > 0 {
		p := problems[0]
		return record.Run{}, &record.Failure{Kind: record.KindUsage, Message: p.Message, Suggestion: p.Suggestion}
	}
	if o.MemoryBytes > 0 {
		before := debug.SetMemoryLimit(o.MemoryBytes)
		defer debug.SetMemoryLimit(before)
	}
	m := newMeter(o, filepath.Join(tier.DataDir(o.Out), "recon"))
	stop := m.watch(o.Progress)
	run, err := tier.RunLocal(ctx, tier.Options{File: file, Scenario: scenario, Seed: o.Seed, Out: o.Out, Timeout: 2 * patience, Patience: patience,
		Tier: tier.Load, Sample: o.Sample, Measured: m.fill, Repeat: o.repeat(), CommandLine: o.CommandLine, Version: o.Version,
		Progress: m.follow,
		Hooks:    world.Hooks{Wrote: m.wrote, Foretold: m.foretold, Passed: m.passed, Staged: m.staged, Views: m.views}})
	stop()
	if err == nil {
		// The story stays beside its figures, to be changed and run again.
		err = os.WriteFile(file, text, 0o644)
	}
	return run, err
}

// repeat is the command that repeats the run.
func (o Options) repeat() string {
	command := fmt.Sprintf("reconsim load --keys %d --readers %d --rate %d --deltas %d --delta-rate %d --rest %s --sample %d --memory %d --seed %d",
		o.Keys, o.Readers, o.RequestsPerSecond, o.Deltas, o.DeltasPerSecond, o.Rest, o.Sample, o.MemoryBytes>>20, o.Seed)
	for _, t := range o.Thresholds {
		command += fmt.Sprintf(" --thresholds '%s'", strings.ReplaceAll(t.String(), "'", `'\''`))
	}
	return command
}
