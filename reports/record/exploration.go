package record

import "time"

// ExplorationFile is the record that `reconsim explore` leaves in a run
// directory.
const ExplorationFile = "explore.json"

// Exploration is what many executions of scenarios, with many seeds and
// schedules, came to.
type Exploration struct {
	// SchemaVersion is 1. WriteExploration sets it.
	SchemaVersion int `json:"schemaVersion"`
	// ToolVersion, CommandLine and StartedAt are those of Run.
	ToolVersion string    `json:"toolVersion"`
	CommandLine []string  `json:"commandLine"`
	StartedAt   time.Time `json:"startedAt"`
	// Verdict is pass if no execution violated anything.
	Verdict Verdict `json:"verdict" jsonschema:"enum=pass,enum=fail"`
	// Scenarios are what was explored.
	Scenarios []Scenario `json:"scenarios"`
	// Seed is the first execution's; the others' follow from it.
	Seed uint64 `json:"seed"`
	// Workers is how many executions went on at a time.
	Workers int `json:"workers"`
	// Executions counts those that showed something: at least one committed
	// rebuild, a delta after it and a number of checked answers. Discarded
	// counts the others.
	Executions int64 `json:"executions"`
	Discarded  int64 `json:"discarded"`
	// ExecutionsPerHour is Executions by Seconds.
	ExecutionsPerHour float64 `json:"executionsPerHour"`
	// Seconds is wall-clock, CPUSeconds processor time, all cores together.
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	// DistinctTraces counts the different courses that executions took.
	DistinctTraces int64 `json:"distinctTraces"`
	// AdjacentPairs counts the pairs of points that followed each other, of
	// different actors, in any execution.
	AdjacentPairs int64 `json:"adjacentPairs"`
	// Strategies says how executions were scheduled.
	Strategies []StrategyShare `json:"strategies"`
	// Coverage is what was reached.
	Coverage Coverage `json:"coverage"`
	// Growth is how it grew, sampled, in order.
	Growth []GrowthSample `json:"growth"`
	// Violations has one entry for each kind of violation, the first found first:
	// signatures of one kind differ in which reader and which generations.
	Violations []ExploredViolation `json:"violations"`
	// Repeat is a ready-to-paste command that explores the same again.
	Repeat string `json:"repeat"`
	// Error is set if the exploration could not be carried out.
	Error *Failure `json:"error,omitempty"`

	// Dir is the run directory, as in Run.
	Dir string `json:"-"`
}

// StrategyShare is one strategy's part of the executions.
type StrategyShare struct {
	// Name is the strategy's, as --strategy takes it.
	Name       string `json:"name"`
	Executions int64  `json:"executions"`
	// NewCoverage counts the cells and pairs that it reached first.
	NewCoverage int64 `json:"newCoverage"`
}

// Coverage is the grid of point × state × outcome.
type Coverage struct {
	// Cells is how many combinations were looked for, Reached how many of
	// them occurred. Never lists the others.
	Cells   int64          `json:"cells"`
	Reached int64          `json:"reached"`
	Never   []CoverageCell `json:"never"`
	// Grid has the cells that occurred, with their counts.
	Grid []CoverageCell `json:"grid"`
}

// CoverageCell is one combination: an actor was at a point while the rebuild
// was in a state, and that was the outcome.
type CoverageCell struct {
	// Point is the point's name, as recon/pointer/move.
	Point string `json:"point"`
	// State is the state of the rebuild, as StateProcessing.
	State string `json:"state"`
	// Outcome is what happened there: pass if nothing was injected, else the
	// fault, as error, crash, delay or cancel.
	Outcome string `json:"outcome"`
	// Count is how often; 0 for a cell that was never reached.
	Count int64 `json:"count"`
}

// The outcomes of a coverage cell. A writer may have others.
const (
	CoveragePass   = "pass"
	CoverageError  = "error"
	CoverageDelay  = "delay"
	CoverageCancel = "cancel"
	CoverageCrash  = "crash"
)

// GrowthSample is the coverage after so many executions.
type GrowthSample struct {
	Executions int64 `json:"executions"`
	// Seconds is wall-clock time since the start.
	Seconds float64 `json:"seconds"`
	// Cells, Pairs and Traces are the distinct ones up to then.
	Cells  int64 `json:"cells"`
	Pairs  int64 `json:"pairs"`
	Traces int64 `json:"traces"`
}

