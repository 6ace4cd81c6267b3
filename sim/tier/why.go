package tier

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"reconsim/faults/point"
	"reconsim/reports/record"
	"reconsim/sim/world"
)

// explain says, for each kind of violation, which two operations let a reader
// see what it saw.
func explain(run *record.Run, s *Simulation, r Repeated) []record.Why {
	var all []record.Why
	explained := map[string]bool{}
	for i, v := range run.Violations {
		if explained[v.Signature] {
			continue
		}
		explained[v.Signature] = true
		if w, ok := s.Trace.why(i, v); ok {
			w.ScenarioFile, w.TraceFile = record.ScenarioFile, record.TraceFile
			w.Replay = record.Replay{Command: run.Repeat, Fresh: true, SameTrace: r.Same, TraceHash: r.TraceHash, FirstDifference: r.FirstDifference}
			all = append(all, w)
		}
	}
	return all
}

// changes are the points at which what readers can see moves.
func changes() []string {
	var names []string
	for _, p := range []point.Point{point.PointerMove, point.PointerSync, point.Publish, point.Published, point.DeltaCommit, point.DeltaSQL, point.DeltaPublish} {
		names = append(names, p.String())
	}
	return names
}

// isChange reports whether an entry moves what readers can see.
func (e *entry) isChange() bool {
	switch e.kind {
	case stepEntry:
		return slices.Contains(changes(), strings.TrimPrefix(e.text, "goes on at "))
	case eventEntry:
		return strings.HasPrefix(e.text, string(record.KindPublish))
	default:
		return false
	}
}

// isPowerLoss and isNewGeneration tell, of two events, which came last: what is
// served after a crash is what the disk kept, until something newer is published.
func (e *entry) isPowerLoss() bool {
	return e.kind == eventEntry && strings.HasPrefix(e.text, string(record.KindFault)+" "+world.PowerFault+" ")
}

func (e *entry) isNewGeneration() bool {
	return e.kind == eventEntry && strings.HasPrefix(e.text, string(record.KindPublish)) && !strings.HasSuffix(e.text, world.ShownAgain)
}

// The cases of a pair: where the change lies, seen from the reader.
const (
	changedMeanwhile = "Between the moment at which the reader pinned its view (1) and its answer, what readers can see changed (2)."
	changedBefore    = "The reader pinned its view (2) right after this change (1), and nothing changed until it had its answer."
	besideIt         = "The answer is not what its generation holds. Nothing changed around it, but beside the view that the reader pinned (2) lay a generation that was not published, last written here (1)."
	afterCrash       = "Recon's machine lost its power (1). What came up again was all that the reader could be served from when it pinned its view (2)."
	changedBack      = "The reader had been shown a newer state after the first of these (1), and an older one after the second (2)."
)

// why finds the pair for one violation of a reader; of one that no answer
// showed there is none.
func (t *Trace) why(index int, v record.Violation) (record.Why, bool) {
	answer := t.answerOf(v)
	if answer < 0 {
		return record.Why{}, false
	}
	actor := t.entries[answer].actor
	previous := t.before(answer, func(e *entry) bool { return e.kind == answerEntry && e.actor == actor })
	pinned := t.pinned(answer, previous)
	first, second, text := t.pair(v, answer, previous, pinned)
	if first < 0 || second < 0 || first == second {
		return record.Why{}, false
	}
	if first > second {
		first, second = second, first
	}
	w := record.Why{Violation: index, Reader: v.Reader, First: t.describe(first), Second: t.describe(second)}
	w.FromMillis = millisOf(t.entries[min(first, pinned)].after)
	w.ToMillis = millisOf(t.entries[max(second, answer)].after)
	w.Explanation = text
	w.Steps = t.around(first, second)
	w.Answers = t.answers(actor, answer, w.FromMillis)
	for _, g := range t.generations(first, second, answer) {
		part := record.AnswerPart{Generation: g, Text: "what the answer names"}
		if g != t.entries[answer].generation {
			part.Text = "what could be seen or lay beside it"
		}
		w.Parts = append(w.Parts, part)
	}
	return w, true
}

// answerOf finds the answer that broke the property.
func (t *Trace) answerOf(v record.Violation) int {
	for i := range t.entries {
		e := &t.entries[i]
		if e.kind == answerEntry && strings.HasPrefix(e.actor, v.Reader+"/") && millisOf(e.after) >= v.AtMillis && strings.Contains(e.text, v.Request) {
			return i
		}
	}
	return -1
}

// before is the last entry before one that is as asked for, -1 if none is.
func (t *Trace) before(at int, is func(*entry) bool) int {
	for i := at - 1; i >= 0; i-- {
		if is(&t.entries[i]) {
			return i
		}
	}
	return -1
}

