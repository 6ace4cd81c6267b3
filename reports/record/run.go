package record

import (
	"fmt"
	"time"
)

// SchemaVersion is the form of the records that this package writes, and the
// highest that it reads.
const SchemaVersion = 1

// Verdict says whether everything that a run checked held.
type Verdict string

// The verdicts. A run whose environment failed is a fail with Run.Error set.
const (
	Pass Verdict = "pass"
	Fail Verdict = "fail"
)

// The clocks on which a run's atMillis may count.
const (
	ClockVirtual = "virtual"
	ClockReal    = "real"
)

// Run is the record of one run of one scenario in one tier.
type Run struct {
	// SchemaVersion is 1. WriteRun sets it.
	SchemaVersion int `json:"schemaVersion"`
	// ToolVersion is the version of reconsim that ran.
	ToolVersion string `json:"toolVersion"`
	// CommandLine is the command as it was given, program first.
	CommandLine []string `json:"commandLine"`
	// Tier is where it ran: sim, local, process, container or load.
	Tier string `json:"tier"`
	// Seed decides every choice that the run made.
	Seed uint64 `json:"seed"`
	// StartedAt is the wall-clock time of the start.
	StartedAt time.Time `json:"startedAt"`
	// Clock says what atMillis counts: virtual or real time.
	Clock string `json:"clock,omitempty" jsonschema:"enum=virtual,enum=real"`
	// DurationMillis is the length of the run on that clock.
	DurationMillis float64 `json:"durationMillis"`
	// Seconds is the wall-clock time that the run took.
	Seconds float64 `json:"seconds"`
	// CPUSeconds is the processor time that the run took, all cores together.
	CPUSeconds float64 `json:"cpuSeconds"`
	// PeakRSSBytes is the largest resident memory of the process.
	PeakRSSBytes int64 `json:"peakRSSBytes"`
	// Machine is what it ran on.
	Machine Machine `json:"machine"`
	// Scenario is what was run.
	Scenario Scenario `json:"scenario"`
	// Config is the configuration in force, with the origin of each value.
	Config []Setting `json:"config"`
	// Verdict is pass only if no property was violated, every expectation and
	// threshold was met, no fault was vacuous and the environment held.
	Verdict Verdict `json:"verdict" jsonschema:"enum=pass,enum=fail"`
	// Repeat is a ready-to-paste command that repeats this run.
	Repeat string `json:"repeat"`
	// TraceHash identifies the order of everything that happened; two runs
	// with the same hash took the same course. Empty where time is real.
	TraceHash string `json:"traceHash,omitempty"`
	// Strategy is how the simulation ordered its actors, as --strategy takes it.
	// Empty where time is real.
	Strategy string `json:"strategy,omitempty"`
	// Mutants are the planted mistakes that were switched on.
	Mutants []string `json:"mutants,omitempty"`
	// Counts is how much was read, and when.
	Counts Counts `json:"counts"`
	// Properties is what was checked.
	Properties []Property `json:"properties"`
	// Faults is what was injected.
	Faults []Fault `json:"faults"`
	// Generations is every rebuild, in the order of its start.
	Generations []Generation `json:"generations"`
	// Violations is every answer that broke a property, in order, up to a
	// number that the writer chooses.
	Violations []Violation `json:"violations"`
	// ViolationsOmitted counts the violations left out of Violations.
	ViolationsOmitted int64 `json:"violationsOmitted,omitempty"`
	// Replayed says that a run that failed took the same course again in a fresh
	// process before it was reported.
	Replayed bool `json:"replayed,omitempty"`
	// Why explains the violations, one entry for each signature.
	Why []Why `json:"why,omitempty"`
	// Latency is how long answers took at rest, while staging, at a switch.
	Latency Latency `json:"latency"`
	// Load is what a load run measured beyond that.
	Load *Load `json:"load,omitempty"`
	// Expectations is what the scenario expected at its end.
	Expectations []Expectation `json:"expectations"`
	// Thresholds is what the scenario or the command line bounded.
	Thresholds []Threshold `json:"thresholds"`
	// Error is set if the run could not be carried out.
	Error *Failure `json:"error,omitempty"`

	// Dir is the run directory. ReadRun sets it, the writer of a record that
	// goes into a RunDocument does; it is not stored.
	Dir string `json:"-"`
}

// Machine is what a run ran on.
type Machine struct {
	// Cores is the number of processors that the run could use.
	Cores int `json:"cores"`
	// GoVersion is the toolchain that built the program.
	GoVersion string `json:"goVersion"`
	// Platform is operating system and architecture, as linux/amd64.
	Platform string `json:"platform,omitempty"`
}

// Scenario says what was run and why.
type Scenario struct {
	// File is the path as it was given.
	File string `json:"file"`
	// Name is the scenario's short name.
	Name string `json:"name"`
	// About is one or two sentences of prose.
	About string `json:"about,omitempty"`
	// Proves lists the ids of what the scenario covers, such as REQ-T2.
	Proves []string `json:"proves,omitempty"`
}