// ExploredViolation is a kind of violation that an exploration found.
type ExploredViolation struct {
	Property  string `json:"property"`
	Signature string `json:"signature"`
	Message   string `json:"message"`
	// Replay is a ready-to-paste command that shows it again.
	Replay string `json:"replay"`
	// Seed, Strategy and Execution say in which execution, counted from 1, it
	// was found first.
	Seed      uint64 `json:"seed"`
	Strategy  string `json:"strategy,omitempty"`
	Execution int64  `json:"execution"`
	// Count is how many executions had it.
	Count int64 `json:"count"`
	// Scenario is the file that reproduces it, empty if only Replay does; RunDir
	// is the run directory with its why page, empty where there is none.
	Scenario string `json:"scenario,omitempty"`
	RunDir   string `json:"runDir,omitempty"`
	// Fresh says that it was shown again in a fresh process before it was
	// reported.
	Fresh bool `json:"fresh"`
}

// WriteExploration writes explore.json into dir, making dir if need be; the
// file appears whole or not at all.
func WriteExploration(dir string, e Exploration) error {
	e.SchemaVersion = SchemaVersion
	e.fillLists()
	return writeJSON(dir, ExplorationFile, e)
}

// ReadExploration reads explore.json of a run directory. It refuses what
// ReadRun refuses.
func ReadExploration(dir string) (Exploration, error) {
	var e Exploration
	if err := readJSON(dir, ExplorationFile, &e); err != nil {
		return Exploration{}, err
	}
	e.fillLists()
	e.Dir = dir
	return e, nil
}

func (e *Exploration) version() (schema int, tool string) { return e.SchemaVersion, e.ToolVersion }

func (e *Exploration) fillLists() {
	fill(&e.CommandLine)
	fill(&e.Scenarios)
	fill(&e.Strategies)
	fill(&e.Coverage.Never)
	fill(&e.Coverage.Grid)
	fill(&e.Growth)
	fill(&e.Violations)
}

// ExplorationDocument is what `reconsim explore --json` prints.
type ExplorationDocument struct {
	Verdict           Verdict             `json:"verdict"`
	Seed              uint64              `json:"seed"`
	Executions        int64               `json:"executions"`
	Discarded         int64               `json:"discarded"`
	ExecutionsPerHour float64             `json:"executionsPerHour"`
	Seconds           float64             `json:"seconds"`
	CPUSeconds        float64             `json:"cpuSeconds"`
	DistinctTraces    int64               `json:"distinctTraces"`
	AdjacentPairs     int64               `json:"adjacentPairs"`
	Strategies        []StrategyShare     `json:"strategies"`
	Violations        []ExploredViolation `json:"violations"`
	// Coverage is without the grid, which the record has.
	Coverage CoverageDocument `json:"coverage"`
	Repeat   string           `json:"repeat"`
	Error    *Failure         `json:"error,omitempty"`
	RunDir   string           `json:"runDir"`
}

// CoverageDocument is the coverage in an ExplorationDocument.
type CoverageDocument struct {
	Cells   int64          `json:"cells"`
	Reached int64          `json:"reached"`
	Never   []CoverageCell `json:"never"`
}

// DocumentExploration builds the document of `reconsim explore --json`.
func DocumentExploration(e Exploration) ExplorationDocument {
	e.fillLists()
	return ExplorationDocument{Verdict: e.Verdict, Seed: e.Seed, Executions: e.Executions, Discarded: e.Discarded,
		ExecutionsPerHour: e.ExecutionsPerHour, Seconds: e.Seconds, CPUSeconds: e.CPUSeconds, DistinctTraces: e.DistinctTraces,
		AdjacentPairs: e.AdjacentPairs, Strategies: e.Strategies, Violations: e.Violations,
		Coverage: CoverageDocument{Cells: e.Coverage.Cells, Reached: e.Coverage.Reached, Never: e.Coverage.Never},
		Repeat:   e.Repeat, Error: e.Error, RunDir: e.Dir}
}
