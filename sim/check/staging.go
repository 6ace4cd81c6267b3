package check

import (
	"fmt"

	"reconsim/sim/oracle"
)

// Transition judges a step of a staging state machine: the edge must be legal
// and begin where the last one ended. It returns what is wrong.
func (c *Checker) Transition(t Transition) []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally(LegalEdges).checked++
	before, known := c.feed.machines[t.Machine]
	if !known {
		before = "NONE"
	}
	c.feed.machines[t.Machine] = t.To
	detail := ""
	switch {
	case t.Restarted && !oracle.LegalAfterCrash(before, t.To):
		detail = fmt.Sprintf("came up in %s after it had ended in %s", t.To, before)
	case t.Restarted:
	case t.From != before:
		detail = fmt.Sprintf("went from %s to %s, but was in %s", t.From, t.To, before)
	case !oracle.LegalEdge(t.From, t.To):
		detail = fmt.Sprintf("went from %s to %s", t.From, t.To)
	}
	if detail == "" {
		return nil
	}
	v := Violation{
		Property: LegalEdges, Signature: fmt.Sprintf("%s|%s|%s→%s", LegalEdges, t.Machine, t.From, t.To),
		Reader: t.Machine, SentAt: t.At, DoneAt: t.At, Index: -1, Detail: detail,
	}
	c.tally(LegalEdges).add(v)
	return []Violation{v}
}

// Probe judges something that must stay within its bound.
func (c *Checker) Probe(p Probe) []Violation {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally(NoLeak).checked++
	if p.Got <= p.Limit {
		return nil
	}
	v := Violation{
		Property: NoLeak, Signature: fmt.Sprintf("%s|%s", NoLeak, p.What),
		Reader: p.What, SentAt: p.At, DoneAt: p.At, Index: -1,
		Detail: fmt.Sprintf("%d %s, at most %d are allowed", p.Got, p.What, p.Limit),
	}
	c.tally(NoLeak).add(v)
	return []Violation{v}
}
