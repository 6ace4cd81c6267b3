package oracle

import (
	"fmt"
	"slices"
	"strings"

	"reconsim/fake_om/namespace"
)

// put makes row the newest fact of its row key.
func (o *Oracle) put(row namespace.Row, index int64) error {
	switch r := row.(type) {
	case *namespace.Volume:
		fact := *r
		o.setVolume(r.Name, &fact, index)
	case *namespace.Bucket:
		fact := *r
		o.setBucket(o.bucket(r.Volume, r.Name), &fact, index)
	case *namespace.Directory:
		return o.setDirectory(r, index, true)
	case *namespace.Key:
		return o.setKey(r, index, true)
	default:
		return o.setPending(row, index, true)
	}
	return nil
}

// remove takes the row that has row's key away. A row that is not there stays
// away.
func (o *Oracle) remove(row namespace.Row, index int64) error {
	switch r := row.(type) {
	case *namespace.Volume:
		o.setVolume(r.Name, nil, index)
	case *namespace.Bucket:
		o.setBucket(o.bucket(r.Volume, r.Name), nil, index)
	case *namespace.Directory:
		return o.setDirectory(r, index, false)
	case *namespace.Key:
		return o.setKey(r, index, false)
	default:
		return o.setPending(row, index, false)
	}
	return nil
}

func (o *Oracle) setVolume(name string, fact *namespace.Volume, index int64) {
	v, _ := o.volumes.insert(&volume{name: o.intern(name)})
	o.count(volumeRows, index, presence(v.fact.latest(), fact))
	place, copied, _ := v.fact.write(index, o.base)
	if copied {
		o.touch(v, &v.touched)
	}
	*place = fact
}

func presence[F any](old **F, now *F) (change int64) {
	if *old != nil {
		change--
	}
	if now != nil {
		change++
	}
	return change
}

// bucket finds or makes the bucket of a name.
func (o *Oracle) bucket(volumeName, name string) *bucket {
	// The lookup does not allocate; the key is built only for a new bucket.
	var room [128]byte
	key := append(append(append(append(room[:0], '/'), volumeName...), '/'), name...)
	if b := o.byName[string(key)]; b != nil {
		return b
	}
	b := &bucket{volume: o.intern(volumeName), name: o.intern(name), key: string(key)}
	b.flat = &node{home: b, prefix: b.key + "/"}
	o.byName[b.key] = b
	o.buckets.insert(b)
	return b
}

func (o *Oracle) setBucket(b *bucket, fact *namespace.Bucket, index int64) {
	o.count(bucketRows, index, presence(&b.state.latest().fact, fact))
	place, copied, _ := b.state.write(index, o.base)
	if copied {
		o.touch(b, &b.touched)
	}
	*place = bucketState{fact: fact}
	if fact != nil && fact.Layout == namespace.FileSystemOptimized {
		place.tree = o.node(b, fact.VolumeID, fact.ObjectID, fact.ObjectID)
	}
}

func (o *Oracle) setDirectory(d *namespace.Directory, index int64, present bool) error {
	in := o.node(o.bucket(d.Volume, d.Bucket), d.VolumeID, d.BucketID, d.ParentID)
	row, found := o.dirs.find(&dirRow{in: in, name: d.Name})
	if !found {
		if !present || in.dirsFolded {
			return o.missing(in.dirsFolded, "directory", in.prefix+d.Name)
		}
		row, _ = o.dirs.insert(&dirRow{in: in, name: strings.Clone(d.Name)})
	}
	old := row.state.latest().child
	var now *node
	if present {
		now = o.node(in.home, d.VolumeID, d.BucketID, d.ObjectID)
	}
	o.count(directoryRows, index, presence(&old, now))
	// A directory that another row names already (a rename whose new row came
	// first) is not detached by the deletion of its old row.
	if old != nil && old != now && old.link.latest().parent == in && old.link.latest().name == row.name {
		if err := o.attach(old, nil, "", index); err != nil {
			return err
		}
	}
	place, copied, _ := row.state.write(index, o.base)
	if copied {
		o.touch(row, &row.touched)
	}
	*place = dirState{child: now}
	if now == nil {
		return nil
	}
	place.createdMillis, place.modifiedMillis = d.CreatedMillis, d.ModifiedMillis
	return o.attach(now, in, row.name, index)
}

