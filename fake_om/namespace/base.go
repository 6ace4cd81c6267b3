package namespace

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Config says which Base to make. Two equal configs make the same Base; the
// zero value is a valid, empty one.
type Config struct {
	// Seed changes names, sizes, replication and blocks.
	Seed uint64
	// Keys is the number of rows of keyTable and fileTable together, without
	// Legacy directory markers and with files under deleted directories.
	Keys int64
	// FSOShare, OBSShare and LegacyShare are the weights by which the layouts
	// share the keys; 5, 4 and 2 if all are 0. A layout of weight 0 has no
	// buckets.
	FSOShare, OBSShare, LegacyShare int
	// Volumes (default 3) that have buckets; one more has none.
	Volumes int
	// BucketsPerLayout (default 3) that have keys; one more of each layout has
	// none.
	BucketsPerLayout int
	// NoFilesystemPaths makes Legacy buckets as with
	// ozone.om.enable.filesystem.paths=false: no directory markers.
	NoFilesystemPaths bool
	// CommittedOnly leaves out deleted directories and everything pending: open
	// keys, deleted keys and multipart uploads.
	CommittedOnly bool
}

// Bounds of a Config. The first keeps replicated sizes within int64, the
// others keep New quick.
const (
	MaxKeys    = 1_000_000_000
	MaxVolumes = 100_000
	MaxBuckets = 100_000
)

func (c Config) withDefaults() Config {
	c.FSOShare, c.OBSShare, c.LegacyShare = max(c.FSOShare, 0), max(c.OBSShare, 0), max(c.LegacyShare, 0)
	if c.FSOShare == 0 && c.OBSShare == 0 && c.LegacyShare == 0 {
		c.FSOShare, c.OBSShare, c.LegacyShare = 5, 4, 2
	}
	if c.Volumes == 0 {
		c.Volumes = 3
	}
	if c.BucketsPerLayout == 0 {
		c.BucketsPerLayout = 3
	}
	c.Keys = min(max(c.Keys, 0), MaxKeys)
	c.Volumes = min(max(c.Volumes, 1), MaxVolumes)
	c.BucketsPerLayout = min(max(c.BucketsPerLayout, 1), MaxBuckets)
	return c
}

// Counts are the rows of a Base by OM table.
type Counts struct {
	Volumes, Buckets, Directories, DeletedDirectories int64
	// Files are the rows of fileTable, Keys and Markers those of keyTable.
	Files, Keys, Markers int64
	OpenFiles, OpenKeys  int64
	DeletedKeys, Uploads int64
}

// Base is the namespace at index LastIndex of the replicated log.
type Base struct {
	config     Config
	stride     int64
	containers int64
	volumes    []Volume
	buckets    []bucket
	// byName and byID are the buckets in the order of "/V/B/" and of
	// "/vid/bid/".
	byName, byID []int
	counts       Counts
	lastIndex    int64
	lastNumber   int64
	startMillis  int64
}

// shape is how the names in a bucket hang together.
type shape uint8

const (
	// flat: groups of names with a common prefix.
	flat shape = iota
	// marked: directories are marker keys.
	marked
	// treed: directories are rows of their own.
	treed
)

// bucket is the plan of one bucket: where its numbers and indexes begin.
type bucket struct {
	fact           Bucket
	number         int
	shape          shape
	firstKey, keys int64
	firstKeyIndex  int64
	spread         *spread
	// tree has one node for each group in a flat bucket and is then used for
	// its node count only.
	tree           tree
	firstNodeIndex int64
	width          int
	pending        pending
}

// firstMillis is when the earliest of all bases begins.
const firstMillis = 1_700_000_000_000

// New makes a Base. Values out of bounds are moved to the nearest bound. It
// takes some 20 ns a key, to add up the bytes that the buckets use.
func New(config Config) *Base {
	c := config.withDefaults()
	b := &Base{
		config:      c,
		stride:      edgeStride(c.Keys),
		containers:  containersFor(c.Keys),
		startMillis: firstMillis + int64(mix(c.Seed, forTimes, 0)%1000)*100_000_000,
		lastNumber:  c.Keys - 1,
	}
	b.makeVolumes()
	b.makeBuckets()
	for n := range b.buckets {
		b.plan(&b.buckets[n])
	}
	b.sortBuckets()
	b.count()
	return b
}

