package tasks

import (
	"bytes"

	"reconsim/recon/omdb"
)

// namespaceDelta turns the net changes of one fetch into operations on the
// tree. They are applied in four groups: files go, directories are unlinked,
// directories are linked, files come. With all unlinking before all linking, a
// moved directory has one parent at any time and no order of events can lose or
// double its totals (DEF-T15).
type namespaceDelta struct {
	delta   *Delta
	store   omdb.Store
	decoder omdb.Decoder
	// lookups serves reads made while decoder's row is in use.
	lookups omdb.Decoder
	buckets [2]map[string]bucketFacts
	tree    summaries

	gone, come     []fileOp
	unlink, link   []directoryOp
	hardDeletedIDs []int64
}

// side is a state of the OM: before or after the fetch.
type side int

const (
	before side = iota
	after
)

type fileOp struct {
	parent int64
	totals totals
	bin    int
}

type directoryOp struct {
	id, parent int64
	name       []byte
}

func newNamespaceDelta(delta *Delta, store omdb.Store) *namespaceDelta {
	d := &namespaceDelta{delta: delta, store: store, tree: newSummaries(store)}
	d.buckets[before], d.buckets[after] = make(map[string]bucketFacts), make(map[string]bucketFacts)
	return d
}

// get reads a row of one side.
func (d *namespaceDelta) get(s side) getFunc {
	if s == after {
		return d.store.Get
	}
	return func(t omdb.Table, key []byte) ([]byte, bool, error) { return d.delta.before(d.store, t, key) }
}

// collect finds the operations.
func (d *namespaceDelta) collect() error {
	for i := range d.delta.Changes(omdb.DirectoryTable) {
		if err := d.directory(&d.delta.Changes(omdb.DirectoryTable)[i]); err != nil {
			return err
		}
	}
	for i := range d.delta.Changes(omdb.FileTable) {
		if err := d.eachSide(omdb.FileTable, &d.delta.Changes(omdb.FileTable)[i], d.file); err != nil {
			return err
		}
	}
	for i := range d.delta.Changes(omdb.KeyTable) {
		c := &d.delta.Changes(omdb.KeyTable)[i]
		if err := d.eachSide(omdb.KeyTable, c, d.key); err != nil {
			return err
		}
		if err := d.markerContent(c); err != nil {
			return err
		}
	}
	for i := range d.delta.Changes(omdb.DeletedDirectoryTable) {
		c := &d.delta.Changes(omdb.DeletedDirectoryTable)[i]
		if !c.OldExists || c.NewExists {
			continue
		}
		row, err := d.decoder.Decode(omdb.DeletedDirectoryTable, c.Key, c.Old)
		if err != nil {
			return err
		}
		d.hardDeletedIDs = append(d.hardDeletedIDs, row.KeyInfo.ObjectID)
	}
	return nil
}

// eachSide shows the row before and the row after a change.
func (d *namespaceDelta) eachSide(t omdb.Table, c *Change, fn func(s side, row *omdb.Row) error) error {
	if c.OldExists {
		row, err := d.decoder.Decode(t, c.Key, c.Old)
		if err != nil {
			return err
		}
		if err := fn(before, row); err != nil {
			return err
		}
	}
	if c.NewExists {
		row, err := d.decoder.Decode(t, c.Key, c.New)
		if err != nil {
			return err
		}
		return fn(after, row)
	}
	return nil
}

// directory takes a change of directoryTable.
func (d *namespaceDelta) directory(c *Change) error {
	return d.eachSide(omdb.DirectoryTable, c, func(s side, row *omdb.Row) error {
		dir := &row.Directory
		d.addDirectory(s, directoryOp{id: dir.ObjectID, parent: dir.ParentID, name: dir.Name})
		return nil
	})
}

func (d *namespaceDelta) addDirectory(s side, op directoryOp) {
	if op.parent == 0 {
		return // linked nowhere
	}
	if s == before {
		d.unlink = append(d.unlink, op)
	} else {
		d.link = append(d.link, op)
	}
}

// file takes one side of a change of fileTable.
func (d *namespaceDelta) file(s side, row *omdb.Row) error {
	return d.addFile(s, row, row.KeyInfo.ParentID)
}

func (d *namespaceDelta) addFile(s side, row *omdb.Row, parent int64) error {
	t, bin, err := fileOf(row)
	if err != nil {
		return err
	}
	op := fileOp{parent: parent, totals: t, bin: bin}
	if s == before {
		d.gone = append(d.gone, op)
	} else {
		d.come = append(d.come, op)
	}
	return nil
}

