package namespace

// keyWalk yields the keys of one node after another.
type keyWalk struct {
	base    *Base
	bucket  *bucket
	scratch keyScratch
	names   []byte
	ends    [maxKeysOfNode]int32
	yield   func(*Key) bool
}

// Keys walks keyTable (ObjectStore and Legacy buckets, with Legacy directory
// markers) in the order of "/V/B/K". The fact is borrowed, see the package
// comment.
func (b *Base) Keys(yield func(*Key) bool) {
	w := keyWalk{base: b, yield: yield}
	for _, n := range b.byName {
		p := &b.buckets[n]
		if p.shape == treed {
			continue
		}
		w.enter(p)
		for node := range p.tree.nodes {
			if p.shape == marked && node > 0 && !w.marker(node) {
				return
			}
			if !w.node(node) {
				return
			}
		}
	}
}

// Files walks fileTable (FileSystemOptimized buckets, files under deleted
// directories included) in the order of "/vid/bid/pid/name". The fact is
// borrowed.
func (b *Base) Files(yield func(*Key) bool) {
	w := keyWalk{base: b, yield: yield}
	for _, n := range b.byID {
		p := &b.buckets[n]
		if p.shape != treed {
			continue
		}
		w.enter(p)
		// Later ids come first, the bucket's own is the earliest.
		for node := p.tree.nodes - 1; node >= 0; node-- {
			if !w.node(node) {
				return
			}
		}
	}
}

func (w *keyWalk) enter(p *bucket) {
	w.bucket = p
	p.place(&w.scratch.key)
}

// node yields the keys of a node in the order of their names. All names are cut
// from one string, so that a key costs no allocation of its own.
func (w *keyWalk) node(node int64) bool {
	p, s := w.bucket, &w.scratch
	first, end := p.spread.keysOf(node, p.keys)
	if first == end {
		return true
	}
	stem, parentBytes := w.base.appendPrefix(w.names[:0], p, node)
	stemBytes, table := len(stem), p.suffixes()
	// The stem stays in front; each name is a copy of it and a suffix.
	w.names = stem
	for _, slot := range table.inOrder {
		if int64(slot) < end-first {
			w.names = append(w.names, w.names[:stemBytes]...)
			w.names = append(w.names, table.bySlot[slot]...)
			w.ends[slot] = int32(len(w.names))
		}
	}
	all, at := string(w.names), int32(stemBytes)
	for _, slot := range table.inOrder {
		if int64(slot) >= end-first {
			continue
		}
		p.name(&s.key, all[at:w.ends[slot]], parentBytes, node)
		at = w.ends[slot]
		i := p.firstKey + first + int64(slot)
		w.base.fill(s, i, p.keyIndex(i))
		if !w.yield(&s.key) {
			return false
		}
	}
	return true
}

// marker yields the Legacy marker of a directory.
func (w *keyWalk) marker(node int64) bool {
	p, k := w.bucket, &w.scratch.key
	w.names = append(w.base.appendPath(w.names[:0], p, node), '/')
	w.base.fillMarker(k, p, node, string(w.names))
	return w.yield(k)
}

func (b *Base) fillMarker(k *Key, p *bucket, node int64, path string) {
	k.Path, k.Name, k.ParentID = path, path, 0
	index := p.firstNodeIndex + node
	k.Owner = owners[node%int64(len(owners))]
	k.ObjectID, k.UpdateID = ObjectID(index), index
	k.SizeBytes, k.Replication, k.Versions = 0, ratisThree, nil
	k.CreatedMillis, k.ModifiedMillis = b.millis(index), b.millis(index)
}
