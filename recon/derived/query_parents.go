package derived

import "slices"

// parentPaths turns object ids of directories into paths by climbing from
// summary to summary. It remembers the last one, because rows that follow each
// other mostly lie in the same directory.
type parentPaths struct {
	query *Query
	// The last climb.
	bucketID, parentID int64
	path               string
	reachable, known   bool
}

// of is the path of a directory below its bucket, "a/b/" or "" for the bucket
// itself. reachable is false if the climb does not end at the bucket: the
// directory, or one above it, was deleted and is not purged yet.
func (p *parentPaths) of(bucketID, parentID int64) (path string, reachable bool, err error) {
	if p.known && p.bucketID == bucketID && p.parentID == parentID {
		return p.path, p.reachable, nil
	}
	path, reachable, err = p.climb(bucketID, parentID)
	if err == nil {
		*p = parentPaths{p.query, bucketID, parentID, path, reachable, true}
	}
	return path, reachable, err
}

func (p *parentPaths) climb(bucketID, id int64) (string, bool, error) {
	var names [][]byte
	size := 0
	seen := map[int64]bool{}
	for id != bucketID {
		var s NSSummary
		found, err := p.query.summary(id, &s)
		if err != nil {
			return "", false, err
		}
		if !found || seen[id] || s.ParentID == 0 || s.ParentID == Unknown {
			return "", false, nil
		}
		seen[id] = true
		names = append(names, s.DirName)
		size += len(s.DirName) + 1
		id = s.ParentID
	}
	path := make([]byte, 0, size)
	for _, name := range slices.Backward(names) {
		path = append(append(path, name...), '/')
	}
	return string(path), true, nil
}