// key takes one side of a change of keyTable.
func (d *namespaceDelta) key(s side, row *omdb.Row) error {
	place, err := d.placeOf(s, row)
	if err != nil || !place.exists {
		return err
	}
	return d.addPlaced(s, row, place)
}

func (d *namespaceDelta) addPlaced(s side, row *omdb.Row, p keyPlace) error {
	if p.marker {
		d.addDirectory(s, directoryOp{id: row.KeyInfo.ObjectID, parent: p.parent, name: markerName(row.Key, p.nameAt)})
		return nil
	}
	return d.addFile(s, row, p.parent)
}

// keyPlace is where a keyTable row stands in the namespace.
type keyPlace struct {
	// exists is false for a key whose bucket is gone or keeps no keys here.
	exists bool
	marker bool
	// hasMarkers is true in a bucket where markers count.
	hasMarkers bool
	parent     int64
	nameAt     int
}

// placeOf finds a key's place as it was on one side of the fetch.
func (d *namespaceDelta) placeOf(s side, row *omdb.Row) (keyPlace, error) {
	bucketKey, nameAt, err := splitKey(row)
	if err != nil {
		return keyPlace{}, err
	}
	bucket, known := d.buckets[s][string(bucketKey)]
	if !known {
		if bucket, err = readBucket(d.get(s), &d.lookups, bucketKey); err != nil {
			return keyPlace{}, err
		}
		d.buckets[s][string(bucketKey)] = bucket
	}
	p := keyPlace{parent: bucket.id, nameAt: nameAt}
	p.exists = bucket.exists && bucket.layout != omdb.LayoutFileSystemOptimized
	p.hasMarkers = p.exists && d.delta.FileSystemPaths && bucket.layout == omdb.LayoutLegacy
	if !p.hasMarkers {
		return p, nil
	}
	p.marker = isMarker(row.Key, nameAt)
	if marker := parentMarker(row.Key, nameAt); marker != nil {
		id, exists, err := readMarker(d.get(s), &d.lookups, marker)
		if err != nil {
			return keyPlace{}, err
		}
		if exists {
			p.parent = id
		}
	}
	return p, nil
}

// markerContent moves what lies in a marker that came, went or became another
// directory, where the fetch does not touch it itself.
func (d *namespaceDelta) markerContent(c *Change) error {
	if len(c.Key) == 0 || c.Key[len(c.Key)-1] != '/' || !d.delta.FileSystemPaths {
		return nil
	}
	var ids [2]int64
	relevant := false
	err := d.eachSide(omdb.KeyTable, c, func(s side, row *omdb.Row) error {
		p, err := d.placeOf(s, row)
		if p.marker {
			relevant, ids[s] = true, row.KeyInfo.ObjectID
		}
		return err
	})
	if err != nil || !relevant || ids[before] == ids[after] {
		return err
	}
	return d.eachChild(c.Key, func(key, value []byte) error {
		if d.delta.change(omdb.KeyTable, key) != nil {
			return nil
		}
		for _, s := range []side{before, after} {
			row, err := d.decoder.Decode(omdb.KeyTable, key, value)
			if err != nil {
				return err
			}
			if err := d.key(s, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachChild calls fn for the keys that lie directly in a marker; a whole
// subdirectory is stepped over at once. fn may keep key and value.
func (d *namespaceDelta) eachChild(marker []byte, fn func(key, value []byte) error) error {
	end := append([]byte(nil), marker...)
	end[len(end)-1]++ // '/' + 1: the first key behind the marker's content
	lower := append(append([]byte(nil), marker...), 0)
	for lower != nil {
		from := lower
		lower = nil
		err := d.store.Scan(omdb.KeyTable, from, end, func(key, value []byte) (bool, error) {
			rest := key[len(marker):]
			if at := bytes.IndexByte(rest, '/'); at >= 0 && at < len(rest)-1 {
				// Deeper than a child: on to what follows this subdirectory.
				lower = append([]byte(nil), key[:len(marker)+at+1]...)
				lower[len(lower)-1]++
				return false, nil
			}
			return true, fn(bytes.Clone(key), bytes.Clone(value))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// apply carries the operations out and writes the summaries that changed.
func (d *namespaceDelta) apply() error {
	for _, op := range d.gone {
		if err := d.tree.removeFile(op); err != nil {
			return err
		}
	}
	for _, op := range d.unlink {
		if err := d.tree.unlink(op); err != nil {
			return err
		}
	}
	for _, op := range d.link {
		if err := d.tree.link(op); err != nil {
			return err
		}
	}
	for _, op := range d.come {
		if err := d.tree.addFile(op); err != nil {
			return err
		}
	}
	for _, id := range d.hardDeletedIDs {
		if err := d.tree.remove(id); err != nil {
			return err
		}
	}
	return d.tree.write()
}
