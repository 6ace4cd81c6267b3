package namespace

import "fmt"

func (w *Workload) createVolume(t *Transaction) bool {
	fact := Volume{
		Name: fmt.Sprintf("vol-%d", t.Index), Admin: "om", Owner: anyOf(w, owners[:]),
		ObjectID: ObjectID(t.Index), UpdateID: t.Index,
		CreatedMillis: t.AtMillis, ModifiedMillis: t.AtMillis, QuotaBytes: -1,
	}
	w.volumes = append(w.volumes, &liveVolume{fact: fact})
	t.put(&fact)
	return true
}

func (w *Workload) setVolumeQuota(t *Transaction) bool {
	if len(w.volumes) == 0 {
		return false
	}
	v := anyOf(w, w.volumes)
	v.fact.QuotaBytes = (1 + w.random.Int64N(1000)) << 40
	v.fact.UpdateID, v.fact.ModifiedMillis = t.Index, t.AtMillis
	t.put(&v.fact)
	return true
}

func (w *Workload) deleteVolume(t *Transaction) bool {
	for range pickTries {
		if len(w.volumes) == 0 {
			return false
		}
		if v := anyOf(w, w.volumes); v.buckets == 0 {
			v.gone = true
			w.volumes = without(w.volumes, v)
			t.remove(&v.fact)
			return true
		}
	}
	return false
}

func (w *Workload) createBucket(t *Transaction) bool {
	if len(w.volumes) == 0 {
		return false
	}
	v := anyOf(w, w.volumes)
	u := w.newBucket(t, v, fmt.Sprintf("bkt-%d", t.Index), w.anyLayout())
	if w.oneIn(8) {
		if source := w.pickBucket(bucketOfAny); source != nil {
			u.fact.SourceVolume, u.fact.SourceBucket = source.fact.Volume, source.fact.Name
			u.fact.Layout, u.shape = source.fact.Layout, source.shape
		}
	}
	w.addBucket(t, u)
	return true
}

// anyLayout is one that the base has.
func (w *Workload) anyLayout() Layout {
	c := w.base.config
	draw := w.random.IntN(c.FSOShare + c.OBSShare + c.LegacyShare)
	switch {
	case draw < c.FSOShare:
		return FileSystemOptimized
	case draw < c.FSOShare+c.OBSShare:
		return ObjectStore
	}
	return Legacy
}

func (w *Workload) newBucket(t *Transaction, v *liveVolume, name string, layout Layout) *liveBucket {
	return &liveBucket{
		volume: v, shape: w.base.config.shapeOf(layout),
		fact: Bucket{
			Volume: v.fact.Name, Name: name, Owner: v.fact.Owner, Layout: layout,
			VolumeID: v.fact.ObjectID, ObjectID: ObjectID(t.Index), UpdateID: t.Index,
			CreatedMillis: t.AtMillis, ModifiedMillis: t.AtMillis, QuotaBytes: -1,
		},
	}
}

func (w *Workload) addBucket(t *Transaction, u *liveBucket) {
	u.volume.buckets++
	w.buckets = append(w.buckets, u)
	t.put(&u.fact)
}

func (w *Workload) setBucketQuota(t *Transaction) bool {
	u := w.pickBucket(bucketOfAny)
	if u == nil {
		return false
	}
	u.fact.QuotaBytes = (1 + w.random.Int64N(1000)) << 40
	u.fact.UpdateID, u.fact.ModifiedMillis = t.Index, t.AtMillis
	t.put(&u.fact)
	return true
}

// deleteBucket deletes an empty bucket: one without rows of keys, directories
// (waiting ones included), open keys and uploads.
func (w *Workload) deleteBucket(t *Transaction) bool {
	for range pickTries {
		if len(w.buckets) == 0 {
			return false
		}
		u := anyOf(w, w.buckets)
		if u.rows != 0 {
			continue
		}
		w.deleteThisBucket(t, u)
		return true
	}
	return false
}

func (w *Workload) deleteThisBucket(t *Transaction, u *liveBucket) {
	u.gone = true
	u.volume.buckets--
	w.buckets = without(w.buckets, u)
	w.deletedBuckets = append(w.deletedBuckets, u)
	t.remove(&u.fact)
}

// recreateBucket creates the bucket that was deleted last again: the same name,
// a new object id and, in one case of three, another layout.
func (w *Workload) recreateBucket(t *Transaction) bool {
	for len(w.deletedBuckets) > 0 {
		last := len(w.deletedBuckets) - 1
		old := w.deletedBuckets[last]
		w.deletedBuckets = w.deletedBuckets[:last]
		if old.volume.gone {
			continue
		}
		layout := old.fact.Layout
		if w.oneIn(3) {
			layout = w.anyLayout()
		}
		w.addBucket(t, w.newBucket(t, old.volume, old.fact.Name, layout))
		return true
	}
	return false
}
