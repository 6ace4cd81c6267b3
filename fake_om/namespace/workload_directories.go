package namespace

import "strconv"

// newDirectoryName is a name that nothing has had: it contains the index and
// which of the transaction's directories it is.
func (w *Workload) newDirectoryName(t *Transaction, nth int) string {
	return anyOf(w, anyOf(w, directoryNames[:])) + "wv"[nth:nth+1] + strconv.FormatInt(t.Index, 10)
}

// addDirectory makes the nth new directory of a transaction and is the place in
// it.
func (w *Workload) addDirectory(t *Transaction, p place, nth int) place {
	u := &p.bucket.fact
	name := w.newDirectoryName(t, nth)
	d := &liveDirectory{
		bucket: p.bucket, node: -1,
		fact: Directory{
			Volume: u.Volume, Bucket: u.Name, Name: name, Path: p.prefix + name,
			VolumeID: u.VolumeID, BucketID: u.ObjectID, ParentID: p.parent,
			ObjectID: ObjectID(t.Index) + 1 + int64(nth), UpdateID: t.Index,
			CreatedMillis: t.AtMillis, ModifiedMillis: t.AtMillis,
		},
	}
	w.directories[d.fact.ObjectID] = d
	w.made = append(w.made, d)
	w.settleDirectory(d)
	t.put(&d.fact)
	p.bucket.rows++
	p.bucket.fact.UsedNamespace++
	return place{bucket: p.bucket, parent: d.fact.ObjectID, prefix: d.fact.Path + "/"}
}

// settleDirectory lists a directory with the one that now holds it.
func (w *Workload) settleDirectory(d *liveDirectory) {
	if d.fact.ParentID != d.bucket.fact.ObjectID {
		parent := w.directory(d.bucket, d.fact.ParentID)
		parent.directories = append(parent.directories, d)
	}
}

// touchDirectory puts the row of a directory, or of the bucket, with a new
// modification time.
func (w *Workload) touchDirectory(t *Transaction, u *liveBucket, id int64) {
	if id == u.fact.ObjectID {
		u.fact.ModifiedMillis = t.AtMillis
		t.put(&u.fact)
		return
	}
	d := w.directory(u, id)
	d.fact.Path, _ = w.locate(u, id)
	d.fact.ModifiedMillis, d.fact.UpdateID = t.AtMillis, t.Index
	t.put(&d.fact)
}

// makeDirectory makes one directory, or two, the second in the first.
func (w *Workload) makeDirectory(t *Transaction) bool {
	p, ok := w.pickPlace(bucketOfFiles)
	if !ok {
		return false
	}
	p = w.addDirectory(t, p, 0)
	if w.oneIn(3) {
		w.addDirectory(t, p, 1)
	}
	t.put(&p.bucket.fact)
	return true
}

// renameDirectory moves the row of a directory, mostly to another parent. What
// is below keeps its rows.
func (w *Workload) renameDirectory(t *Transaction) bool {
	d := w.pickDirectory()
	if d == nil {
		return false
	}
	to, ok := w.placeIn(d.bucket, d.fact.ParentID)
	if !w.oneIn(3) {
		to, ok = w.placeInBucket(d.bucket)
		if len(w.made) > 0 && w.oneIn(2) {
			if other := anyOf(w, w.made); other.bucket == d.bucket {
				to, ok = w.placeIn(d.bucket, other.fact.ObjectID)
			}
		}
	}
	if !ok || !w.movable(d, to.parent) {
		return false
	}
	t.remove(&d.fact)
	from := d.fact.ParentID
	d.fact.Name = w.newDirectoryName(t, 0)
	d.fact.Path = to.prefix + d.fact.Name
	d.fact.ParentID, d.fact.UpdateID = to.parent, t.Index
	t.put(&d.fact)
	if to.parent != from {
		w.settleDirectory(d)
		w.touchDirectory(t, d.bucket, to.parent)
	}
	w.touchDirectory(t, d.bucket, from)
	return true
}

// maxMovedDepth bounds how deep renames can nest directories.
const maxMovedDepth = 24

// movable tells whether parent is neither the directory nor below it, nor too
// deep.
func (w *Workload) movable(d *liveDirectory, parent int64) bool {
	for depth := 0; parent != d.bucket.fact.ObjectID; depth++ {
		if parent == d.fact.ObjectID || depth > maxMovedDepth {
			return false
		}
		parent = w.directory(d.bucket, parent).fact.ParentID
	}
	return true
}

