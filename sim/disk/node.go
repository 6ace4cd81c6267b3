package disk

import (
	"bytes"
	"time"

	"github.com/cespare/xxhash/v2"
)

// pageBytes is the unit in which files share their bytes. It is SQLite's page
// size, so that its writes replace whole pages.
const pageBytes = 4096

// page holds a part of a file; what data does not reach is zero. The bytes of
// data never change once written: a longer page appends to them, another page
// has new ones. So log, images and files share them.
type page struct {
	data []byte
	// epoch is that of the last change, private whether data was made in it
	// and is known to nobody else.
	epoch   uint32
	private bool
	hashed  bool
	hash    uint64
}

// node is the content of a file or a directory.
type node struct {
	// owner is the tree that may change the node; all others copy it first.
	owner *owner
	// entries is nil for a file.
	entries   map[string]inode
	pages     []page
	sizeBytes int64
	// version counts the operations that changed the bytes; mixed if some of
	// them were left out.
	version int
	modTime time.Time
	hashed  bool
	hash    uint64
}

const mixed = -1

func (n *node) isDir() bool { return n.entries != nil }

// copyFor makes a copy that another tree may change.
func (n *node) copyFor(o *owner) *node {
	c := *n
	c.owner = o
	if n.isDir() {
		c.entries = make(map[string]inode, len(n.entries)+1)
		for name, i := range n.entries {
			c.entries[name] = i
		}
		return &c
	}
	c.pages = make([]page, len(n.pages), len(n.pages)+1)
	for i, p := range n.pages {
		p.data, p.private, p.epoch = exact(p.data), false, 0
		c.pages[i] = p
	}
	return &c
}

// exact cuts the capacity, so that an append never writes into shared bytes.
func exact(data []byte) []byte { return data[:len(data):len(data)] }

// delta is what one write made of one page.
type delta struct {
	index int
	data  []byte
}

// dirty remembers what a live file was at its last sync. The older state of a
// page is kept at its first change in an epoch; each sync begins a new one.
type dirty struct {
	epoch     uint32
	saved     []delta
	sizeBytes int64
	version   int
}

func (d *dirty) save(index int, p *page) {
	if p.epoch != d.epoch {
		d.saved = append(d.saved, delta{index, exact(p.data)})
		p.epoch, p.private = d.epoch, false
	}
}

// synced makes the file's present state the one to fall back to.
func (d *dirty) synced(n *node) {
	clear(d.saved)
	d.epoch++
	d.saved, d.sizeBytes, d.version = d.saved[:0], n.sizeBytes, n.version
}

// drop takes the file back to its last sync.
func (d *dirty) drop(n *node) {
	for i := len(d.saved) - 1; i >= 0; i-- {
		s := d.saved[i]
		n.reach(s.index + 1)
		n.pages[s.index] = page{data: s.data}
	}
	n.sizeBytes, n.version, n.hashed = d.sizeBytes, d.version, false
	d.synced(n)
}

// reach makes room for so many pages.
func (n *node) reach(pages int) {
	for len(n.pages) < pages {
		n.pages = append(n.pages, page{})
	}
}

func (n *node) readAt(p []byte, offset int64) int {
	if offset >= n.sizeBytes {
		return 0
	}
	p = p[:min(int64(len(p)), n.sizeBytes-offset)]
	total := len(p)
	for len(p) > 0 {
		i, at := int(offset/pageBytes), int(offset%pageBytes)
		part := p[:min(len(p), pageBytes-at)]
		got := 0
		if i < len(n.pages) && at < len(n.pages[i].data) {
			got = copy(part, n.pages[i].data[at:])
		}
		clear(part[got:])
		p, offset = p[len(part):], offset+int64(len(part))
	}
	return total
}

// writeAt changes the bytes. d is nil but for a live file; record asks for the
// pages as they are then, appended to deltas.
func (n *node) writeAt(p []byte, offset int64, d *dirty, record bool, deltas []delta) []delta {
	end := offset + int64(len(p))
	n.reach(int((end + pageBytes - 1) / pageBytes))
	for len(p) > 0 {
		i, at := int(offset/pageBytes), int(offset%pageBytes)
		part := p[:min(len(p), pageBytes-at)]
		held := &n.pages[i]
		if d != nil {
			d.save(i, held)
		}
		held.put(part, at, i > 0, !record)
		if record {
			deltas = append(deltas, delta{i, exact(held.data)})
		}
		p, offset = p[len(part):], offset+int64(len(part))
	}
	n.sizeBytes = max(n.sizeBytes, end)
	n.hashed = false
	return deltas
}

// zeros fills what lies between a page's end and a write beyond it.
var zeros [pageBytes]byte

// put changes a part of the page. whole asks for room for a full page at once,
// as a file that grows will fill it; private says that nobody else gets to know
// the bytes.
func (g *page) put(part []byte, at int, whole, private bool) {
	g.hashed = false
	have, end := len(g.data), at+len(part)
	if at == 0 && len(part) == pageBytes && !g.private {
		g.data, g.private = bytes.Clone(part), private
		return
	}
	if at >= have {
		if whole && cap(g.data) < end {
			g.data = append(make([]byte, 0, pageBytes), g.data...)
		}
		g.data = append(append(g.data, zeros[:at-have]...), part...)
		return
	}
	if g.private && end <= have {
		copy(g.data[at:], part)
		return
	}
	fresh := make([]byte, max(have, end))
	if at > 0 || end < have {
		copy(fresh, g.data)
	}
	copy(fresh[at:], part)
	g.data, g.private = fresh, private
}

// set takes a page over from the log.
func (n *node) set(d delta) {
	n.reach(d.index + 1)
	n.pages[d.index] = page{data: d.data}
	n.hashed = false
}

func (n *node) truncate(sizeBytes int64, d *dirty) {
	n.hashed = false
	if sizeBytes < n.sizeBytes {
		keep := int((sizeBytes + pageBytes - 1) / pageBytes)
		first := int(sizeBytes / pageBytes)
		for i := first; i < len(n.pages) && d != nil; i++ {
			d.save(i, &n.pages[i])
		}
		if keep < len(n.pages) {
			clear(n.pages[keep:])
			n.pages = n.pages[:keep]
		}
		if rest := int(sizeBytes % pageBytes); first < len(n.pages) && rest < len(n.pages[first].data) {
			cut := &n.pages[first]
			cut.data, cut.hashed, cut.private = exact(cut.data[:rest]), false, false
		}
	}
	n.sizeBytes = sizeBytes
}

// contentHash depends on the size and the bytes only, not on how they came.
func (n *node) contentHash() uint64 {
	if n.hashed {
		return n.hash
	}
	sum := mix(uint64(n.sizeBytes) + 1)
	for i := range n.pages {
		held := &n.pages[i]
		if !held.hashed {
			held.hash = 0
			if data := bytes.TrimRight(held.data, "\x00"); len(data) > 0 {
				held.hash = mix(xxhash.Sum64(data) + uint64(i)*0x9e3779b97f4a7c15)
			}
			held.hashed = true
		}
		sum += held.hash
	}
	n.hash, n.hashed = mix(sum), true
	return n.hash
}

// mix spreads the bits of x over all bits of the result (splitmix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
