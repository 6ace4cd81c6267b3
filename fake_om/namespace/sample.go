package namespace

import (
	"cmp"
	"slices"
)

// Sample is a part of a Base that can be kept in memory when all of it can not:
// runs of neighbouring nodes in every bucket, which are whole subtrees or whole
// groups of names, the pending rows at these nodes, and some whole containers.
// Node 0 of every bucket is in it. Like the Base it is a pure function of its
// arguments, takes memory for the buckets and the runs, not for the keys, and
// is safe for concurrent use.
type Sample struct {
	base  *Base
	whole bool
	// buckets are parallel to those of the base.
	buckets []sampledBucket
	// before[n] counts the keys in the buckets in front of bucket n; one more
	// entry has the count of all.
	before []int64
	// containers are the sampled ones, ascending; sieve has a bit for each.
	containers []int64
	sieve      [sieveBits / 64]uint64
}

// sampledBucket is the part of one bucket. The sets hold numbers of nodes, keys
// of the base, and rows of the bucket's pending kinds.
type sampledBucket struct {
	whole                 bool
	nodes, keys           spans
	groups                spans
	open, deleted, upload spans
	// anchors are the directories above sampled subtrees that are not in the
	// sample themselves, ascending.
	anchors []int64
}

// sampledContainers bounds the whole containers of a sample.
const sampledContainers = 40

const sieveBits = 4096

// Sample is a part of the base with about so many keys, spread over all buckets
// so that small ones are whole; everything if the base has no more keys.
func (b *Base) Sample(keys int64) *Sample {
	s := &Sample{
		base: b, whole: keys >= b.config.Keys,
		buckets: make([]sampledBucket, len(b.buckets)),
		before:  make([]int64, len(b.buckets)+1),
	}
	shares := b.shares(keys)
	for n := range b.buckets {
		p := &b.buckets[n]
		s.buckets[n] = b.sampleBucket(p, shares[n])
		s.before[n+1] = s.before[n] + s.buckets[n].keys.count()
	}
	if !s.whole {
		s.pickContainers(keys)
	}
	return s
}

// shares deals keys to the buckets in equal parts; what small buckets leave
// falls to the others.
func (b *Base) shares(keys int64) []int64 {
	bySize := make([]int, len(b.buckets))
	for n := range bySize {
		bySize[n] = n
	}
	slices.SortStableFunc(bySize, func(x, y int) int { return cmp.Compare(b.buckets[x].keys, b.buckets[y].keys) })
	shares, left := make([]int64, len(b.buckets)), max(keys, 0)
	for dealt, n := range bySize {
		shares[n] = min(b.buckets[n].keys, left/int64(len(bySize)-dealt))
		left -= shares[n]
	}
	return shares
}

func (b *Base) sampleBucket(p *bucket, share int64) sampledBucket {
	var s sampledBucket
	switch {
	case share >= p.keys:
		s.nodes, s.whole = newSpans(span{end: p.tree.nodes}), true
	case p.shape == flat:
		s.nodes = b.cutGroups(p, share)
	default:
		s.nodes = b.cutSubtrees(p, share)
	}
	s.keys = s.nodes.mapped(func(r span) span {
		first, _ := p.spread.keysOf(r.first, p.keys)
		_, end := p.spread.keysOf(r.end-1, p.keys)
		return span{first: p.firstKey + first, end: p.firstKey + end}
	})
	s.groups = s.nodes.mapped(func(r span) span {
		return span{first: p.firstGroupOf(r.first), end: p.firstGroupOf(r.end)}
	})
	rows := func(total int64) spans {
		return s.groups.mapped(func(r span) span {
			return span{first: r.first * pendingOfGroup, end: min(r.end*pendingOfGroup, total)}
		})
	}
	s.open, s.deleted, s.upload = rows(p.pending.open), rows(p.pending.deleted), rows(p.pending.uploads)
	if p.shape == treed {
		s.anchors = p.anchorsOf(s.nodes)
	}
	return s
}

// firstGroupOf is the first group of pending rows at node or after it, see
// pendingNode.
func (p *bucket) firstGroupOf(node int64) int64 {
	group := mulDiv(p.pending.groups, node, p.tree.nodes)
	if group < p.pending.groups && p.pendingNode(group) < node {
		group++
	}
	return group
}

// anchorsOf are the directories above the runs, the bucket left out.
func (p *bucket) anchorsOf(nodes spans) []int64 {
	var room [maxDepth]step
	var found []int64
	for _, r := range nodes {
		for _, s := range p.tree.lineage(r.first, room[:0]) {
			if !nodes.has(s.node) {
				found = append(found, s.node)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Whole tells whether the sample is everything.
func (s *Sample) Whole() bool { return s.whole }

// Base is what the sample is a part of.
func (s *Sample) Base() *Base { return s.base }

// Keys is the number of keys in the sample, without Legacy directory markers
// and without those that are in it only for their containers.
func (s *Sample) Keys() int64 { return s.before[len(s.buckets)] }

// key is the number in the base of the sample's key number n.
func (s *Sample) key(n int64) int64 {
	bucket, found := slices.BinarySearch(s.before, n)
	if found {
		// Buckets without keys have the same count; the last of them has the key.
		for s.before[bucket+1] == n {
			bucket++
		}
	} else {
		bucket--
	}
	return s.buckets[bucket].keys.at(n - s.before[bucket])
}

// holds tells whether a node of a bucket is in the sample.
func (s *Sample) holds(p *bucket, node int64) bool { return s.buckets[p.number].nodes.has(node) }