func (o *Oracle) setKey(k *namespace.Key, index int64, present bool) error {
	home := o.bucket(k.Volume, k.Bucket)
	in, table, rows := home.flat, &o.keys, keyRows
	if k.Layout == namespace.FileSystemOptimized {
		in, table, rows = o.node(home, k.VolumeID, k.BucketID, k.ParentID), &o.files, fileRows
	}
	row, found := table.find(&keyRow{in: in, name: k.Name})
	if !found {
		outside := in.filesFolded && (!present || in != home.flat)
		if !present || outside {
			return o.missing(outside, "key", in.prefix+k.Name)
		}
		row, _ = table.insert(&keyRow{in: in, name: strings.Clone(k.Name)})
	}
	old := *row.state.latest()
	now := keyState{}
	if present {
		now = o.keyState(k)
	}
	if old.present != now.present {
		if present {
			o.count(rows, index, 1)
		} else {
			o.count(rows, index, -1)
		}
	}
	place, copied, _ := row.state.write(index, o.base)
	if copied {
		o.touch(row, &row.touched)
	}
	*place = now
	if err := o.credited(row, &old, index, -1); err != nil {
		return err
	}
	if err := o.credited(row, &now, index, +1); err != nil {
		return err
	}
	o.setBlocks(row, old.blocks, now.blocks, index)
	return nil
}

func (o *Oracle) keyState(k *namespace.Key) keyState {
	s := keyState{
		present: true, size: k.SizeBytes, createdMillis: k.CreatedMillis,
		modifiedMillis: k.ModifiedMillis, replication: o.replicationNumber(k.Replication),
	}
	n := 0
	for i := range k.Versions {
		for _, b := range k.Versions[i].Blocks {
			if o.knows(b.ContainerID) {
				n++
			}
		}
	}
	if n == 0 {
		return s
	}
	s.blocks = make([]blockRef, 0, n)
	for i := range k.Versions {
		for _, b := range k.Versions[i].Blocks {
			if !o.knows(b.ContainerID) {
				continue
			}
			s.blocks = append(s.blocks, blockRef{version: k.Versions[i].Number, container: b.ContainerID, local: b.LocalID})
		}
	}
	return s
}

func (o *Oracle) replicationNumber(r namespace.Replication) uint16 {
	n, ok := o.byConfig[r]
	if !ok {
		r.Codec = o.intern(r.Codec)
		n = uint16(len(o.replication))
		o.replication = append(o.replication, r)
		o.byConfig[r] = n
	}
	return n
}

// missing is the outcome of a change of a row that is not there: deletions of
// such rows change nothing, unless the row may be a folded one.
func (o *Oracle) missing(outside bool, what, dbKey string) error {
	if !outside {
		return nil
	}
	return fmt.Errorf("%w: %s %s", ErrOutside, what, dbKey)
}

// credited adds a key to, or takes it from, its tree and the file counts.
func (o *Oracle) credited(row *keyRow, s *keyState, index, sign int64) error {
	if !s.present {
		return nil
	}
	if s.size < 0 {
		return fmt.Errorf("key %s has the size %d", row.dbKey(), s.size)
	}
	slot := binCount{bin: uint8(bin(s.size)), count: 1}
	d := totals{
		files: 1, bytes: s.size, replicated: replicatedBytes(s.size, &o.replication[s.replication]),
		bins: []binCount{slot},
	}
	o.bump(row.in.home.fileCounter(boundKind(s.size)), index, sign)
	return o.credit(row.in, index, &d, sign)
}

// setBlocks keeps the containers' rows and counts in step with a key. Several
// blocks of one version in one container are one row.
func (o *Oracle) setBlocks(row *keyRow, old, now []blockRef, index int64) {
	for i, b := range old {
		if !sameRowBefore(old, i) && !slices.ContainsFunc(now, b.sameRow) {
			o.bumpContainer(o.containers[b.container], index, -1)
		}
	}
	for i, b := range now {
		if sameRowBefore(now, i) || slices.ContainsFunc(old, b.sameRow) {
			continue
		}
		c := o.containers[b.container]
		if c == nil {
			c = &container{id: b.container, rows: ordered[containerRow]{compare: compareContainerRows}}
			o.containers[b.container] = c
			o.inOrder.insert(c)
		}
		c.rows.insert(containerRow{row: row, version: b.version})
		o.bumpContainer(c, index, +1)
	}
}

func (b blockRef) sameRow(other blockRef) bool {
	return b.container == other.container && b.version == other.version
}

func sameRowBefore(blocks []blockRef, i int) bool {
	return slices.ContainsFunc(blocks[:i], blocks[i].sameRow)
}

func (o *Oracle) bumpContainer(c *container, index, n int64) {
	count, copied, _ := c.count.write(index, o.base)
	if copied {
		o.touch(c, &c.touched)
	}
	*count += n
}
