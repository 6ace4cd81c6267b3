package namespace

import "strconv"

// pickTries bounds the search for something that fits; a workload in a small or
// used-up namespace then goes on with another kind.
const pickTries = 40

func bucketOfAny(*liveBucket) bool { return true }

func bucketOfFiles(u *liveBucket) bool { return u.shape == treed }

func bucketOfKeys(u *liveBucket) bool { return u.shape != treed }

func bucketOfMarkers(u *liveBucket) bool { return u.fact.Layout == Legacy }

// pickBucket finds a bucket that can hold keys.
func (w *Workload) pickBucket(fits func(*liveBucket) bool) *liveBucket {
	for range pickTries {
		if len(w.buckets) == 0 {
			break
		}
		if u := anyOf(w, w.buckets); !u.link() && fits(u) {
			return u
		}
	}
	return nil
}

// pickKey finds a reachable key and brings its path up to date.
func (w *Workload) pickKey(fits func(*liveBucket) bool) *liveKey {
	for range pickTries {
		k := w.drawKey()
		if k != nil && !k.gone && fits(k.bucket) && w.refresh(k.bucket, k.fact) {
			return k
		}
	}
	return nil
}

// drawKey is any key: one from memory, one of the base, or one of the base in a
// bucket by chance, so that small buckets get their share.
func (w *Workload) drawKey() *liveKey {
	keys := w.sample.Keys()
	switch draw := w.random.IntN(3); {
	case len(w.keys) > 0 && (draw == 0 || keys == 0):
		return anyOf(w, w.keys)
	case keys == 0:
		return nil
	case draw == 1:
		return w.takeKey(w.sample.key(w.random.Int64N(keys)))
	}
	if len(w.buckets) == 0 {
		return nil
	}
	u := anyOf(w, w.buckets)
	if u.plan == nil {
		return nil
	}
	in := w.sample.buckets[u.plan.number].keys
	if in.count() == 0 {
		return nil
	}
	return w.takeKey(in.at(w.random.Int64N(in.count())))
}

// pickDirectory finds a reachable directory, one that the workload made in
// half of the cases. Directories of the base at the top of their bucket are
// left alone, because most of a small namespace lies under them.
func (w *Workload) pickDirectory() *liveDirectory {
	for range pickTries {
		d := w.drawDirectory()
		if d == nil {
			continue
		}
		if path, reachable := w.locate(d.bucket, d.fact.ObjectID); reachable {
			d.fact.Path = path
			return d
		}
	}
	return nil
}

func (w *Workload) drawDirectory() *liveDirectory {
	if len(w.made) > 0 && w.oneIn(2) {
		return anyOf(w, w.made)
	}
	if len(w.buckets) == 0 {
		return nil
	}
	u := anyOf(w, w.buckets)
	if u.shape != treed || u.plan == nil {
		return nil
	}
	node := w.drawNode(u.plan)
	if node == 0 {
		return nil
	}
	var room [maxDepth]step
	lineage := u.plan.tree.lineage(node, room[:0])
	if len(lineage) < 2 || !w.sample.holds(u.plan, lineage[len(lineage)-2].node) {
		return nil
	}
	return w.directory(u, u.plan.nodeID(node))
}

// drawNode is a directory of the base in a bucket, 0 if the sample has none.
func (w *Workload) drawNode(p *bucket) int64 {
	nodes := w.sample.buckets[p.number].nodes
	if nodes.count() < 2 {
		return 0
	}
	return nodes.at(1 + w.random.Int64N(nodes.count()-1))
}

// pickPlace finds where a new key can be.
func (w *Workload) pickPlace(fits func(*liveBucket) bool) (place, bool) {
	for range pickTries {
		if w.oneIn(3) && len(w.made) > 0 {
			if d := anyOf(w, w.made); fits(d.bucket) {
				if p, ok := w.placeIn(d.bucket, d.fact.ObjectID); ok {
					return p, true
				}
			}
			continue
		}
		u := w.pickBucket(fits)
		if u == nil {
			return place{}, false
		}
		if p, ok := w.placeInBucket(u); ok {
			return p, true
		}
	}
	return place{}, false
}

func (w *Workload) placeIn(u *liveBucket, parent int64) (place, bool) {
	path, reachable := w.locate(u, parent)
	if path != "" {
		path += "/"
	}
	return place{bucket: u, parent: parent, prefix: path}, reachable
}

