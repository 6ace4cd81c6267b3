package matrix

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"reconsim/reports/record"
	"reconsim/sim/disk"
)

// Step is one crash on the way to a cell.
type Step struct {
	// Op is the last operation that was issued: of the run, or of the recovery
	// from the step before.
	Op int
	// Policy is a single one.
	Policy disk.Policy
}

// Cell is a state that was judged, by the first crashes that lead to it.
type Cell struct {
	// Steps are one for each crash.
	Steps []Step
	Verdict
}

// Place names the cell's crashes.
func (c Cell) Place() string { return place(c.Steps) }

func place(steps []Step) string {
	var parts []string
	for _, s := range steps {
		parts = append(parts, fmt.Sprintf("after operation %d: %s", s.Op, s.Policy))
	}
	return strings.Join(parts, ", then in recovery ")
}

// stateKey is what decides the verdict on a restart.
type stateKey struct {
	image    uint64
	promised State
}

// entry is a state in the book.
type entry struct {
	depth   int
	steps   []Step
	judged  bool
	verdict Verdict
}

// mark says that a cell of the matrix has a state.
type mark struct {
	depth, op int
	family    string
	key       stateKey
}

// book keeps every state once, and which cells it is in.
type book struct {
	recording   *Recording
	options     Options
	entries     map[stateKey]*entry
	marks       map[mark]struct{}
	crashes     [2]int64
	states, bad int64
	counts      [2]int64
	// took is the time that all judges together spent on a depth.
	took  [2]time.Duration
	cells record.CrashCells
}

func newBook(r *Recording, o Options) book {
	return book{recording: r, options: o, entries: map[stateKey]*entry{}, marks: map[mark]struct{}{}}
}

// take reports whether the state is to be judged by the caller: nobody has taken
// it before.
func (b *book) take(key stateKey, depth int) bool {
	e := b.entries[key]
	if e == nil {
		b.entries[key] = &entry{depth: depth}
		return true
	}
	if e.depth < 0 {
		e.depth = depth
		return true
	}
	return false
}

// met notes that crashes led to a state; of several the first ones stand for it.
func (b *book) met(depth, op int, key stateKey, steps []Step) {
	e := b.entries[key]
	if e == nil {
		e = &entry{depth: -1}
		b.entries[key] = e
	}
	if e.steps == nil || compareSteps(steps, e.steps) < 0 {
		e.steps = steps
	}
	b.marks[mark{depth: depth, op: op, family: steps[len(steps)-1].Policy.Family(), key: key}] = struct{}{}
}

func (b *book) judged(key stateKey, v Verdict) {
	e := b.entries[key]
	e.judged, e.verdict = true, v
	b.states++
	b.counts[e.depth]++
	b.cells.Add(v.Outcome.record())
	if v.Outcome.Bad() {
		b.bad++
	}
}

// compareSteps orders by the number of crashes, then by their places.
func compareSteps(a, b []Step) int {
	if d := cmp.Compare(len(a), len(b)); d != 0 {
		return d
	}
	for i := range a {
		if d := cmp.Or(cmp.Compare(a[i].Op, b[i].Op), a[i].Policy.Compare(b[i].Policy)); d != 0 {
			return d
		}
	}
	return 0
}

// Result is what a survey has come to.
type Result struct {
	Cells  record.CrashCells
	Depths []record.CrashDepth
	Rows   []record.CrashRow
	// Bad are the bad states in the order of their places.
	Bad     []Cell
	Seconds float64
	// Incomplete says why not every state was judged; empty if each was.
	Incomplete string

	judge *judge
}

// States is how many were judged.
func (r *Result) States() int64 {
	n := int64(0)
	for _, d := range r.Depths {
		n += d.Checked
	}
	return n
}

func (b *book) result(s *survey) *Result {
	r := &Result{Cells: b.cells, Seconds: time.Since(s.begun).Seconds(), judge: s.judge}
	distinct := [2]int64{}
	for _, e := range b.entries {
		if e.depth >= 0 {
			distinct[e.depth]++
		}
		if e.judged && e.verdict.Outcome.Bad() {
			r.Bad = append(r.Bad, Cell{Steps: e.steps, Verdict: e.verdict})
		}
	}
	slices.SortFunc(r.Bad, func(x, y Cell) int { return compareSteps(x.Steps, y.Steps) })
	for depth := range b.options.Depth {
		r.Depths = append(r.Depths, record.CrashDepth{Depth: depth + 1, Images: b.crashes[depth], Distinct: distinct[depth], Checked: b.counts[depth],
			Seconds: b.took[depth].Seconds() / float64(max(1, b.options.Judges))})
	}
	r.Rows = b.rows()
	return r
}

// rows draws the matrix. A cell is checked where the crash that stands for a
// state is.
func (b *book) rows() []record.CrashRow {
	type place struct {
		depth  int
		family string
	}
	builders := map[place]*record.CrashRowBuilder{}
	var places []place
	for depth := range b.options.Depth {
		for _, p := range b.options.Policies {
			at := place{depth, p.Family()}
			if builders[at] == nil {
				builders[at] = record.BuildCrashRow(p.Family(), depth+1, b.recording.Last-b.recording.First+1)
				places = append(places, at)
			}
		}
	}
	for m := range maps.Keys(b.marks) { // Cells keep the worst, whatever the order.
		e := b.entries[m.key]
		if !e.judged {
			continue
		}
		here := len(e.steps) == m.depth+1 && e.steps[0].Op == m.op && e.steps[m.depth].Policy.Family() == m.family
		builders[place{m.depth, m.family}].Add(m.op-b.recording.First, e.verdict.Outcome.record(), here)
	}
	var rows []record.CrashRow
	for _, at := range places {
		rows = append(rows, builders[at].Row())
	}
	return rows
}
