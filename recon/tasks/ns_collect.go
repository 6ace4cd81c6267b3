package tasks

import (
	"bytes"
	"context"
	"sync"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// namespaceRebuild gathers directories and file totals per range; ns_rebuild.go
// merges them.
type namespaceRebuild struct {
	options    RebuildOptions
	mu         sync.Mutex
	collectors []*namespaceCollector
}

func (r *namespaceRebuild) Collector() Collector {
	c := &namespaceCollector{options: r.options}
	r.mu.Lock()
	r.collectors = append(r.collectors, c)
	r.mu.Unlock()
	return c
}

func (r *namespaceRebuild) Finish(ctx context.Context, sink Sink) error {
	return mergeNamespace(ctx, r.collectors, sink)
}

// namespaceCollector keeps what one range says, compactly: a record for each
// directory, and one for each run of files with the same parent. Files of one
// parent lie together in the tables, so there are few runs.
type namespaceCollector struct {
	options RebuildOptions
	dirs    []directory
	names   []byte // of all dirs, one after the other
	runs    []fileRun
	bins    []binCount // of all runs, one after the other

	run     fileRun // the open run
	runBins [derived.BinCount]int32
	hasRun  bool

	keys keyRange
}

// directory is a directory's row in short.
type directory struct {
	id, parent int64
	// nameFrom and nameLength find the name in the collector's names.
	nameFrom   int64
	nameLength int32
	collector  int32
}

// fileRun sums files that follow one another and have one parent.
type fileRun struct {
	parent int64
	totals totals
	// bins are those of the collector from binsFrom, binsLength long.
	binsFrom   int64
	binsLength int32
	collector  int32
}

type binCount struct {
	bin   int32
	files int32
}

func (c *namespaceCollector) Row(row *omdb.Row, _ Sink) error {
	switch row.Table {
	case omdb.DirectoryTable:
		d := &row.Directory
		c.addDirectory(d.ObjectID, d.ParentID, d.Name)
		return nil
	case omdb.FileTable:
		return c.addFile(row, row.KeyInfo.ParentID)
	}
	return c.addKey(row)
}

func (c *namespaceCollector) addDirectory(id, parent int64, name []byte) {
	c.dirs = append(c.dirs, directory{
		id: id, parent: parent, nameFrom: int64(len(c.names)), nameLength: int32(len(name)),
	})
	c.names = append(c.names, name...)
}

func (c *namespaceCollector) addFile(row *omdb.Row, parent int64) error {
	t, bin, err := fileOf(row)
	if err != nil {
		return err
	}
	if !c.hasRun || c.run.parent != parent {
		c.endRun()
		c.run, c.hasRun = fileRun{parent: parent}, true
	}
	c.run.totals.add(t)
	c.runBins[bin]++
	return nil
}

func (c *namespaceCollector) endRun() {
	if !c.hasRun {
		return
	}
	c.run.binsFrom = int64(len(c.bins))
	for bin, n := range c.runBins {
		if n != 0 {
			c.bins = append(c.bins, binCount{bin: int32(bin), files: n})
			c.runBins[bin] = 0
		}
	}
	c.run.binsLength = int32(int64(len(c.bins)) - c.run.binsFrom)
	c.runs = append(c.runs, c.run)
	c.hasRun = false
}

func (c *namespaceCollector) Close() error {
	c.endRun()
	return nil
}

// addKey places a row of keyTable.
func (c *namespaceCollector) addKey(row *omdb.Row) error {
	if err := c.keys.enter(row, &c.options); err != nil {
		return err
	}
	bucket := &c.keys.bucket
	if !bucket.exists || bucket.layout == omdb.LayoutFileSystemOptimized {
		return nil
	}
	if !c.keys.hasMarkers {
		return c.addFile(row, bucket.id)
	}
	parent := c.keys.parent(row.Key)
	if !isMarker(row.Key, c.keys.nameAt) {
		return c.addFile(row, parent)
	}
	id := row.KeyInfo.ObjectID
	c.addDirectory(id, parent, markerName(row.Key, c.keys.nameAt))
	c.keys.push(row.Key, id)
	return nil
}

// keyRange follows a range of keyTable: the bucket it is in and, for markers,
// the directories it is in. Rows come in the order of their bytes, so a marker
// comes right before everything that lies in it.
type keyRange struct {
	started    bool
	bucketKey  []byte
	nameAt     int
	bucket     bucketFacts
	hasMarkers bool
	// path is the key of the innermost marker; open has its prefixes that are
	// markers, outermost first.
	path    []byte
	open    []openMarker
	decoder omdb.Decoder
}

type openMarker struct {
	length int // of the marker's key
	id     int64
}

// enter looks up the bucket of the range's next row if it is another one.
func (r *keyRange) enter(row *omdb.Row, o *RebuildOptions) error {
	if r.started && bytes.HasPrefix(row.Key, r.bucketKey) && len(row.Key) > len(r.bucketKey) && row.Key[len(r.bucketKey)] == '/' {
		return nil
	}
	bucketKey, nameAt, err := splitKey(row)
	if err != nil {
		return err
	}
	first := !r.started
	r.started = true
	r.bucketKey, r.nameAt = append(r.bucketKey[:0], bucketKey...), nameAt
	r.path, r.open = r.path[:0], r.open[:0]
	if r.bucket, err = readBucket(o.Snapshot.Get, &r.decoder, r.bucketKey); err != nil {
		return err
	}
	r.hasMarkers = o.FileSystemPaths && r.bucket.exists && r.bucket.layout == omdb.LayoutLegacy
	if !first || !r.hasMarkers {
		return nil
	}
	// The range may begin in the middle of directories.
	for at := nameAt; at < len(row.Key)-1; at++ {
		if row.Key[at] != '/' || at == nameAt {
			continue
		}
		id, exists, err := readMarker(o.Snapshot.Get, &r.decoder, row.Key[:at+1])
		if err != nil {
			return err
		}
		if exists {
			r.push(row.Key[:at+1], id)
		}
	}
	return nil
}

func (r *keyRange) push(key []byte, id int64) {
	r.path = append(r.path[:0], key...)
	r.open = append(r.open, openMarker{length: len(key), id: id})
}

// parent closes the markers that key does not lie in and finds its parent's id.
func (r *keyRange) parent(key []byte) int64 {
	for len(r.open) > 0 {
		n := r.open[len(r.open)-1].length
		if len(key) > n && bytes.Equal(key[:n], r.path[:n]) {
			break
		}
		r.open = r.open[:len(r.open)-1]
	}
	marker := parentMarker(key, r.nameAt)
	if marker != nil && len(r.open) > 0 {
		if top := r.open[len(r.open)-1]; top.length == len(marker) {
			return top.id
		}
	}
	return r.bucket.id
}
