package fakeom

import (
	"context"
	"time"
)

// traffic is the rate at which the workload goes on by itself.
type traffic struct {
	perSecond float64
	since     time.Time
	// done is how many transactions of this rate were applied since then.
	done int64
}

// maxCarried bounds the transactions that a follower leaves for its next batch.
const maxCarried = 8

// StartTraffic lets the workload go on at a rate, from now on; [Cluster.Step]
// applies what is due. A rate that is not positive stops it.
func (c *Cluster) StartTraffic(transactionsPerSecond float64) {
	c.work.Lock()
	defer c.work.Unlock()
	c.traffic = traffic{perSecond: transactionsPerSecond, since: c.env.Now()}
}

// StopTraffic stops the workload. What was applied stays; [Cluster.Settle]
// brings the followers up to it.
func (c *Cluster) StopTraffic() { c.StartTraffic(0) }

// Step applies the transactions that are due by the Env's clock, and returns
// how many that were.
func (c *Cluster) Step(ctx context.Context) (int, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	end, err := c.begin()
	if err != nil {
		return 0, err
	}
	defer end()
	t := &c.traffic
	if t.perSecond <= 0 {
		return 0, nil
	}
	due := int64(c.env.Now().Sub(t.since).Seconds()*t.perSecond) - t.done
	if due <= 0 {
		return 0, nil
	}
	n, err := c.apply(int(due))
	t.done += due
	return n, err
}

// Pump calls Step every interval until ctx ends, whose cause it returns, or a
// step fails. Run it in an actor of the Env.
func (c *Cluster) Pump(ctx context.Context, interval time.Duration) error {
	for {
		if err := c.env.Sleep(ctx, interval); err != nil {
			return err
		}
		if _, err := c.Step(ctx); err != nil {
			return err
		}
	}
}

// Burst applies n transactions now, whatever the rate, and returns how many the
// source had. Nothing is applied while the leader is cut off from its peers.
func (c *Cluster) Burst(n int) (int, error) {
	end, err := c.begin()
	if err != nil {
		return 0, err
	}
	defer end()
	return c.apply(n)
}

// Settle makes every node that is connected to its peers apply all that it has
// received, so that all such nodes have the same rows.
func (c *Cluster) Settle() error {
	end, err := c.begin()
	if err != nil {
		return err
	}
	defer end()
	for _, n := range c.nodes {
		if err := n.catchUp(); err != nil {
			return err
		}
	}
	return nil
}

// apply takes n transactions through the nodes. The leader ends with all of
// them in its database, a follower may leave the last few for later.
func (c *Cluster) apply(count int) (int, error) {
	if c.leaderIsolated() {
		return 0, nil
	}
	applied := 0
	for applied < count {
		e, err := c.next()
		if err != nil {
			return applied, err
		}
		if e == nil {
			break
		}
		applied++
		for _, n := range c.nodes {
			if err := n.flushAtBoundary(e); err != nil {
				return applied, err
			}
		}
	}
	var err error
	for _, n := range c.nodes {
		if n.id == c.state.Leader || len(n.pending) > maxCarried {
			err = n.catchUp()
		} else {
			err = n.publish()
		}
		if err != nil {
			return applied, err
		}
	}
	return applied, nil
}

// leaderIsolated reports whether nothing can be committed because the leader is
// cut off from its peers.
func (c *Cluster) leaderIsolated() bool {
	for _, n := range c.nodes {
		if n.id == c.state.Leader {
			return n.reach.noPeers
		}
	}
	return false
}

func (c *Cluster) termOf(index int64) int64 {
	term := int64(firstTerm)
	for _, t := range c.state.Terms {
		if t.Index <= index {
			term = t.Term
		}
	}
	return term
}

// flushAtBoundary ends the node's batch if its double buffer would flush after
// the transaction, which is a choice of the node and the index.
func (n *Node) flushAtBoundary(e *entry) error {
	o := &n.cluster.options
	if n.reach.noPeers || keyedChoice(o.Seed, "flush", n.id, e.info.Index)%uint64(o.FlushEvery) != 0 {
		return nil
	}
	return n.stagePending()
}

// catchUp applies all that the node has received.
func (n *Node) catchUp() error {
	if n.reach.noPeers {
		return nil
	}
	if err := n.stagePending(); err != nil {
		return err
	}
	return n.publish()
}

// stagePending makes one batch of what is pending, and sometimes a local one
// after it.
func (n *Node) stagePending() error {
	if n.broken != nil {
		return n.broken
	}
	if len(n.pending) == 0 {
		return nil
	}
	last := n.pending[len(n.pending)-1]
	if err := n.stage(flushRows(n.pending), last.info); err != nil {
		return err
	}
	n.pending = nil
	return n.stageLocal(last)
}
