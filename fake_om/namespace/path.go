package namespace

// nodeDeleted tells whether the directory waits in deletedDirectoryTable; its
// children are then in their tables still.
func (b *Base) nodeDeleted(p *bucket, node int64) bool {
	if b.config.CommittedOnly || p.shape != treed || node == 0 {
		return false
	}
	if p.tree.nodes <= 6 {
		return p.tree.nodes >= 3 && node == p.tree.nodes-1
	}
	return node == 5 || node%29 == 23
}

// nodeReachable tells whether neither the directory nor one above it is deleted.
func (b *Base) nodeReachable(p *bucket, node int64) bool {
	var room [maxDepth]step
	for _, s := range p.tree.lineage(node, room[:0]) {
		if b.nodeDeleted(p, s.node) {
			return false
		}
	}
	return true
}

// directoryName of the child in slot of parent.
func (b *Base) directoryName(p *bucket, parent, slot int64) string {
	table := mix(b.config.Seed, forNames, uint64(p.number)<<40^uint64(parent)) % uint64(len(directoryNames))
	return directoryNames[table][slot]
}

// appendPath appends the path of node inside the bucket, nothing for node 0.
func (b *Base) appendPath(dst []byte, p *bucket, node int64) []byte {
	var room [maxDepth]step
	parent := int64(0)
	for n, s := range p.tree.lineage(node, room[:0]) {
		if n > 0 {
			dst = append(dst, '/')
		}
		dst = append(dst, b.directoryName(p, parent, s.slot)...)
		parent = s.node
	}
	return dst
}

// appendPrefix appends what the names of the node's files (or the group's keys)
// begin with, up to the stem, which the second result leaves out.
func (b *Base) appendPrefix(dst []byte, p *bucket, node int64) ([]byte, int) {
	start := len(dst)
	if p.shape == flat {
		dst = append(dst, sections[node*int64(len(sections))/p.tree.nodes]...)
		dst = appendDigits(dst, node, p.width)
	} else if dst = b.appendPath(dst, p, node); len(dst) > start {
		dst = append(dst, '/')
	}
	parent := len(dst) - start
	stem := mix(b.config.Seed, forNames, uint64(p.number)<<40^uint64(node)^1<<63) % uint64(len(stems))
	return append(dst, stems[stem]...), parent
}

// suffixes are those of the bucket's key names.
func (p *bucket) suffixes() *suffixTable {
	if p.fact.Layout == ObjectStore {
		return objectNames
	}
	return componentNames
}

// nodeID is the object id of a directory, or of the bucket for node 0.
func (p *bucket) nodeID(node int64) int64 {
	if node == 0 {
		return p.fact.ObjectID
	}
	return ObjectID(p.firstNodeIndex + node)
}

// nodeOfID is the node of an object id, −1 if the bucket has no such directory.
func (p *bucket) nodeOfID(id int64) int64 {
	if p.shape != treed {
		return -1
	}
	if id == p.fact.ObjectID {
		return 0
	}
	node := indexOfID(id) - p.firstNodeIndex
	if node < 1 || node >= p.tree.nodes || p.nodeID(node) != id {
		return -1
	}
	return node
}

// keyIndex is the index that made the key with number i.
func (p *bucket) keyIndex(i int64) int64 { return p.firstKeyIndex + i - p.firstKey }

// place sets the names and ids of the volume and the bucket.
func (p *bucket) place(k *Key) {
	k.Volume, k.Bucket, k.Layout = p.fact.Volume, p.fact.Name, p.fact.Layout
	k.VolumeID, k.BucketID = p.fact.VolumeID, p.fact.ObjectID
}

// name sets what follows from the whole path, of which the first parentBytes are
// the parent's path with its slash.
func (p *bucket) name(k *Key, path string, parentBytes int, node int64) {
	k.Path, k.Name, k.ParentID = path, path, 0
	if p.shape == treed {
		k.Name, k.ParentID = path[parentBytes:], p.nodeID(node)
	}
}

// bucketOfKey finds the bucket that holds key number i of the base.
func (b *Base) bucketOfKey(i int64) *bucket {
	low, high := 0, len(b.buckets)
	for low < high {
		middle := (low + high) / 2
		if p := &b.buckets[middle]; p.firstKey+p.keys <= i {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return &b.buckets[low]
}

// Key is committed key number i, from 0 to Config.Keys−1, as a copy. Legacy
// directory markers have no number. Nil for numbers out of range.
func (b *Base) Key(i int64) *Key {
	if i < 0 || i >= b.config.Keys {
		return nil
	}
	p := b.bucketOfKey(i)
	node, slot := p.spread.nodeOf(i - p.firstKey)
	path, parentBytes := b.appendPrefix(nil, p, node)
	path = append(path, p.suffixes().bySlot[slot]...)
	s := &keyScratch{}
	p.place(&s.key)
	p.name(&s.key, string(path), parentBytes, node)
	b.fill(s, i, p.keyIndex(i))
	return &s.key
}

// Reachable tells whether no directory above key number i is deleted.
func (b *Base) Reachable(i int64) bool {
	if i < 0 || i >= b.config.Keys {
		return false
	}
	p := b.bucketOfKey(i)
	node, _ := p.spread.nodeOf(i - p.firstKey)
	return b.nodeReachable(p, node)
}