// deleteDirectory deletes a tree: its top moves to deletedDirectoryTable, all
// else stays where it is.
func (w *Workload) deleteDirectory(t *Transaction) bool {
	d := w.pickDirectory()
	if d == nil {
		return false
	}
	w.putOff(t, d)
	w.touchDirectory(t, d.bucket, d.fact.ParentID)
	return true
}

// putOff moves the row of a directory to deletedDirectoryTable.
func (w *Workload) putOff(t *Transaction, d *liveDirectory) {
	t.remove(&d.fact)
	d.waiting = true
	d.fact.UpdateID = t.Index
	w.waiting = append(w.waiting, d)
	if d.node < 0 {
		w.made = without(w.made, d)
	}
	t.put(&DeletedDirectory{Directory: d.fact})
}

// A step of a purge takes at most so many children.
const (
	filesOfPurge       = 12
	directoriesOfPurge = 4
)

// purgeDirectory is one step of purging a deleted directory: files go to
// deletedTable, directories to deletedDirectoryTable, and when nothing is left
// the directory's own row goes.
func (w *Workload) purgeDirectory(t *Transaction) bool {
	d := w.pickWaiting()
	if d == nil {
		return false
	}
	u := d.bucket
	path, _ := w.locate(u, d.fact.ObjectID)
	bytes, names := int64(0), int64(0)
	for _, k := range w.filesIn(d, filesOfPurge) {
		k.fact.Path = joined(path, k.fact.Name)
		t.remove(k.fact)
		w.discard(t, k.fact.Path, k.fact.ObjectID, *k.fact)
		w.dropKey(k)
		bytes -= replicatedSize(k.fact)
		names--
	}
	for _, child := range w.directoriesIn(d, directoriesOfPurge) {
		child.fact.Path = joined(path, child.fact.Name)
		w.putOff(t, child)
	}
	if len(w.filesIn(d, 1)) == 0 && len(w.directoriesIn(d, 1)) == 0 {
		d.waiting, d.purged = false, true
		d.files, d.directories = nil, nil
		w.waiting = without(w.waiting, d)
		t.remove(&DeletedDirectory{Directory: d.fact})
		names--
	}
	t.charge(u, bytes, names)
	return true
}

// pickWaiting is a directory that waits for its purge, of the workload or of the
// base.
func (w *Workload) pickWaiting() *liveDirectory {
	if len(w.waiting) > 0 && !w.oneIn(4) {
		return anyOf(w, w.waiting)
	}
	for range pickTries {
		u := w.pickBucket(bucketOfFiles)
		if u == nil {
			break
		}
		if u.plan == nil {
			continue
		}
		node := w.drawNode(u.plan)
		if node == 0 {
			continue
		}
		id := u.plan.nodeID(node)
		if w.directories[id] == nil && w.base.nodeDeleted(u.plan, node) {
			return w.directory(u, id)
		}
	}
	if len(w.waiting) > 0 {
		return anyOf(w, w.waiting)
	}
	return nil
}

// filesIn are files whose row has the directory as parent, at most limit.
func (w *Workload) filesIn(d *liveDirectory, limit int) []*liveKey {
	var found []*liveKey
	seen := map[*liveKey]bool{}
	add := func(k *liveKey) {
		if !k.gone && k.fact.ParentID == d.fact.ObjectID && !seen[k] {
			seen[k] = true
			found = append(found, k)
		}
	}
	if d.node > 0 {
		p := d.bucket.plan
		first, end := p.spread.keysOf(d.node, p.keys)
		for i := first; i < end && len(found) < limit; i++ {
			add(w.takeKey(p.firstKey + i))
		}
	}
	for _, k := range d.files {
		if len(found) < limit {
			add(k)
		}
	}
	return found
}

// directoriesIn are directories of directoryTable with this one as parent, at
// most limit.
func (w *Workload) directoriesIn(d *liveDirectory, limit int) []*liveDirectory {
	var found []*liveDirectory
	seen := map[*liveDirectory]bool{}
	add := func(child *liveDirectory) {
		if child.waiting || child.purged || child.fact.ParentID != d.fact.ObjectID || seen[child] || len(found) == limit {
			return
		}
		seen[child] = true
		found = append(found, child)
	}
	if d.node > 0 {
		var lineage [maxDepth]step
		var room [maxFanout]step
		tree := &d.bucket.plan.tree
		depth := len(tree.lineage(d.node, lineage[:0]))
		for _, child := range tree.children(d.node, depth, room[:0]) {
			add(w.directory(d.bucket, d.bucket.plan.nodeID(child.node)))
		}
	}
	for _, child := range d.directories {
		add(child)
	}
	return found
}
