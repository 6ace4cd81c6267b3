package fakeom

import (
	"encoding/json"
	"fmt"
	"sort"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// Node is one OM of a [Cluster]: a store of its own with its own sequence
// numbers and column family ids. Its methods are safe for concurrent use.
type Node struct {
	cluster *Cluster
	id      string
	place   int
	dir     string

	// The fields below belong to whoever holds the cluster's work lock.

	families families
	state    nodeState
	log      *batchLog
	mem      *memtable
	builder  rocksdb.BatchBuilder
	// staged are batches that are in the log and not yet synced.
	staged []*writeBatch
	// pending are the transactions of the replicated log that are in no batch
	// of this node yet.
	pending []*entry
	// broken is set when the store failed in a way after which what it holds
	// is not known.
	broken error

	// The fields below are read under the cluster's view lock.

	sequence uint64
	info     omdb.TransactionInfo
	marks    []mark
	reach    reach
}

// mark says which transactions a node has applied at a sequence number.
type mark struct {
	sequence uint64
	info     omdb.TransactionInfo
}

// nodeState is what a node keeps on disk besides its log and its tables. It is
// replaced as a whole.
type nodeState struct {
	// Families are the schema's families in the order of this node's ids.
	Families []string `json:"families"`
	// Epoch counts adoptions.
	Epoch int64 `json:"epoch"`
	// FlushedSequence and Flushed are where the runs end: the log's batches
	// after it are the memtable.
	FlushedSequence uint64               `json:"flushedSequence"`
	Flushed         omdb.TransactionInfo `json:"flushed"`
	// FirstAvailable is the first sequence number that DBUpdates can serve.
	FirstAvailable uint64      `json:"firstAvailable"`
	NextFile       uint64      `json:"nextFile"`
	Runs           []tableFile `json:"runs"`
}

const stateName = "STATE"

// ID is the OM's node id, such as "om1".
func (n *Node) ID() string { return n.id }

// createNode makes the node's folder at the base's state.
func createNode(c *Cluster, place int, id string) (*Node, error) {
	n := &Node{cluster: c, id: id, place: place, dir: c.fs.PathJoin(c.options.Dir, id)}
	n.families = permutedFamilies(c.tables, c.options.Seed, place)
	// Every node starts at a number of its own; none may be 0.
	start := firstSequence + keyedChoice(c.options.Seed, "base-sequence", id, 0)%firstSequence
	n.state = nodeState{
		FlushedSequence: start, Flushed: c.base.info, FirstAvailable: start + 1, NextFile: c.base.nextFile,
	}
	for _, t := range n.families.order {
		n.state.Families = append(n.state.Families, t.String())
	}
	if err := makeDir(c.fs, n.dir); err != nil {
		return nil, fmt.Errorf("fake OM node %s: %w", id, err)
	}
	if err := n.saveState(); err != nil {
		return nil, err
	}
	return n, n.open()
}

// firstSequence and twice that bound the sequence numbers at which nodes start.
const firstSequence = 100

// loadNode opens a node that createNode made in an earlier process.
func loadNode(c *Cluster, place int, id string) (*Node, error) {
	n := &Node{cluster: c, id: id, place: place, dir: c.fs.PathJoin(c.options.Dir, id)}
	b, err := readFile(c.fs, c.fs.PathJoin(n.dir, stateName))
	if err != nil {
		return nil, fmt.Errorf("fake OM node %s: %w", id, err)
	}
	if err := json.Unmarshal(b, &n.state); err != nil {
		return nil, fmt.Errorf("fake OM node %s: %s: %w", id, stateName, err)
	}
	if err := n.numberFamilies(); err != nil {
		return nil, err
	}
	return n, n.open()
}

// numberFamilies takes the node's family ids from its state.
func (n *Node) numberFamilies() error {
	var order []omdb.Table
	for _, name := range n.state.Families {
		t, ok := omdb.TableByName(name)
		if !ok {
			return fmt.Errorf("fake OM node %s: %s names the unknown family %q", n.id, stateName, name)
		}
		order = append(order, t)
	}
	n.families = newFamilies(order)
	return nil
}

// open reads the log and rebuilds the memtable from the batches after the runs.
func (n *Node) open() error {
	if err := n.sweep(runsPrefix, logPrefix, checkpointPrefix); err != nil {
		return err
	}
	n.mem = newMemtable()
	n.sequence, n.info = n.state.FlushedSequence, n.state.Flushed
	n.marks = []mark{{n.sequence, n.info}}
	var err error
	n.log, err = openLog(n.cluster.fs, n.logDir(), n.recover)
	if err != nil {
		return err
	}
	sort.SliceStable(n.marks, func(i, j int) bool { return n.marks[i].sequence < n.marks[j].sequence })
	return nil
}

// recover takes a batch of the log back into the memtable.
func (n *Node) recover(r *logRecord, b rocksdb.Batch) error {
	n.marks = append(n.marks, mark{r.end, r.info})
	if r.end <= n.state.FlushedSequence {
		return nil
	}
	wb := &writeBatch{start: r.start, info: r.info}
	err := b.Walk(func(_ int, _ uint64, rec rocksdb.Record) error {
		if rec.Family == 0 || int(rec.Family) > len(n.families.order) {
			return fmt.Errorf("family id %d is not one of node %s", rec.Family, n.id)
		}
		wb.rows = append(wb.rows, rowChange{
			table: n.families.order[rec.Family-1], key: string(rec.Key),
			value: rec.Value, delete: rec.Kind == rocksdb.KindDelete,
		})
		return nil
	})
	if err != nil {
		return err
	}
	n.mem.apply(wb)
	n.sequence, n.info = r.end, r.info
	return nil
}

func (n *Node) saveState() error {
	b, err := json.MarshalIndent(&n.state, "", " ")
	if err == nil {
		err = writeFileAtomically(n.cluster.fs, n.dir, stateName, b)
	}
	if err != nil {
		return fmt.Errorf("fake OM node %s: %s: %w", n.id, stateName, err)
	}
	return nil
}

// stage writes rows as the node's next batch to its log. It is seen by nobody
// before publish.
func (n *Node) stage(rows []rowChange, info omdb.TransactionInfo) error {
	start := n.sequence + 1
	if k := len(n.staged); k > 0 {
		start = n.staged[k-1].end() + 1
	}
	shuffle(rows, keyedChoice(n.cluster.options.Seed, "family-order", n.id, int64(start)))
	b := &writeBatch{start: start, rows: rows, info: info}
	b.build(&n.builder, &n.families)
	if err := n.log.append(b); err != nil {
		return n.fail(err)
	}
	b.bytes = nil // borrowed from the builder
	n.staged = append(n.staged, b)
	return nil
}

// publish syncs the staged batches and only then lets them be seen.
func (n *Node) publish() error {
	if len(n.staged) == 0 {
		return nil
	}
	if err := n.log.sync(); err != nil {
		return n.fail(err)
	}
	staged := n.staged
	n.staged = nil
	for _, b := range staged {
		n.mem.apply(b)
		n.cluster.view.Lock()
		n.sequence, n.info = b.end(), b.info
		n.marks = append(n.marks, mark{b.end(), b.info})
		n.cluster.view.Unlock()
		n.cluster.observe(n, b)
	}
	if err := n.retain(); err != nil {
		return n.fail(err)
	}
	return nil
}

// fail remembers that the node's store cannot be trusted any more.
func (n *Node) fail(err error) error {
	n.broken = fmt.Errorf("fake OM node %s: %w", n.id, err)
	return n.broken
}

// retain bounds the memtable by flushing it, and the log by forgetting.
func (n *Node) retain() error {
	if n.mem.sizeBytes >= n.cluster.options.FlushBytes {
		if err := n.flush(); err != nil {
			return err
		}
	}
	if n.log.sizeBytes() <= n.cluster.options.LogRetentionBytes {
		return nil
	}
	for n.log.sizeBytes() > n.cluster.options.LogRetentionBytes && len(n.log.segments) > 1 {
		first := n.log.segments[0]
		last := sort.Search(len(n.log.records), func(i int) bool { return n.log.records[i].segment != first })
		if last == 0 {
			break
		}
		end := n.log.records[last-1].end
		if end > n.state.FlushedSequence {
			if err := n.flush(); err != nil {
				return err
			}
		}
		if err := n.compactLog(end); err != nil {
			return err
		}
	}
	return nil
}

// compactLog makes every batch that ends at or before sequence unavailable.
func (n *Node) compactLog(sequence uint64) error {
	first := sequence + 1
	for i := range n.log.records {
		if n.log.records[i].end > sequence {
			first = n.log.records[i].start
			break
		}
	}
	if first <= n.state.FirstAvailable {
		return nil
	}
	n.state.FirstAvailable = first
	if err := n.saveState(); err != nil {
		return err
	}
	return n.log.forget(min(first-1, n.state.FlushedSequence))
}

// flush writes the memtable into runs, as tables of level 0.
func (n *Node) flush() error {
	if n.mem.empty() {
		return nil
	}
	dir := n.runsDir()
	if err := makeDir(n.cluster.fs, dir); err != nil {
		return err
	}
	next := n.state.NextFile
	files, err := writeMemtable(n.cluster.fs, dir, &next, n.mem)
	if err != nil {
		return err
	}
	if err := syncDir(n.cluster.fs, dir); err != nil {
		return err
	}
	n.state.NextFile = next
	n.state.Runs = append(n.state.Runs, files...)
	n.state.FlushedSequence, n.state.Flushed = n.sequence, n.info
	n.mem = newMemtable()
	return n.saveState()
}

// indexAt is the last transaction whose rows are all in the node's database at
// sequence. ok is false inside a batch and where the node never was.
func (n *Node) indexAt(sequence uint64) (info omdb.TransactionInfo, ok bool) {
	i := sort.Search(len(n.marks), func(i int) bool { return n.marks[i].sequence >= sequence })
	if i == len(n.marks) || n.marks[i].sequence != sequence {
		return omdb.TransactionInfo{}, false
	}
	return n.marks[i].info, true
}

func (n *Node) close() error {
	if n.log == nil {
		return nil
	}
	return n.log.close()
}