// Config is what the Base was made from, with defaults filled in.
func (b *Base) Config() Config { return b.config }

// LastIndex is the index in the replicated log at which the namespace is as the
// Base says. Every id of the Base stems from an index from 1 to LastIndex.
func (b *Base) LastIndex() int64 { return b.lastIndex }

// LastMillis is the time of the transaction at LastIndex.
func (b *Base) LastMillis() int64 { return b.millis(b.lastIndex) }

// Counts are the rows of the Base by table.
func (b *Base) Counts() Counts { return b.counts }

// millis is the time of the transaction at index.
func (b *Base) millis(index int64) int64 { return b.startMillis + index }

func (b *Base) nextIndex() int64 {
	b.lastIndex++
	return b.lastIndex
}

func (b *Base) makeVolumes() {
	for n := range b.config.Volumes + 1 {
		name := numberedName(volumeNames, "volume", n)
		if n == b.config.Volumes {
			name = "empty-volume"
		}
		index := b.nextIndex()
		b.volumes = append(b.volumes, Volume{
			Name: name, Admin: "om", Owner: owners[n%len(owners)],
			ObjectID: ObjectID(index), UpdateID: index,
			CreatedMillis: b.millis(index), ModifiedMillis: b.millis(index),
			QuotaBytes: -1,
		})
	}
}

// makeBuckets deals the keys to layouts and buckets. Key numbers run through
// the buckets in this order.
func (b *Base) makeBuckets() {
	c := b.config
	total := int64(c.FSOShare + c.OBSShare + c.LegacyShare)
	dealt, weightDealt := int64(0), int64(0)
	for _, part := range []struct {
		layout Layout
		weight int
	}{{FileSystemOptimized, c.FSOShare}, {ObjectStore, c.OBSShare}, {Legacy, c.LegacyShare}} {
		if part.weight == 0 {
			continue
		}
		weightDealt += int64(part.weight)
		keys := mulDiv(c.Keys, weightDealt, total) - dealt
		b.makeBucketsOf(part.layout, dealt, keys)
		dealt += keys
	}
	for n := range min(2, len(b.buckets)) {
		source := b.buckets[n*(c.BucketsPerLayout+1)%len(b.buckets)].fact
		link := b.addBucket(source.Layout)
		link.firstKey = c.Keys
		link.fact.Name = fmt.Sprintf("link-%d", n)
		link.fact.SourceVolume, link.fact.SourceBucket = source.Volume, source.Name
	}
}

// makeBucketsOf adds the buckets of a layout with keys in the proportion
// 1 : 4 : 9 and so on, the biggest first, and an empty one.
func (b *Base) makeBucketsOf(layout Layout, firstKey, keys int64) {
	count := int64(b.config.BucketsPerLayout)
	sumTo := func(n int64) int64 { return n * (n + 1) * (2*n + 1) / 6 }
	total, dealt := sumTo(count), int64(0)
	for n := range count {
		end := keys - mulDiv(keys, sumTo(count-n-1), total)
		bucket := b.addBucket(layout)
		bucket.firstKey, bucket.keys = firstKey+dealt, end-dealt
		dealt = end
	}
	b.addBucket(layout).firstKey = firstKey + keys
}

// mulDiv is a*b/c for numbers that are not negative and b <= c, without
// overflow between.
func mulDiv(a, b, c int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))
	quotient, _ := bits.Div64(high, low, uint64(c))
	return int64(quotient)
}

func (b *Base) addBucket(layout Layout) *bucket {
	number := len(b.buckets)
	volume := &b.volumes[number%b.config.Volumes]
	index := b.nextIndex()
	b.buckets = append(b.buckets, bucket{
		number: number,
		fact: Bucket{
			Volume: volume.Name, Name: numberedName(bucketNames, "bucket", number/b.config.Volumes),
			Owner: volume.Owner, Layout: layout, VolumeID: volume.ObjectID,
			ObjectID: ObjectID(index), UpdateID: index,
			CreatedMillis: b.millis(index), ModifiedMillis: b.millis(index),
			QuotaBytes: -1,
		},
	})
	return &b.buckets[number]
}

