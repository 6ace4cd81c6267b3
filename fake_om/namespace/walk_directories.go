package namespace

import (
	"slices"
	"strings"
)

// Directories walks directoryTable in the order of "/vid/bid/pid/name". The
// fact is borrowed.
func (b *Base) Directories(yield func(*Directory) bool) {
	b.walkDirectories(false, yield)
}

// DeletedDirectories walks deletedDirectoryTable in the order of
// "/vid/bid/pid/name/oid". The fact is borrowed.
func (b *Base) DeletedDirectories(yield func(*DeletedDirectory) bool) {
	var fact DeletedDirectory
	b.walkDirectories(true, func(d *Directory) bool {
		fact.Directory = *d
		return yield(&fact)
	})
}

// walkDirectories yields the directories that are deleted, or those that are
// not.
func (b *Base) walkDirectories(deleted bool, yield func(*Directory) bool) {
	var (
		lineage  [maxDepth]step
		room     [maxFanout]step
		fact     Directory
		pathRoom []byte
	)
	for _, n := range b.byID {
		p := &b.buckets[n]
		if p.shape != treed {
			continue
		}
		for parent := p.tree.nodes - 1; parent >= 0; parent-- {
			depth := len(p.tree.lineage(parent, lineage[:0]))
			children := p.tree.children(parent, depth, room[:0])
			if !deleted && len(children) > 1 {
				// Slots are in the order of name + "/", which deletedDirectoryTable
				// has; directoryTable has that of the bare names.
				slices.SortFunc(children, func(x, y step) int {
					return strings.Compare(b.directoryName(p, parent, x.slot), b.directoryName(p, parent, y.slot))
				})
			}
			for _, child := range children {
				if b.nodeDeleted(p, child.node) != deleted {
					continue
				}
				pathRoom = b.appendPath(pathRoom[:0], p, child.node)
				b.fillDirectory(&fact, p, parent, child, string(pathRoom))
				if !yield(&fact) {
					return
				}
			}
		}
	}
}

func (b *Base) fillDirectory(d *Directory, p *bucket, parent int64, child step, path string) {
	index := p.firstNodeIndex + child.node
	*d = Directory{
		Volume: p.fact.Volume, Bucket: p.fact.Name,
		Name: b.directoryName(p, parent, child.slot), Path: path,
		VolumeID: p.fact.VolumeID, BucketID: p.fact.ObjectID, ParentID: p.nodeID(parent),
		ObjectID: ObjectID(index), UpdateID: index,
		CreatedMillis: b.millis(index), ModifiedMillis: b.millis(index),
	}
}

// directory is the fact of a node other than 0.
func (b *Base) directory(p *bucket, node int64) *Directory {
	var room [maxDepth]step
	lineage := p.tree.lineage(node, room[:0])
	parent := int64(0)
	if len(lineage) > 1 {
		parent = lineage[len(lineage)-2].node
	}
	d := &Directory{}
	b.fillDirectory(d, p, parent, lineage[len(lineage)-1], string(b.appendPath(nil, p, node)))
	return d
}
