package fakeom

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// Cluster is a set of OM nodes that apply one replicated log. It is safe for
// concurrent use.
type Cluster struct {
	env     *env.Env
	fs      env.FS
	options Options
	tables  []omdb.Table
	base    *baseTables
	nodes   []*Node
	encoder rowEncoder

	// work is held by whoever changes the cluster or touches its files.
	work    *env.Mutex
	log     replicatedLog
	state   clusterState
	traffic traffic

	// changed is for those who wait for the end of a pause or a stall.
	changed *env.Cond

	// view guards what is only looked at; nobody yields while holding it.
	view      sync.Mutex
	leader    string
	term      int64
	index     int64
	closed    bool
	addresses map[string]Addresses
	transfers []*TransferFault
	replies   []*ReplyFault
	requests  int64
	// followerReads lets followers answer.
	followerReads bool
}

const (
	clusterName = "CLUSTER"
	// unfinishedName is there until everything of a new cluster is.
	unfinishedName = "UNFINISHED"
	baseName       = "base"
	firstTerm      = 1
)

// Open makes the cluster in Options.Dir, or continues the one that is there: its
// tables, its sequence numbers and its place in the replicated log. A folder
// that was made with another base, seed, schema or number of nodes is refused.
func Open(e *env.Env, o Options) (*Cluster, error) {
	c, exists, err := prepare(e, o)
	if err != nil {
		return nil, err
	}
	if !exists {
		err = c.create()
	} else {
		err = c.load()
	}
	if err != nil {
		return nil, errors.Join(err, c.closeNodes())
	}
	return c, nil
}

// New makes a cluster in an Options.Dir that holds none yet.
func New(e *env.Env, o Options) (*Cluster, error) {
	c, exists, err := prepare(e, o)
	if err != nil {
		return nil, err
	}
	if exists {
		return nil, fmt.Errorf("fake OM: %s already holds a cluster, open it or choose another folder", c.options.Dir)
	}
	if err := c.create(); err != nil {
		return nil, errors.Join(err, c.closeNodes())
	}
	return c, nil
}

func prepare(e *env.Env, o Options) (c *Cluster, exists bool, err error) {
	o, err = o.withDefaults()
	if err != nil {
		return nil, false, err
	}
	tables, err := o.Schema.Tables()
	if err != nil {
		return nil, false, err
	}
	c = &Cluster{
		env: e, fs: e.FS(), options: o, tables: tables,
		work: e.NewMutex(), changed: e.NewCond(), addresses: map[string]Addresses{},
	}
	if c.log.source, err = newSource(o); err != nil {
		return nil, false, fmt.Errorf("fake OM: the replicated log: %w", err)
	}
	b, err := readFile(c.fs, c.fs.PathJoin(o.Dir, clusterName))
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &c.state)
	}
	if err != nil {
		return nil, false, fmt.Errorf("fake OM: %s in %s: %w", clusterName, o.Dir, err)
	}
	c.log.calls = append(c.log.calls, c.state.Calls...)
	return c, true, nil
}

func newSource(o Options) (Source, error) {
	if o.Source != nil {
		return o.Source()
	}
	return namespace.NewWorkload(o.Base, o.Seed), nil
}

// create writes the base's tables, then the nodes, and last the file that says
// that all this is there.
func (c *Cluster) create() error {
	o := &c.options
	if err := c.clearUnfinished(); err != nil {
		return err
	}
	if err := makeDir(c.fs, c.fs.PathJoin(o.Dir, baseName)); err != nil {
		return fmt.Errorf("fake OM: %w", err)
	}
	base, err := c.writeBase(c.fs.PathJoin(o.Dir, baseName))
	if err != nil {
		return err
	}
	c.base = base
	for i := range o.Nodes {
		n, err := createNode(c, i, nodeID(i))
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
	}
	c.index = c.base.info.Index
	c.state = clusterState{
		Base: fingerprint(o.Base), Seed: o.Seed, Schema: o.Schema, Nodes: o.Nodes,
		Leader: nodeID(0), Terms: []termStart{{Term: firstTerm, Index: c.index + 1}},
	}
	c.enterTerm()
	if err := c.saveState(); err != nil {
		return err
	}
	if err := c.fs.Remove(c.fs.PathJoin(o.Dir, unfinishedName)); err != nil {
		return fmt.Errorf("fake OM: %w", err)
	}
	return nil
}

// clearUnfinished removes what a creation that never ended left behind, and
// nothing else: a folder with other things in it is refused.
func (c *Cluster) clearUnfinished() error {
	dir := c.options.Dir
	if err := makeDir(c.fs, dir); err != nil {
		return fmt.Errorf("fake OM: %w", err)
	}
	names, err := c.fs.List(dir)
	if err != nil {
		return fmt.Errorf("fake OM: %w", err)
	}
	if len(names) > 0 && !slices.Contains(names, unfinishedName) {
		return fmt.Errorf("fake OM: %s is neither empty nor a cluster's folder: choose another one", dir)
	}
	for _, name := range names {
		if name == unfinishedName {
			continue
		}
		if err := c.fs.RemoveAll(c.fs.PathJoin(dir, name)); err != nil {
			return fmt.Errorf("fake OM: clearing an unfinished creation: %w", err)
		}
	}
	return writeFileAtomically(c.fs, dir, unfinishedName, nil)
}

