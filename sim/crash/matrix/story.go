package matrix

import (
	"fmt"
	"regexp"
	"strings"

	"reconsim/reports/record"
	"reconsim/sim/disk"
)

// inspector explains cells. It restarts engines itself, and keeps what it has
// seen for the next cell.
type inspector struct {
	recording *Recording
	judge     *judge
	run       *scene
	// recoveries are the scenes of second crashes, by the first one.
	recoveries map[Step]*scene
}

func newInspector(j *judge) *inspector {
	r := j.recording
	return &inspector{recording: r, judge: j, recoveries: map[Step]*scene{}, run: &scene{
		judge: j, log: r.Log, seed: r.options.Seed, promised: r.promises.at, known: map[stateKey]Verdict{}, notes: r.Operation}}
}

// Operation describes an operation of the run.
func (r *Recording) Operation(n int) record.Operation {
	note := r.notes[n-1]
	return record.Operation{Number: int64(n), AtMillis: note.atMillis, Actor: note.actor, Kind: record.OperationDisk, Text: r.Log.Op(n).String()}
}

// sceneOf is where the last of some crashes falls.
func (i *inspector) sceneOf(steps []Step) (*scene, error) {
	if len(steps) == 1 {
		return i.run, nil
	}
	first := steps[0]
	if s := i.recoveries[first]; s != nil {
		return s, nil
	}
	c, err := i.run.crashAt(first)
	if err != nil {
		return nil, err
	}
	before := i.recording.promises.at(first.Op)
	recovered := i.judge.restart(c.Image, before, true)
	s := &scene{judge: i.judge, log: recovered.log, seed: i.recording.options.Seed, known: map[stateKey]Verdict{},
		promised: func(op int) Promise { return recovered.promisedAt(op, before) },
		notes: func(n int) record.Operation {
			return record.Operation{Number: int64(n), Actor: "recovery", Kind: record.OperationDisk, Text: recovered.log.Op(n).String()}
		}}
	i.recoveries[first] = s
	return s, nil
}

// Story is one cell, told.
type Story struct {
	Steps []StoryStep
	Verdict
	Promised Promise
	// Pair is nil if the cell is good, or no pair explains it.
	Pair *record.CrashPair
}

// RecordOutcome is the outcome as records have it.
func (s *Story) RecordOutcome() record.CrashOutcome { return s.Outcome.record() }

// StoryStep is one crash of a story.
type StoryStep struct {
	Step
	// Last is the last operation that was issued.
	Last record.Operation
	// Pending are the operations that were not durable, in order, with what
	// became of them.
	Pending []Pending
}

// Pending is an operation that was not durable at a crash.
type Pending struct {
	record.Operation
	// Lost is true if it did not survive, Torn if a part of it did.
	Lost, Torn bool
}

// Inspect judges one cell, and tells its story.
func Inspect(r *Recording, steps []Step) (*Story, error) {
	defer sameForAll(r.options.Seed)()
	j, err := newJudge(r)
	if err != nil {
		return nil, err
	}
	return newInspector(j).tell(steps)
}

func (i *inspector) tell(steps []Step) (*Story, error) {
	story := &Story{}
	for n := range steps {
		s, err := i.sceneOf(steps[:n+1])
		if err != nil {
			return nil, err
		}
		c, err := s.crashAt(steps[n])
		if err != nil {
			return nil, err
		}
		story.Steps = append(story.Steps, s.step(steps[n], c))
		if n < len(steps)-1 {
			continue
		}
		story.Promised = s.promised(c.Op)
		story.Verdict = s.judgeImage(c.Image, c.Op)
		if story.Outcome.Bad() {
			found, err := s.find(c)
			if err != nil {
				return nil, err
			}
			story.Pair = s.pair(found)
		}
	}
	return story, nil
}

func (s *scene) step(at Step, c disk.Crash) StoryStep {
	told := StoryStep{Step: at}
	if at.Op > 0 {
		told.Last = s.notes(at.Op)
	}
	lost, torn := map[int]bool{}, map[int]bool{}
	for _, n := range c.Lost {
		lost[n] = true
	}
	for _, n := range c.Cut {
		torn[n] = true
	}
	for _, op := range s.log.Pending(at.Op) {
		told.Pending = append(told.Pending, Pending{Operation: s.notes(op.Number), Lost: lost[op.Number], Torn: torn[op.Number]})
	}
	return told
}

var digits = regexp.MustCompile(`[0-9]{4,}`)

// signature names the kind of a bad cell: outcome and pair, without the numbers
// of files.
func signature(v Verdict, p *record.CrashPair) string {
	parts := []string{string(v.Outcome.record())}
	if p != nil {
		for _, o := range []record.Operation{p.Lost, p.Survived} {
			text, _, _ := strings.Cut(o.Text, " at ")
			parts = append(parts, digits.ReplaceAllString(strings.ReplaceAll(text, reconDir+"/", ""), "#"))
		}
	}
	return strings.Join(parts, "|")
}

// badCell is a bad cell as the record has it, without its replay command.
func (i *inspector) badCell(c Cell) (record.BadCell, error) {
	story, err := i.tell(c.Steps)
	if err != nil {
		return record.BadCell{}, fmt.Errorf("explain the crash %s: %w", c.Place(), err)
	}
	first, last := c.Steps[0], story.Steps[len(story.Steps)-1]
	b := record.BadCell{Operation: int64(first.Op), Policy: first.Policy.String(), Outcome: story.Outcome.record(),
		Signature: signature(story.Verdict, story.Pair), Message: story.Detail, Pair: story.Pair}
	if len(c.Steps) > 1 {
		b.Second = &record.SecondCrash{Operation: int64(last.Op), Text: last.Last.Text, Policy: last.Policy.String()}
	}
	for _, p := range last.Pending {
		if !p.Lost && !p.Torn {
			continue
		}
		if len(b.Lost) == record.MaxLostOperations {
			b.LostOmitted++
			continue
		}
		b.Lost = append(b.Lost, record.LostOperation{Number: p.Number, Text: p.Text, Torn: p.Torn})
	}
	return b, nil
}
