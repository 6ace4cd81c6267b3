package sched

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// DefaultSteps is how many steps [PCT] takes a run to have if nobody says it.
const DefaultSteps = 10_000

// PCT is probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi,
// Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding
// Bugs, ASPLOS 2010): every actor has a random priority, the highest one goes
// on, and at depth-1 random steps the one about to go on drops below all
// others. A run of n actors and k steps finds a bug that needs depth ordering
// constraints with a probability of at least 1/(n·k^(depth-1)).
//
// Priorities are drawn from (seed, actor), steps of change from (seed, number).
type PCT struct {
	depth, steps int
	seed         uint64
	changes      []int    // steps of change to come, ascending
	priorities   []uint64 // by index of the actor, 0 if not drawn yet
	next         uint64   // the priority of the next one that drops
	alone        int      // steps that one actor made in a row although others were ready
}

// spin is how many steps an actor may make in a row although others are ready.
// One that spins until another does something would else spin for ever.
const spin = 10_000

// NewPCT makes a strategy that finds bugs of the given depth in runs of about
// the given steps; 0 steps means [DefaultSteps].
func NewPCT(depth, steps int) *PCT {
	if steps <= 0 {
		steps = DefaultSteps
	}
	return &PCT{depth: max(1, depth), steps: steps}
}

// Begin draws the steps of change.
func (p *PCT) Begin(seed uint64) {
	p.seed = mix(seed ^ 0x70637470637470)
	clear(p.priorities)
	p.alone = 0
	// Priorities as drawn have the highest bit set, so all of these are below.
	p.next = 1 << 62
	p.changes = p.changes[:0]
	for i := 1; i < p.depth; i++ {
		p.changes = append(p.changes, int(mix(p.seed+uint64(i))%uint64(p.steps)))
	}
	slices.Sort(p.changes)
}

// Pick picks the highest priority.
func (p *PCT) Pick(m *Moment) (int, error) {
	best := p.highest(m)
	for len(p.changes) > 0 && m.Step >= p.changes[0] {
		p.changes = p.changes[1:]
		p.drop(m.Ready[best])
		best = p.highest(m)
	}
	if len(m.Ready) > 1 && best == m.Last {
		p.alone++
	} else {
		p.alone = 0
	}
	if p.alone >= spin {
		p.alone = 0
		p.drop(m.Ready[best])
		best = p.highest(m)
	}
	return best, nil
}

func (p *PCT) drop(c *Candidate) {
	p.next--
	p.priorities[c.Index] = p.next
}

func (p *PCT) highest(m *Moment) int {
	best, highest := 0, uint64(0)
	for i, c := range m.Ready {
		if priority := p.priority(c); priority > highest {
			best, highest = i, priority
		}
	}
	return best
}

func (p *PCT) priority(c *Candidate) uint64 {
	for c.Index >= len(p.priorities) {
		p.priorities = append(p.priorities, 0)
	}
	if p.priorities[c.Index] == 0 {
		p.priorities[c.Index] = mix(p.seed^xxhash.Sum64String(c.Name)) | 1<<63
	}
	return p.priorities[c.Index]
}

// End does nothing.
func (p *PCT) End() error { return nil }

func (p *PCT) String() string {
	if p.steps == DefaultSteps {
		return fmt.Sprintf("pct %d", p.depth)
	}
	return fmt.Sprintf("pct %d of %d", p.depth, p.steps)
}
