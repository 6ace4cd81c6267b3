package crash

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"reconsim/fake_om/namespace"
	"reconsim/sim/check"
	"reconsim/sim/oracle"
)

// Judge holds answers against an oracle of its own, which it takes as far as
// the answers say that Recon has come. It is safe for concurrent use.
type Judge struct {
	oracle *oracle.Oracle

	mu       sync.Mutex
	workload *namespace.Workload
	checker  *check.Checker
	// epoch counts bootstraps; clients start anew with each.
	epoch int
	// indices are the indices that answers named for a node's sequences.
	indices   map[nodeSequence]int64
	published map[string]bool
	newest    Seen
	known     uint64
	// before are the counts of the checkers of earlier epochs.
	before map[check.Property]Checked
}

type nodeSequence struct {
	node string
	seq  uint64
}

// Checked counts a property over a whole loop.
type Checked struct {
	Property   check.Property `json:"property"`
	Checked    int64          `json:"checked"`
	Violations int64          `json:"violations"`
}

// ahead is how far the oracle is taken beyond what an answer names, so that an
// answer that is too new can be told from one that is wrong.
const ahead = 64

// aheadMax bounds what a label can make the oracle replay at once.
const aheadMax = 1 << 20

// NewJudge makes a judge of answers about a namespace whose traffic is the
// workload of the seed, as `reconsim serve` makes both.
func NewJudge(base *namespace.Base, seed uint64) (*Judge, error) {
	o, err := oracle.New(base)
	if err != nil {
		return nil, fmt.Errorf("make the oracle: %w", err)
	}
	j := &Judge{oracle: o, workload: namespace.NewWorkload(base, seed), before: map[check.Property]Checked{}}
	j.Reset()
	return j, nil
}

// Reset tells that Recon's folder was emptied: it begins anew, with generation
// numbers from 1, and no client has seen anything.
func (j *Judge) Reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.checker != nil {
		j.count(j.before)
	}
	j.epoch++
	j.indices, j.published = map[nodeSequence]int64{}, map[string]bool{}
	j.newest, j.known = Seen{}, 0
	j.checker = check.New(j.oracle, check.Options{IndexAt: j.indexAt})
}

// count adds what the present checker has counted; the lock is held.
func (j *Judge) count(to map[check.Property]Checked) {
	for _, r := range j.checker.Results() {
		c := to[r.Property]
		to[r.Property] = Checked{Property: r.Property, Checked: c.Checked + r.Checked, Violations: c.Violations + r.Violations}
	}
}

// Results are the properties that were put to the test, sorted by name.
func (j *Judge) Results() []Checked {
	j.mu.Lock()
	defer j.mu.Unlock()
	sum := map[check.Property]Checked{}
	for p, c := range j.before {
		sum[p] = c
	}
	j.count(sum)
	var all []Checked
	for _, p := range check.Properties() {
		if sum[p].Checked > 0 {
			all = append(all, sum[p])
		}
	}
	return all
}

func (j *Judge) indexAt(node string, seq uint64) (int64, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	index, ok := j.indices[nodeSequence{node, seq}]
	return index, ok
}

// Newest is the newest state that any answer has shown, and known the newest
// generation that was certainly committed.
func (j *Judge) Newest() (newest Seen, known uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.newest, j.known
}

// Session names a client that goes on across kills, but not across a Reset.
func (j *Judge) Session(name string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return fmt.Sprintf("%s/%d", name, j.epoch)
}

// Requests draws requests over all endpoints about the newest state.
func (j *Judge) Requests(rng *rand.Rand, n int) ([]string, error) {
	newest, _ := j.Newest()
	requests, err := j.oracle.Requests(max(newest.Index, j.oracle.Base()), rng, n)
	if err != nil {
		return nil, fmt.Errorf("draw requests: %w", err)
	}
	return requests, nil
}

