package namespace

// Directories walks the directories directly in those that the sample covers,
// see Covers, as rows of directoryTable or deletedDirectoryTable. The fact is
// borrowed.
func (s *Sample) Directories(yield func(Row) bool) {
	b := s.base
	for n := range b.buckets {
		p := &b.buckets[n]
		if p.shape != treed {
			continue
		}
		for _, r := range s.buckets[n].nodes {
			for node := r.first; node < r.end; node++ {
				if !b.directoriesIn(p, node, yield) {
					return
				}
			}
		}
		for _, node := range s.buckets[n].anchors {
			if !b.directoriesIn(p, node, yield) {
				return
			}
		}
	}
}

func (b *Base) directoriesIn(p *bucket, parent int64, yield func(Row) bool) bool {
	var lineage [maxDepth]step
	var room [maxFanout]step
	depth := len(p.tree.lineage(parent, lineage[:0]))
	for _, child := range p.tree.children(parent, depth, room[:0]) {
		if !yield(b.directoryRow(p, child.node)) {
			return false
		}
	}
	return true
}

// directoryRow is the row of a node other than 0.
func (b *Base) directoryRow(p *bucket, node int64) Row {
	d := b.directory(p, node)
	if b.nodeDeleted(p, node) {
		return &DeletedDirectory{Directory: *d}
	}
	return d
}

// DirectoriesAbove are the rows of the directories above key number i, from the
// bucket down; none outside FSO buckets and for numbers out of range.
func (b *Base) DirectoriesAbove(i int64) []Row {
	if i < 0 || i >= b.config.Keys {
		return nil
	}
	p := b.bucketOfKey(i)
	if p.shape != treed {
		return nil
	}
	var room [maxDepth]step
	node, _ := p.spread.nodeOf(i - p.firstKey)
	var rows []Row
	for _, s := range p.tree.lineage(node, room[:0]) {
		rows = append(rows, b.directoryRow(p, s.node))
	}
	return rows
}

// Committed walks the sample's rows of keyTable and fileTable, Legacy directory
// markers included. The fact is borrowed.
func (s *Sample) Committed(yield func(*Key) bool) {
	b := s.base
	w := keyWalk{base: b, yield: yield}
	for n := range b.buckets {
		p := &b.buckets[n]
		w.enter(p)
		for _, r := range s.buckets[n].nodes {
			for node := r.first; node < r.end; node++ {
				if p.shape == marked && node > 0 && !w.marker(node) {
					return
				}
				if !w.node(node) {
					return
				}
			}
		}
	}
}

// Pending walks the sample's open keys (those of uploads included), deleted keys
// and uploads. The fact is borrowed.
func (s *Sample) Pending(yield func(Row) bool) {
	w := pendingWalk{group: pendingGroup{base: s.base}, yield: yield}
	for n := range s.base.buckets {
		for _, r := range s.buckets[n].groups {
			if !w.rows(&s.base.buckets[n], r.first, r.end) {
				return
			}
		}
	}
}

// pendingWalk yields all pending rows of groups, bucket by bucket.
type pendingWalk struct {
	group   pendingGroup
	open    OpenKey
	deleted DeletedKeys
	upload  Upload
	yield   func(Row) bool
}

func (w *pendingWalk) rows(p *bucket, first, end int64) bool {
	for group := first; group < end; group++ {
		if !w.group.each(p, group, openRow|deletedRow|uploadRow, w.row) {
			return false
		}
	}
	return true
}

// row yields an entry's row; an upload has an open key as well.
func (w *pendingWalk) row(g *pendingGroup, e *pendingEntry) bool {
	if e.kind == deletedRow {
		g.deleted(e, &w.deleted)
		return w.yield(&w.deleted)
	}
	g.open(e, &w.open)
	if !w.yield(&w.open) {
		return false
	}
	if e.kind == openRow {
		return true
	}
	g.upload(e, &w.upload)
	return w.yield(&w.upload)
}
