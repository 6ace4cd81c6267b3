package tasks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"reconsim/recon/derived"
)

// subtreeSum computes the totals of all subtrees with memory for a bounded
// number of nodes. It goes through the nodes in rounds. A round takes as many
// nodes as fit, in the order of their ids, and finishes those whose children
// are all finished; what a finished node adds to a parent outside is a message
// to it, which the next round delivers. The nodes that are left and the
// messages are sorted for that round. If all nodes fit, one round is enough.
// Otherwise there are about as many as a path has nodes that do not lie in
// memory together, since each round takes at least all leaves away.
type subtreeSum struct {
	ctx       context.Context
	newSorter func() (Sorter, error)
	// results takes a recordSubtree for each node.
	results SorterPart
	// nodes are those in memory, ascending; their capacity is the bound.
	nodes []treeNode
	limit int

	// next is the next round's sorter; nil while nothing is left for it.
	next     Sorter
	nextPart SorterPart
	// finished and messages count this round's; left is its first node that
	// was not finished, if hasLeft.
	finished, messages int64
	left               int64
	hasLeft            bool

	key, value []byte
}

// treeNode is a place whose subtree is being summed.
type treeNode struct {
	id, parent int64 // parent is 0 without one
	totals     totals
	// waiting is the number of children that are not yet added, -1 once the
	// node itself is finished.
	waiting int32
	// parentAt is the parent's place among the nodes in memory, -1 if it is
	// not there.
	parentAt int32
}

const treeNodeBytes = 48

// Records of a round's sorter: the node that is left, and what finished
// children add to it. Both begin with the id and this byte.
const (
	leftNode byte = iota
	leftMessage
)

func newSubtreeSum(ctx context.Context, newSorter func() (Sorter, error), results SorterPart, memoryBytes int) *subtreeSum {
	return &subtreeSum{ctx: ctx, newSorter: newSorter, results: results, limit: max(2, memoryBytes/treeNodeBytes)}
}

// add takes a node of this round; nodes come in the order of their ids.
func (s *subtreeSum) add(n treeNode) error {
	if len(s.nodes) == s.limit {
		if err := s.solve(); err != nil {
			return err
		}
	}
	if len(s.nodes) == cap(s.nodes) {
		// Doubling would hold up to three times what is needed.
		s.nodes = slices.Grow(s.nodes, min(s.limit-len(s.nodes), max(1024, len(s.nodes)/4)))
	}
	s.nodes = append(s.nodes, n)
	return nil
}

// finish ends the first round and makes the others.
func (s *subtreeSum) finish() error {
	for {
		if err := s.solve(); err != nil {
			return err
		}
		if s.next == nil {
			return nil
		}
		if s.finished == 0 && s.messages == 0 {
			return errors.Join(fmt.Errorf("directory %d: %w", s.left, ErrNamespaceCycle), s.next.Close())
		}
		round := s.next
		err := s.nextPart.Close()
		s.next, s.nextPart, s.finished, s.messages, s.hasLeft = nil, nil, 0, 0, false
		if err == nil {
			err = s.round(round)
		}
		if err = errors.Join(err, round.Close()); err != nil {
			return err
		}
	}
}

// round reads what the last round left.
func (s *subtreeSum) round(from Sorter) error {
	var n treeNode
	started, steps := false, 0
	err := from.Scan(func(key, value []byte) error {
		if steps++; steps%checkEvery == 0 {
			if err := context.Cause(s.ctx); err != nil {
				return err
			}
		}
		if len(key) != 9 {
			return errRecord
		}
		id := int64(binary.BigEndian.Uint64(key))
		if key[8] == leftNode {
			if started {
				if err := s.add(n); err != nil {
					return err
				}
			}
			started = true
			var err error
			n, err = readLeftNode(id, value)
			return err
		}
		t, rest, err := readTotals(value)
		count, length := binary.Uvarint(rest)
		if err != nil || length <= 0 || !started || n.id != id {
			return fmt.Errorf("totals for directory %d: %w", id, errRecord)
		}
		n.totals.add(t)
		n.waiting -= int32(count)
		return nil
	})
	if err == nil && started {
		err = s.add(n)
	}
	return err
}

// solve finishes what can be finished among the nodes in memory and passes the
// rest on.
func (s *subtreeSum) solve() error {
	if err := context.Cause(s.ctx); err != nil {
		return err
	}
	nodes := s.nodes
	for i := range nodes {
		n := &nodes[i]
		n.parentAt = -1
		if n.parent == 0 {
			continue
		}
		at, found := sort.Find(len(nodes), func(j int) int { return orderOf(n.parent, nodes[j].id) })
		if found {
			n.parentAt = int32(at)
		}
	}
	for i := range nodes {
		for at := int32(i); at >= 0 && nodes[at].waiting == 0; {
			n := &nodes[at]
			n.waiting = -1
			s.finished++
			if at = n.parentAt; at >= 0 {
				nodes[at].totals.add(n.totals)
				nodes[at].waiting--
			}
		}
	}
	for i := range nodes {
		if err := s.pass(&nodes[i]); err != nil {
			return err
		}
	}
	s.nodes = nodes[:0]
	return nil
}

// pass hands a node's result out, or the node to the next round.
func (s *subtreeSum) pass(n *treeNode) error {
	if n.waiting >= 0 {
		if !s.hasLeft {
			s.left, s.hasLeft = n.id, true
		}
		s.value = binary.AppendUvarint(derived.AppendLong(s.value[:0], n.parent), uint64(n.waiting))
		s.value = appendTotals(s.value, n.totals)
		return s.leave(n.id, leftNode)
	}
	s.key = appendRecordKey(s.key[:0], n.id, recordSubtree)
	s.value = appendTotals(s.value[:0], n.totals)
	if err := s.results.Add(s.key, s.value); err != nil {
		return err
	}
	if n.parent == 0 || n.parentAt >= 0 {
		return nil
	}
	return s.tell(n.parent, n.totals)
}

// tell sends a parent what one child adds, in the next round.
func (s *subtreeSum) tell(parent int64, t totals) error {
	s.messages++
	s.value = binary.AppendUvarint(appendTotals(s.value[:0], t), 1)
	return s.leave(parent, leftMessage)
}

// leave puts s.value into the next round's sorter.
func (s *subtreeSum) leave(id int64, kind byte) error {
	if s.next == nil {
		var err error
		if s.next, err = s.newSorter(); err != nil {
			return fmt.Errorf("sum subtrees: %w", err)
		}
		s.nextPart = s.next.Part()
	}
	s.key = append(derived.AppendLong(s.key[:0], id), kind)
	return s.nextPart.Add(s.key, s.value)
}

func readLeftNode(id int64, value []byte) (n treeNode, err error) {
	if len(value) < 8 {
		return n, errRecord
	}
	n.id, n.parent = id, int64(binary.BigEndian.Uint64(value))
	waiting, length := binary.Uvarint(value[8:])
	if length <= 0 {
		return n, errRecord
	}
	n.waiting = int32(waiting)
	n.totals, _, err = readTotals(value[8+length:])
	return n, err
}
