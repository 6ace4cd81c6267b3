package namespace

import "slices"

// The live types are the workload's memory: the row as it now is, and what ties
// it to others.

type liveVolume struct {
	fact    Volume
	buckets int
	gone    bool
}

type liveBucket struct {
	fact   Bucket
	volume *liveVolume
	// plan is nil for buckets that the base does not have.
	plan  *bucket
	shape shape
	// rows counts what keeps the bucket from being deleted.
	rows int64
	gone bool
}

func (u *liveBucket) link() bool { return u.fact.SourceBucket != "" }

// liveKey is a key made by the workload or taken over from the base.
type liveKey struct {
	fact   *Key
	bucket *liveBucket
	// number is that of the base, or −1.
	number int64
	// marker is the Legacy directory that holds the key, if the workload made
	// it.
	marker *liveMarker
	gone   bool
	// at is its place in Workload.keys.
	at int
}

// liveMarker is a Legacy directory marker made by the workload.
type liveMarker struct {
	fact     *Key
	bucket   *liveBucket
	parent   *liveMarker
	children int
	gone     bool
}

// liveDirectory is an FSO directory made by the workload or taken over.
type liveDirectory struct {
	fact   Directory
	bucket *liveBucket
	// node is that of the base's tree, or −1.
	node int64
	// waiting: its row is in deletedDirectoryTable; purged: it is in none.
	waiting, purged bool
	// files and directories came to it after the base; some may have left.
	files       []*liveKey
	directories []*liveDirectory
}

type liveOpen struct {
	fact   *OpenKey
	bucket *liveBucket
	// target is the key that the commit will overwrite, if any.
	target *liveKey
	marker *liveMarker
}

type liveUpload struct {
	fact   *Upload
	open   *OpenKey
	bucket *liveBucket
	marker *liveMarker
}

// pendingRef names a pending row of the base.
type pendingRef struct {
	bucket int
	kind   pendingKind
	number int64
}

// grave is a name that once was taken and is free.
type grave struct {
	place place
	leaf  string
}

// place is where a key can be: a bucket and in it a directory, a Legacy path
// or nothing.
type place struct {
	bucket *liveBucket
	// parent is the object id of the FSO directory or bucket.
	parent int64
	// prefix is the parent's path with a slash at the end, or empty.
	prefix string
	marker *liveMarker
}

// takeKey takes base key number i over into the workload's memory.
func (w *Workload) takeKey(i int64) *liveKey {
	if k := w.baseKeys[i]; k != nil {
		return k
	}
	k := &liveKey{fact: w.base.Key(i), bucket: w.baseBuckets[w.base.bucketOfKey(i).number], number: i}
	w.baseKeys[i] = k
	w.listKey(k)
	return k
}

func (w *Workload) listKey(k *liveKey) {
	k.at = len(w.keys)
	w.keys = append(w.keys, k)
	w.named[ID(k.fact)] = k
}

// addKey remembers a key that the workload made.
func (w *Workload) addKey(k *liveKey) {
	k.number = -1
	w.listKey(k)
	if k.bucket.shape == treed {
		w.settleFile(k)
	}
	if k.marker != nil {
		k.marker.children++
	}
}

// settleFile lists a file with the directory that now holds it.
func (w *Workload) settleFile(k *liveKey) {
	if k.fact.ParentID != k.bucket.fact.ObjectID {
		d := w.directory(k.bucket, k.fact.ParentID)
		d.files = append(d.files, k)
	}
}

// dropKey forgets a key; of base keys it remembers that they are gone.
func (w *Workload) dropKey(k *liveKey) {
	k.gone = true
	delete(w.named, ID(k.fact))
	if k.marker != nil {
		k.marker.children--
	}
	last := len(w.keys) - 1
	w.keys[k.at] = w.keys[last]
	w.keys[k.at].at = k.at
	w.keys[last] = nil
	w.keys = w.keys[:last]
}

// moveKey runs move, which changes where the key is, with the old name freed and
// the new one taken.
func (w *Workload) moveKey(k *liveKey, move func()) {
	w.bury(k)
	delete(w.named, ID(k.fact))
	move()
	w.named[ID(k.fact)] = k
}

// without takes one element out; the last takes its place.
func without[T comparable](all []T, one T) []T {
	at := slices.Index(all, one)
	if at < 0 {
		return all
	}
	last := len(all) - 1
	var none T
	all[at], all[last] = all[last], none
	return all[:last]
}

// nodeOfID is the base's node of an object id, −1 if the base does not have it.
func (u *liveBucket) nodeOfID(id int64) int64 {
	if u.plan == nil {
		return -1
	}
	return u.plan.nodeOfID(id)
}

// directory takes a directory over into memory; nil if there never was one with
// that id in the bucket.
func (w *Workload) directory(u *liveBucket, id int64) *liveDirectory {
	if d := w.directories[id]; d != nil {
		return d
	}
	node := u.nodeOfID(id)
	if node < 1 {
		return nil
	}
	d := &liveDirectory{fact: *w.base.directory(u.plan, node), bucket: u, node: node}
	w.directories[id] = d
	if w.base.nodeDeleted(u.plan, node) {
		d.waiting = true
		w.waiting = append(w.waiting, d)
	}
	return d
}

// locate finds the path of a directory as it now is, and whether it is
// reachable. The bucket itself has an empty path.
func (w *Workload) locate(u *liveBucket, id int64) (path string, reachable bool) {
	reachable = !u.gone
	for id != u.fact.ObjectID {
		var fact Directory
		if d := w.directories[id]; d != nil {
			fact = d.fact
			reachable = reachable && !d.waiting && !d.purged
		} else if node := u.nodeOfID(id); node >= 1 {
			fact = *w.base.directory(u.plan, node)
			reachable = reachable && !w.base.nodeDeleted(u.plan, node)
		} else {
			return path, false
		}
		if path == "" {
			path = fact.Name
		} else {
			path = fact.Name + "/" + path
		}
		id = fact.ParentID
	}
	return path, reachable
}

// refresh brings the key's path up to date and tells whether it is reachable.
func (w *Workload) refresh(u *liveBucket, k *Key) bool {
	if u.shape != treed {
		return !u.gone
	}
	path, reachable := w.locate(u, k.ParentID)
	k.Path = joined(path, k.Name)
	return reachable
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// charge changes what the bucket uses and puts its row.
func (t *Transaction) charge(u *liveBucket, bytes, names int64) {
	u.fact.UsedBytes += bytes
	u.fact.UsedNamespace += names
	u.rows += names
	t.put(&u.fact)
}

func replicatedSize(k *Key) int64 { return replicatedBytes(k.SizeBytes, &k.Replication) }
