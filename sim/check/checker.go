package check

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"reconsim/sim/oracle"
)

// Options say what is right beyond the oracle.
type Options struct {
	// IndexAt maps a sequence number of an OM node's store to the last index
	// of the replicated log that is contained at it; ok is false for a number
	// that the node never had.
	IndexAt func(node string, seq uint64) (index int64, ok bool)
	// MaxLag is how far an answer may be behind what the OM had acknowledged
	// when the request was sent, while Recon was not frozen; 0 means any.
	MaxLag time.Duration
	// Explained bounds how many wrong answers are compared with other states to
	// tell how they are wrong; 0 means 500. Later ones are only counted.
	Explained int
}

// Checker judges observations. All methods are safe for concurrent use.
type Checker struct {
	oracle  *oracle.Oracle
	options Options

	mu        sync.Mutex
	feed      feed
	sessions  map[string]*session
	tallies   map[Property]*tally
	explained int
	recent    recentIndices
	accepted  memory
}

// New makes a checker of answers about o's namespace.
func New(o *oracle.Oracle, options Options) *Checker {
	if options.IndexAt == nil {
		options.IndexAt = func(string, uint64) (int64, bool) { return 0, false }
	}
	if options.Explained == 0 {
		options.Explained = 500
	}
	return &Checker{
		oracle: o, options: options,
		feed:     feed{published: map[string]Published{}, machines: map[string]string{}},
		sessions: map[string]*session{},
		tallies:  map[Property]*tally{},
		accepted: memory{},
	}
}

// Check judges one observation and returns what is wrong with it. The
// observations of one session must come in the order in which they were done.
func (c *Checker) Check(o Observation) []Violation {
	e := &examination{checker: c, o: &o, index: -1}
	e.run()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range e.checked {
		c.tally(p).checked++
	}
	for i := range e.violations {
		c.tally(e.violations[i].Property).add(e.violations[i])
	}
	return e.violations
}

// tally finds or makes the counters of a property; the caller holds the lock.
func (c *Checker) tally(p Property) *tally {
	t := c.tallies[p]
	if t == nil {
		t = &tally{}
		c.tallies[p] = t
	}
	return t
}

// Tally counts a property that is judged elsewhere: checked times it was put to
// the test, with these violations.
func (c *Checker) Tally(p Property, checked int64, violations ...Violation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.tally(p)
	t.checked += checked
	for _, v := range violations {
		v.Property = p
		if v.Signature == "" {
			v.Signature = string(p) + "|" + v.Detail
		}
		t.add(v)
	}
}

// Results are the results of all properties, sorted by name.
func (c *Checker) Results() []Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	results := make([]Result, 0, len(meanings))
	for _, p := range Properties() {
		results = append(results, c.tally(p).result(p))
	}
	return results
}

// Vacuous lists those of the required properties that were never put to the
// test. A run in which there are any proves nothing and must fail.
func (c *Checker) Vacuous(required ...Property) []Property {
	c.mu.Lock()
	defer c.mu.Unlock()
	var none []Property
	for _, p := range required {
		if c.tally(p).checked == 0 {
			none = append(none, p)
		}
	}
	return none
}

// examination is the judgement of one observation.
type examination struct {
	checker *Checker
	o       *Observation
	// What is known of the world at the times of the observation.
	serving    bool
	current    string
	generation string
	label      Label
	labelled   bool
	index      int64

	// fromKept says that the body is one that the client had kept.
	fromKept   bool
	checked    []Property
	violations []Violation
}

func (e *examination) check(p Property) { e.checked = append(e.checked, p) }

func (e *examination) violate(p Property, d *Difference, format string, args ...any) {
	v := Violation{
		Property: p, Reader: e.o.Reader, Session: e.o.Session, Request: e.o.Request, Phase: e.o.PhaseAtSend, SpannedPublish: e.o.SpannedPublish,
		SentAt: e.o.SentAt, DoneAt: e.o.DoneAt, Generation: e.generation, Index: e.index,
		Detail: fmt.Sprintf(format, args...), Status: e.o.Status,
		Body: string(e.o.Body[:min(len(e.o.Body), keptBodyBytes)]),
	}
	if e.fromKept {
		v.Detail += ", by a 304: the client had kept it from an earlier answer"
	}
	v.Signature = fmt.Sprintf("%s|%s|%s/%s", p, e.o.Reader, e.generation, e.current)
	if d != nil {
		v.Path, v.Want, v.Got = d.Path, d.Want, d.Got
	}
	e.violations = append(e.violations, v)
}

func (e *examination) run() {
	c := e.checker
	c.mu.Lock()
	e.serving = c.feed.servingSince(e.o.SentAt)
	e.current = c.feed.currentAt(e.o.DoneAt)
	c.mu.Unlock()
	if !e.answered() {
		return
	}
	if !e.readLabel() {
		return
	}
	if e.labelled {
		e.honest()
	}
	if e.o.Status == http.StatusNotModified && !e.unchanged() {
		return
	}
	if e.o.isTaskStatus() {
		e.taskStatus()
		return
	}
	if e.asExpected() {
		return
	}
	got, err := e.parse()
	if err != nil {
		e.violate(NoError, nil, "the body is no whole JSON document: %v", err)
		return
	}
	if e.labelled {
		e.compareLabelled(got)
	} else {
		e.compareUnlabelled(got)
	}
}

