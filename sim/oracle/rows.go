package oracle

import (
	"cmp"
	"slices"
	"strings"

	"reconsim/fake_om/namespace"
)

// blockRef is a block of a key: which version of the key it is in, and where.
type blockRef struct {
	version          uint64
	container, local int64
}

// keyState is a committed key at some time.
type keyState struct {
	size, createdMillis, modifiedMillis int64
	blocks                              []blockRef
	replication                         uint16
	present                             bool
}

// keyRow is a row of keyTable or fileTable over time.
type keyRow struct {
	in      *node
	name    string
	state   history[keyState]
	touched bool
}

func (r *keyRow) dbKey() string { return r.in.prefix + r.name }

func compareKeyRows(a, b *keyRow) int { return compareRowKeys(a.in, a.name, b.in, b.name) }

// compareRowKeys compares prefix+name in byte order. No prefix of one table
// begins with another one: all have the same number of slashes and end in one.
func compareRowKeys(a *node, aName string, b *node, bName string) int {
	if a != b {
		if c := strings.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
	}
	return strings.Compare(aName, bName)
}

// dirState is a directory at some time; no child means no row.
type dirState struct {
	child                         *node
	createdMillis, modifiedMillis int64
}

// dirRow is a row of directoryTable over time.
type dirRow struct {
	in      *node
	name    string
	state   history[dirState]
	touched bool
}

func compareDirRows(a, b *dirRow) int { return compareRowKeys(a.in, a.name, b.in, b.name) }

// prune implements prunable.
func (r *dirRow) prune(o *Oracle, before int64) bool {
	r.touched = r.state.forget(before)
	if !r.touched && r.state.first.child == nil {
		o.dirs.remove(r)
	}
	return r.touched
}

// prune implements prunable.
func (r *keyRow) prune(o *Oracle, before int64) bool {
	var had []blockRef
	r.state.values(func(s *keyState) { had = append(had, s.blocks...) })
	r.touched = r.state.forget(before)
	keeps := func(b blockRef) (found bool) {
		r.state.values(func(s *keyState) {
			found = found || slices.ContainsFunc(s.blocks, func(k blockRef) bool {
				return k.container == b.container && k.version == b.version
			})
		})
		return found
	}
	for _, b := range had {
		if c := o.containers[b.container]; c != nil && !keeps(b) {
			c.rows.remove(containerRow{row: r, version: b.version})
		}
	}
	if !r.touched && !r.state.first.present {
		r.table(o).remove(r)
	}
	return r.touched
}

func (r *keyRow) table(o *Oracle) *ordered[*keyRow] {
	if r.in == r.in.home.flat {
		return &o.keys
	}
	return &o.files
}

// containerRow is a row of containerKeyTable that existed at some time; whether
// it does at an index follows from the key.
type containerRow struct {
	row     *keyRow
	version uint64
}

func (c containerRow) at(index int64, container int64) bool {
	for _, b := range c.row.state.at(index).blocks {
		if b.container == container && b.version == c.version {
			return true
		}
	}
	return false
}

// compareContainerRows is the byte order of key + "_" + version in 8 bytes.
func compareContainerRows(a, b containerRow) int {
	if a.row == b.row {
		return cmp.Compare(a.version, b.version)
	}
	return compareConcat(
		[3]string{a.row.in.prefix, a.row.name, versionTail(a.version)},
		[3]string{b.row.in.prefix, b.row.name, versionTail(b.version)})
}

func versionTail(version uint64) string {
	var tail [9]byte
	tail[0] = '_'
	for i := range 8 {
		tail[8-i] = byte(version >> (8 * i))
	}
	return string(tail[:])
}

// compareConcat compares two strings that are given in pieces.
func compareConcat(a, b [3]string) int {
	i, j := 0, 0
	for {
		for i < 3 && a[i] == "" {
			i++
		}
		for j < 3 && b[j] == "" {
			j++
		}
		switch {
		case i == 3 && j == 3:
			return 0
		case i == 3:
			return -1
		case j == 3:
			return 1
		}
		n := min(len(a[i]), len(b[j]))
		if c := strings.Compare(a[i][:n], b[j][:n]); c != 0 {
			return c
		}
		a[i], b[j] = a[i][n:], b[j][n:]
	}
}

// container is what OM keys have in a container.
type container struct {
	id      int64
	rows    ordered[containerRow]
	count   history[int64]
	touched bool
}

// prune implements prunable.
func (c *container) prune(_ *Oracle, before int64) bool {
	c.touched = c.count.forget(before)
	return c.touched
}

// counter is a number over time.
type counter struct {
	value   history[int64]
	touched bool
}

// prune implements prunable.
func (c *counter) prune(_ *Oracle, before int64) bool {
	c.touched = c.value.forget(before)
	return c.touched
}

// volume is a volume's name and its row over time.
type volume struct {
	name    string
	fact    history[*namespace.Volume]
	touched bool
}

// prune implements prunable.
func (v *volume) prune(_ *Oracle, before int64) bool {
	v.touched = v.fact.forget(before)
	return v.touched
}

// bucketState is a bucket row at some time; no fact means no row.
type bucketState struct {
	fact *namespace.Bucket
	// tree is the root of an FSO bucket.
	tree *node
}

// bucket is a bucket's name and its row over time.
type bucket struct {
	volume, name, key string
	// flat holds the keys of a bucket that has no directories.
	flat  *node
	state history[bucketState]
	// files counts rows of keyTable and fileTable by upper bound.
	files   [boundKinds]*counter
	touched bool
	// partial buckets have all rows of the base in the stretches only.
	partial   bool
	stretches []stretch
}

// fileCounter is the counter of an upper bound.
func (b *bucket) fileCounter(kind int) *counter {
	if b.files[kind] == nil {
		b.files[kind] = &counter{}
	}
	return b.files[kind]
}

// rowPrefix is what the row keys of all keys begin with that lie in or below
// root, the bucket's root.
func (b *bucket) rowPrefix(root *node) string {
	if root == b.flat {
		return root.prefix
	}
	// The root's prefix is /volume/bucket/bucket/, its bucket's one shorter.
	return root.prefix[:strings.LastIndexByte(root.prefix[:len(root.prefix)-1], '/')+1]
}

func compareBuckets(a, b *bucket) int { return strings.Compare(a.key, b.key) }

// prune implements prunable.
func (b *bucket) prune(_ *Oracle, before int64) bool {
	b.touched = b.state.forget(before)
	return b.touched
}

// root is the node that holds the bucket's content at index.
func (b *bucket) root(index int64) *node {
	if s := b.state.at(index); s.tree != nil {
		return s.tree
	}
	return b.flat
}
