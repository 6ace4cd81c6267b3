package namespace

import "slices"

// unitsOfBucket is how many pieces a bucket's share is cut into at least, where
// its tree allows it.
const unitsOfBucket = 4

// cutSubtrees takes whole subtrees with about share keys, all with tops at one
// depth of at least 2 and spread over the bucket, so that a subtree is small and
// the directories at the top stay out. No directory above a top is deleted,
// so that nearly all of the sample is reachable.
func (b *Base) cutSubtrees(p *bucket, share int64) spans {
	t := &p.tree
	keysOfNode := max(1, p.keys/t.nodes)
	level := t.depth
	for level > 2 && t.below[level-1]*keysOfNode*unitsOfBucket <= share {
		level--
	}
	tops := t.roots
	for range level - 1 {
		tops *= t.fanout
	}
	count := min(share/(t.below[level]*keysOfNode), tops)
	runs := []span{{end: 1}}
	take := func(top int64) {
		if top > 0 {
			runs = append(runs, span{first: top, end: min(top+t.below[level], t.nodes)})
		}
	}
	for unit := range count {
		take(b.pickTop(p, level, span{first: mulDiv(tops, unit, count), end: mulDiv(tops, unit+1, count)}, false))
	}
	if count > 0 {
		// One more that waits for its purge.
		take(b.pickTop(p, level, span{end: tops}, true))
	}
	return newSpans(runs...)
}

// pickTop is one of a run of tops that are at one level, a deleted one if asked
// for; 0 if there is none in reach.
func (b *Base) pickTop(p *bucket, level int, among span, deleted bool) int64 {
	width := among.end - among.first
	start := b.pickIn(p, among.first, width)
	for try := range min(width, 2*pickTries) {
		top := p.tree.topAt(level, among.first+(start+try)%width)
		if top < p.tree.nodes && b.parentReachable(p, top) && (!deleted || b.nodeDeleted(p, top)) {
			return top
		}
	}
	return 0
}

// pickIn is a number below width that unit of the bucket draws.
func (b *Base) pickIn(p *bucket, unit, width int64) int64 {
	return int64(mix(b.config.Seed, forSample, uint64(p.number)<<40^uint64(unit)) % uint64(width))
}

// topAt is node number n among those at depth level of a tree without an end.
func (t *tree) topAt(level int, n int64) int64 {
	var slots [maxDepth + 1]int64
	for l := level; l > 1; l-- {
		slots[l] = n % t.fanout
		n /= t.fanout
	}
	slots[1] = n
	node := int64(0)
	for l := 1; l <= level; l++ {
		node += 1 + slots[l]*t.below[l]
	}
	return node
}

// parentReachable tells whether no directory above the node is deleted.
func (b *Base) parentReachable(p *bucket, node int64) bool {
	var room [maxDepth]step
	lineage := p.tree.lineage(node, room[:0])
	return !slices.ContainsFunc(lineage[:max(0, len(lineage)-1)], func(s step) bool { return b.nodeDeleted(p, s.node) })
}

// cutGroups takes runs of neighbouring groups with about share keys, spread
// over the bucket.
func (b *Base) cutGroups(p *bucket, share int64) spans {
	nodes := p.tree.nodes
	keysOfNode := max(1, p.keys/nodes)
	size := max(1, share/keysOfNode/unitsOfBucket)
	count := min(share/keysOfNode/size, nodes/size)
	runs := []span{{end: 1}}
	for unit := range count {
		first, end := mulDiv(nodes, unit, count), mulDiv(nodes, unit+1, count)
		first += b.pickIn(p, unit, end-first-size+1)
		runs = append(runs, span{first: first, end: first + size})
	}
	return newSpans(runs...)
}

// pickContainers spreads the whole containers of a sample over all; their keys
// are about as many as half of the sample's.
func (s *Sample) pickContainers(keys int64) {
	b := s.base
	count := keys / 2 / max(1, b.config.Keys/b.containers)
	count = min(max(count, 2), sampledContainers, b.containers)
	for n := range count {
		first, end := mulDiv(b.containers, n, count), mulDiv(b.containers, n+1, count)
		id := 1 + first + int64(mix(b.config.Seed, forSample, uint64(n))%uint64(end-first))
		s.containers = append(s.containers, id)
		s.sieve[id%sieveBits/64] |= 1 << (id % 64)
	}
}
