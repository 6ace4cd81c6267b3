package oracle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// binCount is one slot of a histogram that is not zero.
type binCount struct {
	bin   uint8
	count int32
}

// totals is what lies in a subtree. The histogram, too, covers the whole
// subtree here, so that no query has to walk it.
type totals struct {
	files, bytes, replicated, dirs int64
	bins                           []binCount
}

func (t *totals) empty() bool { return t.files == 0 && t.dirs == 0 }

func (t *totals) addBin(slot uint8, n int32) {
	at, found := slices.BinarySearchFunc(t.bins, slot, func(b binCount, slot uint8) int { return int(b.bin) - int(slot) })
	if !found {
		t.bins = slices.Insert(t.bins, at, binCount{slot, n})
		return
	}
	if t.bins[at].count += n; t.bins[at].count == 0 {
		t.bins = slices.Delete(t.bins, at, at+1)
	}
}

func (t *totals) add(d *totals, sign int64) {
	t.files += sign * d.files
	t.bytes += sign * d.bytes
	t.replicated += sign * d.replicated
	t.dirs += sign * d.dirs
	for _, b := range d.bins {
		t.addBin(b.bin, int32(sign)*b.count)
	}
}

// link is the place of a directory in the tree; a nil parent means that
// nothing names it (a bucket, or a directory that was deleted).
type link struct {
	parent *node
	name   string
}

// node is something that holds keys: an FSO directory, the root of an FSO
// bucket (both by object id), or the flat space of names of another bucket.
type node struct {
	id   int64
	home *bucket
	// prefix is what the OM's row keys of everything directly in it begin with.
	prefix  string
	link    history[link]
	sum     history[totals]
	touched bool
	// The base has rows directly in it that are not loaded; totals cover them.
	dirsFolded, filesFolded bool
}

// prune implements prunable.
func (n *node) prune(_ *Oracle, before int64) bool {
	links, sums := n.link.forget(before), n.sum.forget(before)
	n.touched = links || sums
	return n.touched
}

// maxDepth bounds the climb to the root; facts that make a cycle are an error.
const maxDepth = 10_000

var errCycle = errors.New("the facts make a directory its own ancestor")

// node finds or makes the node of an object id.
func (o *Oracle) node(home *bucket, volumeID, bucketID, id int64) *node {
	if n := o.nodes[id]; n != nil {
		return n
	}
	prefix := make([]byte, 0, 64)
	for _, part := range [...]int64{volumeID, bucketID, id} {
		prefix = strconv.AppendInt(append(prefix, '/'), part, 10)
	}
	n := &node{id: id, home: home, prefix: string(append(prefix, '/'))}
	o.nodes[id] = n
	return n
}

// credit adds d to n and everything above it.
func (o *Oracle) credit(n *node, index int64, d *totals, sign int64) error {
	for range maxDepth {
		if n == nil {
			return nil
		}
		sum, copied, _ := n.sum.write(index, o.base)
		if copied {
			sum.bins = slices.Clone(sum.bins)
			o.touch(n, &n.touched)
		}
		sum.add(d, sign)
		n = n.link.latest().parent
	}
	return fmt.Errorf("%w: object id %d", errCycle, n.id)
}

// attach moves a directory to a new place; a nil parent detaches it.
func (o *Oracle) attach(child, parent *node, name string, index int64) error {
	content := *child.sum.latest()
	content.dirs++
	if old := child.link.latest().parent; old != nil {
		if err := o.credit(old, index, &content, -1); err != nil {
			return err
		}
	}
	place, copied, _ := child.link.write(index, o.base)
	if copied {
		o.touch(child, &child.touched)
	}
	*place = link{parent: parent, name: name}
	if parent == nil {
		return nil
	}
	for n, depth := parent, 0; n != nil; n, depth = n.link.latest().parent, depth+1 {
		if n == child || depth > maxDepth {
			*place = link{}
			return fmt.Errorf("%w: object id %d", errCycle, child.id)
		}
	}
	return o.credit(parent, index, &content, +1)
}

// pathBelow is the path of n below its bucket with a slash after each name, and
// whether n is reachable there.
func (n *node) pathBelow(root *node, index int64) (string, bool) {
	var names []string
	for range maxDepth {
		if n == root {
			slices.Reverse(names)
			size := 0
			for _, name := range names {
				size += len(name) + 1
			}
			path := make([]byte, 0, size)
			for _, name := range names {
				path = append(append(path, name...), '/')
			}
			return string(path), true
		}
		l := n.link.at(index)
		if l.parent == nil {
			return "", false
		}
		names = append(names, l.name)
		n = l.parent
	}
	return "", false
}
