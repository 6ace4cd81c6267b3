package derived

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// subpathCollector gathers the parts of a usage. With a limit it holds only
// that many, so that a directory of millions of files costs no memory. A nil
// collector drops everything.
type subpathCollector struct {
	largest int
	count   int64
	parts   smallestFirst
}

func (c *subpathCollector) add(p Subpath) {
	if c == nil {
		return
	}
	c.count++
	switch {
	case c.largest == 0:
		c.parts = append(c.parts, p)
	case len(c.parts) < c.largest:
		heap.Push(&c.parts, p)
	case compareSubpaths(p, c.parts[0]) < 0:
		c.parts[0] = p
		heap.Fix(&c.parts, 0)
	}
}

// result is what was gathered: sorted if there is a limit, otherwise in the
// order of adding.
func (c *subpathCollector) result() []Subpath {
	if c.largest > 0 {
		slices.SortFunc(c.parts, compareSubpaths)
	}
	return c.parts
}

// compareSubpaths puts the larger first and equal ones in the order of their
// paths, so that one state has one answer.
func compareSubpaths(a, b Subpath) int {
	return cmp.Or(cmp.Compare(b.Size, a.Size), strings.Compare(a.Path, b.Path))
}

// smallestFirst is a heap with the part that goes out first at its top.
type smallestFirst []Subpath

func (h smallestFirst) Len() int           { return len(h) }
func (h smallestFirst) Less(i, j int) bool { return compareSubpaths(h[i], h[j]) > 0 }
func (h smallestFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for package heap.
func (h *smallestFirst) Push(x any) { *h = append(*h, x.(Subpath)) }

// Pop is for package heap.
func (h *smallestFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
