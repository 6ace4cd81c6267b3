package check

import (
	"errors"
	"slices"

	"github.com/cespare/xxhash/v2"

	"reconsim/sim/oracle"
)

// memory holds hashes of answers that were found right, by request and index:
// readers ask the same things again and again.
type memory map[memoryKey]uint64

type memoryKey struct {
	request string
	index   int64
}

// memoryEntries bounds the memory; when full it starts anew.
const memoryEntries = 1 << 14

func (c *Checker) memoryHas(e *examination) bool {
	if !e.labelled {
		return false
	}
	c.mu.Lock()
	hash, ok := c.accepted[memoryKey{e.o.Request, e.index}]
	c.mu.Unlock()
	return ok && hash == xxhash.Sum64(e.o.Body)
}

func (c *Checker) memorise(e *examination) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.accepted) >= memoryEntries {
		clear(c.accepted)
	}
	c.accepted[memoryKey{e.o.Request, e.index}] = xxhash.Sum64(e.o.Body)
}

// recentIndices are the indices that answers named last, newest at the end.
type recentIndices []int64

const keptIndices = 16

func (r *recentIndices) add(index int64) {
	list := *r
	if n := len(list); n > 0 && list[n-1] == index {
		return
	}
	if at := slices.Index(list, index); at >= 0 {
		list = slices.Delete(list, at, at+1)
	}
	if len(list) >= keptIndices {
		list = slices.Delete(list, 0, 1)
	}
	*r = append(list, index)
}

// candidate is the right answer at an index.
type candidate struct {
	index int64
	want  expected
}

// at computes the right answer at an index; ok is false if there is none.
func (e *examination) at(index int64) (candidate, bool, error) {
	a, err := e.checker.oracle.Ask(index, e.o.Request)
	if err != nil {
		return candidate{}, false, err
	}
	want, err := expect(a)
	return candidate{index: index, want: want}, err == nil, err
}

// compared notes that an answer was held against the oracle.
func (e *examination) compared() {
	e.check(Exact)
	e.check(OneGeneration)
	e.check(NeverEmpty)
}

// compareLabelled judges the body by the state that its label names.
func (e *examination) compareLabelled(got any) {
	named, ok, err := e.at(e.index)
	switch {
	case errors.Is(err, oracle.ErrNotModelled) || errors.Is(err, oracle.ErrForgotten):
		return
	case errors.Is(err, oracle.ErrFuture):
		e.violate(WatermarkHonest, nil, "the label names index %d, which does not exist yet", e.index)
		return
	case !ok:
		e.violate(Exact, nil, "the oracle failed: %v", err)
		return
	}
	e.compared()
	d := named.want.differs(e.o.Status, got)
	if d == nil {
		if got != nil {
			e.checker.memorise(e)
		}
		return
	}
	e.explain(named, got, d)
}

// explain tells how a wrong answer is wrong, by comparing it with other states
// that a reader might have met.
func (e *examination) explain(named candidate, got any, d *Difference) {
	if !e.checker.mayExplain() {
		e.violate(Exact, d, "differs from the state at index %d", e.index)
		return
	}
	states := []candidate{named}
	for _, index := range e.checker.otherIndices(e) {
		other, ok, err := e.at(index)
		if err != nil || !ok {
			continue
		}
		if other.want.differs(e.o.Status, got) == nil {
			e.violate(Exact, d, "shows the state at index %d instead of %d", index, e.index)
			e.violate(WatermarkHonest, d, "the label names index %d, the answer shows index %d", e.index, index)
			return
		}
		states = append(states, other)
	}
	e.dissect(states, got, d)
}

// dissectedBytes bounds the work of taking answers apart: large answers are
// compared with fewer states.
const dissectedBytes = 4 << 20

// dissect looks for parts of several states, for a list that was cut off, and
// for nothings. states[0] is the state that the answer should show.
func (e *examination) dissect(states []candidate, got any, d *Difference) {
	e.violate(Exact, d, "differs from the state at index %d", states[0].index)
	states = states[:min(len(states), max(6, dissectedBytes/(1+len(e.o.Body))))]
	r := newReading(e.o.Status, got, states)
	if a, b, mixed := r.mixture(); mixed {
		e.violate(OneGeneration, d, "a mixture of the states at indices %d and %d", a, b)
	} else if path, cut := r.cutOff(); cut {
		e.violate(NoError, d, "the list at %s was cut off", path)
	}
	if nothing := r.emptied(); nothing != nil {
		e.violate(NeverEmpty, nothing, "nothing where the OM has something")
	}
}

func (c *Checker) mayExplain() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.explained++
	return c.explained <= c.options.Explained
}

