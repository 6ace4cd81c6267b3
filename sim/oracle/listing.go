package oracle

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"reconsim/fake_om/namespace"
)

// Unlimited is the limit of ContainerKeys that asks for every row.
const Unlimited = -1

// ContainerKeys is the answer of /containers/{id}/keys. limit counts rows
// (key and version); prevKey is the OM row key that the page starts after,
// whether or not it still exists.
func (o *Oracle) ContainerKeys(index, id int64, limit int, prevKey string) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	page := ContainerKeys{Keys: []ContainerKey{}}
	c := o.containers[id]
	if !o.knows(id) {
		return Answer{}, folded("keys", fmt.Sprintf("container %d", id))
	}
	if c == nil {
		return ok(page), nil
	}
	page.TotalCount = *c.count.at(index)
	if limit == 0 {
		return ok(page), nil
	}
	rows := 0
	at := map[*keyRow]int{}
	after := [3]string{prevKey, versionTail(0)}
	c.rows.from(func(r containerRow) bool {
		return prevKey == "" || compareConcat([3]string{r.row.in.prefix, r.row.name, versionTail(r.version)}, after) > 0
	}, func(r containerRow) bool {
		if !r.at(index, id) || (prevKey != "" && r.row.hasKey(prevKey)) {
			return true
		}
		n, seen := at[r.row]
		if !seen {
			n = len(page.Keys)
			at[r.row] = n
			page.Keys = append(page.Keys, containerKey(r.row, index))
		}
		page.Keys[n].addVersion(r.row.state.at(index).blocks, r.version, id)
		rows++
		return rows != limit
	})
	for row, n := range at {
		if n == len(page.Keys)-1 {
			page.LastKey = row.dbKey()
		}
	}
	return ok(page), nil
}

func containerKey(row *keyRow, index int64) ContainerKey {
	s := row.state.at(index)
	k := ContainerKey{
		Volume: row.in.home.volume, Bucket: row.in.home.name, Key: row.name, DataSize: s.size,
		Versions: []uint64{}, Blocks: map[string][]ContainerBlock{},
		CreationTime: isoTime(s.createdMillis), ModificationTime: isoTime(s.modifiedMillis),
	}
	if path, reachable := row.fullPath(index); reachable {
		k.CompletePath = path
	}
	return k
}

func (k *ContainerKey) addVersion(blocks []blockRef, version uint64, id int64) {
	k.Versions = append(k.Versions, version)
	name := strconv.FormatUint(version, 10)
	for _, b := range blocks {
		if b.version == version && b.container == id {
			k.Blocks[name] = append(k.Blocks[name], ContainerBlock{ContainerID: id, LocalID: b.local})
		}
	}
}

func isoTime(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("2006-01-02T15:04:05.000Z")
}

func (r *keyRow) hasKey(dbKey string) bool {
	return compareConcat([3]string{r.in.prefix, r.name}, [3]string{dbKey}) == 0
}

// fullPath is volume/bucket/…/name, and whether the key can be reached by it.
func (r *keyRow) fullPath(index int64) (string, bool) {
	home := r.in.home.volume + "/" + r.in.home.name + "/"
	if r.in == r.in.home.flat {
		return home + r.name, true
	}
	dirs, reachable := r.in.pathBelow(r.in.home.root(index), index)
	return home + dirs + r.name, reachable
}

// KeyFilter are the parameters of /keys/listKeys beside the prefix.
type KeyFilter struct {
	// Limit is the largest number of keys; below 1 means 1.
	Limit int
	// PrevKey is the OM row key that the page starts after, whether or not it
	// still exists.
	PrevKey string
	// ReplicationType is RATIS, STAND_ALONE or EC; empty means any.
	ReplicationType string
	// MinSizeBytes and CreatedFromMillis are inclusive.
	MinSizeBytes, CreatedFromMillis int64
}

// ListKeys is the answer of /keys/listKeys.
func (o *Oracle) ListKeys(index int64, startPrefix string, f KeyFilter) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	if !strings.HasPrefix(startPrefix, "/") || len(splitPath(startPrefix)) < 2 {
		return Answer{Status: http.StatusBadRequest}, nil
	}
	p, err := o.resolve(index, startPrefix)
	if err != nil {
		return Answer{}, err
	}
	if p.kind != bucketPath && (p.kind != directoryPath || p.dir == p.bucket.flat) {
		return Answer{Status: http.StatusNotFound, OtherStatus: http.StatusBadRequest}, nil
	}
	page := KeyList{Status: statusOK, Path: startPrefix, Keys: []ListedKey{}}
	take := func(row *keyRow) bool {
		if s := row.state.at(index); f.matches(o, s) && (f.PrevKey == "" || row.isAfter(f.PrevKey)) {
			page.add(o.listedKey(row, s, index))
		}
		return len(page.Keys) < max(1, f.Limit)
	}
	if p.kind == bucketPath {
		err = o.keysOfBucket(p, f.PrevKey, take)
	} else {
		err = o.keysBelow(index, p.dir, take)
	}
	if err != nil {
		return Answer{}, err
	}
	if len(page.Keys) == 0 {
		return ok(KeyList{Status: statusOK, ReplicatedDataSize: -1, UnReplicatedDataSize: -1, Keys: page.Keys}), nil
	}
	page.LastKey = page.Keys[len(page.Keys)-1].Key
	return ok(page), nil
}

