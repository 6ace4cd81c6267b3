package namespace

import "fmt"

// maxDrainedKeys bounds the keys of a bucket that DrainBucket empties.
const maxDrainedKeys = 50

// DrainBucket deletes the last keys of a bucket and then the bucket, in
// transactions that follow each other, so that one reply may hold them all
// (OM-H18). It takes a bucket that the workload made and that holds nothing but
// keys; without one it makes a bucket with two keys first, whose transactions
// come first in the result.
func (w *Workload) DrainBucket() []*Transaction {
	var steps []*Transaction
	u := w.pickDrainable()
	if u == nil {
		if len(w.volumes) == 0 {
			steps = append(steps, w.directed("create-volume", func(t *Transaction) { w.createVolume(t) }))
		}
		steps = append(steps, w.directed("create-bucket", func(t *Transaction) {
			u = w.newBucket(t, anyOf(w, w.volumes), fmt.Sprintf("bkt-%d", t.Index), w.anyLayout())
			w.addBucket(t, u)
		}))
		for range 2 {
			steps = append(steps, w.directed("create-key", func(t *Transaction) {
				p := place{bucket: u, parent: u.fact.ObjectID}
				k := &liveKey{fact: w.newKey(t, p, w.newLeaf(t, u), 0), bucket: u}
				t.put(k.fact)
				w.addKey(k)
				t.charge(u, replicatedSize(k.fact), 1)
			}))
		}
	}
	for _, k := range w.keysIn(u) {
		w.refresh(u, k.fact)
		steps = append(steps, w.directed("delete-key", func(t *Transaction) { w.deleteThis(t, k) }))
	}
	return append(steps, w.directed("delete-bucket", func(t *Transaction) { w.deleteThisBucket(t, u) }))
}

// pickDrainable finds a bucket all of whose rows are keys of the workload.
func (w *Workload) pickDrainable() *liveBucket {
	for _, u := range w.buckets {
		if u.plan == nil && !u.link() && u.rows > 0 && u.rows <= maxDrainedKeys && int64(len(w.keysIn(u))) == u.rows {
			return u
		}
	}
	return nil
}

// keysIn are the keys in memory of a bucket.
func (w *Workload) keysIn(u *liveBucket) []*liveKey {
	var found []*liveKey
	for _, k := range w.keys {
		if k.bucket == u {
			found = append(found, k)
		}
	}
	return found
}

// directed is the next transaction, made by an operation that can not fail.
func (w *Workload) directed(kind string, run func(*Transaction)) *Transaction {
	return w.attempt(&operation{kind: kind, run: func(_ *Workload, t *Transaction) bool {
		run(t)
		return true
	}})
}
