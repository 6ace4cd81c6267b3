package fakeom

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"reconsim/recon/rocksdb"
)

// checkpointPrefix begins the names of the folders that hold checkpoints while
// they are read.
const checkpointPrefix = "checkpoint-"

// checkpoint is a node's database at one sequence number, as a folder of hard
// links, the memtable's tables, a manifest and CURRENT.
type checkpoint struct {
	node  *Node
	dir   string
	names []string
	// number tells this checkpoint from the node's others.
	number int64
}

// makeCheckpoint builds the folder. The caller holds the work lock, so nothing
// is applied meanwhile; later changes do not touch the files.
func (n *Node) makeCheckpoint() (*checkpoint, error) {
	c := n.cluster
	c.view.Lock()
	c.requests++
	number := c.requests
	c.view.Unlock()
	cp := &checkpoint{node: n, number: number, dir: c.fs.PathJoin(n.dir, checkpointPrefix+strconv.FormatInt(number, 10))}
	if err := c.fs.MkdirAll(cp.dir, 0o755); err != nil {
		return nil, fmt.Errorf("fake OM node %s: checkpoint: %w", n.id, err)
	}
	if err := cp.fill(); err != nil {
		return nil, fmt.Errorf("fake OM node %s: checkpoint: %w", n.id, errors.Join(err, cp.remove()))
	}
	return cp, nil
}

func (cp *checkpoint) fill() error {
	n := cp.node
	c := n.cluster
	if err := n.writeCheckpoint(cp.dir); err != nil {
		return err
	}
	names, err := c.fs.List(cp.dir)
	if err != nil {
		return err
	}
	// Tables, then the manifest, then CURRENT, which makes them a database.
	slices.SortFunc(names, func(a, b string) int {
		if r := checkpointRank(a) - checkpointRank(b); r != 0 {
			return r
		}
		return strings.Compare(a, b)
	})
	cp.names = names
	return nil
}

const currentName = "CURRENT"

func checkpointRank(name string) int {
	switch {
	case name == currentName:
		return 2
	case strings.HasPrefix(name, "MANIFEST-"):
		return 1
	}
	return 0
}

// writeCheckpoint makes dir a database that RocksDB opens.
func (n *Node) writeCheckpoint(dir string) error {
	c := n.cluster
	v := c.base.version(&n.families)
	addTables(v, n.state.Runs)
	if err := n.linkTables(dir, c.base.dir, c.base.files); err != nil {
		return err
	}
	if err := n.linkTables(dir, n.runsDir(), n.state.Runs); err != nil {
		return err
	}
	next := n.state.NextFile
	files, err := writeMemtable(c.fs, dir, &next, n.mem)
	if err != nil {
		return err
	}
	addTables(v, files)
	v.LastSequence, v.NextFileNumber = n.sequence, next
	if err := rocksdb.WriteCheckpoint(c.fs, dir, v); err != nil {
		return err
	}
	// The memtable's tables are this checkpoint's alone, but as in RocksDB no
	// number is ever given to a second file.
	n.state.NextFile = v.NextFileNumber
	return n.saveState()
}

func (n *Node) linkTables(dir, from string, files []tableFile) error {
	fs := n.cluster.fs
	for _, f := range files {
		name := f.File.Name()
		if err := fs.Link(fs.PathJoin(from, name), fs.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the folder; the linked tables stay with their owners.
func (cp *checkpoint) remove() error {
	return cp.node.cluster.fs.RemoveAll(cp.dir)
}

// WriteCheckpoint writes a checkpoint of the node's database into dir on the
// Env's file system, whether it leads or not. Tables are hard links where they
// can be: dir must be on the cluster's device, and its files must not be
// changed.
func (n *Node) WriteCheckpoint(ctx context.Context, dir string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	end, err := n.cluster.begin()
	if err != nil {
		return err
	}
	defer end()
	if n.broken != nil {
		return n.broken
	}
	if err := n.cluster.fs.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("fake OM node %s: checkpoint: %w", n.id, err)
	}
	if err := n.writeCheckpoint(dir); err != nil {
		return fmt.Errorf("fake OM node %s: checkpoint: %w", n.id, err)
	}
	return nil
}
