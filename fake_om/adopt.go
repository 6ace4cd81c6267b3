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

// sweep removes the folders that begin with one of the prefixes and are not the
// node's own: what an adoption has replaced, and what the end of the process
// cut short.
func (n *Node) sweep(prefixes ...string) error {
	fs := n.cluster.fs
	names, err := fs.List(n.dir)
	if err != nil {
		return fmt.Errorf("fake OM node %s: %w", n.id, err)
	}
	slices.Sort(names)
	for _, name := range names {
		path := fs.PathJoin(n.dir, name)
		stale := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if !stale || path == n.runsDir() || path == n.logDir() {
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
	if err := n.sweep(runsPrefix, logPrefix); err != nil {
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
	if err := makeDir(fs, n.runsDir()); err != nil {
		return err
	}
	if err := n.linkTables(n.runsDir(), donor.runsDir(), state.Runs); err != nil {
		return err
	}
	var err error
	if n.log, err = openLog(fs, n.logDir(), nil); err != nil {
		return err
	}
	if err := syncDir(fs, n.runsDir()); err != nil {
		return err
	}
	if err := n.numberFamilies(); err != nil {
		return err
	}
	return n.saveState()
}