// Committed tells that a generation's commit was acknowledged by now: whoever
// asks later must see it, also after a crash.
func (j *Judge) Committed(build, baseSeq uint64, at time.Time) {
	j.mu.Lock()
	old := build <= j.known
	j.known = max(j.known, build)
	checker := j.checker
	j.mu.Unlock()
	if !old {
		checker.CommitAcknowledged(check.Published{Build: build, BaseSeq: baseSeq, AppliedSeq: baseSeq, At: at})
	}
}

// Answer judges one answer. The error is the harness's own.
func (j *Judge) Answer(o check.Observation) (Seen, []check.Violation, error) {
	seen, labelled, err := readSeen(o.Header)
	if err != nil {
		return Seen{}, []check.Violation{j.violation(check.WatermarkHonest, o, "%v", err)}, nil
	}
	var own []check.Violation
	if labelled {
		if last := j.oracle.Last(); seen.Index > last+aheadMax {
			return seen, []check.Violation{j.violation(check.WatermarkHonest, o, "names index %d, the oracle is at %d", seen.Index, last)}, nil
		}
		if err := j.advance(seen.Index + ahead); err != nil {
			return seen, nil, err
		}
		if own = j.learn(seen, o); len(own) > 0 {
			return seen, own, nil
		}
	}
	j.mu.Lock()
	checker := j.checker
	j.mu.Unlock()
	violations := checker.Check(o)
	if labelled {
		j.saw(seen, o.DoneAt)
	}
	return seen, violations, nil
}

var errWorkloadEnded = errors.New("the workload has no more transactions")

// advance takes the oracle to an index.
func (j *Judge) advance(index int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.oracle.Last() < index {
		t := j.workload.Next()
		if t == nil {
			return errWorkloadEnded
		}
		if err := j.oracle.Apply(t); err != nil {
			return fmt.Errorf("oracle: %w", err)
		}
	}
	return nil
}

// learn notes which index a sequence stands for; there can be only one. It
// tells the checker of a generation that was not seen before.
func (j *Judge) learn(seen Seen, o check.Observation) []check.Violation {
	j.mu.Lock()
	at := nodeSequence{seen.Node, seen.AppliedSeq}
	index, known := j.indices[at]
	if known && index != seen.Index {
		j.mu.Unlock()
		return []check.Violation{j.violation(check.WatermarkHonest, o, "sequence %d of OM %s is index %d here and was %d before",
			seen.AppliedSeq, seen.Node, seen.Index, index)}
	}
	j.indices[at] = seen.Index
	isNew := !j.published[seen.ID()]
	j.published[seen.ID()] = true
	checker := j.checker
	// Told under the lock, so that nobody checks an answer with this label
	// before the checker has heard of it.
	if isNew {
		checker.Published(check.Published{Build: seen.Build, BaseSeq: seen.BaseSeq, AppliedSeq: seen.AppliedSeq, At: o.SentAt,
			Lineage: check.Lineage{Node: seen.Node, Term: seen.Term, Index: seen.Index}})
	}
	j.mu.Unlock()
	return nil
}

// saw notes that an answer showed a state: it is committed.
func (j *Judge) saw(seen Seen, at time.Time) {
	j.mu.Lock()
	if seen.newer(j.newest) {
		j.newest = seen
	}
	j.mu.Unlock()
	j.Committed(seen.Build, seen.BaseSeq, at)
}

// violation counts and returns what is wrong beyond what the checker looks at.
func (j *Judge) violation(p check.Property, o check.Observation, format string, args ...any) check.Violation {
	v := check.Violation{Property: p, Reader: o.Reader, Session: o.Session, Request: o.Request, SentAt: o.SentAt, DoneAt: o.DoneAt,
		Index: -1, Status: o.Status, Detail: fmt.Sprintf(format, args...)}
	v.Signature = fmt.Sprintf("%s|%s", p, o.Reader)
	j.mu.Lock()
	checker := j.checker
	j.mu.Unlock()
	checker.Tally(p, 1, v)
	return v
}