// unchanged puts what the client had kept in the place of the body that a 304
// has not: it is now an answer like any other.
func (e *examination) unchanged() bool {
	e.check(NoError)
	if e.o.Kept == nil {
		e.violate(NoError, nil, "a 304 to a request that named no tag")
		return false
	}
	e.fromKept, e.o.Status, e.o.Body = true, http.StatusOK, e.o.Kept
	return true
}

// answered reports whether there is an answer to judge. Before anything was
// published a 503 is right.
func (e *examination) answered() bool {
	notReady := e.o.Status == http.StatusServiceUnavailable && !e.serving
	switch {
	case e.o.Excused && (e.o.Status == 0 || e.o.Status == http.StatusServiceUnavailable || e.o.Failure != ""):
		return false
	case notReady:
		e.check(NoError)
		return false
	case e.o.Status == 0:
		e.check(NoError)
		e.violate(NoError, nil, "no answer: %s", e.o.Failure)
		return false
	case e.o.Failure != "":
		e.check(NoError)
		e.violate(NoError, nil, "the answer broke off: %s", e.o.Failure)
		return false
	case e.o.Status >= http.StatusInternalServerError:
		e.check(NoError)
		e.violate(NoError, nil, "status %d", e.o.Status)
		return false
	case e.o.Status == http.StatusTooManyRequests:
		return false
	case e.o.Status == http.StatusGone && e.o.pinned():
		return false
	}
	e.check(NoError)
	return true
}

// readLabel finds the index that the label means. It reports false if the
// answer cannot be judged further.
func (e *examination) readLabel() bool {
	label, there, err := e.o.label()
	if err != nil {
		e.check(WatermarkHonest)
		e.violate(WatermarkHonest, nil, "%v", err)
		return false
	}
	e.label, e.labelled, e.generation = label, there, "unlabelled"
	if !there {
		return true
	}
	e.generation = label.ID()
	c := e.checker
	c.mu.Lock()
	p, known := c.feed.published[e.generation]
	c.mu.Unlock()
	e.check(WatermarkHonest)
	if !known {
		e.violate(WatermarkHonest, nil, "generation %s was never published", e.generation)
		return false
	}
	index, ok := c.options.IndexAt(p.Lineage.Node, label.AppliedSeq)
	if !ok {
		e.violate(WatermarkHonest, nil, "sequence %d is none that OM node %s ever had", label.AppliedSeq, p.Lineage.Node)
		return false
	}
	e.index = index
	if label.AppliedSeq < label.BaseSeq {
		e.violate(WatermarkHonest, nil, "sequence %d is below that of the generation's snapshot, %d", label.AppliedSeq, label.BaseSeq)
	}
	return true
}

// honest checks what the label promises against what is known about time.
func (e *examination) honest() {
	c := e.checker
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.add(e.index)
	if c.options.MaxLag > 0 && !e.o.pinned() && !c.feed.isFrozen(e.o.SentAt.Add(-c.options.MaxLag), e.o.SentAt) {
		if acked, any := c.feed.ackedBy(e.o.SentAt.Add(-c.options.MaxLag)); any && e.index < acked {
			e.violate(WatermarkHonest, nil, "shows index %d, but the OM had acknowledged %d more than %v before", e.index, acked, c.options.MaxLag)
		}
	}
	now := seen{
		done: e.o.DoneAt, labelled: true, build: e.label.Build, applied: e.label.AppliedSeq,
		generation: e.generation, index: e.index,
	}
	e.ordered(now, now)
	e.afterCommit()
	e.afterFaults()
}

// ordered checks that the session does not go back, and notes what it has
// certainly seen; the lock is held.
func (e *examination) ordered(now, certain seen) {
	if e.o.pinned() {
		return
	}
	c := e.checker
	s := c.sessions[e.o.Session]
	if s == nil {
		s = &session{}
		c.sessions[e.o.Session] = s
	}
	byLabel, byIndex, any := s.floor(e.o.SentAt)
	if any {
		e.check(Monotonic)
		switch {
		case now.labelled && byLabel.newer(now):
			e.violate(Monotonic, nil, "shows %s applied %d after %s applied %d", now.generation, now.applied, byLabel.generation, byLabel.applied)
		case byIndex.index > now.index:
			e.violate(Monotonic, nil, "shows index %d (%s) after index %d (%s)", now.index, now.generation, byIndex.index, byIndex.generation)
		}
	}
	s.add(certain)
}

// afterCommit checks read-your-commit; the lock is held.
func (e *examination) afterCommit() {
	newest, any := e.checker.feed.committedBy(e.o.SentAt)
	if !any || e.o.pinned() {
		return
	}
	e.check(ReadYourCommit)
	switch {
	case e.labelled && e.label.Build < newest.build:
		e.violate(ReadYourCommit, nil, "shows %s after the commit of generation %d was acknowledged", e.generation, newest.build)
	case e.index < newest.index:
		e.violate(ReadYourCommit, nil, "shows index %d after a commit with index %d was acknowledged", e.index, newest.index)
	}
}

// afterFaults checks convergence; the lock is held.
func (e *examination) afterFaults() {
	q := e.checker.feed.quiet
	if q == nil || e.o.SentAt.Before(q.after) || e.o.pinned() {
		return
	}
	e.check(Converge)
	if e.index < q.index {
		e.violate(Converge, nil, "shows index %d at a time when it had to show %d", e.index, q.index)
	}
}

func (e *examination) parse() (any, error) {
	if e.o.Status != http.StatusOK {
		return nil, nil
	}
	if len(e.o.Body) == 0 {
		return nil, errors.New("it is empty")
	}
	return decode(e.o.Body)
}
