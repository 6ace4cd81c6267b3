package record

import (
	"fmt"
	"strings"
	"time"
)

// CrashesFile is the record that `reconsim crashes` leaves in a run directory.
const CrashesFile = "crashes.json"

// CrashMatrix is what became of an engine that was started again after a crash
// at each operation of one run under each policy of persistence.
type CrashMatrix struct {
	// SchemaVersion is 1. WriteCrashMatrix sets it.
	SchemaVersion int `json:"schemaVersion"`
	// ToolVersion, CommandLine and StartedAt are those of Run.
	ToolVersion string    `json:"toolVersion"`
	CommandLine []string  `json:"commandLine"`
	StartedAt   time.Time `json:"startedAt"`
	// Verdict is pass if no cell is bad and the enumeration was complete.
	Verdict Verdict `json:"verdict" jsonschema:"enum=pass,enum=fail"`
	// Scenario is what was recorded, once.
	Scenario Scenario `json:"scenario"`
	Seed     uint64   `json:"seed"`
	// Protocol is the swap protocol, Mutants the planted bugs in force.
	Protocol string   `json:"protocol,omitempty"`
	Mutants  []string `json:"mutants,omitempty"`
	// Depth is 1, or 2 if crashes while recovering were enumerated too.
	Depth int `json:"depth"`
	// Policies are the families of policies, in the order of the rows.
	Policies []string `json:"policies"`
	// Operations are the mutating operations between which a crash may fall,
	// from first to last. One of number 0 stands for a crash before them all.
	Operations []CrashOperation `json:"operations"`
	// Rows hold the outcomes: one for each policy at depth 1, then those of
	// depth 2.
	Rows []CrashRow `json:"rows"`
	// Cells counts the states checked by their outcome, all depths together.
	Cells CrashCells `json:"cells"`
	// Depths counts states before and after deduplication, by depth.
	Depths []CrashDepth `json:"depths"`
	// States is the number of states checked; a distinct image counts once.
	States int64 `json:"states"`
	// StatesPerSecond is States by Seconds.
	StatesPerSecond float64 `json:"statesPerSecond"`
	// Seconds is wall-clock, CPUSeconds processor time.
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	// Complete says that every state was checked; Incomplete says why not.
	Complete   bool   `json:"complete"`
	Incomplete string `json:"incomplete,omitempty"`
	// Bad are the bad states in the order in which they were found, up to a
	// number that the writer chooses, BadOmitted how many more there were.
	Bad        []BadCell `json:"bad"`
	BadOmitted int64     `json:"badOmitted,omitempty"`
	// Repeat is a ready-to-paste command that makes the matrix again.
	Repeat string `json:"repeat"`
	// Error is set if the enumeration could not be carried out.
	Error *Failure `json:"error,omitempty"`

	// Dir is the run directory, as in Run.
	Dir string `json:"-"`
}

// CrashOperation is one mutating operation of the recorded run.
type CrashOperation struct {
	// Number is its number on the disk.
	Number int64 `json:"number"`
	// Text is the operation as the disk prints it.
	Text string `json:"text"`
	// Actor did it, AtMillis is when.
	Actor    string  `json:"actor,omitempty"`
	AtMillis float64 `json:"atMillis,omitempty"`
	// Phase is the state of the rebuild, as StateProcessing, StateNone for
	// none.
	Phase string `json:"phase"`
}

// CrashDepth counts the states of one depth: 1 for a crash of the recorded
// run, 2 for another one while recovering from the first.
type CrashDepth struct {
	Depth int `json:"depth"`
	// Images is how many states the policies name, Distinct how many differ
	// by content, Checked in how many of these the engine was started.
	Images   int64   `json:"images"`
	Distinct int64   `json:"distinct"`
	Checked  int64   `json:"checked"`
	Seconds  float64 `json:"seconds"`
}

// BadCell is one state in which the engine did not come back as it should.
type BadCell struct {
	// Operation is the number of the last operation issued before the crash.
	Operation int64 `json:"operation"`
	// Policy names the state exactly, with the member of its family, as
	// --policy takes it.
	Policy  string       `json:"policy"`
	Outcome CrashOutcome `json:"outcome" jsonschema:"enum=empty,enum=mixed,enum=lost,enum=wontOpen"`
	// Second is the crash while recovering, at depth 2.
	Second *SecondCrash `json:"second,omitempty"`
	// Signature names the kind of the failure: outcome and pair. Cells with
	// the same one are shown together.
	Signature string `json:"signature"`
	// Message says in one sentence what was found.
	Message string `json:"message"`
	// Lost are the operations that did not survive, oldest first, up to
	// MaxLostOperations; LostOmitted counts the others.
	Lost        []LostOperation `json:"lost"`
	LostOmitted int64           `json:"lostOmitted,omitempty"`
	// Pair is absent where no single pair explains the failure.
	Pair *CrashPair `json:"pair,omitempty"`
	// Replay is a ready-to-paste command that shows this state again.
	Replay string `json:"replay"`
	// Fresh says that it was shown again in a fresh process before it was
	// reported.
	Fresh bool `json:"fresh"`
}

// MaxLostOperations bounds BadCell.Lost.
const MaxLostOperations = 40

// SecondCrash is a crash while recovering.
type SecondCrash struct {
	// Operation is the number of the recovery's own operation, from 1.
	Operation int64  `json:"operation"`
	Text      string `json:"text"`
	Policy    string `json:"policy"`
}

// LostOperation is an operation that did not survive a crash.
type LostOperation struct {
	Number int64  `json:"number"`
	Text   string `json:"text"`
	// Torn says that a part of it survived.
	Torn bool `json:"torn,omitempty"`
}