// neighbours is how many indices on each side of an answer's own are compared
// with a wrong answer.
const neighbours = 24

// otherIndices are states that the reader might have met instead of its own:
// those of generations, those that other answers showed, and neighbours, the
// most likely first.
func (c *Checker) otherIndices(e *examination) []int64 {
	c.mu.Lock()
	generations := slices.Clone(c.feed.inOrder[max(0, len(c.feed.inOrder)-8):])
	list := slices.Clone(c.recent)
	c.mu.Unlock()
	slices.Reverse(list)
	for _, p := range slices.Backward(generations) {
		for _, seq := range [...]uint64{p.AppliedSeq, p.BaseSeq} {
			if index, ok := c.options.IndexAt(p.Lineage.Node, seq); ok {
				list = append(list, index)
			}
		}
	}
	for n := int64(1); n <= neighbours; n++ {
		list = append(list, e.index-n, e.index+n)
	}
	known := map[int64]bool{e.index: true}
	return slices.DeleteFunc(list, func(index int64) bool {
		drop := known[index] || index < 0
		known[index] = true
		return drop
	})
}

// maxWindow bounds the states that an answer without a label is compared with.
const maxWindow = 512

// window is the range of indices that an answer without a label may show.
func (e *examination) window() (low, high int64) {
	c := e.checker
	low, high = c.oracle.Base(), c.oracle.Last()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.options.MaxLag > 0 && !c.feed.isFrozen(e.o.SentAt.Add(-c.options.MaxLag), e.o.SentAt) {
		if acked, any := c.feed.ackedBy(e.o.SentAt.Add(-c.options.MaxLag)); any {
			low = max(low, acked)
		}
	}
	return max(low, high-maxWindow+1), high
}

// compareUnlabelled looks for a state in the window that the answer equals.
func (e *examination) compareUnlabelled(got any) {
	low, high := e.window()
	var newest candidate
	match := int64(-1)
	for index := high; index >= low && match < 0; index-- {
		now, ok, err := e.at(index)
		if !ok {
			if errors.Is(err, oracle.ErrNotModelled) {
				return
			}
			continue
		}
		if newest.want.answer.Status == 0 {
			newest = now
		}
		if now.want.differs(e.o.Status, got) == nil {
			match = index
		}
	}
	if newest.want.answer.Status == 0 {
		return
	}
	e.compared()
	e.index = match
	if match < 0 {
		e.index = newest.index
		d := newest.want.differs(e.o.Status, got)
		if e.matchesOlder(low, got) {
			return
		}
		e.dissectUnlabelled(newest, low, got, d)
		return
	}
	e.orderUnlabelled(match, got)
}

// matchesOlder finds a state before the window that the answer shows: stale,
// and unlabelled.
func (e *examination) matchesOlder(low int64, got any) bool {
	for index := low - 1; index >= max(e.checker.oracle.Base(), low-maxWindow); index-- {
		old, ok, _ := e.at(index)
		if ok && old.want.differs(e.o.Status, got) == nil {
			e.check(WatermarkHonest)
			e.violate(WatermarkHonest, nil, "without a label, shows index %d, older than allowed (%d)", index, low)
			e.violate(Exact, old.want.differs(e.o.Status, got), "equals no state from index %d on, but the one at %d", low, index)
			return true
		}
	}
	return false
}

func (e *examination) dissectUnlabelled(newest candidate, low int64, got any, d *Difference) {
	if !e.checker.mayExplain() {
		e.violate(Exact, d, "equals no state from index %d to %d", low, newest.index)
		return
	}
	states := []candidate{newest}
	for index := newest.index - 1; index >= low && len(states) < 2*neighbours; index-- {
		if other, ok, _ := e.at(index); ok {
			states = append(states, other)
		}
	}
	e.dissect(states, got, d)
}

// orderUnlabelled checks the properties of order by the newest state that the
// answer can be.
func (e *examination) orderUnlabelled(match int64, got any) {
	c := e.checker
	c.mu.Lock()
	s := c.sessions[e.o.Session]
	var floor seen
	if s != nil {
		_, floor, _ = s.floor(e.o.SentAt)
	}
	c.mu.Unlock()
	// The session has certainly seen only the oldest state that would do.
	oldest := match
	for index := match - 1; index >= floor.index && match-index < neighbours; index-- {
		if old, ok, _ := e.at(index); !ok || old.want.differs(e.o.Status, got) != nil {
			break
		}
		oldest = index
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.add(match)
	now := seen{done: e.o.DoneAt, generation: e.generation, index: match}
	certain := now
	certain.index = oldest
	e.ordered(now, certain)
	e.afterCommit()
	e.afterFaults()
}