// load opens what create made and brings every node up to the furthest one.
func (c *Cluster) load() error {
	o := &c.options
	found := c.state
	if want := fingerprint(o.Base); found.Base != want || found.Seed != o.Seed || found.Schema != o.Schema || found.Nodes != o.Nodes {
		return fmt.Errorf("fake OM: %s was made from base %s, seed %d, schema %s and %d nodes, "+
			"asked for are %s, %d, %s and %d: use the same or another folder",
			o.Dir, found.Base, found.Seed, found.Schema, found.Nodes, want, o.Seed, o.Schema, o.Nodes)
	}
	base, err := loadBase(c.fs, c.fs.PathJoin(o.Dir, baseName))
	if err != nil {
		return err
	}
	c.base = base
	for i := range o.Nodes {
		n, err := loadNode(c, i, nodeID(i))
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
	}
	c.index = c.base.info.Index
	c.enterTerm()
	last := c.index
	for _, n := range c.nodes {
		last = max(last, n.info.Index)
	}
	for c.index < last {
		e, err := c.next()
		if err != nil {
			return err
		}
		if e == nil {
			return fmt.Errorf("fake OM: the replicated log ends at index %d, the nodes in %s had applied %d", c.index, o.Dir, last)
		}
	}
	for _, n := range c.nodes {
		if err := n.catchUp(); err != nil {
			return err
		}
	}
	return nil
}

func nodeID(place int) string { return fmt.Sprintf("om%d", place+1) }

// fingerprint tells one base from another by what it was made from.
func fingerprint(b *namespace.Base) string {
	return fmt.Sprintf("%+v", b.Config())
}

// Close closes the nodes' files; the cluster can be opened again.
func (c *Cluster) Close() error {
	c.work.Lock()
	defer c.work.Unlock()
	c.view.Lock()
	closed := c.closed
	c.closed = true
	c.view.Unlock()
	c.changed.Broadcast()
	if closed {
		return nil
	}
	return c.closeNodes()
}

func (c *Cluster) closeNodes() error {
	var err error
	for _, n := range c.nodes {
		err = errors.Join(err, n.close())
	}
	return err
}

func (c *Cluster) isClosed() bool {
	c.view.Lock()
	defer c.view.Unlock()
	return c.closed
}

// observe tells the observer of a batch that can now be served.
func (c *Cluster) observe(n *Node, b *writeBatch) {
	if c.options.Observe == nil {
		return
	}
	c.options.Observe(Applied{
		Node: n.id, StartSequence: b.start, EndSequence: b.end(), Count: len(b.rows),
		Term: b.info.Term, Index: b.info.Index, AtMillis: c.env.Now().UnixMilli(),
	})
}

// begin takes the work lock unless the cluster is closed.
func (c *Cluster) begin() (end func(), err error) {
	c.work.Lock()
	c.view.Lock()
	defer c.view.Unlock()
	if c.closed {
		c.work.Unlock()
		return nil, ErrClosed
	}
	return c.work.Unlock, nil
}

// node finds a node by its id.
func (c *Cluster) node(id string) (*Node, error) {
	for _, n := range c.nodes {
		if n.id == id {
			return n, nil
		}
	}
	return nil, unknownNode(id)
}

// Nodes lists the nodes in order of their ids' numbers.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// Leader is the node that leads, and the term.
func (c *Cluster) Leader() (node string, term int64) {
	c.view.Lock()
	defer c.view.Unlock()
	return c.leader, c.term
}

// Index is the last transaction of the replicated log that the leader has
// acknowledged.
func (c *Cluster) Index() int64 {
	c.view.Lock()
	defer c.view.Unlock()
	return c.index
}

// ServiceID is the name of the OM service.
func (c *Cluster) ServiceID() string { return c.options.ServiceID }

// IndexAt is the last transaction whose rows are all in the node's database at
// sequence. It is false inside a batch, and for numbers that the node has not
// reached or has forgotten in a restart.
func (c *Cluster) IndexAt(node string, sequence uint64) (index int64, ok bool) {
	n, err := c.node(node)
	if err != nil {
		return 0, false
	}
	c.view.Lock()
	defer c.view.Unlock()
	info, ok := n.indexAt(sequence)
	return info.Index, ok
}

// Position is how far a node is: its latest sequence number and the term and
// index of the last transaction it has applied.
func (n *Node) Position() (sequence uint64, info omdb.TransactionInfo) {
	n.cluster.view.Lock()
	defer n.cluster.view.Unlock()
	return n.sequence, n.info
}

// FamilyIDs are the node's column family ids by name.
func (n *Node) FamilyIDs() map[string]uint32 {
	n.cluster.work.Lock()
	defer n.cluster.work.Unlock()
	ids := map[string]uint32{}
	for i, t := range n.families.order {
		ids[t.String()] = uint32(i + 1)
	}
	return ids
}
