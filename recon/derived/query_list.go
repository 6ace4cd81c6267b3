package derived

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// Errors of ListKeys about its prefix.
var (
	// ErrNoSuchPath means that the volume, bucket or directory does not exist.
	ErrNoSuchPath = errors.New("no such volume, bucket or directory")
	// ErrAboveBucket means that a prefix names no bucket.
	ErrAboveBucket = errors.New("the prefix must begin with /volume/bucket")
	// ErrBelowFlatBucket means that a prefix names something in a bucket
	// without directories.
	ErrBelowFlatBucket = errors.New("the bucket has no directories, so a prefix cannot go below it")
)

// KeyFilter says which keys ListKeys lists.
type KeyFilter struct {
	// StartPrefix is "/volume/bucket" or the path of a directory in it.
	StartPrefix string
	// After is the database key to go on after; "" begins at the start. The
	// row may be gone by now.
	After string
	// Limit is the largest number of keys; at least one is listed.
	Limit int
	// ReplicationType, if not empty, is the only type to list, as RATIS.
	ReplicationType string
	// MinSizeBytes is the smallest size to list.
	MinSizeBytes int64
	// CreatedFromMillis is the earliest creation time to list, in milliseconds
	// since 1970.
	CreatedFromMillis int64
}

// ListedKey is one key of a listing.
type ListedKey struct {
	// DBKey is the key in its OM table, and the cursor to go on after it.
	DBKey string
	// Path is volume/bucket/… without a leading slash; if a directory above
	// was deleted, the bare name.
	Path string
	Info *ozonepb.KeyInfo
	// ReplicatedSize is the number of bytes the key takes on disks.
	ReplicatedSize int64
}

// ListKeys lists the keys at and below a prefix in the order of their database
// keys (spec/api.md 4.11). Files below a deleted directory are rows until they
// are purged, and are listed if the prefix is a bucket.
func (q *Query) ListKeys(f KeyFilter) ([]ListedKey, error) {
	e, err := q.resolvePrefix(f.StartPrefix)
	if err != nil {
		return nil, err
	}
	l := &keyLister{query: q, filter: f, parents: parentPaths{query: q}}
	if e.kind != treed {
		prefix := omdb.AppendKey(nil, e.volume, e.bucket, "")
		if e.Type == Directory {
			prefix = append(append(prefix, e.name...), '/')
		}
		return l.listed, l.scan(omdb.KeyTable, prefix)
	}
	if e.Type == Bucket {
		prefix := omdb.AppendFileKey(nil, e.volumeID, e.bucketID, 0, "")
		return l.listed, l.scan(omdb.FileTable, prefix[:len(prefix)-len("0/")])
	}
	prefixes, err := q.directoryPrefixes(e)
	for _, prefix := range prefixes {
		if err != nil || l.full() {
			break
		}
		err = l.scan(omdb.FileTable, prefix)
	}
	return l.listed, err
}

// CheckPrefix reports whether a prefix begins with a slash and names at least a
// volume and a bucket, which need not exist.
func CheckPrefix(prefix string) error {
	if !strings.HasPrefix(prefix, "/") || len(pathNames(prefix)) < 2 {
		return fmt.Errorf("%q: %w", prefix, ErrAboveBucket)
	}
	return nil
}

// resolvePrefix finds the bucket or directory that a listing begins at.
func (q *Query) resolvePrefix(prefix string) (Entity, error) {
	if err := CheckPrefix(prefix); err != nil {
		return Entity{}, err
	}
	names := pathNames(prefix)
	bucket, err := q.Resolve("/" + names[0] + "/" + names[1])
	if err != nil {
		return Entity{}, err
	}
	if bucket.Type != Bucket {
		return Entity{}, fmt.Errorf("%q: %w", prefix, ErrNoSuchPath)
	}
	if len(names) == 2 {
		return bucket, nil
	}
	if bucket.kind == flat {
		return Entity{}, fmt.Errorf("%q: %w", prefix, ErrBelowFlatBucket)
	}
	e, err := q.Resolve("/" + strings.Join(names, "/"))
	if err == nil && e.Type != Directory {
		err = fmt.Errorf("%q: %w", prefix, ErrNoSuchPath)
	}
	return e, err
}

// directoryPrefixes are the prefixes of the file rows of a directory and all
// directories below it, in the order of bytes, which is the order of the rows.
func (q *Query) directoryPrefixes(e Entity) ([][]byte, error) {
	ids := []int64{e.objectID}
	err := q.walk(e.objectID, func(s *NSSummary) { ids = append(ids, s.ChildDirs...) })
	slices.Sort(ids)
	var prefixes [][]byte
	for _, id := range slices.Compact(ids) {
		prefixes = append(prefixes, omdb.AppendFileKey(nil, e.volumeID, e.bucketID, id, ""))
	}
	slices.SortFunc(prefixes, func(a, b []byte) int { return strings.Compare(string(a), string(b)) })
	return prefixes, err
}

// keyLister gathers the rows of one listing.
type keyLister struct {
	query   *Query
	filter  KeyFilter
	parents parentPaths
	listed  []ListedKey
}

func (l *keyLister) full() bool { return len(l.listed) >= max(1, l.filter.Limit) }

func (l *keyLister) scan(t omdb.Table, prefix []byte) error {
	// Rows are gathered first and their paths looked up after, because a scan
	// holds its place in the table and should end soon.
	from := len(l.listed)
	err := l.query.scanPrefix(t, prefix, []byte(l.filter.After), func(key, value []byte) (bool, error) {
		row, err := l.query.decoder.Decode(t, key, value)
		if err != nil {
			return false, err
		}
		if !l.filter.accepts(&row.KeyInfo) {
			return true, nil
		}
		info := &ozonepb.KeyInfo{}
		if err := proto.Unmarshal(value, info); err != nil {
			return false, fmt.Errorf("%s, key %q: %w", t, key, err)
		}
		l.listed = append(l.listed, ListedKey{DBKey: string(key), Info: info, ReplicatedSize: row.KeyInfo.ReplicatedSize()})
		return !l.full(), nil
	})
	for i := from; i < len(l.listed) && err == nil; i++ {
		err = l.setPath(t, &l.listed[i])
	}
	return err
}

func (l *keyLister) setPath(t omdb.Table, k *ListedKey) error {
	name := k.Info.GetKeyName()
	above := ""
	if t == omdb.FileTable {
		place, ok := omdb.ParseFileKey([]byte(k.DBKey))
		if !ok {
			return fmt.Errorf("fileTable: %q is not /volume/bucket/parent/name", k.DBKey)
		}
		path, reachable, err := l.parents.of(place.BucketID, place.ParentID)
		if err != nil {
			return err
		}
		if !reachable {
			k.Path = name
			return nil
		}
		above = path
	}
	k.Path = k.Info.GetVolumeName() + "/" + k.Info.GetBucketName() + "/" + above + name
	return nil
}

func (f *KeyFilter) accepts(k *omdb.KeyInfo) bool {
	if f.ReplicationType != "" && ozonepb.ReplicationType(k.Replication.Type).String() != f.ReplicationType {
		return false
	}
	return k.DataSize >= f.MinSizeBytes && k.CreationTime >= f.CreatedFromMillis
}
