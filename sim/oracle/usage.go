package oracle

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// topSubPaths is how many sub-paths a sorted usage answer shows.
const topSubPaths = 30

// UsageOptions are the flags of /namespace/usage.
type UsageOptions struct {
	// Files lists keys beside directories.
	Files bool
	// Replica fills sizeWithReplica.
	Replica bool
	// Unsorted is sortSubPaths=false: every sub-path, in any order.
	Unsorted bool
}

// Usage is the answer of /namespace/usage. Sub-paths come sorted by size,
// largest first, those of one size by path.
func (o *Oracle) Usage(index int64, path string, opts UsageOptions) (Answer, error) {
	release, err := o.view(index)
	if err != nil {
		return Answer{}, err
	}
	defer release()
	if path == "" {
		return Answer{Status: http.StatusBadRequest}, nil
	}
	p, err := o.resolve(index, path)
	if err != nil {
		return Answer{}, err
	}
	if p.kind == unknownPath {
		return ok(Usage{Status: statusNotFound, SizeWithReplica: -1, SubPaths: []SubPath{}, SizeDirectKey: -1}), nil
	}
	sum, _ := o.below(index, p)
	u := Usage{
		Status: statusOK, Path: &p.path, Size: sum.bytes,
		SizeWithReplica: opts.replicated(sum.replicated), SizeDirectKey: -1, Sorted: !opts.Unsorted,
	}
	switch p.kind {
	case rootPath:
		u.All = o.volumeUsage(index, opts)
	case volumePath:
		o.bucketsOf(index, p.volume.name, func(b *bucket) {
			u.All = append(u.All, opts.subPath(b.key, b.root(index).sum.at(index)))
		})
	case bucketPath, directoryPath:
		u.SizeDirectKey = sum.bytes
		if p.kind == bucketPath && sum.empty() {
			u.SizeDirectKey = Any{}
		}
		if p.dir.dirsFolded || opts.Files && p.dir.filesFolded {
			return Answer{}, folded("sub-paths", p.path)
		}
		u.All = o.childUsage(index, p, opts)
	case keyPathKind:
		s := p.key.state.at(index)
		u.Size = s.size
		u.SizeWithReplica = opts.replicated(replicatedBytes(s.size, &o.replication[s.replication]))
	}
	u.SubPathCount = len(u.All)
	slices.SortFunc(u.All, compareSubPaths)
	u.SubPaths = u.All
	if u.Sorted && len(u.All) > topSubPaths {
		u.SubPaths = u.All[:topSubPaths:topSubPaths]
	}
	if u.SubPaths == nil {
		u.SubPaths = []SubPath{}
	}
	return ok(u), nil
}

func compareSubPaths(a, b SubPath) int {
	return cmp.Or(-cmp.Compare(a.Size, b.Size), strings.Compare(a.Path, b.Path))
}

func (u UsageOptions) replicated(bytes int64) int64 {
	if u.Replica {
		return bytes
	}
	return -1
}

func (u UsageOptions) subPath(path string, sum *totals) SubPath {
	return SubPath{Path: path, Size: sum.bytes, SizeWithReplica: u.replicated(sum.replicated)}
}

func (o *Oracle) volumeUsage(index int64, opts UsageOptions) (all []SubPath) {
	o.volumes.all(func(v *volume) bool {
		if *v.fact.at(index) == nil {
			return true
		}
		var sum totals
		o.bucketsOf(index, v.name, func(b *bucket) {
			s := b.root(index).sum.at(index)
			sum.bytes += s.bytes
			sum.replicated += s.replicated
		})
		all = append(all, opts.subPath("/"+v.name, &sum))
		return true
	})
	return all
}

// childUsage lists the directories directly in p, and its keys if asked for.
func (o *Oracle) childUsage(index int64, p place, opts UsageOptions) (all []SubPath) {
	flat := p.dir == p.bucket.flat
	if !flat {
		o.dirsIn(p.dir, func(row *dirRow) {
			if child := row.state.at(index).child; child != nil {
				all = append(all, opts.subPath(p.path+"/"+row.name, child.sum.at(index)))
			}
		})
	}
	if !opts.Files {
		return all
	}
	keysIn(o.tableOf(p.dir), p.dir, func(row *keyRow) bool {
		s := row.state.at(index)
		if !s.present {
			return true
		}
		sub := SubPath{Path: row.name, Size: s.size, IsKey: true, Key: true}
		if !flat {
			sub.Path = p.path + "/" + row.name
		}
		sub.SizeWithReplica = opts.replicated(replicatedBytes(s.size, &o.replication[s.replication]))
		all = append(all, sub)
		return true
	})
	return all
}

// dirsIn walks the rows of directories directly in a node.
func (o *Oracle) dirsIn(in *node, fn func(*dirRow)) {
	first := &dirRow{in: in}
	o.dirs.from(func(r *dirRow) bool { return compareDirRows(r, first) >= 0 }, func(r *dirRow) bool {
		if r.in != in {
			return false
		}
		fn(r)
		return true
	})
}

func (o *Oracle) tableOf(in *node) *ordered[*keyRow] {
	if in == in.home.flat {
		return &o.keys
	}
	return &o.files
}

// keysIn walks the rows of keys directly in a node until fn returns false.
func keysIn(table *ordered[*keyRow], in *node, fn func(*keyRow) bool) {
	keysAfter(table, in, "", fn)
}

// keysAfter is keysIn from the first name that is not below from.
func keysAfter(table *ordered[*keyRow], in *node, from string, fn func(*keyRow) bool) {
	first := &keyRow{in: in, name: from}
	table.from(func(r *keyRow) bool { return compareKeyRows(r, first) >= 0 }, func(r *keyRow) bool {
		return r.in == in && fn(r)
	})
}
