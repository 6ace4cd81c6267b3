package fakeom

import "fmt"

// SwitchLeader makes a node the leader in a new term: to, or the next one in
// order if to is "". The new leader first applies everything that was
// acknowledged. A node that is cut off from its peers hears nothing of it: a
// deposed leader goes on serving what it has.
func (c *Cluster) SwitchLeader(to string) (node string, term int64, err error) {
	return c.elect(to, (*Node).catchUp)
}

// ElectLagging is SwitchLeader to a node that begins to serve before it has
// applied what was acknowledged, as an elected leader that is not ready yet
// does: its checkpoint can be older than the old leader's. It catches up with
// the next transaction or [Cluster.Settle].
func (c *Cluster) ElectLagging(to string) (node string, term int64, err error) {
	return c.elect(to, func(*Node) error { return nil })
}

func (c *Cluster) elect(to string, prepare func(*Node) error) (node string, term int64, err error) {
	end, err := c.begin()
	if err != nil {
		return "", 0, err
	}
	defer end()
	if to == "" {
		to = c.nextLeader()
	}
	n, err := c.node(to)
	if err != nil {
		return "", 0, err
	}
	if n.reach.noPeers {
		return "", 0, fmt.Errorf("fake OM: node %s is cut off from its peers and cannot be elected", to)
	}
	if err := prepare(n); err != nil {
		return "", 0, err
	}
	last := c.state.Terms[len(c.state.Terms)-1]
	c.state.Leader = to
	c.state.Terms = append(c.state.Terms, termStart{Term: last.Term + 1, Index: c.index + 1})
	if err := c.saveState(); err != nil {
		return "", 0, err
	}
	c.enterTerm()
	return to, last.Term + 1, nil
}

// nextLeader is the first node after the leader that can be elected, or the
// leader itself.
func (c *Cluster) nextLeader() string {
	at := 0
	for i, n := range c.nodes {
		if n.id == c.state.Leader {
			at = i
		}
	}
	for i := 1; i < len(c.nodes); i++ {
		if n := c.nodes[(at+i)%len(c.nodes)]; !n.reach.noPeers {
			return n.id
		}
	}
	return c.state.Leader
}

// CompactLog makes the batches that end at or before toSequence unavailable on
// a node, as an expired write-ahead log does.
func (c *Cluster) CompactLog(node string, toSequence uint64) error {
	return c.change(node, func(n *Node) error { return n.compactLog(toSequence) })
}

// CompactLogs makes every batch so far unavailable on all nodes.
func (c *Cluster) CompactLogs() error {
	for _, n := range c.nodes {
		err := c.change(n.id, func(n *Node) error { return n.compactLog(n.sequence) })
		if err != nil {
			return err
		}
	}
	return nil
}

// RestartNode does to a node what a restart does to a real OM: its log is
// flushed into tables, so that no batch up to now can be served any more.
func (c *Cluster) RestartNode(node string) error {
	return c.change(node, func(n *Node) error {
		if err := n.flush(); err != nil {
			return err
		}
		n.state.FirstAvailable = n.sequence + 1
		if err := n.saveState(); err != nil {
			return err
		}
		return n.log.clear()
	})
}

// Adopt makes a node install another one's checkpoint, as a follower does that
// has fallen behind the Raft log: rows, sequence numbers and family ids become
// the donor's, the log is empty, and the node's id stays (OM-H35).
func (c *Cluster) Adopt(node, donor string) error {
	d, err := c.node(donor)
	if err != nil {
		return err
	}
	return c.change(node, func(n *Node) error {
		if n == d {
			return fmt.Errorf("fake OM: node %s cannot adopt its own checkpoint", node)
		}
		return n.adopt(d)
	})
}

// CutOff separates a node from its peers and from its clients.
func (c *Cluster) CutOff(node string) error { return c.cut(node, true, true) }

// CutOffPeers separates a node from its peers only: it receives no transactions
// and hears of no election, but goes on serving in the role it had.
func (c *Cluster) CutOffPeers(node string) error { return c.cut(node, true, false) }

func (c *Cluster) cut(node string, peers, clients bool) error {
	return c.change(node, func(n *Node) error {
		return c.setReach(node, func(r *reach) { r.noPeers, r.noClients = peers, clients })
	})
}

// Heal ends a node's separation: it learns who leads and applies what it missed.
func (c *Cluster) Heal(node string) error {
	return c.change(node, func(n *Node) error {
		if err := c.setReach(node, func(r *reach) { r.noPeers, r.noClients = false, false }); err != nil {
			return err
		}
		c.enterTerm()
		return n.catchUp()
	})
}

// change runs fn on a node while nothing else changes.
func (c *Cluster) change(node string, fn func(*Node) error) error {
	end, err := c.begin()
	if err != nil {
		return err
	}
	defer end()
	n, err := c.node(node)
	if err != nil {
		return err
	}
	if n.broken != nil {
		return n.broken
	}
	return fn(n)
}
