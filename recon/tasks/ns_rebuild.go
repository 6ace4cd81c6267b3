package tasks

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"reconsim/recon/derived"
)

// namespaceTree is a whole namespace as arrays that share an index: one place
// for each id that is a directory, has files or is a parent, in the order of
// the bytes of the ids.
type namespaceTree struct {
	collectors []*namespaceCollector
	// dirs and runs are in the order of their ids; children are the dirs that
	// have a parent, by parent, then ascending.
	dirs     []directory
	children []child
	runs     []fileRun
	ids      []int64
	nodes    []node
}

type child struct{ parent, id int64 }

type node struct {
	totals totals
	// parent is the parent's place, -1 without one.
	parent int32
	// waiting is the number of children not yet added.
	waiting int32
}

// orderOf is the order of an id's eight bytes.
func orderOf(a, b int64) int { return cmp.Compare(uint64(a), uint64(b)) }

// checkEvery is how many steps pass between two looks at the context.
const checkEvery = 1 << 12

// mergeNamespace computes and writes the summaries.
func mergeNamespace(ctx context.Context, collectors []*namespaceCollector, sink Sink) error {
	t := &namespaceTree{collectors: collectors}
	t.gather()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	t.link()
	if err := t.sum(ctx); err != nil {
		return err
	}
	return t.write(ctx, sink)
}

// gather brings all collectors' records together and in order.
func (t *namespaceTree) gather() {
	for i, c := range t.collectors {
		for j := range c.dirs {
			c.dirs[j].collector = int32(i)
		}
		for j := range c.runs {
			c.runs[j].collector = int32(i)
		}
		t.dirs = append(t.dirs, c.dirs...)
		t.runs = append(t.runs, c.runs...)
		c.dirs, c.runs = nil, nil
	}
	slices.SortStableFunc(t.dirs, func(a, b directory) int { return orderOf(a.id, b.id) })
	// One object id is one directory. An OM never has it twice; if a damaged
	// one has, any choice is as good.
	t.dirs = slices.CompactFunc(t.dirs, func(a, b directory) bool { return a.id == b.id })
	slices.SortFunc(t.runs, func(a, b fileRun) int { return orderOf(a.parent, b.parent) })
	for i := range t.dirs {
		if d := &t.dirs[i]; d.parent != 0 {
			t.children = append(t.children, child{parent: d.parent, id: d.id})
		}
	}
	slices.SortFunc(t.children, func(a, b child) int {
		if c := orderOf(a.parent, b.parent); c != 0 {
			return c
		}
		return cmp.Compare(a.id, b.id)
	})
}

// link makes the places and connects them to their parents.
func (t *namespaceTree) link() {
	for i := range t.dirs {
		t.ids = append(t.ids, t.dirs[i].id)
	}
	for i := range t.runs {
		if i == 0 || t.runs[i].parent != t.runs[i-1].parent {
			t.ids = append(t.ids, t.runs[i].parent)
		}
	}
	for i := range t.children {
		if i == 0 || t.children[i].parent != t.children[i-1].parent {
			t.ids = append(t.ids, t.children[i].parent)
		}
	}
	slices.SortFunc(t.ids, orderOf)
	t.ids = slices.Compact(t.ids)
	t.nodes = make([]node, len(t.ids))
	for i := range t.nodes {
		t.nodes[i].parent = -1
	}
	at := 0
	for i := range t.runs {
		for t.ids[at] != t.runs[i].parent {
			at++
		}
		t.nodes[at].totals.add(t.runs[i].totals)
	}
	parent := 0
	for _, c := range t.children {
		for t.ids[parent] != c.parent {
			parent++
		}
		at, _ := slices.BinarySearchFunc(t.ids, c.id, orderOf)
		t.nodes[at].parent = int32(parent)
		t.nodes[parent].waiting++
	}
}

// sum adds each place to its parent once its own children are all added.
func (t *namespaceTree) sum(ctx context.Context) error {
	ready := make([]int32, 0, len(t.nodes))
	for i := range t.nodes {
		if t.nodes[i].waiting == 0 {
			ready = append(ready, int32(i))
		}
	}
	done := 0
	for ; done < len(ready); done++ {
		if done%checkEvery == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		n := &t.nodes[ready[done]]
		if n.parent < 0 {
			continue
		}
		parent := &t.nodes[n.parent]
		parent.totals.add(n.totals)
		if parent.waiting--; parent.waiting == 0 {
			ready = append(ready, n.parent)
		}
	}
	if done == len(t.nodes) {
		return nil
	}
	for i := range t.nodes {
		if t.nodes[i].waiting > 0 {
			return fmt.Errorf("directory %d: %w", t.ids[i], ErrNamespaceCycle)
		}
	}
	return nil
}

// write puts one summary for each place.
func (t *namespaceTree) write(ctx context.Context, sink Sink) error {
	var summary derived.NSSummary
	var key, value []byte
	dir, run, kid := 0, 0, 0
	for i, id := range t.ids {
		if i%checkEvery == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		n := &t.nodes[i]
		summary = derived.NSSummary{
			NumOfFiles:            int32(n.totals.files),
			SizeOfFiles:           n.totals.size,
			ReplicatedSizeOfFiles: n.totals.replicated,
			ChildDirs:             summary.ChildDirs[:0],
		}
		if dir < len(t.dirs) && t.dirs[dir].id == id {
			d := &t.dirs[dir]
			summary.ParentID = d.parent
			if d.parent != 0 {
				summary.DirName = t.collectors[d.collector].names[d.nameFrom:][:d.nameLength]
			}
			dir++
		}
		for ; run < len(t.runs) && t.runs[run].parent == id; run++ {
			r := &t.runs[run]
			for _, b := range t.collectors[r.collector].bins[r.binsFrom:][:r.binsLength] {
				summary.FileSizeBucket[b.bin] += b.files
			}
		}
		for ; kid < len(t.children) && t.children[kid].parent == id; kid++ {
			summary.ChildDirs = append(summary.ChildDirs, t.children[kid].id)
		}
		if saysNothing(&summary) {
			continue
		}
		key = derived.AppendLong(key[:0], id)
		value = derived.AppendNSSummary(value[:0], &summary)
		if err := sink.Put(derived.NamespaceSummary, key, value); err != nil {
			return fmt.Errorf("write the summary of %d: %w", id, err)
		}
	}
	return nil
}

// saysNothing reports whether a summary is that of a place which is linked
// nowhere and holds nothing. Such a row does not exist.
func saysNothing(s *derived.NSSummary) bool {
	return s.ParentID == 0 && s.NumOfFiles == 0 && s.SizeOfFiles == 0 && s.ReplicatedSizeOfFiles == 0 &&
		len(s.ChildDirs) == 0 && s.FileSizeBucket == [derived.BinCount]int32{}
}
