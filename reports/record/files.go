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
	// ScenarioFile is the scenario as it was run, TraceFile what a simulation did
	// line by line, ChoicesFile whom its scheduler chose.
	ScenarioFile = "scenario.yaml"
	TraceFile    = "trace.txt"
	ChoicesFile  = "choices.txt"
)

// MaxRunBytes is the largest record that is read: run.json or one beside it.
const MaxRunBytes = 64 << 20

// WriteRun writes run.json into dir, making dir if need be. The file appears
// whole or not at all, so that a reader beside a running campaign never meets
// half a record. Every list is written as a list, never as null.
func WriteRun(dir string, run Run) error {
	run.SchemaVersion = SchemaVersion
	run.fillLists()
	return writeJSON(dir, RunFile, run)
}

// writeJSON writes a record of a run directory, whole or not at all.
func writeJSON(dir, name string, content any) error {
	path := filepath.Join(dir, name)
	data, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the run directory: %w", err)
	}
	if err := writeWhole(path, append(data, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
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
	var run Run
	if err := readJSON(dir, RunFile, &run); err != nil {
		return Run{}, err
	}
	run.fillLists()
	run.Dir = dir
	return run, nil
}

// versioned is a record that says which form it has.
type versioned interface {
	version() (schema int, tool string)
}

func (r *Run) version() (schema int, tool string) { return r.SchemaVersion, r.ToolVersion }

// readJSON reads a record of a run directory.
func readJSON(dir, name string, into versioned) error {
	path := filepath.Join(dir, name)
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open %s (is it a run directory?): %w", name, err)
	}
	defer func() { _ = file.Close() }() // read-only: closing cannot lose anything
	data, err := io.ReadAll(io.LimitReader(file, MaxRunBytes+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if len(data) > MaxRunBytes {
		return fmt.Errorf("%s is larger than %d bytes: not written by reconsim", path, MaxRunBytes)
	}
	if err := decode(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// DecodeRun decodes the bytes of a run.json. Unknown fields are passed over,
// because a newer writer may have added some.
func DecodeRun(data []byte) (Run, error) {
	var run Run
	if err := decode(data, &run); err != nil {
		return Run{}, err
	}
	run.fillLists()
	return run, nil
}

func decode(data []byte, into versioned) error {
	if err := json.Unmarshal(data, into); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("not JSON at byte %d: %w", syntax.Offset, err)
		}
		return fmt.Errorf("decode: %w", err)
	}
	switch schema, tool := into.version(); {
	case schema < 1:
		return fmt.Errorf("schemaVersion is %d: not a record of reconsim, or cut short", schema)
	case schema > SchemaVersion:
		return fmt.Errorf("schemaVersion is %d, this program reads up to %d: use the reconsim that wrote it (%s)",
			schema, SchemaVersion, tool)
	}
	return nil
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
	r.Why = append([]Why(nil), r.Why...)
	for i := range r.Why {
		fill(&r.Why[i].Parts)
		fill(&r.Why[i].Steps)
		fill(&r.Why[i].Answers)
	}
}

func fill[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
