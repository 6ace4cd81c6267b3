package derived

import (
	"bytes"

	"reconsim/recon/omdb"
)

// Usage is what an entity takes on disk and how that is made up (spec/api.md
// 4.2). All sizes are in bytes.
type Usage struct {
	Size, ReplicatedSize int64
	// DirectSize is Ozone's sizeDirectKey: for a bucket or directory that
	// ever held something it equals Size, because the summaries are totals of
	// subtrees; otherwise NotApplicable.
	DirectSize int64
	// SubpathCount counts the parts before any cut.
	SubpathCount int64
	Subpaths     []Subpath
}

// Subpath is one part of a usage.
type Subpath struct {
	// Path is the whole path, but of a key in a flat bucket its bare name.
	Path                 string
	Size, ReplicatedSize int64
	IsKey                bool
}

// UsageOptions say which parts a usage lists.
type UsageOptions struct {
	// Files lists the keys that lie directly in the entity.
	Files bool
	// Largest, if not 0, keeps that many of the largest parts, sorted by
	// falling size and then by path.
	Largest int
}

// Usage adds up an entity. Totals and parts come from the summaries; the keys
// that Files lists come from the OM's rows.
func (q *Query) Usage(e Entity, o UsageOptions) (Usage, error) {
	u := Usage{DirectSize: NotApplicable}
	parts := subpathCollector{largest: o.Largest}
	var err error
	switch e.Type {
	case Root:
		err = q.rootUsage(&u, &parts)
	case Volume:
		err = q.volumeUsage(e, &u, &parts)
	case Bucket, Directory:
		err = q.treeUsage(e, o, &u, &parts)
	case Key:
		err = q.keyUsage(e, &u)
	}
	u.SubpathCount, u.Subpaths = parts.count, parts.result()
	return u, err
}

func (q *Query) rootUsage(u *Usage, parts *subpathCollector) error {
	volumes, err := q.volumes()
	if err != nil {
		return err
	}
	for _, v := range volumes {
		part := Usage{}
		if err := q.volumeUsage(v, &part, nil); err != nil {
			return err
		}
		u.Size += part.Size
		u.ReplicatedSize += part.ReplicatedSize
		parts.add(Subpath{Path: v.Path, Size: part.Size, ReplicatedSize: part.ReplicatedSize})
	}
	return nil
}

func (q *Query) volumeUsage(v Entity, u *Usage, parts *subpathCollector) error {
	buckets, err := q.buckets(v)
	if err != nil {
		return err
	}
	for _, b := range buckets {
		var s NSSummary
		if _, err := q.summary(b.objectID, &s); err != nil {
			return err
		}
		u.Size += s.SizeOfFiles
		u.ReplicatedSize += s.replicated()
		parts.add(Subpath{Path: b.Path, Size: s.SizeOfFiles, ReplicatedSize: s.replicated()})
	}
	return nil
}

// replicated is the replicated size, 0 if the row is older than the field.
func (s *NSSummary) replicated() int64 { return max(0, s.ReplicatedSizeOfFiles) }

// treeUsage is the usage of a bucket or directory.
func (q *Query) treeUsage(e Entity, o UsageOptions, u *Usage, parts *subpathCollector) error {
	var s NSSummary
	if _, err := q.summary(e.objectID, &s); err != nil {
		return err
	}
	// Deltas leave a row behind that a rebuild would not make, so a bucket
	// whose row is empty is treated as one without a row.
	if e.Type == Directory || s.NumOfFiles != 0 || len(s.ChildDirs) != 0 {
		u.DirectSize = s.SizeOfFiles
	}
	u.Size, u.ReplicatedSize = s.SizeOfFiles, s.replicated()
	var child NSSummary
	for _, id := range s.ChildDirs {
		if err := q.childSummary(e.objectID, id, &child); err != nil {
			return err
		}
		// In a marked bucket the name is the whole path below the bucket.
		name := child.DirName[bytes.LastIndexByte(child.DirName, '/')+1:]
		parts.add(Subpath{
			Path: e.Path + "/" + string(name), Size: child.SizeOfFiles, ReplicatedSize: child.replicated(),
		})
	}
	if !o.Files {
		return nil
	}
	return q.eachDirectKey(e, func(k *omdb.KeyInfo) {
		part := Subpath{Path: string(k.KeyName), Size: k.DataSize, ReplicatedSize: k.ReplicatedSize(), IsKey: true}
		if e.kind != flat {
			name := k.KeyName[bytes.LastIndexByte(k.KeyName, '/')+1:]
			part.Path = e.Path + "/" + string(name)
		}
		parts.add(part)
	})
}

// eachDirectKey calls fn for the keys that lie directly in a bucket or
// directory; in a flat bucket these are all keys.
func (q *Query) eachDirectKey(e Entity, fn func(*omdb.KeyInfo)) error {
	visit := func(t omdb.Table, key, value []byte) error {
		row, err := q.decoder.Decode(t, key, value)
		if err == nil {
			fn(&row.KeyInfo)
		}
		return err
	}
	switch {
	case e.kind == treed:
		prefix := omdb.AppendFileKey(nil, e.volumeID, e.bucketID, e.objectID, "")
		return q.scanPrefix(omdb.FileTable, prefix, nil, func(key, value []byte) (bool, error) {
			return true, visit(omdb.FileTable, key, value)
		})
	case e.kind == flat:
		prefix := omdb.AppendKey(nil, e.volume, e.bucket, "")
		return q.scanPrefix(omdb.KeyTable, prefix, nil, func(key, value []byte) (bool, error) {
			return true, visit(omdb.KeyTable, key, value)
		})
	}
	return q.eachMarkedKey(e, visit)
}

// eachMarkedKey visits the direct keys of a LEGACY directory. At a key that
// lies deeper it leaps over everything below that key's directory, so the cost
// follows the entries and not the size of the subtree.
func (q *Query) eachMarkedKey(e Entity, visit func(t omdb.Table, key, value []byte) error) error {
	prefix := omdb.AppendKey(nil, e.volume, e.bucket, "")
	if e.Type == Directory {
		prefix = append(append(prefix, e.name...), '/')
	}
	lower, upper := prefix, prefixEnd(prefix)
	for lower != nil {
		from := lower
		lower = nil
		err := q.Rows.Scan(omdb.KeyTable, from, upper, func(key, value []byte) (bool, error) {
			slash := bytes.IndexByte(key[len(prefix):], '/')
			switch {
			case len(key) == len(prefix): // the directory's own marker
				return true, nil
			case slash < 0:
				return true, visit(omdb.KeyTable, key, value)
			}
			lower = prefixEnd(key[:len(prefix)+slash+1])
			return false, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *Query) keyUsage(e Entity, u *Usage) error {
	row, err := q.decoder.Decode(e.Table, nil, e.Value)
	if err != nil {
		return err
	}
	u.Size, u.ReplicatedSize = row.KeyInfo.DataSize, row.KeyInfo.ReplicatedSize()
	return nil
}
