package namespace

// OpenKeys walks openKeyTable in the order of "/V/B/K/session", the open keys
// of multipart uploads included. The fact is borrowed.
func (b *Base) OpenKeys(yield func(*OpenKey) bool) {
	var fact OpenKey
	b.walkPendingByName(openRow|uploadRow, func(g *pendingGroup, e *pendingEntry) bool {
		g.open(e, &fact)
		return yield(&fact)
	})
}

// DeletedKeys walks deletedTable (all layouts) in the order of
// "/V/B/path/RowID". The fact is borrowed.
func (b *Base) DeletedKeys(yield func(*DeletedKeys) bool) {
	var fact DeletedKeys
	b.walkPendingByName(deletedRow, func(g *pendingGroup, e *pendingEntry) bool {
		g.deleted(e, &fact)
		return yield(&fact)
	})
}

// Uploads walks multipartInfoTable (all layouts) in the order of
// "/V/B/path/uploadId". The fact is borrowed.
func (b *Base) Uploads(yield func(*Upload) bool) {
	var fact Upload
	b.walkPendingByName(uploadRow, func(g *pendingGroup, e *pendingEntry) bool {
		g.upload(e, &fact)
		return yield(&fact)
	})
}

// OpenFiles walks openFileTable in the order of "/vid/bid/pid/name/session", the
// open keys of multipart uploads included. The fact is borrowed.
func (b *Base) OpenFiles(yield func(*OpenKey) bool) {
	var fact OpenKey
	g := pendingGroup{base: b}
	for _, n := range b.byID {
		p := &b.buckets[n]
		if p.shape != treed {
			continue
		}
		// Later nodes come first, but the groups of one node ascend.
		for end := p.pending.groups; end > 0; {
			first := end - 1
			for first > 0 && p.pendingNode(first-1) == p.pendingNode(end-1) {
				first--
			}
			for group := first; group < end; group++ {
				if !g.each(p, group, openRow|uploadRow, func(g *pendingGroup, e *pendingEntry) bool {
					g.open(e, &fact)
					return yield(&fact)
				}) {
					return
				}
			}
			end = first
		}
	}
}

// walkPendingByName visits the buckets in the order of "/V/B/". Tables of names
// of all layouts take all buckets, openKeyTable not those of directories.
func (b *Base) walkPendingByName(kinds pendingKind, visit func(*pendingGroup, *pendingEntry) bool) {
	g := pendingGroup{base: b}
	for _, n := range b.byName {
		p := &b.buckets[n]
		if kinds&openRow != 0 && p.shape == treed {
			continue
		}
		for group := range p.pending.groups {
			if !g.each(p, group, kinds, visit) {
				return
			}
		}
	}
}

// each visits the rows of a group in order.
func (g *pendingGroup) each(p *bucket, group int64, kinds pendingKind, visit func(*pendingGroup, *pendingEntry) bool) bool {
	g.load(p, group, kinds)
	for n := range g.entries {
		if !visit(g, &g.entries[n]) {
			return false
		}
	}
	return true
}
