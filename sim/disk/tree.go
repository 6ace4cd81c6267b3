package disk

import (
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cespare/xxhash/v2"
)

// inode numbers a file or directory; numbers are never used again.
type inode uint32

const rootInode inode = 1

// owner marks the nodes that a tree may change.
type owner struct{ _ byte }

// tree is the content of a disk. Cloning it copies pointers; a node is copied
// when one of the trees that share it changes it.
type tree struct {
	owner *owner
	// nodes is indexed by inode; nil for what is gone.
	nodes []*node
}

func newTree() tree {
	o := new(owner)
	return tree{owner: o, nodes: []*node{0: nil, rootInode: {owner: o, entries: map[string]inode{}}}}
}

// share returns a second tree with the same content. Neither may change the
// nodes from then on, so both own none of them.
func (t *tree) share() tree {
	t.owner = new(owner)
	return tree{owner: new(owner), nodes: slices.Clone(t.nodes)}
}

// own returns a node that the tree may change.
func (t *tree) own(i inode) *node {
	n := t.nodes[i]
	if n.owner != t.owner {
		n = n.copyFor(t.owner)
		t.nodes[i] = n
	}
	return n
}

// place puts a new, empty node at a number.
func (t *tree) place(i inode, isDir bool, now time.Time) {
	for len(t.nodes) <= int(i) {
		t.nodes = append(t.nodes, nil)
	}
	n := &node{owner: t.owner, modTime: now}
	if isDir {
		n.entries = map[string]inode{}
	}
	t.nodes[i] = n
}

// clean makes a path relative to the root, without dots and outer slashes.
func clean(name string) string {
	if strings.HasPrefix(name, ".") || strings.Contains(name, "/.") || strings.Contains(name, "//") {
		name = path.Clean("/" + name)
	}
	return strings.Trim(name, "/")
}

// find resolves a cleaned path.
func (t *tree) find(name string) (inode, error) {
	at := rootInode
	for name != "" {
		first, rest, _ := strings.Cut(name, "/")
		n := t.nodes[at]
		if !n.isDir() {
			return 0, syscall.ENOTDIR
		}
		next, ok := n.entries[first]
		if !ok {
			return 0, syscall.ENOENT
		}
		at, name = next, rest
	}
	return at, nil
}

// slot is one directory entry, present or not.
type slot struct {
	dir  inode
	name string
}

// slotOf resolves the directory of a path. The root has no slot.
func (t *tree) slotOf(name string) (slot, error) {
	name = clean(name)
	if name == "" {
		return slot{}, syscall.EINVAL
	}
	cut := strings.LastIndexByte(name, '/')
	dir, err := t.find(name[:max(cut, 0)])
	if err == nil && !t.nodes[dir].isDir() {
		err = syscall.ENOTDIR
	}
	return slot{dir, name[cut+1:]}, err
}

// at returns what a slot holds, 0 if nothing.
func (t *tree) at(s slot) inode { return t.nodes[s.dir].entries[s.name] }

func (t *tree) set(s slot, i inode) { t.own(s.dir).entries[s.name] = i }
func (t *tree) unset(s slot)        { delete(t.own(s.dir).entries, s.name) }

// holds reports whether inner is dir or lies below it.
func (t *tree) holds(dir, inner inode) bool {
	if dir == inner {
		return true
	}
	for _, child := range t.nodes[dir].entries {
		if t.nodes[child].isDir() && t.holds(child, inner) {
			return true
		}
	}
	return false
}

// hash is that of all paths and contents, and nothing else.
func (t *tree) hash() uint64 { return t.hashOf(rootInode) }

func (t *tree) hashOf(i inode) uint64 {
	n := t.nodes[i]
	if !n.isDir() {
		return n.contentHash()
	}
	sum := uint64(0xd1)
	for name, child := range n.entries { // A sum knows no order.
		sum += mix(xxhash.Sum64String(name) ^ mix(t.hashOf(child)))
	}
	return mix(sum)
}

// walk calls visit for every entry below a directory, in the order of the
// paths, a directory before what it holds.
func (t *tree) walk(dir inode, prefix string, visit func(path string, s slot, i inode)) {
	for _, name := range t.names(dir) {
		child, full := t.nodes[dir].entries[name], prefix+"/"+name
		visit(full, slot{dir, name}, child)
		if t.nodes[child].isDir() {
			t.walk(child, full, visit)
		}
	}
}

// names lists a directory's entries, sorted.
func (t *tree) names(dir inode) []string {
	names := make([]string, 0, len(t.nodes[dir].entries))
	for name := range t.nodes[dir].entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
