package fakeom

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Folders of a node, each followed by the epoch. An adoption begins a new
// epoch, so that a crash leaves the old database or the new one.
const (
	runsPrefix = "runs-"
	logPrefix  = "log-"
)

func (n *Node) runsDir() string { return n.epochDir(runsPrefix) }

func (n *Node) logDir() string { return n.epochDir(logPrefix) }

func (n *Node) epochDir(prefix string) string {
	return n.cluster.fs.PathJoin(n.dir, fmt.Sprintf("%s%d", prefix, n.state.Epoch))
}

// sweep removes what an adoption or a checkpoint left behind when the process
// ended in it.
func (n *Node) sweep() error {
	fs := n.cluster.fs
	names, err := fs.List(n.dir)
	if err != nil {
		return fmt.Errorf("fake OM node %s: %w", n.id, err)
	}
	slices.Sort(names)
	for _, name := range names {
		path := fs.PathJoin(n.dir, name)
		ours := strings.HasPrefix(name, checkpointPrefix) || strings.HasPrefix(name, runsPrefix) || strings.HasPrefix(name, logPrefix)
		if !ours || path == n.runsDir() || path == n.logDir() {
			continue
		}
		if err := fs.RemoveAll(path); err != nil {
			return fmt.Errorf("fake OM node %s: %w", n.id, err)
		}
	}
	return nil
}

// adopt makes the node's database that of donor.
func (n *Node) adopt(donor *Node) error {
	if donor.broken != nil {
		return donor.broken
	}
	if err := donor.flush(); err != nil {
		return donor.fail(err)
	}
	old := n.log
	if err := n.installRuns(donor); err != nil {
		return n.fail(errors.Join(err, old.close()))
	}
	if err := old.close(); err != nil {
		return n.fail(err)
	}
	n.cluster.view.Lock()
	n.sequence, n.info = donor.sequence, donor.info
	n.marks = slices.Clone(donor.marks)
	n.cluster.view.Unlock()
	n.mem = newMemtable()
	n.staged, n.pending = nil, slices.Clone(donor.pending)
	if err := n.sweep(); err != nil {
		return n.fail(err)
	}
	return nil
}

// installRuns begins a new epoch with links to the donor's runs and an empty
// log. The state's replacement is the moment of the change.
func (n *Node) installRuns(donor *Node) error {
	fs := n.cluster.fs
	state := donor.state
	state.Epoch = n.state.Epoch + 1
	state.FirstAvailable = donor.sequence + 1
	state.Families = slices.Clone(state.Families)
	state.Runs = slices.Clone(state.Runs)
	n.state = state
	if err := errors.Join(fs.RemoveAll(n.logDir()), fs.RemoveAll(n.runsDir())); err != nil {
		return err
	}
	if err := fs.MkdirAll(n.runsDir(), 0o755); err != nil {
		return err
	}
	if err := n.linkTables(n.runsDir(), donor.runsDir(), state.Runs); err != nil {
		return err
	}
	var err error
	if n.log, err = openLog(fs, n.logDir(), nil); err != nil {
		return err
	}
	if err := errors.Join(syncDir(fs, n.runsDir()), syncDir(fs, n.dir)); err != nil {
		return err
	}
	if err := n.numberFamilies(); err != nil {
		return err
	}
	return n.saveState()
}
