package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The files of a run directory.
const (
	RunFile    = "run.json"
	EventsFile = "events.jsonl"
)

// MaxRunBytes is the largest run.json that is read.
const MaxRunBytes = 64 << 20

// WriteRun writes run.json into dir, making dir if need be. The file appears
// whole or not at all, so that a reader beside a running campaign never meets
// half a record. Every list is written as a list, never as null.
func WriteRun(dir string, run Run) error {
	run.SchemaVersion = SchemaVersion
	run.fillLists()
	data, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the run record for %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the run directory: %w", err)
	}
	if err := writeWhole(filepath.Join(dir, RunFile), append(data, '\n')); err != nil {
		return fmt.Errorf("write the run record: %w", err)
	}
	return nil
}

// writeWhole replaces a file in one step.
func writeWhole(path string, data []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp.Name()))
		}
	}()
	if _, err = temp.Write(data); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err = temp.Chmod(0o644); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err = temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// ReadRun reads the run record of a run directory. It refuses a record that is
// not JSON, too large, without a version or of a later version.
func ReadRun(dir string) (Run, error) {
	path := filepath.Join(dir, RunFile)
	file, err := os.Open(path)
	if err != nil {
		return Run{}, fmt.Errorf("open the run record (is it a run directory?): %w", err)
	}
	defer func() { _ = file.Close() }() // read-only: closing cannot lose anything
	data, err := io.ReadAll(io.LimitReader(file, MaxRunBytes+1))
	if err != nil {
		return Run{}, fmt.Errorf("read the run record %s: %w", path, err)
	}
	if len(data) > MaxRunBytes {
		return Run{}, fmt.Errorf("run record %s is larger than %d bytes: not written by reconsim", path, MaxRunBytes)
	}
	run, err := DecodeRun(data)
	if err != nil {
		return Run{}, fmt.Errorf("run record %s: %w", path, err)
	}
	run.Dir = dir
	return run, nil
}

// DecodeRun decodes the bytes of a run.json. Unknown fields are passed over,
// because a newer writer may have added some.
func DecodeRun(data []byte) (Run, error) {
	var run Run
	if err := json.Unmarshal(data, &run); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return Run{}, fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
		}
		return Run{}, fmt.Errorf("decode: %w", err)
	}
	switch {
	case run.SchemaVersion < 1:
		return Run{}, fmt.Errorf("schemaVersion is %d: not a run record, or cut short", run.SchemaVersion)
	case run.SchemaVersion > SchemaVersion:
		return Run{}, fmt.Errorf("schemaVersion is %d, this program reads up to %d: use the reconsim that wrote it (%s)",
			run.SchemaVersion, SchemaVersion, run.ToolVersion)
	}
	run.fillLists()
	return run, nil
}

// fillLists makes empty lists of nil ones, so that a script may iterate over
// every list of a record without asking first.
func (r *Run) fillLists() {
	fill(&r.CommandLine)
	fill(&r.Config)
	fill(&r.Counts.ByEndpoint)
	fill(&r.Counts.ByState)
	fill(&r.Properties)
	fill(&r.Faults)
	fill(&r.Violations)
	fill(&r.Latency.Overall)
	fill(&r.Expectations)
	fill(&r.Thresholds)
	// A copy, because the caller's slice must not change under it.
	r.Generations = append([]Generation{}, r.Generations...)
	for i := range r.Generations {
		fill(&r.Generations[i].States)
	}
}

func fill[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
