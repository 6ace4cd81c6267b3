package namespace

// Content is what a key that has no name here adds to sums.
type Content struct {
	SizeBytes int64
	// Replication is shared and must not be changed.
	Replication *Replication
}

// HolderRow is the row that a Holder is itself.
type HolderRow uint8

// The kinds of a holder's row.
const (
	// NoRow: it is a bucket or a group of names, or its row is in the sample.
	NoRow HolderRow = iota
	// MarkerRow: a Legacy directory marker.
	MarkerRow
	// DirectoryRow: a row of directoryTable.
	DirectoryRow
	// DeletedDirectoryRow: a row of deletedDirectoryTable.
	DeletedDirectoryRow
)

// Holder is a directory or a group of names that is not in a sample, with the
// keys directly in it.
type Holder struct {
	// Bucket is shared and must not be changed.
	Bucket *Bucket
	Row    HolderRow
	// Line are, in FSO buckets, the object ids of the directory and of those
	// above it, as far as it can be reached from them: it ends with a deleted
	// directory or with the bucket.
	Line []int64
	// FirstKey is the number of the first of Keys, the others follow.
	FirstKey int64
	Keys     []Content
}

// Outside walks what Directories and Committed leave out, in ascending order
// of the keys' numbers. It does not make names: a key takes a tenth of what a
// walk of the base takes. The holder and its slices are borrowed.
func (s *Sample) Outside(yield func(*Holder) bool) {
	b := s.base
	w := outsideWalk{sample: s, yield: yield}
	for n := range b.buckets {
		w.bucket = &b.buckets[n]
		w.holder.Bucket = &w.bucket.fact
		if !s.buckets[n].nodes.gaps(w.bucket.tree.nodes, w.nodes) {
			return
		}
	}
}

type outsideWalk struct {
	sample *Sample
	bucket *bucket
	holder Holder
	line   [maxDepth + 1]int64
	keys   [maxKeysOfNode]Content
	yield  func(*Holder) bool
}

func (w *outsideWalk) nodes(first, end int64) bool {
	b, p, h := w.sample.base, w.bucket, &w.holder
	for node := first; node < end; node++ {
		h.Row = NoRow
		switch p.shape {
		case marked:
			h.Row = MarkerRow
		case treed:
			w.climb(node)
		}
		from, to := p.spread.keysOf(node, p.keys)
		h.FirstKey = p.firstKey + from
		h.Keys = w.keys[:to-from]
		for n := range h.Keys {
			number := h.FirstKey + int64(n)
			h.Keys[n] = Content{SizeBytes: b.sizeBytes(number), Replication: b.replication(number)}
		}
		if !w.yield(h) {
			return false
		}
	}
	return true
}

// climb sets the holder's row and line for a directory.
func (w *outsideWalk) climb(node int64) {
	var room [maxDepth]step
	b, p, h := w.sample.base, w.bucket, &w.holder
	lineage := p.tree.lineage(node, room[:0])
	if len(lineage) > 1 && !w.sample.anchored(p, lineage[len(lineage)-2].node) {
		h.Row = DirectoryRow
		if b.nodeDeleted(p, node) {
			h.Row = DeletedDirectoryRow
		}
	}
	h.Line = w.line[:0]
	for n := len(lineage) - 1; n >= 0; n-- {
		h.Line = append(h.Line, p.nodeID(lineage[n].node))
		if b.nodeDeleted(p, lineage[n].node) {
			return
		}
	}
	h.Line = append(h.Line, p.fact.ObjectID)
}

// PendingOutside walks what Pending leaves out. The fact is borrowed.
func (s *Sample) PendingOutside(yield func(Row) bool) {
	w := pendingWalk{group: pendingGroup{base: s.base}, yield: yield}
	for n := range s.base.buckets {
		p := &s.base.buckets[n]
		if !s.buckets[n].groups.gaps(p.pending.groups, func(first, end int64) bool { return w.rows(p, first, end) }) {
			return
		}
	}
}

// Strays appends to found the numbers from first to end−1 of keys that are not
// in the sample but have a block in one of its containers, ascending. A caller
// takes the numbers from 0 to Config.Keys−1 in pieces as it likes.
func (s *Sample) Strays(found []int64, first, end int64) []int64 {
	if s.whole {
		return found
	}
	b := s.base
	var scratch keyScratch
	for number := max(first, 0); number < min(end, b.config.Keys); {
		p := b.bucketOfKey(number)
		keys, last := s.buckets[p.number].keys, min(end, p.firstKey+p.keys)
		keys.gaps(last, func(from, to int64) bool {
			for n := max(from, number); n < min(to, last); n++ {
				if s.strays(&scratch, n) {
					found = append(found, n)
				}
			}
			return true
		})
		number = last
	}
	return found
}

func (s *Sample) strays(scratch *keyScratch, number int64) bool {
	k := &scratch.key
	if k.SizeBytes = s.base.sizeBytes(number); k.SizeBytes == 0 {
		return false
	}
	s.base.fillVersions(scratch, number)
	for v := range k.Versions {
		for n := range k.Versions[v].Blocks {
			if s.sampledContainer(k.Versions[v].Blocks[n].ContainerID) {
				return true
			}
		}
	}
	return false
}
