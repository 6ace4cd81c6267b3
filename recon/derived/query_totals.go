package derived

import "reconsim/recon/omdb"

// NotApplicable is what a count is that an entity of this type does not have.
const NotApplicable = -1

// Counts are how many entities lie below one (spec/api.md 4.1). Those that do
// not apply are NotApplicable.
type Counts struct {
	Volumes, Buckets, Directories, Keys int64
}

// Count counts what lies below an entity. Keys are those that can be reached:
// a file below a deleted directory is none. It walks every directory.
func (q *Query) Count(e Entity) (Counts, error) {
	c := Counts{Volumes: NotApplicable, Buckets: NotApplicable}
	switch e.Type {
	case Root, Volume:
		c.Buckets = 0
		if e.Type == Root {
			c.Volumes = 0
		}
		err := q.eachBucketBelow(e, func() { c.Volumes++ }, func(bucket Entity) error {
			c.Buckets++
			return q.countTree(bucket.objectID, &c)
		})
		return c, err
	case Bucket, Directory:
		return c, q.countTree(e.objectID, &c)
	}
	c.Directories = NotApplicable
	return c, nil
}

// countTree adds the directories and keys below a bucket or directory.
func (q *Query) countTree(id int64, c *Counts) error {
	first := true
	return q.walk(id, func(s *NSSummary) {
		if first {
			c.Keys += int64(s.NumOfFiles)
			first = false
		} else {
			c.Directories++
		}
	})
}

// Distribution counts the keys below an entity by size; ok is false if the
// entity is of a type that has none.
func (q *Query) Distribution(e Entity) (bins [BinCount]int64, ok bool, err error) {
	add := func(s *NSSummary) {
		for i, n := range s.FileSizeBucket {
			bins[i] += int64(n)
		}
	}
	switch e.Type {
	case Root, Volume:
		err = q.eachBucketBelow(e, func() {}, func(bucket Entity) error { return q.walk(bucket.objectID, add) })
	case Bucket, Directory:
		err = q.walk(e.objectID, add)
	default:
		return bins, false, nil
	}
	return bins, true, err
}

// walk calls fn for the summaries of a bucket or directory and of all
// directories below, each once: summaries that name each other in a circle are
// a defect, and must not hang the reader.
func (q *Query) walk(id int64, fn func(*NSSummary)) error {
	var s NSSummary
	found, err := q.summary(id, &s)
	if err != nil || !found {
		return err
	}
	type child struct{ parent, id int64 }
	seen := map[int64]bool{id: true}
	var open []child
	visit := func(id int64) {
		fn(&s)
		for _, c := range s.ChildDirs {
			if !seen[c] {
				seen[c] = true
				open = append(open, child{id, c})
			}
		}
	}
	for visit(id); len(open) > 0; {
		next := open[len(open)-1]
		open = open[:len(open)-1]
		if err := q.childSummary(next.parent, next.id, &s); err != nil {
			return err
		}
		visit(next.id)
	}
	return nil
}

// eachBucketBelow calls onVolume for each volume of the root, and onBucket for
// each bucket of the root or a volume, in the order of their names.
func (q *Query) eachBucketBelow(e Entity, onVolume func(), onBucket func(Entity) error) error {
	volumes := []Entity{e}
	if e.Type == Root {
		var err error
		if volumes, err = q.volumes(); err != nil {
			return err
		}
	}
	for _, v := range volumes {
		if e.Type == Root {
			onVolume()
		}
		buckets, err := q.buckets(v)
		if err != nil {
			return err
		}
		for _, b := range buckets {
			if err := onBucket(b); err != nil {
				return err
			}
		}
	}
	return nil
}

// volumes lists all volumes by name.
func (q *Query) volumes() (all []Entity, err error) {
	err = q.Rows.Scan(omdb.VolumeTable, nil, nil, func(key, value []byte) (bool, error) {
		row, err := q.decoder.Decode(omdb.VolumeTable, key, value)
		if err != nil {
			return false, err
		}
		name := string(row.Volume.Volume)
		all = append(all, Entity{
			Type: Volume, Path: "/" + name, volume: name,
			volumeID: row.Volume.ObjectID, objectID: row.Volume.ObjectID,
		})
		return true, nil
	})
	return all, err
}

// buckets lists a volume's buckets by name.
func (q *Query) buckets(v Entity) (all []Entity, err error) {
	prefix := append(omdb.AppendVolumeKey(nil, v.volume), '/')
	err = q.scanPrefix(omdb.BucketTable, prefix, nil, func(key, value []byte) (bool, error) {
		row, err := q.decoder.Decode(omdb.BucketTable, key, value)
		if err != nil {
			return false, err
		}
		b := v
		b.Type, b.bucket = Bucket, string(row.Bucket.BucketName)
		b.Path = v.Path + "/" + b.bucket
		b.bucketID, b.objectID = row.Bucket.ObjectID, row.Bucket.ObjectID
		b.kind = q.arrangement(row.Bucket.Layout)
		all = append(all, b)
		return true, nil
	})
	return all, err
}
