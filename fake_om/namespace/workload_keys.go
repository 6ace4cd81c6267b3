package namespace

// newKey makes the fact of a key at a place. In a bucket with directories the
// first id of the transaction is for missing parents, as many as extra says.
func (w *Workload) newKey(t *Transaction, p place, leaf string, extra int64) *Key {
	k := w.content(t)
	u := &p.bucket.fact
	k.Volume, k.Bucket, k.Layout = u.Volume, u.Name, u.Layout
	k.VolumeID, k.BucketID = u.VolumeID, u.ObjectID
	k.Path, k.Name = p.prefix+leaf, p.prefix+leaf
	if p.bucket.shape == treed {
		k.Name, k.ParentID = leaf, p.parent
		k.ObjectID += 1 + extra
	}
	return k
}

// content is a key with a size, blocks and times but without a name.
func (w *Workload) content(t *Transaction) *Key {
	s := &w.scratch
	s.key = Key{}
	number := w.base.lastNumber + t.Index
	w.base.fill(s, number, t.Index)
	if w.oneIn(8) {
		s.key.SizeBytes = w.edgeSize(t)
		w.base.fillVersions(s, number)
	}
	k := s.key.Clone()
	k.CreatedMillis, k.ModifiedMillis = t.AtMillis, t.AtMillis
	return k
}

// The largest sizes are for the first transactions only, which bounds their sum.
const (
	hugeSizesUntil    = 2000
	ordinaryEdgeSizes = 5 + 3*26
)

func (w *Workload) edgeSize(t *Transaction) int64 {
	if t.Index-w.base.LastIndex() <= hugeSizesUntil {
		return anyOf(w, edgeSizes)
	}
	return anyOf(w, edgeSizes[:ordinaryEdgeSizes])
}

// createKey creates and commits a key in one transaction. In a bucket with
// directories one in five gets a new directory of its own as well.
func (w *Workload) createKey(t *Transaction) bool {
	p, leaf, ok := w.pickFree(t, bucketOfAny)
	if !ok {
		return false
	}
	extra := int64(0)
	if p.bucket.shape == treed && w.oneIn(5) {
		p = w.addDirectory(t, p, 0)
		extra = 1
	}
	k := &liveKey{fact: w.newKey(t, p, leaf, extra), bucket: p.bucket, marker: p.marker}
	t.put(k.fact)
	w.addKey(k)
	t.charge(p.bucket, replicatedSize(k.fact), 1)
	return true
}

func (w *Workload) overwriteKey(t *Transaction) bool {
	k := w.pickKey(bucketOfAny)
	if k == nil {
		return false
	}
	w.overwrite(t, k, w.content(t))
	return true
}

// overwrite replaces the key's content. The object id stays; the old blocks go
// to deletedTable under an id of the transaction, in FSO buckets by the bare
// file name. One in four keeps the old version in the row instead, as in a
// versioned bucket.
func (w *Workload) overwrite(t *Transaction, k *liveKey, content *Key) {
	old := k.fact.Clone()
	next := k.fact
	next.SizeBytes, next.Replication, next.Versions = content.SizeBytes, content.Replication, content.Versions
	next.UpdateID, next.ModifiedMillis = t.Index, t.AtMillis
	number := uint64(0)
	if count := len(old.Versions); count > 0 {
		number = old.Versions[count-1].Number + 1
	}
	if w.oneIn(4) && len(old.Versions) > 0 && len(old.Versions) < maxVersions {
		last := next.Versions[len(next.Versions)-1]
		last.Number = number
		next.Versions = append(old.Clone().Versions, last)
	} else {
		for n := range next.Versions {
			next.Versions[n].Number = number + uint64(n)
		}
		path := old.Path
		if k.bucket.shape == treed {
			path = old.Name
		}
		w.discard(t, path, ObjectID(t.Index), *old)
	}
	t.put(next)
	t.charge(k.bucket, replicatedSize(next)-replicatedSize(old), 0)
}