func (c Config) shapeOf(layout Layout) shape {
	switch {
	case layout == FileSystemOptimized:
		return treed
	case layout == Legacy && !c.NoFilesystemPaths:
		return marked
	}
	return flat
}

// plan settles everything about a bucket that follows from its keys.
func (b *Base) plan(p *bucket) {
	p.shape = b.config.shapeOf(p.fact.Layout)
	p.spread = &usualSpread
	if b.config.Keys < 5000 {
		p.spread = &smallSpread
	}
	nodes := p.spread.nodesFor(p.keys)
	p.tree = newTree(nodes)
	p.width = digits(nodes - 1)
	// Node n has the index firstNodeIndex + n, node 0 has that of the bucket.
	p.firstNodeIndex = b.lastIndex
	if p.shape != flat {
		b.lastIndex += nodes - 1
	}
	p.firstKeyIndex = b.lastIndex + 1
	b.lastIndex += p.keys
	for i := range p.keys {
		p.fact.UsedBytes += replicatedBytes(b.sizeBytes(p.firstKey+i), b.replication(p.firstKey+i))
	}
	p.fact.UsedNamespace = p.keys
	if p.shape != flat {
		p.fact.UsedNamespace += nodes - 1
	}
	if !b.config.CommittedOnly && p.keys > 0 {
		b.planPending(p)
	}
}

func (b *Base) sortBuckets() {
	for n := range b.buckets {
		b.byName = append(b.byName, n)
		b.byID = append(b.byID, n)
	}
	slices.SortFunc(b.byName, func(x, y int) int {
		return strings.Compare(b.buckets[x].prefix(), b.buckets[y].prefix())
	})
	slices.SortFunc(b.byID, func(x, y int) int {
		p, q := &b.buckets[x].fact, &b.buckets[y].fact
		return cmp.Or(cmp.Compare(q.VolumeID, p.VolumeID), cmp.Compare(q.ObjectID, p.ObjectID))
	})
}

func (p *bucket) prefix() string { return "/" + p.fact.Volume + "/" + p.fact.Name + "/" }

func (b *Base) count() {
	c := &b.counts
	c.Volumes, c.Buckets = int64(len(b.volumes)), int64(len(b.buckets))
	for n := range b.buckets {
		p := &b.buckets[n]
		c.DeletedKeys += p.pending.deleted
		c.Uploads += p.pending.uploads
		switch p.shape {
		case treed:
			c.Files += p.keys
			c.OpenFiles += p.pending.open + p.pending.uploads
			dead := int64(0)
			for node := int64(1); node < p.tree.nodes; node++ {
				if b.nodeDeleted(p, node) {
					dead++
				}
			}
			c.DeletedDirectories += dead
			c.Directories += p.tree.nodes - 1 - dead
			continue
		case marked:
			c.Markers += p.tree.nodes - 1
		}
		c.Keys += p.keys
		c.OpenKeys += p.pending.open + p.pending.uploads
	}
}

// Volumes are all volumes in the order of volumeTable ("/V"), as copies.
func (b *Base) Volumes() []*Volume {
	all := make([]*Volume, len(b.volumes))
	for n := range b.volumes {
		v := b.volumes[n]
		all[n] = &v
	}
	slices.SortFunc(all, func(x, y *Volume) int { return strings.Compare(x.Name, y.Name) })
	return all
}

// Buckets are all buckets in the order of bucketTable ("/V/B"), as copies.
// UsedBytes is the sum of the replicated sizes of the bucket's rows.
func (b *Base) Buckets() []*Bucket {
	all := make([]*Bucket, 0, len(b.buckets))
	for n := range b.buckets {
		fact := b.buckets[n].fact
		all = append(all, &fact)
	}
	slices.SortFunc(all, func(x, y *Bucket) int {
		return strings.Compare(x.Volume+"/"+x.Name, y.Volume+"/"+y.Name)
	})
	return all
}
