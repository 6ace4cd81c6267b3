package disk

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Image is a disk as it may be after a crash. It never changes and is safe for
// concurrent use.
type Image struct {
	tree tree
	sum  uint64
}

// Hash is that of all paths and contents. Images with the same files have the
// same hash, however they came about.
func (m *Image) Hash() uint64 { return m.sum }

// FS makes a disk with the image's content, all of it durable. Disks of one
// image know nothing of each other.
func (m *Image) FS(o Options) *FS {
	return newFS(tree{owner: new(owner), nodes: slices.Clone(m.tree.nodes)}, o)
}

// String lists the files with their sizes.
func (m *Image) String() string {
	var out strings.Builder
	m.tree.walk(rootInode, "", func(path string, _ slot, i inode) {
		if n := m.tree.nodes[i]; n.isDir() {
			fmt.Fprintf(&out, "%s/\n", path)
		} else {
			fmt.Fprintf(&out, "%s %d\n", path, n.sizeBytes)
		}
	})
	return out.String()
}

// build makes the image of a choice.
func (c *cursor) build(kept choice) *Image {
	t := c.durable.share()
	for at, i := range c.pending {
		if kept[at] != 0 {
			t.apply(&c.log.records[i], kept[at])
		}
	}
	// Hashed here, all that the image can reach is never written again, not
	// even its hashes, when it goes to another goroutine.
	return &Image{tree: t, sum: t.hash()}
}

// ImageLosing rebuilds the disk after a crash between operation op and the next
// in which the operations of these numbers did not survive and all others did.
// What was durable at op cannot be lost.
func (l *Log) ImageLosing(op int, lost []int) (*Image, error) {
	if op < 0 || op > len(l.records) {
		return nil, fmt.Errorf("crash after operation %d: the log has %d", op, len(l.records))
	}
	c := l.cursor()
	c.advance(op)
	kept := make(choice, len(c.pending))
	for at := range kept {
		kept[at] = whole
	}
	for _, n := range lost {
		at, pending := slices.BinarySearch(c.pending, n-1)
		if !pending {
			return nil, fmt.Errorf("crash after operation %d: operation %d is durable there, or has not happened, and cannot be lost", op, n)
		}
		kept[at] = 0
	}
	return c.build(kept), nil
}

// Image rebuilds the disk after a crash between operation op (0 for none) and
// the next. The policy must be a single one; the seed matters to [Subset] only.
func (l *Log) Image(op int, p Policy, seed uint64) (*Image, error) {
	if op < 0 || op > len(l.records) {
		return nil, fmt.Errorf("crash after operation %d: the log has %d", op, len(l.records))
	}
	if !p.single() {
		return nil, fmt.Errorf("crash policy %q has several images: name one with a number, or use Crashes", p)
	}
	c := l.cursor()
	c.advance(op)
	kept, ok := c.choose(p, seed)
	if !ok {
		return nil, fmt.Errorf("crash after operation %d: %d operations are pending, and policy %q has no such member there", op, len(c.pending), p)
	}
	return c.build(kept), nil
}

// Pending lists the operations that are not durable after operation op, in
// order.
func (l *Log) Pending(op int) []Op {
	c := l.cursor()
	c.advance(min(max(op, 0), len(l.records)))
	pending := make([]Op, 0, len(c.pending))
	for _, i := range c.pending {
		pending = append(pending, l.Op(i+1))
	}
	return pending
}

// Crash is one crash with the disk that it leaves.
type Crash struct {
	// Op is the last operation that was issued, 0 for none.
	Op int
	// Policy is a single one.
	Policy Policy
	Image  *Image
	// Lost are the numbers of the operations that did not survive, Cut that of
	// a write of which a part did, each in order.
	Lost, Cut []int
}

// String names the crash as [Log.Image] can make it again, given the seed.
func (c Crash) String() string { return fmt.Sprintf("after operation %d: %s", c.Op, c.Policy) }

// Draw is one of the crashes right after operation op: the seed chooses among
// the policies, then among the distinct images of that one. It reports false if
// none of the policies has an image there.
func (l *Log) Draw(op int, policies []Policy, seed uint64) (Crash, bool) {
	for turn := range uint64(len(policies)) {
		p := policies[(mix(seed)+turn)%uint64(len(policies))]
		if images := slices.Collect(l.Crashes(op, []Policy{p}, seed)); len(images) > 0 {
			return images[mix(seed+1)%uint64(len(images))], true
		}
	}
	return Crash{}, false
}

// Exploration says which crashes to look at.
type Exploration struct {
	// First and Last are operations; a whole run goes from 0 to Log.Len.
	First, Last int
	// Policies may be families.
	Policies []Policy
	// Seed is that of [Subset].
	Seed uint64
	// Promises are the numbers of the operations, in order, after which more
	// must survive than before, as when a commit was acknowledged. Images that
	// were given before are given again from there on: what was good before a
	// promise may be bad after it. What the image is found to hold can be kept
	// by its hash.
	Promises []int
	// Each, if not nil, is told every crash that the policies name with the hash
	// of its image, also those whose image was given before: given is false for
	// these. It is called before the image is given.
	Each func(op int, p Policy, image uint64, given bool)
}

// Crashes gives the distinct images of the crashes right after operation op.
func (l *Log) Crashes(op int, policies []Policy, seed uint64) iter.Seq[Crash] {
	return l.Explore(Exploration{First: op, Last: op, Policies: policies, Seed: seed})
}

// Explore gives the distinct images of the crashes after each of the
// operations. Between two promises an image is given once, for the first crash
// that leads to it.
func (l *Log) Explore(x Exploration) iter.Seq[Crash] {
	return func(yield func(Crash) bool) {
		c := l.cursor()
		// tried has the image that each choice led to.
		tried, given := map[uint64]uint64{}, map[uint64]struct{}{}
		for op := max(x.First, 0); op <= min(x.Last, len(l.records)); op++ {
			c.advance(op)
			if _, promised := slices.BinarySearch(x.Promises, op); promised {
				clear(tried)
				clear(given)
			}
			for _, p := range x.Policies {
				more := c.choices(p, x.Seed, func(member Policy, kept choice) bool {
					key := c.key(kept)
					sum, again := tried[key]
					var image *Image
					if !again {
						image = c.build(kept)
						sum, tried[key] = image.sum, image.sum
					}
					isNew := !again && unseen(given, sum)
					if x.Each != nil {
						x.Each(op, member, sum, isNew)
					}
					return !isNew || yield(c.crash(member, kept, image))
				})
				if !more {
					return
				}
			}
		}
	}
}

func unseen(set map[uint64]struct{}, key uint64) bool {
	if _, seen := set[key]; seen {
		return false
	}
	set[key] = struct{}{}
	return true
}

func (c *cursor) crash(p Policy, kept choice, image *Image) Crash {
	crash := Crash{Op: c.done, Policy: p, Image: image}
	for at, i := range c.pending {
		switch r := &c.log.records[i]; {
		case kept[at] == 0:
			crash.Lost = append(crash.Lost, i+1)
		case kept[at] < r.length:
			crash.Cut = append(crash.Cut, i+1)
		}
	}
	return crash
}
