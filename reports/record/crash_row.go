package record

import "bytes"

// CrashOutcome says what an engine that was started again after a crash served.
type CrashOutcome string

// The outcomes, each worse than those above it.
const (
	// OutcomeOld: the generation that was served before, whole.
	OutcomeOld CrashOutcome = "old"
	// OutcomeNew: the new generation, whole.
	OutcomeNew CrashOutcome = "new"
	// OutcomeEither: of the images of one cell some gave the old, some the new
	// generation. Only a cell has it, never a state.
	OutcomeEither CrashOutcome = "either"
	// OutcomeEmpty: nothing, where something had been served.
	OutcomeEmpty CrashOutcome = "empty"
	// OutcomeMixed: parts of two generations.
	OutcomeMixed CrashOutcome = "mixed"
	// OutcomeLost: something that had been acknowledged is gone.
	OutcomeLost CrashOutcome = "lost"
	// OutcomeWontOpen: the engine did not start.
	OutcomeWontOpen CrashOutcome = "wontOpen"
)

// outcomeLetters has the letter of each outcome in a row, best first.
var outcomeLetters = []struct {
	outcome CrashOutcome
	letter  byte
}{
	{OutcomeOld, 'O'}, {OutcomeNew, 'N'}, {OutcomeEither, 'B'}, {OutcomeEmpty, 'E'},
	{OutcomeMixed, 'M'}, {OutcomeLost, 'L'}, {OutcomeWontOpen, 'W'},
}

// CrashOutcomes lists the outcomes, best first.
func CrashOutcomes() []CrashOutcome {
	list := make([]CrashOutcome, len(outcomeLetters))
	for i, o := range outcomeLetters {
		list[i] = o.outcome
	}
	return list
}

// Bad tells whether the outcome breaks a promise.
func (o CrashOutcome) Bad() bool { return rank(o) >= rank(OutcomeEmpty) }

// rank is how bad an outcome is, -1 if it is not known.
func rank(outcome CrashOutcome) int {
	for i, o := range outcomeLetters {
		if o.outcome == outcome {
			return i
		}
	}
	return -1
}

// Worse joins the outcomes of two images of one cell: the worse of them, and
// either for an old and a new generation.
func (o CrashOutcome) Worse(other CrashOutcome) CrashOutcome {
	if rank(o) < rank(other) {
		o, other = other, o
	}
	if o == OutcomeNew && other == OutcomeOld {
		return OutcomeEither
	}
	return o
}

// cellNone stands for a cell without any image: the policy has no member there.
const cellNone = '.'

const lower = 'a' - 'A'

func outcomeOf(letter byte) CrashOutcome {
	if letter >= 'a' && letter <= 'z' {
		letter -= lower
	}
	for _, o := range outcomeLetters {
		if o.letter == letter {
			return o.outcome
		}
	}
	return ""
}

// CrashRow is the outcomes of one policy over all operations: at depth 1 of a
// crash right after each, at depth 2 of a second crash, while recovering from
// that one.
type CrashRow struct {
	// Policy is the family.
	Policy string `json:"policy"`
	Depth  int    `json:"depth"`
	// Outcomes has one letter for each operation: O old, N new, B some old and
	// some new, E empty, M mixed, L lost, W won't open, a dot where the policy
	// has no image. A small letter says that every image of the cell has the
	// content of another one, which was checked there.
	Outcomes string `json:"outcomes"`
}

// Cell is one cell of a matrix.
type Cell struct {
	// Outcome is empty where the policy has no image.
	Outcome CrashOutcome
	// Checked says that at least one image was checked here, rather than
	// where another one has the same content.
	Checked bool
}

// Cell returns the cell of the operation at an index, without an outcome
// outside of the row.
func (r CrashRow) Cell(index int) Cell {
	if index < 0 || index >= len(r.Outcomes) {
		return Cell{}
	}
	letter := r.Outcomes[index]
	return Cell{Outcome: outcomeOf(letter), Checked: letter >= 'A' && letter <= 'Z'}
}

// CrashRowBuilder fills a row; strings would be copied for each cell.
type CrashRowBuilder struct {
	row     CrashRow
	letters []byte
}

// BuildCrashRow begins a row without any image.
func BuildCrashRow(policy string, depth, operations int) *CrashRowBuilder {
	return &CrashRowBuilder{CrashRow{Policy: policy, Depth: depth}, bytes.Repeat([]byte{cellNone}, operations)}
}

// Add adds an image to the cell of the operation at an index. The cell keeps
// the worst outcome (see CrashOutcome.Worse); checked is false for an image
// with the content of another one. An index outside of the row or an outcome
// that is not known is passed over.
func (b *CrashRowBuilder) Add(index int, outcome CrashOutcome, checked bool) {
	if index < 0 || index >= len(b.letters) || rank(outcome) < 0 {
		return
	}
	was := CrashRow{Outcomes: string(b.letters[index : index+1])}.Cell(0)
	letter := outcomeLetters[rank(outcome.Worse(was.Outcome))].letter
	if !checked && !was.Checked {
		letter += lower
	}
	b.letters[index] = letter
}

// Row returns the row as it is so far.
func (b *CrashRowBuilder) Row() CrashRow {
	b.row.Outcomes = string(b.letters)
	return b.row
}

// CrashCells counts states by outcome.
type CrashCells struct {
	Old      int64 `json:"old"`
	New      int64 `json:"new"`
	Empty    int64 `json:"empty"`
	Mixed    int64 `json:"mixed"`
	Lost     int64 `json:"lost"`
	WontOpen int64 `json:"wontOpen"`
}

// Add counts one state more. An outcome that no state has is not counted.
func (c *CrashCells) Add(outcome CrashOutcome) {
	switch outcome {
	case OutcomeOld:
		c.Old++
	case OutcomeNew:
		c.New++
	case OutcomeEmpty:
		c.Empty++
	case OutcomeMixed:
		c.Mixed++
	case OutcomeLost:
		c.Lost++
	case OutcomeWontOpen:
		c.WontOpen++
	}
}

// Of returns the count of an outcome.
func (c CrashCells) Of(outcome CrashOutcome) int64 {
	switch outcome {
	case OutcomeOld:
		return c.Old
	case OutcomeNew:
		return c.New
	case OutcomeEmpty:
		return c.Empty
	case OutcomeMixed:
		return c.Mixed
	case OutcomeLost:
		return c.Lost
	case OutcomeWontOpen:
		return c.WontOpen
	}
	return 0
}

// Bad counts the states that break a promise.
func (c CrashCells) Bad() int64 { return c.Empty + c.Mixed + c.Lost + c.WontOpen }
