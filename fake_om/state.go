package fakeom

import (
	"encoding/json"
	"fmt"
)

// clusterState is what the cluster keeps on disk besides its nodes.
type clusterState struct {
	// Base and the seed must be the same whenever the folder is opened.
	Base   string `json:"base"`
	Seed   uint64 `json:"seed"`
	Schema Schema `json:"schema"`
	Nodes  int    `json:"nodes"`
	Leader string `json:"leader"`
	// Terms are the terms so far, each with the first index that may be in it.
	Terms []termStart `json:"terms"`
	// Calls are the operations that were asked for, see [Cluster.Do].
	Calls []call `json:"calls,omitempty"`
}

type termStart struct {
	Term  int64 `json:"term"`
	Index int64 `json:"index"`
}

// enterTerm takes leader and term from the state.
func (c *Cluster) enterTerm() {
	c.view.Lock()
	defer c.view.Unlock()
	c.leader = c.state.Leader
	c.term = c.state.Terms[len(c.state.Terms)-1].Term
	for _, n := range c.nodes {
		if !n.reach.noPeers {
			n.reach.leads = n.id == c.leader
			n.reach.knownLeader = c.leader
		}
	}
}

func (c *Cluster) saveState() error {
	b, err := json.MarshalIndent(&c.state, "", " ")
	if err == nil {
		err = writeFileAtomically(c.fs, c.options.Dir, clusterName, b)
	}
	if err != nil {
		return fmt.Errorf("fake OM: %s: %w", clusterName, err)
	}
	return nil
}