// pinned is where the reader pinned the view of its answer: its last passage of
// read/acquire, or else its first step of this request.
func (t *Trace) pinned(answer, previous int) int {
	actor, first := t.entries[answer].actor, answer
	for i := answer - 1; i > previous; i-- {
		e := &t.entries[i]
		if e.kind != stepEntry || e.actor != actor {
			continue
		}
		if first = i; strings.HasSuffix(e.text, " "+point.Acquire.String()) {
			return i
		}
	}
	return first
}

// pair chooses the two operations.
func (t *Trace) pair(v record.Violation, answer, previous, pinned int) (first, second int, text string) {
	change := t.before(answer, (*entry).isChange)
	if v.Property == "monotonic" && previous >= 0 {
		newer := t.before(previous, (*entry).isChange)
		if newer >= 0 && change > newer {
			return newer, change, changedBack
		}
	}
	if change > pinned {
		return pinned, change, changedMeanwhile
	}
	if crash := t.before(pinned, (*entry).isPowerLoss); crash > t.before(pinned, (*entry).isNewGeneration) {
		return crash, pinned, afterCrash
	}
	if other := t.besidePinned(pinned, change, t.entries[answer].generation); other > 0 {
		return other, pinned, besideIt
	}
	return change, pinned, changedBefore
}

// besidePinned is the last write, since the last change, to a generation newer
// than the one that the answer names.
func (t *Trace) besidePinned(pinned, change int, served uint64) int {
	return t.before(pinned, func(e *entry) bool {
		if e.kind != diskEntry || e.number <= t.entries[max(0, change)].number {
			return false
		}
		holdsRows := strings.Contains(e.text, "/sql.db at") || strings.Contains(e.text, ".sst at")
		return holdsRows && buildIn(e.text) > served
	})
}

// buildIn is the generation whose directory an operation is in, 0 if it is in
// none.
func buildIn(text string) uint64 {
	_, name, _ := strings.Cut(text, "/gen-")
	build, err := strconv.ParseUint(name[:min(len(name), 8)], 10, 64)
	if err != nil {
		return 0
	}
	return build
}

func millisOf(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (t *Trace) describe(i int) record.Operation {
	e := &t.entries[i]
	kind := map[entryKind]record.OperationKind{stepEntry: record.OperationPoint, diskEntry: record.OperationDisk,
		answerEntry: record.OperationAnswer, eventEntry: record.OperationPoint}[e.kind]
	if e.kind == eventEntry && e.isChange() {
		kind = record.OperationPublish
	}
	return record.Operation{Number: e.number, AtMillis: millisOf(e.after), Actor: e.actor, Kind: kind, Text: e.text, Generation: max(e.generation, buildIn(e.text))}
}

// around are the entries about a pair: those between, thinned to what changes
// something if they are many, and a few before and after.
func (t *Trace) around(first, second int) []record.Operation {
	const margin = 6
	var chosen []int
	for i := max(0, first-margin); i <= min(len(t.entries)-1, second+margin); i++ {
		chosen = append(chosen, i)
	}
	isPair := func(i int) bool { return i == first || i == second }
	near := func(i int) bool { return i <= first+margin || i >= second-margin }
	for _, keep := range []func(int) bool{
		func(i int) bool { return near(i) || t.entries[i].isChange() || t.entries[i].kind == eventEntry },
		near, func(i int) bool { return i >= first-1 && i <= first+1 || i >= second-1 && i <= second+1 },
	} {
		if len(chosen) <= record.MaxWhySteps {
			break
		}
		chosen = slices.DeleteFunc(chosen, func(i int) bool { return !keep(i) && !isPair(i) })
	}
	steps := make([]record.Operation, 0, len(chosen))
	for _, i := range chosen {
		steps = append(steps, t.describe(i))
	}
	return steps
}

// answers are the reader's own around the bad one.
func (t *Trace) answers(actor string, bad int, fromMillis float64) []record.Answer {
	const marginMillis = 250
	var all []record.Answer
	sent := 0.0
	for i := range t.entries {
		e := &t.entries[i]
		at := millisOf(e.after)
		if e.kind != answerEntry || e.actor != actor {
			continue
		}
		if at >= fromMillis-marginMillis && at <= millisOf(t.entries[bad].after)+marginMillis {
			all = append(all, record.Answer{SentMillis: sent, AtMillis: at, Generation: e.generation, Request: e.text, Bad: i == bad})
		}
		sent = at
	}
	if extra := len(all) - record.MaxWhyAnswers; extra > 0 {
		place := slices.IndexFunc(all, func(a record.Answer) bool { return a.Bad })
		start := min(max(0, place-record.MaxWhyAnswers/2), extra)
		all = all[start : start+record.MaxWhyAnswers]
	}
	return all
}

// generations are those that the pair and the answer were about, older first.
func (t *Trace) generations(entries ...int) []uint64 {
	var all []uint64
	for _, i := range entries {
		if g := max(t.entries[i].generation, buildIn(t.entries[i].text)); g > 0 && !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return all
}
