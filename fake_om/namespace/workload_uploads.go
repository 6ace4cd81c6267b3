package namespace

import "slices"

// initiateUpload starts a multipart upload: its row and its open key.
func (w *Workload) initiateUpload(t *Transaction) bool {
	p, leaf, ok := w.pickFree(t, bucketOfAny)
	if !ok {
		return false
	}
	k := w.newKey(t, p, leaf, 0)
	k.SizeBytes, k.Versions = 0, nil
	id := string(appendUploadID(nil, w.base.config.Seed, t.AtMillis, t.Index))
	x := &liveUpload{
		bucket: p.bucket, marker: p.marker,
		open: &OpenKey{Key: *k, Session: id},
		fact: &Upload{
			Volume: k.Volume, Bucket: k.Bucket, Path: k.Path, UploadID: id, Owner: k.Owner,
			Layout: k.Layout, VolumeID: k.VolumeID, BucketID: k.BucketID, ParentID: k.ParentID,
			ObjectID: k.ObjectID, UpdateID: t.Index, Replication: k.Replication,
			CreatedMillis: t.AtMillis, ModifiedMillis: t.AtMillis,
		},
	}
	if x.marker != nil {
		x.marker.children++
	}
	w.uploads = append(w.uploads, x)
	x.bucket.rows += 2
	t.put(x.open)
	t.put(x.fact)
	return true
}

// pickUpload finds an upload, of the workload or of the base.
func (w *Workload) pickUpload(fits func(*liveUpload) bool) *liveUpload {
	for range pickTries {
		x := (*liveUpload)(nil)
		if len(w.uploads) > 0 && !w.oneIn(3) {
			x = anyOf(w, w.uploads)
		} else if u := w.pickBucket(bucketOfAny); u != nil {
			if n := w.drawPending(u, uploadRow); n >= 0 {
				x = w.takeUpload(u, n)
			}
		}
		if x != nil && fits(x) {
			return x
		}
	}
	return nil
}

func (w *Workload) takeUpload(u *liveBucket, n int64) *liveUpload {
	g := w.takeRow(u, uploadRow, n)
	if g == nil {
		return nil
	}
	e := g.entry(uploadRow, n)
	x := &liveUpload{bucket: u, fact: &Upload{}, open: &OpenKey{}}
	g.upload(e, x.fact)
	x.fact = Clone(x.fact).(*Upload)
	g.open(e, x.open)
	x.open.Key = *x.open.Key.Clone()
	w.uploads = append(w.uploads, x)
	return x
}

// uploadReachable brings the path of the upload's key up to date. The rows of
// the upload keep the path that they were made with.
func (w *Workload) uploadReachable(x *liveUpload) bool {
	k := x.open.Key
	return w.refresh(x.bucket, &k)
}

// addPart rewrites the upload's row with one part more.
func (w *Workload) addPart(t *Transaction) bool {
	x := w.pickUpload(func(x *liveUpload) bool {
		return len(x.fact.Parts) < 2*maxParts && w.uploadReachable(x)
	})
	if x == nil {
		return false
	}
	number := int32(1)
	if count := len(x.fact.Parts); count > 0 {
		number = x.fact.Parts[count-1].Number + 1 + int32(w.random.IntN(2))
	}
	size := partBytes + w.random.Int64N(partBytes)
	x.fact.Parts = append(x.fact.Parts, Part{Number: number, SizeBytes: size, Blocks: []Block{{
		ContainerID: 1 + w.random.Int64N(w.base.containers),
		LocalID:     firstLocalID + (w.base.lastNumber+t.Index)*localIDsOfANumber,
		LengthBytes: size, PartNumber: number,
	}}})
	x.fact.UpdateID, x.fact.ModifiedMillis = t.Index, t.AtMillis
	t.put(x.fact)
	return true
}

// closeUpload removes the rows of an upload.
func (w *Workload) closeUpload(t *Transaction, x *liveUpload) {
	t.remove(x.open)
	t.remove(x.fact)
	w.uploads = without(w.uploads, x)
	x.bucket.rows -= 2
	if x.marker != nil {
		x.marker.children--
	}
}

// completeUpload makes the parts a key.
func (w *Workload) completeUpload(t *Transaction) bool {
	x := w.pickUpload(func(x *liveUpload) bool {
		return len(x.fact.Parts) > 0 && w.uploadReachable(x)
	})
	if x == nil {
		return false
	}
	w.closeUpload(t, x)
	fact := x.open.Key.Clone()
	w.refresh(x.bucket, fact)
	version := BlockVersion{}
	for _, part := range x.fact.Parts {
		fact.SizeBytes += part.SizeBytes
		version.Blocks = append(version.Blocks, part.Blocks...)
	}
	fact.Versions = []BlockVersion{version}
	w.commit(t, &liveKey{fact: fact, bucket: x.bucket, marker: x.marker})
	return true
}

// abortUpload removes an upload; all its parts go to one row of deletedTable.
func (w *Workload) abortUpload(t *Transaction) bool {
	x := w.pickUpload(func(*liveUpload) bool { return true })
	if x == nil {
		return false
	}
	w.closeUpload(t, x)
	keys := make([]Key, 0, len(x.fact.Parts))
	for n, part := range x.fact.Parts {
		k := *x.open.Key.Clone()
		k.SizeBytes = part.SizeBytes
		k.Versions = []BlockVersion{{Blocks: slices.Clone(part.Blocks)}}
		// The low bits keep the ids of the parts apart.
		k.ObjectID = ObjectID(t.Index) + int64(n) + 1
		keys = append(keys, k)
	}
	if len(keys) > 0 {
		w.discard(t, x.fact.Path, ObjectID(t.Index), keys...)
	}
	return true
}

// purgeDeletedKeys removes a row of deletedTable; of a row with several keys
// sometimes only the first key, so that the row is rewritten (DEF-T16).
func (w *Workload) purgeDeletedKeys(t *Transaction) bool {
	row := w.pickDeleted()
	if row == nil {
		return false
	}
	if len(row.Keys) > 1 && w.oneIn(2) {
		row.Keys = row.Keys[1:]
		t.put(row)
		return true
	}
	w.deleted = without(w.deleted, row)
	t.remove(row)
	return true
}

func (w *Workload) pickDeleted() *DeletedKeys {
	for range pickTries {
		if len(w.deleted) > 0 && !w.oneIn(3) {
			return anyOf(w, w.deleted)
		}
		u := w.pickBucket(bucketOfAny)
		if u == nil {
			continue
		}
		n := w.drawPending(u, deletedRow)
		if n < 0 {
			continue
		}
		if g := w.takeRow(u, deletedRow, n); g != nil {
			row := &DeletedKeys{}
			g.deleted(g.entry(deletedRow, n), row)
			row = Clone(row).(*DeletedKeys)
			w.deleted = append(w.deleted, row)
			return row
		}
	}
	return nil
}
