package tier

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"reconsim/reports"
	"reconsim/reports/record"
)

// RunSim runs one scenario in the sim tier and writes the run directory, from
// which `reconsim replay` repeats it. A run that failed has been repeated in a
// fresh process before this returns. The error says that the directory could not
// be written or the process not be started; everything else is in the record.
func RunSim(ctx context.Context, o Options) (record.Run, error) {
	o.Tier, o.KeepTrace = Sim, true
	run := newRun(o)
	if err := makeRunDir(o.Out); err != nil {
		return run, err
	}
	told, _ := scheduled(o.Scenario, o.Seed, o.Strategy)
	text, err := told.Marshal()
	if err != nil {
		return run, fmt.Errorf("write the scenario down: %w", err)
	}
	var log bytes.Buffer
	o.Log = &log
	began, before := time.Now(), usage()
	s := Simulate(o)
	run = s.Run
	after := usage()
	run.StartedAt, run.Seconds = began.UTC(), time.Since(began).Seconds()
	run.CPUSeconds, run.PeakRSSBytes = after.cpuSeconds-before.cpuSeconds, after.peakRSSBytes
	if run.Verdict != record.Pass {
		j := Job{File: o.File, Scenario: string(text), Seed: o.Seed, Strategy: run.Strategy, Mutants: run.Mutants, Plant: o.Plant}
		repeated, err := Repeat(ctx, WorkerOptions{}, j, s.Trace)
		if err != nil {
			return run, fmt.Errorf("repeat the failed run in a fresh process: %w", err)
		}
		run.Replayed = repeated.Same
		run.Why = explain(&run, s, repeated)
	}
	return run, errors.Join(writeFiles(o.Out, map[string][]byte{
		record.ScenarioFile: text, record.TraceFile: s.Trace.Text(), record.ChoicesFile: []byte(s.Choices.String()), "recon.log": log.Bytes(),
	}), writeRecord(o.Out, run, s.Events))
}

func writeFiles(dir string, files map[string][]byte) error {
	var failed error
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			failed = errors.Join(failed, fmt.Errorf("write the run directory: %w", err))
		}
	}
	return failed
}

func writeRecord(dir string, run record.Run, happened []record.Event) error {
	events, err := record.OpenEvents(dir)
	if err != nil {
		return err
	}
	for _, e := range happened {
		err = errors.Join(err, events.Append(e))
	}
	if err = errors.Join(err, events.Close(), record.WriteRun(dir, run)); err != nil {
		return err
	}
	return reports.Render(dir)
}
