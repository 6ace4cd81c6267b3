package namespace

// deletedKeyCount is how many keys row n of deletedTable holds.
func deletedKeyCount(n int64) int64 {
	switch {
	case n%8 == 5:
		return 3
	case n%4 == 3:
		return 2
	}
	return 1
}

// deletedRowID is the key's object id after a deletion; rows of several keys
// have one of the transaction's.
func (p *bucket) deletedRowID(n int64) int64 {
	first := p.pending.deletedIndex + n*(deletedKeysOfRow+1)
	if deletedKeyCount(n) == 1 {
		return ObjectID(first)
	}
	return ObjectID(first + deletedKeysOfRow)
}

// open fills fact with the entry, an open key or the open key of an upload.
func (g *pendingGroup) open(e *pendingEntry, fact *OpenKey) {
	b, p, s := g.base, g.bucket, &g.key
	p.place(&s.key)
	p.name(&s.key, e.text[:e.pathBytes], e.parentBytes, g.node)
	if e.kind == openRow {
		b.fill(s, p.pending.openNumber+e.number, p.pending.openIndex+e.number)
	} else {
		number := p.pending.uploadNumber + e.number
		b.fill(s, number, p.pending.uploadIndex+e.number)
		s.key.SizeBytes, s.key.Versions = 0, nil
	}
	fact.Key, fact.Session = s.key, e.text[e.pathBytes+1:]
}

func (g *pendingGroup) deleted(e *pendingEntry, fact *DeletedKeys) {
	b, p := g.base, g.bucket
	*fact = DeletedKeys{
		Volume: p.fact.Volume, Bucket: p.fact.Name, Path: e.text[:e.pathBytes],
		RowID: p.deletedRowID(e.number), BucketID: p.fact.ObjectID,
	}
	count := deletedKeyCount(e.number)
	for n := range count {
		s := &g.more[n]
		p.place(&s.key)
		p.name(&s.key, fact.Path, e.parentBytes, g.node)
		number := p.pending.deletedNumber + e.number*deletedKeysOfRow + n
		b.fill(s, number, p.pending.deletedIndex+e.number*(deletedKeysOfRow+1)+n)
		if s.key.SizeBytes == 0 {
			// Keys without blocks never get here.
			s.key.SizeBytes = 4096 + number%1000
			b.fillVersions(s, number)
		}
		g.keys[n] = s.key
	}
	fact.Keys = g.keys[:count:count]
}

const (
	maxParts  = 5
	partBytes = 5 << 20
)

func (g *pendingGroup) upload(e *pendingEntry, fact *Upload) {
	b, p := g.base, g.bucket
	number, index := p.pending.uploadNumber+e.number, p.pending.uploadIndex+e.number
	*fact = Upload{
		Volume: p.fact.Volume, Bucket: p.fact.Name, Path: e.text[:e.pathBytes],
		UploadID: e.text[e.pathBytes+1:], Owner: owners[number%int64(len(owners))],
		Layout: p.fact.Layout, VolumeID: p.fact.VolumeID, BucketID: p.fact.ObjectID,
		ObjectID: ObjectID(index), UpdateID: index, Replication: *b.replication(number),
		CreatedMillis: b.millis(index), ModifiedMillis: b.millis(index),
	}
	if p.shape == treed {
		fact.ParentID = p.nodeID(g.node)
	}
	h := mix(b.config.Seed, forPending, ^uint64(number))
	count := h % (maxParts + 1)
	last := int32(0)
	for n := range count {
		// Now and then part numbers leave gaps and go beyond one byte.
		last += 1 + int32(h>>(8+4*n)%16)/15*127
		size := int64(partBytes) + int64(h>>(30+n)%1000)
		g.blocks[n] = Block{
			ContainerID: b.container(number, h>>n, int64(n)),
			LocalID:     firstLocalID + number*localIDsOfANumber + int64(n),
			LengthBytes: size, PartNumber: last,
		}
		g.parts[n] = Part{Number: last, SizeBytes: size, Blocks: g.blocks[n : n+1 : n+1]}
	}
	fact.Parts = g.parts[:count:count]
}
