package derived

import (
	"strings"

	"reconsim/recon/omdb"
)

// EntityType is what a path names, in Ozone's words.
type EntityType string

// The types of entities.
const (
	Root      EntityType = "ROOT"
	Volume    EntityType = "VOLUME"
	Bucket    EntityType = "BUCKET"
	Directory EntityType = "DIRECTORY"
	Key       EntityType = "KEY"
	// NoEntity is the type of a path under which nothing exists.
	NoEntity EntityType = "UNKNOWN"
)

// arrangement is how the keys of a bucket hang together.
type arrangement uint8

const (
	// flat: keys have names, and slashes in them mean nothing.
	flat arrangement = iota
	// marked: keys of keyTable whose names end in a slash are directories.
	marked
	// treed: directories are rows of directoryTable.
	treed
)

// Entity is what a path was resolved to.
type Entity struct {
	Type EntityType
	// Path is the path in its normal form, with a leading slash.
	Path string
	// Value is the entity's own OM row; nil for ROOT and UNKNOWN.
	Value []byte
	// Table is the table that Value is from.
	Table omdb.Table

	volume   string
	bucket   string
	volumeID int64
	bucketID int64
	objectID int64
	kind     arrangement
	// name is the key's name in a flat or marked bucket, and a directory's in
	// a marked one, then without its last slash.
	name string
}

// Resolve finds what a path names (spec/api.md 4.1). Runs of slashes count as
// one and those at the ends as none, but in a flat bucket what follows the
// bucket's name and one slash is the key's name as it stands. Dots are names
// like others. Only "/" is the root. Where a directory and a file have one
// name, the path is the directory's.
func (q *Query) Resolve(text string) (Entity, error) {
	if text == "/" {
		return Entity{Type: Root, Path: "/"}, nil
	}
	names := pathNames(text)
	clean := "/" + strings.Join(names, "/")
	unknown := Entity{Type: NoEntity, Path: clean}
	if len(names) == 0 {
		return unknown, nil
	}
	e := Entity{Path: clean, volume: names[0]}
	found, err := q.resolveVolume(&e)
	if err != nil || !found {
		return unknown, err
	}
	if len(names) == 1 {
		return e, nil
	}
	e.bucket = names[1]
	if found, err = q.resolveBucket(&e); err != nil || !found {
		return unknown, err
	}
	if len(names) == 2 {
		return e, nil
	}
	switch e.kind {
	case treed:
		found, err = q.resolveInTree(&e, names[2:])
	case marked:
		found, err = q.resolveMarked(&e, strings.Join(names[2:], "/"))
	default:
		e.name = flatName(text)
		e.Path = "/" + e.volume + "/" + e.bucket + "/" + e.name
		found, err = q.resolveFlat(&e)
	}
	if err != nil || !found {
		return unknown, err
	}
	return e, nil
}

// pathNames gives the names between the runs of slashes.
func pathNames(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '/' })
}

// flatName cuts "volume/bucket/" off a path and leaves the rest as it stands.
func flatName(text string) string {
	for range 2 {
		text = strings.TrimLeft(text, "/")
		_, text, _ = strings.Cut(text, "/")
	}
	return text
}

func (q *Query) resolveVolume(e *Entity) (bool, error) {
	value, found, err := q.Rows.Get(omdb.VolumeTable, omdb.AppendVolumeKey(nil, e.volume))
	if err != nil || !found {
		return false, err
	}
	row, err := q.decoder.Decode(omdb.VolumeTable, nil, value)
	if err != nil {
		return false, err
	}
	e.Type, e.Table, e.Value = Volume, omdb.VolumeTable, value
	e.volumeID, e.objectID = row.Volume.ObjectID, row.Volume.ObjectID
	return true, nil
}

func (q *Query) resolveBucket(e *Entity) (bool, error) {
	value, found, err := q.Rows.Get(omdb.BucketTable, omdb.AppendBucketKey(nil, e.volume, e.bucket))
	if err != nil || !found {
		return false, err
	}
	row, err := q.decoder.Decode(omdb.BucketTable, nil, value)
	if err != nil {
		return false, err
	}
	e.Type, e.Table, e.Value = Bucket, omdb.BucketTable, value
	e.bucketID, e.objectID = row.Bucket.ObjectID, row.Bucket.ObjectID
	e.kind = q.arrangement(row.Bucket.Layout)
	return true, nil
}

func (q *Query) arrangement(layout omdb.BucketLayout) arrangement {
	switch {
	case layout == omdb.LayoutFileSystemOptimized:
		return treed
	case layout == omdb.LayoutLegacy && q.FileSystemPaths:
		return marked
	}
	return flat
}

// resolveInTree walks down the directories; only the last name may be a file.
func (q *Query) resolveInTree(e *Entity, names []string) (bool, error) {
	parent := e.bucketID
	for i, name := range names {
		key := omdb.AppendFileKey(nil, e.volumeID, e.bucketID, parent, name)
		value, found, err := q.Rows.Get(omdb.DirectoryTable, key)
		if err != nil {
			return false, err
		}
		if found {
			row, err := q.decoder.Decode(omdb.DirectoryTable, key, value)
			if err != nil {
				return false, err
			}
			parent = row.Directory.ObjectID
			e.Type, e.Table, e.Value, e.objectID = Directory, omdb.DirectoryTable, value, parent
			continue
		}
		if i < len(names)-1 {
			return false, nil
		}
		return q.resolveKeyRow(e, omdb.FileTable, key)
	}
	return true, nil
}

// resolveMarked finds a key, or else a directory's marker, in a LEGACY bucket
// with file system paths.
func (q *Query) resolveMarked(e *Entity, name string) (bool, error) {
	e.name = name
	key := omdb.AppendKey(nil, e.volume, e.bucket, name)
	found, err := q.resolveKeyRow(e, omdb.KeyTable, key)
	if err != nil || found {
		return found, err
	}
	found, err = q.resolveKeyRow(e, omdb.KeyTable, append(key, '/'))
	e.Type = Directory
	return found, err
}

func (q *Query) resolveFlat(e *Entity) (bool, error) {
	return q.resolveKeyRow(e, omdb.KeyTable, omdb.AppendKey(nil, e.volume, e.bucket, e.name))
}

func (q *Query) resolveKeyRow(e *Entity, t omdb.Table, key []byte) (bool, error) {
	value, found, err := q.Rows.Get(t, key)
	if err != nil || !found {
		return false, err
	}
	row, err := q.decoder.Decode(t, key, value)
	if err != nil {
		return false, err
	}
	e.Type, e.Table, e.Value, e.objectID = Key, t, value, row.KeyInfo.ObjectID
	return true, nil
}
