package namespace

import "slices"

// Coverage is how much of what lies directly in a directory or bucket a sample
// holds; of its subdirectories that is the rows, not what is below them.
type Coverage uint8

// The coverages of a directory.
const (
	// NothingCovered: some rows may be in the sample, but nobody can say which.
	NothingCovered Coverage = iota
	// DirectoriesCovered: all rows of directories, but not all of files.
	DirectoriesCovered
	// AllCovered: every row.
	AllCovered
)

// Covers tells how much of a directory of an FSO bucket the sample holds, of the
// bucket itself if both ids are the bucket's. Buckets without directories are
// covered if they are whole. What the base does not have is AllCovered.
func (s *Sample) Covers(bucketID, directoryID int64) Coverage {
	p := s.base.bucketOfID(bucketID)
	switch {
	case s.whole || p == nil || s.buckets[p.number].whole:
		return AllCovered
	case p.shape != treed:
		return NothingCovered
	}
	node := p.nodeOfID(directoryID)
	switch {
	case node < 0 || s.holds(p, node):
		return AllCovered
	case s.anchored(p, node):
		return DirectoriesCovered
	}
	return NothingCovered
}

// anchored tells whether all rows of directories in the node are in the sample,
// though the node is not.
func (s *Sample) anchored(p *bucket, node int64) bool {
	_, found := slices.BinarySearch(s.buckets[p.number].anchors, node)
	return found
}

// bucketOfID is nil for buckets that the base does not have.
func (b *Base) bucketOfID(id int64) *bucket {
	// Buckets get their indexes one after the other.
	n := indexOfID(id) - indexOfID(b.buckets[0].fact.ObjectID)
	if n < 0 || n >= int64(len(b.buckets)) || b.buckets[n].fact.ObjectID != id {
		return nil
	}
	return &b.buckets[n]
}

// KnowsContainer tells whether all the base's keys with blocks in the container
// are in the sample: it is one of the whole ones, or the base has no such
// container.
func (s *Sample) KnowsContainer(id int64) bool {
	return s.whole || id < 1 || id > s.base.containers || s.sampledContainer(id)
}

func (s *Sample) sampledContainer(id int64) bool {
	if s.sieve[id%sieveBits/64]&(1<<(id%64)) == 0 {
		return false
	}
	_, found := slices.BinarySearch(s.containers, id)
	return found
}

// Stretch is a run of rows of keyTable or fileTable, all of one bucket and
// without a row of the base between them that is not in the sample.
type Stretch struct {
	Bucket *Bucket
	// In buckets with directories it is the files directly in the directories
	// with an id from OldestID (the bucket's at the least) to NewestID;
	// NewestID 0 means that the base has no newer one.
	OldestID, NewestID int64
	// In other buckets it is the names from FromName to ToName, the latter left
	// out; ToName "" means all later names.
	FromName, ToName string
}

// Stretches walks the stretches of all buckets that are not whole.
func (s *Sample) Stretches(yield func(*Stretch) bool) {
	b := s.base
	for n := range b.buckets {
		p := &b.buckets[n]
		if s.buckets[n].whole {
			continue
		}
		for _, r := range s.buckets[n].nodes {
			stretch := Stretch{Bucket: &p.fact}
			if p.shape == treed {
				stretch.OldestID = p.nodeID(r.first)
				if r.end < p.tree.nodes {
					stretch.NewestID = p.nodeID(r.end - 1)
				}
			} else {
				if r.first > 0 {
					stretch.FromName = b.beginning(p, r.first)
				}
				if r.end < p.tree.nodes {
					stretch.ToName = b.beginning(p, r.end)
				}
			}
			if !yield(&stretch) {
				return
			}
		}
	}
}

// beginning is what all names of a node other than 0 begin with, and its
// marker.
func (b *Base) beginning(p *bucket, node int64) string {
	name, parentBytes := b.appendPrefix(nil, p, node)
	return string(name[:parentBytes])
}