// discard puts a row into deletedTable, with those of the keys that have blocks.
func (w *Workload) discard(t *Transaction, path string, rowID int64, keys ...Key) {
	row := &DeletedKeys{
		Volume: keys[0].Volume, Bucket: keys[0].Bucket, Path: path,
		RowID: rowID, BucketID: keys[0].BucketID,
	}
	for n := range keys {
		for v := range keys[n].Versions {
			if len(keys[n].Versions[v].Blocks) > 0 {
				row.Keys = append(row.Keys, keys[n])
				break
			}
		}
	}
	if len(row.Keys) > 0 {
		w.deleted = append(w.deleted, row)
		t.put(row)
	}
}

func (w *Workload) deleteKey(t *Transaction) bool {
	k := w.pickKey(bucketOfAny)
	if k == nil {
		return false
	}
	w.deleteThis(t, k)
	return true
}

// deleteThis deletes a key whose path is up to date; its blocks go to
// deletedTable under the key's object id.
func (w *Workload) deleteThis(t *Transaction, k *liveKey) {
	t.remove(k.fact)
	w.discard(t, k.fact.Path, k.fact.ObjectID, *k.fact)
	w.bury(k)
	w.dropKey(k)
	t.charge(k.bucket, -replicatedSize(k.fact), -1)
}

// renameKey renames a key of an ObjectStore or Legacy bucket: its row moves.
func (w *Workload) renameKey(t *Transaction) bool {
	k := w.pickKey(bucketOfKeys)
	if k == nil {
		return false
	}
	p, ok := w.placeInBucket(k.bucket)
	if !ok {
		return false
	}
	t.remove(k.fact)
	w.moveKey(k, func() {
		if k.marker != nil {
			k.marker.children--
		}
		if k.marker = p.marker; p.marker != nil {
			p.marker.children++
		}
		k.fact.Name = p.prefix + w.newLeaf(t, k.bucket)
		k.fact.Path = k.fact.Name
	})
	k.fact.UpdateID = t.Index
	t.put(k.fact)
	return true
}

// renameFile renames a file, mostly into another directory. The rows of both
// directories get a new modification time.
func (w *Workload) renameFile(t *Transaction) bool {
	k := w.pickKey(bucketOfFiles)
	if k == nil {
		return false
	}
	to, ok := w.placeIn(k.bucket, k.fact.ParentID)
	if !w.oneIn(3) {
		to, ok = w.placeInBucket(k.bucket)
	}
	if !ok {
		return false
	}
	t.remove(k.fact)
	from := k.fact.ParentID
	w.moveKey(k, func() {
		k.fact.Name = w.newLeaf(t, k.bucket)
		k.fact.Path, k.fact.ParentID = to.prefix+k.fact.Name, to.parent
	})
	k.fact.UpdateID = t.Index
	t.put(k.fact)
	if to.parent != from {
		w.settleFile(k)
		w.touchDirectory(t, k.bucket, to.parent)
	}
	w.touchDirectory(t, k.bucket, from)
	return true
}

func (w *Workload) setTimes(t *Transaction) bool {
	k := w.pickKey(bucketOfAny)
	if k == nil {
		return false
	}
	k.fact.UpdateID, k.fact.ModifiedMillis = t.Index, t.AtMillis
	t.put(k.fact)
	return true
}

// createMarker creates a Legacy directory.
func (w *Workload) createMarker(t *Transaction) bool {
	p, ok := w.pickPlace(bucketOfMarkers)
	if !ok {
		return false
	}
	name := p.prefix + w.newDirectoryName(t, 0) + "/"
	k := w.newKey(t, place{bucket: p.bucket}, name, 0)
	k.SizeBytes, k.Versions, k.Replication = 0, nil, ratisThree
	m := &liveMarker{fact: k, bucket: p.bucket, parent: p.marker}
	if m.parent != nil {
		m.parent.children++
	}
	w.markers = append(w.markers, m)
	t.put(k)
	t.charge(p.bucket, 0, 1)
	return true
}

// deleteMarker deletes a Legacy directory that the workload made, if empty.
func (w *Workload) deleteMarker(t *Transaction) bool {
	for range pickTries {
		if len(w.markers) == 0 {
			return false
		}
		m := anyOf(w, w.markers)
		if m.children > 0 {
			continue
		}
		m.gone = true
		if m.parent != nil {
			m.parent.children--
		}
		w.markers = without(w.markers, m)
		t.remove(m.fact)
		t.charge(m.bucket, 0, -1)
		return true
	}
	return false
}
