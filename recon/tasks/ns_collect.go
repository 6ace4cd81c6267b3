package tasks

import (
	"bytes"
	"encoding/binary"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// namespaceRebuild sorts what the ranges say of the namespace; ns_rebuild.go
// reads it.
type namespaceRebuild struct {
	options RebuildOptions
	sorter  Sorter
}

func (r *namespaceRebuild) Collector() Collector {
	return &namespaceCollector{options: r.options, part: r.sorter.Part()}
}

// namespaceCollector turns the rows of one range into records: one for each
// directory, one for its link to its parent, and one for each run of files
// with the same parent. Files of one parent lie together in the tables, so
// there are few runs.
type namespaceCollector struct {
	options RebuildOptions
	part    SorterPart

	run     fileRun // the open run
	runBins [derived.BinCount]int32
	hasRun  bool

	keys       keyRange
	key, value []byte
}

// fileRun sums files that follow one another and have one parent.
type fileRun struct {
	parent int64
	totals totals
}

func (c *namespaceCollector) Row(row *omdb.Row, _ Sink) error {
	switch row.Table {
	case omdb.DirectoryTable:
		d := &row.Directory
		return c.addDirectory(d.ObjectID, d.ParentID, d.Name)
	case omdb.FileTable:
		return c.addFile(row, row.KeyInfo.ParentID)
	}
	return c.addKey(row)
}

func (c *namespaceCollector) addDirectory(id, parent int64, name []byte) error {
	c.key = appendRecordKey(c.key[:0], id, recordDirectory)
	c.value = appendDirectory(c.value[:0], parent, name)
	if err := c.part.Add(c.key, c.value); err != nil || parent == 0 {
		return err
	}
	c.key = appendLinkKey(c.key[:0], parent, id)
	return c.part.Add(c.key, nil)
}

func (c *namespaceCollector) addFile(row *omdb.Row, parent int64) error {
	t, bin, err := fileOf(row)
	if err != nil {
		return err
	}
	if !c.hasRun || c.run.parent != parent {
		if err := c.endRun(); err != nil {
			return err
		}
		c.run, c.hasRun = fileRun{parent: parent}, true
	}
	c.run.totals.add(t)
	c.runBins[bin]++
	return nil
}

func (c *namespaceCollector) endRun() error {
	if !c.hasRun {
		return nil
	}
	c.hasRun = false
	c.key = appendRecordKey(c.key[:0], c.run.parent, recordFiles)
	c.value = appendTotals(c.value[:0], c.run.totals)
	for bin, n := range c.runBins {
		if n != 0 {
			c.value = binary.AppendUvarint(c.value, uint64(bin))
			c.value = binary.AppendUvarint(c.value, uint64(n))
			c.runBins[bin] = 0
		}
	}
	return c.part.Add(c.key, c.value)
}

func (c *namespaceCollector) Close(Sink) error {
	if err := c.endRun(); err != nil {
		return err
	}
	return c.part.Close()
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
	if err := c.addDirectory(id, parent, markerName(row.Key, c.keys.nameAt)); err != nil {
		return err
	}
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