func (f *KeyFilter) matches(o *Oracle, s *keyState) bool {
	return s.present && s.size >= f.MinSizeBytes && s.createdMillis >= f.CreatedFromMillis &&
		(f.ReplicationType == "" || f.ReplicationType == replicationType(o.replication[s.replication].Kind))
}

func (r *keyRow) isAfter(dbKey string) bool {
	return compareConcat([3]string{r.in.prefix, r.name}, [3]string{dbKey}) > 0
}

func (r *keyRow) isFrom(dbKey string) bool {
	return compareConcat([3]string{r.in.prefix, r.name}, [3]string{dbKey}) >= 0
}

// keysOfBucket walks the rows of a bucket after prevKey, the unreachable ones of
// an FSO bucket included. If rows are folded and fn has not ended the walk when
// it comes to them, that is an error.
func (o *Oracle) keysOfBucket(p place, prevKey string, fn func(*keyRow) bool) error {
	prefix := p.bucket.rowPrefix(p.dir)
	known, ok := p.bucket.stretchAt(max(prevKey, prefix))
	if !ok {
		return folded("keys", p.bucket.key)
	}
	ended := false
	o.tableOf(p.dir).from(func(r *keyRow) bool {
		return r.in.prefix >= prefix && (prevKey == "" || r.isAfter(prevKey))
	}, func(r *keyRow) bool {
		if !strings.HasPrefix(r.in.prefix, prefix) || known.to != "" && r.isFrom(known.to) {
			return false
		}
		ended = !fn(r)
		return !ended
	})
	if known.to != "" && !ended {
		return folded("keys", p.bucket.key)
	}
	return nil
}

// keysBelow walks the rows of all reachable files below a directory, none of
// which may be folded.
func (o *Oracle) keysBelow(index int64, dir *node, fn func(*keyRow) bool) error {
	below := []*node{dir}
	for i := 0; i < len(below); i++ {
		if below[i].dirsFolded || below[i].filesFolded {
			return folded("keys", dir.prefix)
		}
		o.dirsIn(below[i], func(row *dirRow) {
			if child := row.state.at(index).child; child != nil {
				below = append(below, child)
			}
		})
	}
	slices.SortFunc(below, func(a, b *node) int { return strings.Compare(a.prefix, b.prefix) })
	for _, n := range below {
		more := true
		keysIn(&o.files, n, func(r *keyRow) bool { more = fn(r); return more })
		if !more {
			break
		}
	}
	return nil
}

func (l *KeyList) add(k ListedKey) {
	l.Keys = append(l.Keys, k)
	l.ReplicatedDataSize += k.ReplicatedSize
	l.UnReplicatedDataSize += k.Size
}

func (o *Oracle) listedKey(row *keyRow, s *keyState, index int64) ListedKey {
	path, reachable := row.fullPath(index)
	if !reachable {
		path = row.name
	}
	isKey := !strings.HasSuffix(row.name, "/")
	return ListedKey{
		Key: row.dbKey(), Path: path, Size: s.size,
		ReplicatedSize:  replicatedBytes(s.size, &o.replication[s.replication]),
		ReplicationInfo: o.replicationInfo(s.replication),
		CreationTime:    s.createdMillis, ModificationTime: s.modifiedMillis, IsKey: isKey,
		VolumeName: row.in.home.volume, BucketName: row.in.home.name, KeyName: row.name,
		DataSize: s.size, ParentID: row.in.id, File: isKey,
	}
}

func replicationType(k namespace.ReplicationKind) string {
	switch k {
	case namespace.Ratis:
		return "RATIS"
	case namespace.ErasureCoded:
		return "EC"
	default:
		return "STAND_ALONE"
	}
}

func (o *Oracle) replicationInfo(number uint16) any {
	r := o.replication[number]
	if r.Kind == namespace.ErasureCoded {
		return ErasureCoded{
			Data: r.DataUnits, Parity: r.ParityUnits, ECChunkSize: r.ChunkBytes,
			ReplicationType: "EC", RequiredNodes: r.DataUnits + r.ParityUnits, MinimumNodes: r.DataUnits,
		}
	}
	factor := "ONE"
	if r.Factor == 3 {
		factor = "THREE"
	}
	return Replicated{
		MinimumNodes: 1, ReplicationFactor: factor,
		ReplicationType: replicationType(r.Kind), RequiredNodes: int(r.Factor),
	}
}