// Setting is one configuration value in force.
type Setting struct {
	// Key is Ozone's exact key.
	Key string `json:"key"`
	// Value is the value as text.
	Value string `json:"value"`
	// Source says where the value came from: default, a file with its line,
	// the environment or a flag.
	Source string `json:"source"`
}

// Count is a number of reads under a name.
type Count struct {
	// Name is the endpoint or state.
	Name string `json:"name"`
	// Reads is the number of answers.
	Reads int64 `json:"reads"`
}

// Counts is how much was read, and when.
type Counts struct {
	// Reads is the number of answers that readers got.
	Reads int64 `json:"reads"`
	// ByEndpoint splits them by endpoint.
	ByEndpoint []Count `json:"byEndpoint"`
	// ByState splits them by the state of the rebuild when they began.
	ByState []Count `json:"byState"`
	// SpanningPublish counts the reads that began before a generation was
	// published and ended after it: those that could mix.
	SpanningPublish int64 `json:"spanningPublish"`
}

// Property is one promise, how often it was checked and how often it broke.
type Property struct {
	// Name is the property's name, such as one-generation.
	Name string `json:"name"`
	// Checked is the number of checks made.
	Checked int64 `json:"checked"`
	// Violations is the number of checks that failed.
	Violations int64 `json:"violations"`
}

// Fault is one rule of the fault plan and what came of it.
type Fault struct {
	// ID is the rule's name in the scenario.
	ID string `json:"id"`
	// Point is the fault point, as recon/pointer/move.
	Point string `json:"point"`
	// Rule is the rule as text: what fires when.
	Rule string `json:"rule"`
	// Armed is how often the rule was armed.
	Armed int64 `json:"armed"`
	// Fired is how often it fired.
	Fired int64 `json:"fired"`
	// Optional says that the scenario allows the rule never to fire.
	Optional bool `json:"optional,omitempty"`
	// Line is where the rule stands in the scenario file, 0 if unknown.
	Line int `json:"line,omitempty"`
}

// Vacuous tells whether the rule should have fired and never did. Such a run
// proves nothing about the fault and fails.
func (f Fault) Vacuous() bool { return f.Fired == 0 && !f.Optional }

// Violation is one answer that broke a property.
type Violation struct {
	// Property is the property's name.
	Property string `json:"property"`
	// Signature is the violation's kind: property, reader, generation pair.
	Signature string `json:"signature"`
	// Message says in one sentence what was wrong.
	Message string `json:"message"`
	// Replay is a ready-to-paste command that shows it again.
	Replay string `json:"replay"`
	// Reader names the reader that got the answer.
	Reader string `json:"reader,omitempty"`
	// AtMillis is when the answer arrived.
	AtMillis float64 `json:"atMillis"`
	// Generation is the generation that the answer claimed, 0 if none.
	Generation uint64 `json:"generation,omitempty"`
	// Request is the request line.
	Request string `json:"request,omitempty"`
	// Got is the answer, possibly shortened.
	Got string `json:"got,omitempty"`
	// Want is the oracle's answer, possibly shortened.
	Want string `json:"want,omitempty"`
}

// Expectation is one line of a scenario's expectations.
type Expectation struct {
	// Text is the expectation as the scenario says it.
	Text string `json:"text"`
	// OK says that it was met.
	OK bool `json:"ok"`
	// Got is what was found.
	Got string `json:"got,omitempty"`
	// Line is where it stands in the scenario file, 0 if unknown.
	Line int `json:"line,omitempty"`
}

// Threshold is one bound on a measured value.
type Threshold struct {
	// Expr is the bound, as staging.p99Micros < 5000.
	Expr string `json:"expr"`
	// OK says that it was kept.
	OK bool `json:"ok"`
	// Value is the measured value as text, with its unit.
	Value string `json:"value,omitempty"`
	// Line is where it stands in the scenario file, 0 if unknown.
	Line int `json:"line,omitempty"`
}

// The kinds of failure, as the command line's error document names them.
const (
	KindUsage       = "usage"
	KindScenario    = "scenario"
	KindEnvironment = "environment"
)

// Failure says why a run could not be carried out. It is an error.
type Failure struct {
	// Kind is usage, scenario or environment.
	Kind string `json:"kind" jsonschema:"enum=usage,enum=scenario,enum=environment"`
	// Message says what happened.
	Message string `json:"message"`
	// File, Line and Column say where, if a file is to blame.
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	// Suggestion says what to do.
	Suggestion string `json:"suggestion,omitempty"`
}

// Error renders file:line:column: message (suggestion), without unset parts.
func (f *Failure) Error() string {
	text := f.Message
	switch {
	case f.File != "" && f.Line > 0:
		text = fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, max(f.Column, 1), text)
	case f.File != "":
		text = f.File + ": " + text
	}
	if f.Suggestion != "" {
		text += " (" + f.Suggestion + ")"
	}
	return text
}