// placeInBucket is any directory of the bucket, as far as its layout has any.
func (w *Workload) placeInBucket(u *liveBucket) (place, bool) {
	node := int64(0)
	if u.plan != nil && u.shape != flat {
		nodes := w.sample.buckets[u.plan.number].nodes
		node = nodes.at(w.random.Int64N(nodes.count()))
	}
	switch {
	case u.shape == treed && node > 0:
		return w.placeIn(u, u.plan.nodeID(node))
	case u.shape == treed:
		return w.placeIn(u, u.fact.ObjectID)
	case u.shape == marked:
		if len(w.markers) > 0 && w.oneIn(2) {
			m := anyOf(w, w.markers)
			return place{bucket: u, prefix: m.fact.Name, marker: m}, m.bucket == u
		}
		if node > 0 {
			return place{bucket: u, prefix: string(w.base.appendPath(nil, u.plan, node)) + "/"}, true
		}
	}
	return place{bucket: u}, true
}

// maxGrownName bounds, in bytes, the names that names of more bytes are made of.
const maxGrownName = 200

// newLeaf is a name that nothing has had: it contains the index.
func (w *Workload) newLeaf(t *Transaction, u *liveBucket) string {
	number := strconv.FormatInt(t.Index, 10) + "w"
	if u.fact.Layout != ObjectStore {
		return anyOf(w, stems[:]) + number + anyOf(w, componentNames.bySlot[:])
	}
	suffix := anyOf(w, objectNames.bySlot[:])
	if k := w.drawKey(); k != nil && !k.gone && k.bucket == u && len(k.fact.Name) < maxGrownName {
		switch w.random.IntN(4) {
		case 0:
			// A name that goes on from another with a byte below or above '_'.
			return k.fact.Name + anyOf(w, []string{"1", "-", "A", ".", "_", "x"}) + "w" + number
		case 1:
			// A name that is another key's database key.
			name := "/" + u.fact.Volume + "/" + u.fact.Name + "/" + k.fact.Name
			if id := ID(&Key{Volume: u.fact.Volume, Bucket: u.fact.Name, Name: name}); !w.aliases[id] {
				w.aliases[id] = true
				return name
			}
		}
	}
	return anyOf(w, sections[:]) + number + suffix
}

// pickFree is a place and a free name there; now and then a name that was
// deleted or renamed before.
func (w *Workload) pickFree(t *Transaction, fits func(*liveBucket) bool) (place, string, bool) {
	if len(w.graves) > 0 && w.oneIn(5) {
		g := anyOf(w, w.graves)
		ok := !g.place.bucket.gone && fits(g.place.bucket) && (g.place.marker == nil || !g.place.marker.gone)
		if ok && g.place.bucket.shape == treed {
			g.place, ok = w.placeIn(g.place.bucket, g.place.parent)
		}
		if ok && w.named[g.id()] == nil {
			w.closeGrave(g)
			return g.place, g.leaf, true
		}
	}
	p, ok := w.pickPlace(fits)
	if !ok {
		return p, "", false
	}
	return p, w.newLeaf(t, p.bucket), true
}

// id is that of a key with the grave's name.
func (g grave) id() string {
	u := &g.place.bucket.fact
	k := Key{Volume: u.Volume, Bucket: u.Name, VolumeID: u.VolumeID, BucketID: u.ObjectID, Layout: u.Layout}
	if k.Name = g.place.prefix + g.leaf; g.place.bucket.shape == treed {
		k.Name, k.ParentID = g.leaf, g.place.parent
	}
	return ID(&k)
}

func (w *Workload) closeGrave(g grave) {
	for n := range w.graves {
		if w.graves[n].leaf == g.leaf && w.graves[n].place.bucket == g.place.bucket && w.graves[n].place.parent == g.place.parent {
			last := len(w.graves) - 1
			w.graves[n] = w.graves[last]
			w.graves = w.graves[:last]
			return
		}
	}
}

// maxGraves bounds the free names that are remembered.
const maxGraves = 1000

// bury remembers that the key's name became free.
func (w *Workload) bury(k *liveKey) {
	if len(w.graves) >= maxGraves {
		w.graves = w.graves[1:]
	}
	w.graves = append(w.graves, grave{
		place: place{bucket: k.bucket, parent: k.fact.ParentID, marker: k.marker},
		leaf:  k.fact.Name,
	})
}