// CrashPair is the two operations that explain a bad state: the one that was
// lost, and the later one that survived although it needs the first.
type CrashPair struct {
	Lost     Operation `json:"lost"`
	Survived Operation `json:"survived"`
	// Explanation says in one sentence why the two together are wrong.
	Explanation string `json:"explanation"`
}

// WriteCrashMatrix writes crashes.json into dir, making dir if need be; the
// file appears whole or not at all.
func WriteCrashMatrix(dir string, m CrashMatrix) error {
	m.SchemaVersion = SchemaVersion
	m.fillLists()
	return writeJSON(dir, CrashesFile, m)
}

// ReadCrashMatrix reads crashes.json of a run directory. It refuses what
// ReadRun refuses, and rows that do not fit the operations.
func ReadCrashMatrix(dir string) (CrashMatrix, error) {
	var m CrashMatrix
	if err := readJSON(dir, CrashesFile, &m); err != nil {
		return CrashMatrix{}, err
	}
	if err := m.Check(); err != nil {
		return CrashMatrix{}, fmt.Errorf("%s in %s: %w", CrashesFile, dir, err)
	}
	m.fillLists()
	m.Dir = dir
	return m, nil
}

func (m *CrashMatrix) version() (schema int, tool string) { return m.SchemaVersion, m.ToolVersion }

func (m *CrashMatrix) fillLists() {
	fill(&m.CommandLine)
	fill(&m.Policies)
	fill(&m.Operations)
	fill(&m.Rows)
	fill(&m.Depths)
	m.Bad = append([]BadCell{}, m.Bad...)
	for i := range m.Bad {
		fill(&m.Bad[i].Lost)
	}
}

// Check says what is wrong with a matrix: a row whose length is not that of the
// operations or that has an unknown letter, numbers that do not ascend.
func (m *CrashMatrix) Check() error {
	for i := 1; i < len(m.Operations); i++ {
		if before, o := m.Operations[i-1], m.Operations[i]; o.Number <= before.Number {
			return fmt.Errorf("operation %d stands after operation %d", o.Number, before.Number)
		}
	}
	for _, r := range m.Rows {
		if len(r.Outcomes) != len(m.Operations) {
			return fmt.Errorf("row %s of depth %d has %d outcomes for %d operations", r.Policy, r.Depth, len(r.Outcomes), len(m.Operations))
		}
		for at := range len(r.Outcomes) {
			if letter := r.Outcomes[at]; letter != cellNone && outcomeOf(letter) == "" {
				return fmt.Errorf("row %s of depth %d has %q at operation %d, which stands for no outcome", r.Policy, r.Depth, letter, m.Operations[at].Number)
			}
		}
	}
	return nil
}

// PolicyFamily is a policy without the number of its member: the row of a bad
// cell.
func PolicyFamily(policy string) string {
	family, _, _ := strings.Cut(strings.TrimSpace(policy), " ")
	return family
}

// CrashDocument is what `reconsim crashes --json` prints.
type CrashDocument struct {
	Verdict    Verdict `json:"verdict"`
	Seed       uint64  `json:"seed"`
	Operations int     `json:"operations"`
	// Policies, Depth, States, Complete and Cells are those of the matrix.
	Policies        []string            `json:"policies"`
	Depth           int                 `json:"depth"`
	States          int64               `json:"states"`
	StatesPerSecond float64             `json:"statesPerSecond"`
	Complete        bool                `json:"complete"`
	Incomplete      string              `json:"incomplete,omitempty"`
	Cells           CrashCells          `json:"cells"`
	Depths          []CrashDepth        `json:"depths"`
	Bad             []CrashCellDocument `json:"bad"`
	BadOmitted      int64               `json:"badOmitted,omitempty"`
	Seconds         float64             `json:"seconds"`
	CPUSeconds      float64             `json:"cpuSeconds"`
	Repeat          string              `json:"repeat"`
	Error           *Failure            `json:"error,omitempty"`
	RunDir          string              `json:"runDir"`
}

// CrashCellDocument is one bad cell in a CrashDocument.
type CrashCellDocument struct {
	Operation int64        `json:"operation"`
	Policy    string       `json:"policy"`
	Outcome   CrashOutcome `json:"outcome"`
	Second    *SecondCrash `json:"second,omitempty"`
	Signature string       `json:"signature"`
	Message   string       `json:"message"`
	Pair      *CrashPair   `json:"pair,omitempty"`
	Replay    string       `json:"replay"`
}

// DocumentCrashes builds the document of `reconsim crashes --json`.
func DocumentCrashes(m CrashMatrix) CrashDocument {
	m.fillLists()
	doc := CrashDocument{Verdict: m.Verdict, Seed: m.Seed, Operations: len(m.Operations), Policies: m.Policies, Depth: m.Depth,
		States: m.States, StatesPerSecond: m.StatesPerSecond, Complete: m.Complete, Incomplete: m.Incomplete, Cells: m.Cells,
		Depths: m.Depths, Bad: []CrashCellDocument{}, BadOmitted: m.BadOmitted, Seconds: m.Seconds, CPUSeconds: m.CPUSeconds,
		Repeat: m.Repeat, Error: m.Error, RunDir: m.Dir}
	for _, b := range m.Bad {
		doc.Bad = append(doc.Bad, CrashCellDocument{Operation: b.Operation, Policy: b.Policy, Outcome: b.Outcome, Second: b.Second,
			Signature: b.Signature, Message: b.Message, Pair: b.Pair, Replay: b.Replay})
	}
	return doc
}
