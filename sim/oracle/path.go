package oracle

import (
	"strings"

	"reconsim/fake_om/namespace"
)

// kind is what a path names.
type kind int

const (
	unknownPath kind = iota
	rootPath
	volumePath
	bucketPath
	directoryPath
	keyPathKind
)

var kindNames = [...]string{"UNKNOWN", "ROOT", "VOLUME", "BUCKET", "DIRECTORY", "KEY"}

// place is what was found at a path.
type place struct {
	kind   kind
	volume *volume
	bucket *bucket
	// dir is the directory, or the root of the bucket.
	dir *node
	row *dirRow
	key *keyRow
	// path is the request's path in its normal form.
	path string
}

// resolve finds what a path names at index. Only "/" is the root. Slashes at
// the start and between the names of volume and bucket count as one. Below an
// FSO bucket, runs of slashes and slashes at the end do not count either; below
// another bucket the rest of the path is the key's name as it stands.
//
// A path that may name a folded row is an error.
func (o *Oracle) resolve(index int64, path string) (place, error) {
	if path == "/" {
		return place{kind: rootPath, path: "/"}, nil
	}
	names := splitPath(path)
	if len(names) == 0 {
		return place{}, nil
	}
	v, ok := o.volumes.find(&volume{name: names[0]})
	if !ok || *v.fact.at(index) == nil {
		return place{}, nil
	}
	if len(names) == 1 {
		return place{kind: volumePath, volume: v, path: "/" + names[0]}, nil
	}
	b := o.byName["/"+names[0]+"/"+names[1]]
	if b == nil || b.state.at(index).fact == nil {
		return place{}, nil
	}
	found := place{kind: bucketPath, volume: v, bucket: b, dir: b.root(index), path: b.key}
	if len(names) == 2 {
		return found, nil
	}
	if found.dir == b.flat {
		return o.resolveFlat(index, found, path)
	}
	return o.resolveTree(index, found, names[2:])
}

// splitPath gives the names between runs of slashes.
func splitPath(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

func (o *Oracle) resolveFlat(index int64, at place, path string) (place, error) {
	rest := strings.TrimLeft(path, "/")
	_, rest, _ = strings.Cut(rest, "/")
	_, name, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
	row, ok := o.keys.find(&keyRow{in: at.dir, name: name})
	if !ok {
		if _, known := at.bucket.stretchAt(at.dir.prefix + name); !known {
			return place{}, folded("keys", at.bucket.key)
		}
	}
	if !ok || !row.state.at(index).present {
		return place{}, nil
	}
	at.kind, at.key, at.path = keyPathKind, row, at.bucket.key+"/"+name
	return at, nil
}

func (o *Oracle) resolveTree(index int64, at place, names []string) (place, error) {
	at.path = at.bucket.key + "/" + strings.Join(names, "/")
	for i, name := range names {
		row, found := o.dirs.find(&dirRow{in: at.dir, name: name})
		if found {
			if child := row.state.at(index).child; child != nil {
				at.kind, at.dir, at.row = directoryPath, child, row
				continue
			}
		}
		// In the base no file and directory have one name, so that a file that is
		// loaded is the answer, even if directories are folded.
		file, isFile := o.files.find(&keyRow{in: at.dir, name: name})
		switch {
		case !found && at.dir.dirsFolded && !isFile:
			return place{}, folded("directories", at.path)
		case i < len(names)-1:
			return place{}, nil
		case !isFile && at.dir.filesFolded:
			return place{}, folded("files", at.path)
		case !isFile || !file.state.at(index).present:
			return place{}, nil
		}
		at.kind, at.key = keyPathKind, file
	}
	return at, nil
}

// bucketsOf walks the buckets of a volume that exist at index in the order of
// their names; of all volumes if the name is empty.
func (o *Oracle) bucketsOf(index int64, volumeName string, fn func(*bucket)) {
	prefix := "/"
	if volumeName != "" {
		prefix = "/" + volumeName + "/"
	}
	o.buckets.from(func(b *bucket) bool { return b.key >= prefix }, func(b *bucket) bool {
		if !strings.HasPrefix(b.key, prefix) {
			return false
		}
		if b.state.at(index).fact != nil {
			fn(b)
		}
		return true
	})
}

func layoutName(l namespace.Layout) string {
	switch l {
	case namespace.FileSystemOptimized:
		return "FILE_SYSTEM_OPTIMIZED"
	case namespace.ObjectStore:
		return "OBJECT_STORE"
	default:
		return "LEGACY"
	}
}
