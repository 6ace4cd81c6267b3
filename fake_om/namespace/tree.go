package namespace

// maxFanout bounds the children of a node; the tables of directory names are
// that long.
const maxFanout = 16

// usualDepth is the depth of the deepest directories unless a bucket is so big
// that maxFanout children a node do not suffice.
const usualDepth = 6

const maxDepth = 12

// tree is the shape of a bucket's directories: nodes in preorder, node 0 the
// bucket. Under it stand up to maxFanout complete subtrees of equal size, of
// which the last is cut off where the nodes end. Parent, children and path of
// a node follow from its number.
type tree struct {
	nodes  int64
	roots  int64
	fanout int64
	depth  int
	// below[l] is the number of nodes of a subtree whose top is at depth l.
	below [maxDepth + 2]int64
}

func newTree(nodes int64) tree {
	t := tree{nodes: nodes}
	for t.depth = usualDepth; ; t.depth++ {
		for t.fanout = 1; t.fanout <= maxFanout; t.fanout++ {
			size := int64(0)
			for level := t.depth; level >= 1; level-- {
				size = 1 + t.fanout*size
				t.below[level] = size
			}
			t.roots = (nodes - 1 + size - 1) / size
			if t.roots <= maxFanout {
				return t
			}
		}
		if t.depth == maxDepth {
			t.roots = maxFanout
			return t
		}
	}
}

// step is a node on the way from the bucket down; slot is its place among its
// siblings.
type step struct {
	node int64
	slot int64
}

// lineage is the way from the bucket (left out) to node; empty for node 0.
func (t *tree) lineage(node int64, steps []step) []step {
	at, rest := int64(0), node
	for level := 1; rest > 0 && level <= t.depth; level++ {
		rest--
		slot := rest / t.below[level]
		rest %= t.below[level]
		at += 1 + slot*t.below[level]
		steps = append(steps, step{node: at, slot: slot})
	}
	return steps
}

// children are the nodes directly under node, which is at depth.
func (t *tree) children(node int64, depth int, steps []step) []step {
	if depth >= t.depth {
		return steps
	}
	count := t.fanout
	if depth == 0 {
		count = t.roots
	}
	for slot := int64(0); slot < count; slot++ {
		child := node + 1 + slot*t.below[depth+1]
		if child >= t.nodes {
			break
		}
		steps = append(steps, step{node: child, slot: slot})
	}
	return steps
}

// spread deals keys to nodes in a repeating pattern of five, so that some
// directories are empty, small or big.
type spread struct {
	// first[n] is the first key of node n of a round, first[5] the round's keys.
	first [6]int64
}

var (
	usualSpread = spread{first: [6]int64{0, 40, 53, 141, 141, 200}}
	smallSpread = spread{first: [6]int64{0, 8, 11, 28, 28, 40}}
)

// maxKeysOfNode is the largest share that a spread gives to a node.
const maxKeysOfNode = 88

// nodeOf tells which node holds key, and as which of its keys.
func (s *spread) nodeOf(key int64) (node, slot int64) {
	round, rest := key/s.first[5], key%s.first[5]
	for n := int64(4); ; n-- {
		if rest >= s.first[n] {
			return round*5 + n, rest - s.first[n]
		}
	}
}

// keysOf is the range of keys that node holds when there are total keys.
func (s *spread) keysOf(node, total int64) (first, end int64) {
	round, n := node/5, node%5
	first = min(total, round*s.first[5]+s.first[n])
	return first, min(total, round*s.first[5]+s.first[n+1])
}

// nodesFor is the number of nodes that total keys need, at least 1.
func (s *spread) nodesFor(total int64) int64 {
	if total == 0 {
		return 1
	}
	node, _ := s.nodeOf(total - 1)
	return node + 1
}
