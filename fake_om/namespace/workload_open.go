package namespace

import "strconv"

func (w *Workload) newSession() string {
	return strconv.FormatUint(w.random.Uint64()>>1|1, 10)
}

// openKey opens a new key, or one that exists to overwrite it.
func (w *Workload) openKey(t *Transaction) bool {
	o := &liveOpen{}
	if w.oneIn(4) {
		o.target = w.pickKey(bucketOfAny)
	}
	var fact *Key
	if k := o.target; k != nil {
		o.bucket = k.bucket
		fact = w.content(t)
		fact.Volume, fact.Bucket, fact.Layout = k.fact.Volume, k.fact.Bucket, k.fact.Layout
		fact.VolumeID, fact.BucketID, fact.ParentID = k.fact.VolumeID, k.fact.BucketID, k.fact.ParentID
		fact.Name, fact.Path, fact.ObjectID = k.fact.Name, k.fact.Path, k.fact.ObjectID
	} else {
		p, leaf, ok := w.pickFree(t, bucketOfAny)
		if !ok {
			return false
		}
		o.bucket, o.marker = p.bucket, p.marker
		fact = w.newKey(t, p, leaf, 0)
		if o.marker != nil {
			o.marker.children++
		}
	}
	o.fact = &OpenKey{Key: *fact, Session: w.newSession()}
	w.opens = append(w.opens, o)
	o.bucket.rows++
	t.put(o.fact)
	return true
}

// pickOpen finds an open key, of the workload or of the base.
func (w *Workload) pickOpen(fits func(*liveOpen) bool) *liveOpen {
	for range pickTries {
		o := (*liveOpen)(nil)
		if len(w.opens) > 0 && !w.oneIn(3) {
			o = anyOf(w, w.opens)
		} else if u := w.pickBucket(bucketOfAny); u != nil {
			if n := w.drawPending(u, openRow); n >= 0 {
				o = w.takeOpen(u, n)
			}
		}
		if o != nil && fits(o) {
			return o
		}
	}
	return nil
}

// takeOpen takes open key number n of a bucket of the base over; nil if it was
// before.
func (w *Workload) takeOpen(u *liveBucket, n int64) *liveOpen {
	g := w.takeRow(u, openRow, n)
	if g == nil {
		return nil
	}
	o := &liveOpen{bucket: u, fact: &OpenKey{}}
	g.open(g.entry(openRow, n), o.fact)
	o.fact.Key = *o.fact.Key.Clone()
	w.opens = append(w.opens, o)
	return o
}

// drawPending is the number of any pending row of a kind that the sample has of
// a bucket, −1 if it has none.
func (w *Workload) drawPending(u *liveBucket, kind pendingKind) int64 {
	if u.plan == nil {
		return -1
	}
	in := &w.sample.buckets[u.plan.number]
	rows := in.open
	switch kind {
	case deletedRow:
		rows = in.deleted
	case uploadRow:
		rows = in.upload
	}
	if rows.count() == 0 {
		return -1
	}
	return rows.at(w.random.Int64N(rows.count()))
}

// takeRow loads the group of a pending row of the base, once for each row.
func (w *Workload) takeRow(u *liveBucket, kind pendingKind, n int64) *pendingGroup {
	ref := pendingRef{bucket: u.plan.number, kind: kind, number: n}
	if w.takenRows[ref] {
		return nil
	}
	w.takenRows[ref] = true
	g := &pendingGroup{base: w.base}
	g.load(u.plan, n/pendingOfGroup, kind)
	return g
}

// entry finds a row of the group.
func (g *pendingGroup) entry(kind pendingKind, n int64) *pendingEntry {
	for i := range g.entries {
		if e := &g.entries[i]; e.kind == kind && e.number == n {
			return e
		}
	}
	return nil
}

// parentReachable also brings the path of the open key up to date.
func (w *Workload) parentReachable(o *liveOpen) bool {
	return w.refresh(o.bucket, &o.fact.Key)
}

// hsyncKey writes on: the open row gets more bytes.
func (w *Workload) hsyncKey(t *Transaction) bool {
	o := w.pickOpen(w.parentReachable)
	if o == nil {
		return false
	}
	k := &o.fact.Key
	block := Block{
		ContainerID: 1 + w.random.Int64N(w.base.containers),
		LocalID:     firstLocalID + (w.base.lastNumber+t.Index)*localIDsOfANumber,
		LengthBytes: 1 + w.random.Int64N(1<<20),
	}
	if len(k.Versions) == 0 {
		k.Versions = []BlockVersion{{}}
	}
	last := &k.Versions[len(k.Versions)-1]
	last.Blocks = append(last.Blocks, block)
	k.SizeBytes += block.LengthBytes
	k.UpdateID, k.ModifiedMillis = t.Index, t.AtMillis
	t.put(o.fact)
	return true
}

// commitKey makes an open key a key. One that was opened to overwrite a key can
// only be committed while that key is where it was.
func (w *Workload) commitKey(t *Transaction) bool {
	o := w.pickOpen(func(o *liveOpen) bool {
		k := o.target
		if k != nil && (k.gone || k.fact.Name != o.fact.Name || k.fact.ParentID != o.fact.ParentID) {
			return false
		}
		return w.parentReachable(o)
	})
	if o == nil {
		return false
	}
	w.closeOpen(t, o)
	w.commit(t, &liveKey{fact: o.fact.Key.Clone(), bucket: o.bucket, marker: o.marker})
	return true
}

// commit makes k a key, or the new content of the key that already has its name.
func (w *Workload) commit(t *Transaction, k *liveKey) {
	if old := w.named[ID(k.fact)]; old != nil {
		w.refresh(old.bucket, old.fact)
		w.overwrite(t, old, k.fact)
		return
	}
	k.fact.UpdateID, k.fact.ModifiedMillis = t.Index, t.AtMillis
	t.put(k.fact)
	w.addKey(k)
	t.charge(k.bucket, replicatedSize(k.fact), 1)
}

// abortOpenKey is the clean-up of an open key that nobody commits; its blocks
// go to deletedTable.
func (w *Workload) abortOpenKey(t *Transaction) bool {
	o := w.pickOpen(func(*liveOpen) bool { return true })
	if o == nil {
		return false
	}
	w.closeOpen(t, o)
	w.discard(t, o.fact.Path, ObjectID(t.Index), o.fact.Key)
	return true
}

// closeOpen removes the open row.
func (w *Workload) closeOpen(t *Transaction, o *liveOpen) {
	t.remove(o.fact)
	w.opens = without(w.opens, o)
	o.bucket.rows--
	if o.marker != nil {
		o.marker.children--
	}
}
