package disk

import (
	"slices"
)

// record is one operation with what it takes to do it again on another tree.
type record struct {
	kind Kind
	// undone operations have no effect on what is durable; see [Log.Without].
	undone     bool
	path, to   string
	inode      inode
	from, into slot
	// offset and length as in Op.
	offset, length int64
	hash           uint64
	// pages are what a write made of the pages that it touched.
	pages []delta
	// version is the node's after the operation.
	version int
}

func (r *record) op(number int) Op {
	return Op{Number: number, Kind: r.kind, Path: r.path, To: r.to, Offset: r.offset, Length: r.length}
}

// part returns the bytes that a write put into one of its pages, and where.
func (r *record) part(d delta) (bytes []byte, offset int64) {
	start := int64(d.index) * pageBytes
	from, to := max(r.offset, start), min(r.offset+r.length, start+pageBytes)
	return d.data[from-start : to-start], from
}

// apply does the operation on a tree. Of a write only the first cut bytes are
// done.
func (t *tree) apply(r *record, cut int64) {
	switch r.kind {
	case Create, Mkdir:
		t.set(r.from, r.inode)
	case Link:
		t.set(r.into, r.inode)
	case Rename:
		t.unset(r.from)
		t.set(r.into, r.inode)
	case Remove:
		t.unset(r.from)
	case Write:
		t.applyWrite(r, cut)
	case Truncate:
		n := t.own(r.inode)
		n.truncate(r.offset, nil)
		n.advance(r)
	}
}

// applyWrite takes the pages over from the log if the node is what the write
// met, and writes the bytes themselves into any other.
func (t *tree) applyWrite(r *record, cut int64) {
	n := t.own(r.inode)
	if n.version == r.version-1 && cut >= r.length {
		for _, d := range r.pages {
			n.set(d)
		}
		n.sizeBytes = max(n.sizeBytes, r.offset+r.length)
		n.version = r.version
		return
	}
	n.version = mixed
	for _, d := range r.pages {
		part, offset := r.part(d)
		part = part[:max(0, min(int64(len(part)), r.offset+cut-offset))]
		if len(part) > 0 {
			n.writeAt(part, offset, nil, false, nil)
		}
	}
}

func (n *node) advance(r *record) {
	if n.version != r.version-1 {
		n.version = mixed
		return
	}
	n.version = r.version
}

// recorder is the growing log of a live disk.
type recorder struct {
	base    tree
	records []record
	// deltas is the rest of a block from which records take their pages.
	deltas []delta
}

const deltaBlock = 512

// write changes a node and returns its pages for the record.
func (l *recorder) write(n *node, p []byte, offset int64, d *dirty) []delta {
	if need := len(p)/pageBytes + 2; cap(l.deltas)-len(l.deltas) < need {
		l.deltas = make([]delta, 0, max(deltaBlock, need))
	}
	start := len(l.deltas)
	l.deltas = n.writeAt(p, offset, d, true, l.deltas)
	return slices.Clip(l.deltas[start:])
}

func (l *recorder) add(r record) { l.records = append(l.records, r) }

// log returns what was recorded so far; the records never change.
func (l *recorder) log() *Log {
	return &Log{base: l.base, records: slices.Clip(l.records)}
}

// Log is what a disk was at first and every operation on it since. It is safe
// for concurrent use.
type Log struct {
	base    tree
	records []record
}

// Len is the number of operations.
func (l *Log) Len() int { return len(l.records) }

// Op describes operation number n, from 1 to Len.
func (l *Log) Op(n int) Op {
	r := &l.records[n-1]
	op := r.op(n)
	if r.kind == Write && !isManifest(r.path) {
		written := make([]byte, 0, r.length)
		for _, d := range r.pages {
			part, _ := r.part(d)
			written = append(written, part...)
		}
		op.Hash = hashOf(r.path, written, r.offset)
	}
	return op
}

// Without returns the log of a run in which the chosen syncs were never done:
// the mistake of whoever forgets them, without another run. Other operations
// cannot be left out and stay.
func (l *Log) Without(forgotten func(Op) bool) *Log {
	records := slices.Clone(l.records)
	for i := range records {
		if r := &records[i]; (r.kind == Sync || r.kind == SyncDir) && forgotten(l.Op(i+1)) {
			r.undone = true
		}
	}
	return &Log{base: l.base, records: records}
}

// cursor is a place in the log with what is durable there and what is not yet.
type cursor struct {
	log     *Log
	done    int
	durable tree
	// settled counts the changes of durable.
	settled int
	// pending are the indexes of the operations that are not durable, in order.
	pending []int
}

func (l *Log) cursor() *cursor {
	return &cursor{log: l, durable: tree{owner: new(owner), nodes: slices.Clone(l.base.nodes)}}
}

// advance goes on until so many operations are done.
func (c *cursor) advance(to int) {
	for c.done < to {
		c.step(&c.log.records[c.done])
		c.done++
	}
}

func (c *cursor) step(r *record) {
	switch {
	case r.undone:
	case r.kind == Create || r.kind == Mkdir:
		c.durable.place(r.inode, r.kind == Mkdir, c.log.base.nodes[rootInode].modTime)
		c.pending = append(c.pending, c.done)
	case r.kind.changesEntries() || r.kind.changesBytes():
		c.pending = append(c.pending, c.done)
	case r.kind == Sync:
		c.settle(func(p *record) bool { return p.kind.changesBytes() && p.inode == r.inode })
	case r.kind == SyncDir:
		c.settle(c.entriesOf(r.inode))
	case r.kind == Drop:
		c.pending = slices.DeleteFunc(c.pending, func(i int) bool {
			p := &c.log.records[i]
			return p.kind.changesBytes() && p.inode == r.inode
		})
	}
}

// settle makes the chosen pending operations durable.
func (c *cursor) settle(chosen func(*record) bool) {
	rest := c.pending[:0]
	for _, i := range c.pending {
		if r := &c.log.records[i]; chosen(r) {
			c.durable.apply(r, r.length)
			c.settled++
			continue
		}
		rest = append(rest, i)
	}
	c.pending = rest
}

// entriesOf chooses what fsync of a directory makes durable: the changes of its
// entries, and those before them that they build upon.
func (c *cursor) entriesOf(dir inode) func(*record) bool {
	chosen := map[*record]bool{}
	closure := slots{}
	for _, i := range slices.Backward(c.pending) {
		r := &c.log.records[i]
		if r.kind.changesEntries() && (r.changes(dir) || closure.meet(r)) {
			chosen[r] = true
			closure.add(r)
		}
	}
	return func(r *record) bool { return chosen[r] }
}

// changes reports whether the operation changes an entry of the directory.
func (r *record) changes(dir inode) bool {
	return r.from.dir == dir && r.kind != Link || r.into.dir == dir
}

// changed lists the directories whose entries the operation changes.
func (r *record) changed() []inode {
	switch r.kind {
	case Link:
		return []inode{r.into.dir}
	case Rename:
		return []inode{r.from.dir, r.into.dir}
	default:
		return []inode{r.from.dir}
	}
}

// slots are the directory entries that some operations change.
type slots []slot

func (s *slots) add(r *record) {
	if r.kind != Link {
		*s = append(*s, r.from)
	}
	if r.into.dir != 0 {
		*s = append(*s, r.into)
	}
}

func (s slots) meet(r *record) bool {
	return r.kind != Link && slices.Contains(s, r.from) || r.into.dir != 0 && slices.Contains(s, r.into)
}
