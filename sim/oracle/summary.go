package oracle

import "net/http"

// below sums up everything below a place at index.
func (o *Oracle) below(index int64, p place) (sum totals, buckets int) {
	switch p.kind {
	case rootPath, volumePath:
		name := ""
		if p.volume != nil {
			name = p.volume.name
		}
		o.bucketsOf(index, name, func(b *bucket) {
			sum.add(b.root(index).sum.at(index), +1)
			buckets++
		})
	case bucketPath, directoryPath:
		sum = *p.dir.sum.at(index)
	}
	return sum, buckets
}

// Summary is the answer of /namespace/summary.
func (o *Oracle) Summary(index int64, path string) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	if path == "" {
		return Answer{Status: http.StatusBadRequest}, nil
	}
	p, err := o.resolve(index, path)
	if err != nil {
		return Answer{}, err
	}
	s := Summary{Type: kindNames[p.kind], Status: statusOK}
	if p.kind == unknownPath {
		s.Status = statusNotFound
		return ok(s), nil
	}
	s.ObjectInfo = o.objectInfo(index, p)
	if p.kind == keyPathKind {
		s.CountStats = &CountStats{NumVolume: -1, NumBucket: -1, NumDir: -1}
		return ok(s), nil
	}
	sum, buckets := o.below(index, p)
	s.CountStats = &CountStats{NumVolume: -1, NumBucket: -1, NumDir: int(sum.dirs), NumKey: sum.files}
	switch p.kind {
	case rootPath:
		s.CountStats.NumVolume = int(*o.stats[volumeRows].value.at(index))
		s.CountStats.NumBucket = buckets
	case volumePath:
		s.CountStats.NumBucket = buckets
	}
	return ok(s), nil
}

func ok(body any) Answer { return Answer{Status: http.StatusOK, Body: body} }

func (o *Oracle) objectInfo(index int64, p place) any {
	switch p.kind {
	case volumePath:
		v := *p.volume.fact.at(index)
		return VolumeInfo{
			ObjectInfo: ObjectInfo{
				Metadata: Any{}, ACLs: Any{}, Name: v.Name, QuotaInBytes: v.QuotaBytes,
				QuotaInNamespace: Any{}, UsedNamespace: Any{},
				CreationTime: v.CreatedMillis, ModificationTime: v.ModifiedMillis,
			},
			Admin: v.Admin, Owner: v.Owner, Volume: v.Name,
		}
	case bucketPath:
		return bucketInfo(p.bucket, index)
	case directoryPath:
		s := p.row.state.at(index)
		return ObjectInfo{
			Metadata: Any{}, ACLs: Any{}, Name: p.row.name, QuotaInNamespace: 0, UsedNamespace: 0,
			CreationTime: s.createdMillis, ModificationTime: s.modifiedMillis,
		}
	case keyPathKind:
		s := p.key.state.at(index)
		return KeyInfo{
			ObjectInfo: ObjectInfo{
				Metadata: Any{}, ACLs: Any{}, Name: p.key.name, QuotaInNamespace: 0, UsedNamespace: 0,
				CreationTime: s.createdMillis, ModificationTime: s.modifiedMillis,
			},
			VolumeName: p.bucket.volume, BucketName: p.bucket.name, KeyName: p.key.name,
			DataSize: s.size, ReplicationConfig: o.replicationInfo(s.replication),
		}
	default:
		return ObjectInfo{Metadata: Any{}, ACLs: Any{}, QuotaInNamespace: 0, UsedNamespace: 0}
	}
}

func bucketInfo(b *bucket, index int64) BucketInfo {
	f := b.state.at(index).fact
	return BucketInfo{
		ObjectInfo: ObjectInfo{
			Metadata: Any{}, ACLs: Any{}, Name: f.Name, QuotaInBytes: f.QuotaBytes,
			QuotaInNamespace: Any{}, UsedNamespace: f.UsedNamespace,
			CreationTime: f.CreatedMillis, ModificationTime: f.ModifiedMillis,
		},
		VolumeName: f.Volume, UsedBytes: f.UsedBytes,
		SourceVolume: orNull(f.SourceVolume), SourceBucket: orNull(f.SourceBucket),
		BucketLayout: layoutName(f.Layout), Owner: orNull(f.Owner),
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Distribution is the answer of /namespace/dist.
func (o *Oracle) Distribution(index int64, path string) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	if path == "" {
		return Answer{Status: http.StatusBadRequest}, nil
	}
	p, err := o.resolve(index, path)
	if err != nil {
		return Answer{}, err
	}
	d := Distribution{Status: statusOK}
	switch p.kind {
	case unknownPath:
		d.Status = statusNotFound
	case keyPathKind:
		d.Status = statusNotApplicable
	default:
		sum, _ := o.below(index, p)
		for _, b := range sum.bins {
			d.Dist[b.bin] = int64(b.count)
		}
	}
	return ok(d), nil
}

// Quota is the answer of /namespace/quota.
func (o *Oracle) Quota(index int64, path string) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	if path == "" {
		return Answer{Status: http.StatusBadRequest}, nil
	}
	p, err := o.resolve(index, path)
	if err != nil {
		return Answer{}, err
	}
	sum, _ := o.below(index, p)
	q := Quota{Allowed: 0, Status: statusOK}
	switch p.kind {
	case unknownPath:
		q.Status = statusNotFound
	case directoryPath, keyPathKind:
		q.Status = statusNotApplicable
	case rootPath:
		q.Allowed, q.Used = Any{}, sum.replicated
	case volumePath:
		q.Allowed, q.Used = (*p.volume.fact.at(index)).QuotaBytes, sum.bytes
	case bucketPath:
		q.Allowed, q.Used = p.bucket.state.at(index).fact.QuotaBytes, sum.bytes
	}
	return ok(q), nil
}
