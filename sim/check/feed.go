package check

import (
	"fmt"
	"slices"
	"sort"
	"time"
)

// Lineage says whose sequence numbers a generation's are.
type Lineage struct {
	Service, Node string
	Term, Index   int64
}

// Published says that a generation can be seen by readers.
type Published struct {
	Build, BaseSeq, AppliedSeq uint64
	Lineage                    Lineage
	At                         time.Time
}

// ID is the generation id.
func (p Published) ID() string { return fmt.Sprintf("%d-%d", p.BaseSeq, p.Build) }

// Acknowledgement says that an OM node has applied, and acknowledged to its
// client, everything up to an index of the replicated log.
type Acknowledgement struct {
	Node  string
	Seq   uint64
	Index int64
	At    time.Time
}

// Transition is a step of the staging state machine.
type Transition struct {
	// Machine names the process whose state it is.
	Machine  string
	From, To string
	At       time.Time
	// Restarted says that To is the first state after a restart, and From is
	// unknown to the machine.
	Restarted bool
}

// Probe is one look at something that must stay within a bound.
type Probe struct {
	// What is counted, such as "open pins" or "generation directories".
	What       string
	Got, Limit int64
	At         time.Time
}

// feed is what the world has told.
type feed struct {
	published map[string]Published
	inOrder   []Published
	commits   []commit
	// acknowledged is ordered by time; its index never falls.
	acknowledged []progress
	frozen       []span
	quiet        *quiet
	machines     map[string]string
}

type commit struct {
	build uint64
	index int64
	at    time.Time
}

type progress struct {
	at    time.Time
	index int64
}

type span struct{ from, until time.Time }

type quiet struct {
	index int64
	after time.Time
}

// Published tells of a generation before any answer with its label is checked.
func (c *Checker) Published(p Published) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed.published[p.ID()] = p
	c.feed.inOrder = append(c.feed.inOrder, p)
}

// CommitAcknowledged says that from p.At on every request must see generation p
// or a newer one.
func (c *Checker) CommitAcknowledged(p Published) {
	index, ok := c.options.IndexAt(p.Lineage.Node, p.AppliedSeq)
	if !ok {
		index = -1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed.commits = append(c.feed.commits, commit{build: p.Build, index: index, at: p.At})
}

// Acknowledged tells what the OM has applied. Times must not fall.
func (c *Checker) Acknowledged(a Acknowledgement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	acks := c.feed.acknowledged
	index := a.Index
	if n := len(acks); n > 0 {
		if index <= acks[n-1].index {
			return
		}
		if acks[n-1].at.Equal(a.At) {
			acks[n-1].index = index
			return
		}
	}
	c.feed.acknowledged = append(acks, progress{at: a.At, index: index})
}

// Freeze says that from now on Recon cannot follow the OM: it is frozen until
// its next commit, or its OM cannot be reached.
func (c *Checker) Freeze(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.feed.frozen); n == 0 || !c.feed.frozen[n-1].until.IsZero() {
		c.feed.frozen = append(c.feed.frozen, span{from: at})
	}
}

// Thaw ends what Freeze began.
func (c *Checker) Thaw(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.feed.frozen); n > 0 && c.feed.frozen[n-1].until.IsZero() {
		c.feed.frozen[n-1].until = at
	}
}

// Quiesced says that faults have stopped and the OM stays at index: every
// request sent at or after deadline must see it. See [Converge].
func (c *Checker) Quiesced(index int64, deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed.quiet = &quiet{index: index, after: deadline}
}

// Disturbed takes Quiesced back.
func (c *Checker) Disturbed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed.quiet = nil
}

// isFrozen reports whether any of the time between from and until was frozen.
func (f *feed) isFrozen(from, until time.Time) bool {
	return slices.ContainsFunc(f.frozen, func(s span) bool {
		return !s.from.After(until) && (s.until.IsZero() || !s.until.Before(from))
	})
}

// ackedBy is the newest index acknowledged at or before at.
func (f *feed) ackedBy(at time.Time) (int64, bool) {
	n := sort.Search(len(f.acknowledged), func(i int) bool { return f.acknowledged[i].at.After(at) })
	if n == 0 {
		return 0, false
	}
	return f.acknowledged[n-1].index, true
}

// committedBy is the newest commit acknowledged at or before at.
func (f *feed) committedBy(at time.Time) (newest commit, any bool) {
	for _, c := range f.commits {
		if !c.at.After(at) && (!any || c.build >= newest.build) {
			newest, any = c, true
		}
	}
	return newest, any
}

// servingSince reports whether readers could see something at that time. A
// generation is told of right before it can be seen, so the first one counts
// only once its commit was acknowledged, or another one was published on top.
func (f *feed) servingSince(at time.Time) bool {
	_, committed := f.committedBy(at)
	return committed || len(f.inOrder) > 1 && !f.inOrder[1].At.After(at)
}

// currentAt is the id of the generation published last at or before at.
func (f *feed) currentAt(at time.Time) string {
	for _, p := range slices.Backward(f.inOrder) {
		if !p.At.After(at) {
			return p.ID()
		}
	}
	return "none"
}
