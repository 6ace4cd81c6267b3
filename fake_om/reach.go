package fakeom

import (
	"context"
	"fmt"
)

// PauseMode is what a paused node does with requests.
type PauseMode uint8

// The ways to pause.
const (
	// PauseHang keeps requests waiting until the node is resumed.
	PauseHang PauseMode = iota + 1
	// PauseRefuse answers UNAVAILABLE, as a node that is down.
	PauseRefuse
)

// reach is what a node can talk to and what it believes.
type reach struct {
	// leads is what the node believes of itself, right or not.
	leads bool
	// knownLeader is whom the node believes to lead.
	knownLeader string
	// noPeers: the node neither receives the log nor hears of elections.
	noPeers bool
	// noClients: requests do not arrive.
	noClients bool
	paused    PauseMode
}

// Pause makes a node hang or refuse every request. Transfers that have begun go
// on.
func (c *Cluster) Pause(node string, mode PauseMode) error {
	return c.setReach(node, func(r *reach) { r.paused = mode })
}

// Resume ends a pause.
func (c *Cluster) Resume(node string) error { return c.Pause(node, 0) }

func (c *Cluster) setReach(node string, set func(*reach)) error {
	n, err := c.node(node)
	if err != nil {
		return err
	}
	c.view.Lock()
	set(&n.reach)
	c.view.Unlock()
	c.changed.Broadcast()
	return nil
}

// arrive lets a request through to the node, after a pause if need be.
func (n *Node) arrive(ctx context.Context) error {
	c := n.cluster
	var r reach
	var closed bool
	look := func() bool {
		c.view.Lock()
		defer c.view.Unlock()
		r, closed = n.reach, c.closed
		return closed || r.paused != PauseHang
	}
	if !look() {
		if err := c.changed.WaitUntil(ctx, look); err != nil {
			return fmt.Errorf("fake OM: node %s is paused: %w", n.id, err)
		}
	}
	switch {
	case closed:
		return ErrClosed
	case r.noClients:
		return &UnavailableError{Node: n.id, Reason: "it is cut off"}
	case r.paused == PauseRefuse:
		return &UnavailableError{Node: n.id, Reason: "it is paused"}
	}
	return nil
}

// SetFollowerReads makes followers answer requests from their own databases, as
// ozone.om.follower.read.local.lease.enabled does. A follower's ServiceList has
// no HTTP port for the leader (OM-H31). Checkpoints stay the leader's.
func (c *Cluster) SetFollowerReads(on bool) {
	c.view.Lock()
	defer c.view.Unlock()
	c.followerReads = on
}

// mayAnswer refuses unless the node believes that it leads or followers answer
// too.
func (n *Node) mayAnswer() error {
	n.cluster.view.Lock()
	on := n.cluster.followerReads
	n.cluster.view.Unlock()
	if on {
		return nil
	}
	return n.mustLead()
}

// mustLead refuses unless the node believes that it leads.
func (n *Node) mustLead() error {
	n.cluster.view.Lock()
	defer n.cluster.view.Unlock()
	if n.reach.leads {
		return nil
	}
	return &NotLeaderError{Node: n.id, Leader: n.reach.knownLeader}
}
