package namespace

import (
	"slices"
	"strconv"
	"strings"
)

// pendingOfGroup is how many rows of each pending kind have names with a common
// prefix.
const pendingOfGroup = 8

// deletedKeysOfRow bounds the keys in one row of deletedTable; a row takes one
// index more than that, for its RowID.
const deletedKeysOfRow = 3

// pending is the plan of a bucket's open keys, deleted keys and uploads. The
// groups are dealt to the bucket's nodes in order, so that ascending groups
// are ascending paths.
type pending struct {
	open, deleted, uploads int64
	groups                 int64
	width                  int
	// Where the numbers and indexes of each kind begin.
	openNumber, deletedNumber, uploadNumber int64
	openIndex, deletedIndex, uploadIndex    int64
}

// planPending gives a bucket pending rows in proportion to its keys.
func (b *Base) planPending(p *bucket) {
	g := &p.pending
	g.open = p.keys/100 + 3
	g.deleted = p.keys/100 + 6
	g.uploads = p.keys/500 + 2
	g.groups = (g.deleted + pendingOfGroup - 1) / pendingOfGroup
	g.width = digits(g.groups - 1)
	take := func(next *int64, count int64) int64 {
		first := *next + 1
		*next += count
		return first
	}
	g.openNumber, g.openIndex = take(&b.lastNumber, g.open), take(&b.lastIndex, g.open)
	g.deletedNumber = take(&b.lastNumber, g.deleted*deletedKeysOfRow)
	g.deletedIndex = take(&b.lastIndex, g.deleted*(deletedKeysOfRow+1))
	g.uploadNumber, g.uploadIndex = take(&b.lastNumber, g.uploads), take(&b.lastIndex, g.uploads)
}

// pendingKind says which rows a walk wants.
type pendingKind uint8

const (
	openRow pendingKind = 1 << iota
	deletedRow
	uploadRow
)

// pendingEntry is a row of a group before its fact is made. Its row key ends in
// text, which is path + "/" + suffix.
type pendingEntry struct {
	kind        pendingKind
	number      int64
	start, end  int
	pathBytes   int
	parentBytes int
	text        string
}

// pendingGroup makes the rows of one group, sorted as in their table.
type pendingGroup struct {
	base    *Base
	bucket  *bucket
	node    int64
	entries []pendingEntry
	bytes   []byte
	key     keyScratch
	more    [deletedKeysOfRow]keyScratch
	keys    [deletedKeysOfRow]Key
	parts   [maxParts]Part
	blocks  [maxParts]Block
}

func (p *bucket) pendingNode(group int64) int64 {
	return mulDiv(group, p.tree.nodes, p.pending.groups)
}

// load makes the entries of a group.
func (g *pendingGroup) load(p *bucket, group int64, kinds pendingKind) {
	g.entries, g.bytes = g.entries[:0], g.bytes[:0]
	g.bucket, g.node = p, p.pendingNode(group)
	first := group * pendingOfGroup
	for _, k := range []struct {
		kind  pendingKind
		total int64
	}{{openRow, p.pending.open}, {deletedRow, p.pending.deleted}, {uploadRow, p.pending.uploads}} {
		if kinds&k.kind == 0 {
			continue
		}
		for n := first; n < min(first+pendingOfGroup, k.total); n++ {
			g.addEntry(group, k.kind, n)
		}
	}
	g.sort()
}

// addEntry appends the path and the suffix of row n of a kind.
func (g *pendingGroup) addEntry(group int64, kind pendingKind, n int64) {
	b, p := g.base, g.bucket
	e := pendingEntry{kind: kind, number: n, start: len(g.bytes)}
	if p.shape == flat {
		g.bytes = append(g.bytes, "Busy//pending/"...)
	} else if g.bytes = b.appendPath(g.bytes, p, g.node); len(g.bytes) > e.start {
		g.bytes = append(g.bytes, '/')
	}
	e.parentBytes = len(g.bytes) - e.start
	// 'B' keeps the names below those of directories and apart from the stems.
	g.bytes = append(g.bytes, 'B')
	g.bytes = appendDigits(g.bytes, group, p.pending.width)
	// The last two rows of a full group have the same path.
	slot := min(n%pendingOfGroup, pendingOfGroup-2)
	start := mix(b.config.Seed, forPending, uint64(p.number)<<40^uint64(group)) % (maxKeysOfNode - pendingOfGroup)
	g.bytes = append(g.bytes, p.suffixes().bySlot[int64(start)+slot]...)
	e.pathBytes = len(g.bytes) - e.start
	g.bytes = append(g.bytes, '/')
	switch kind {
	case openRow:
		session := mix(b.config.Seed, forSession, uint64(p.pending.openNumber+n)) >> 1
		g.bytes = strconv.AppendUint(g.bytes, session, 10)
	case deletedRow:
		g.bytes = strconv.AppendInt(g.bytes, p.deletedRowID(n), 10)
	case uploadRow:
		g.bytes = appendUploadID(g.bytes, b.config.Seed, b.millis(p.pending.uploadIndex+n), p.pending.uploadIndex+n)
	}
	e.end = len(g.bytes)
	g.entries = append(g.entries, e)
}

// sort cuts the texts and brings the rows into the order of their row keys.
func (g *pendingGroup) sort() {
	all := string(g.bytes)
	for n := range g.entries {
		g.entries[n].text = all[g.entries[n].start:g.entries[n].end]
	}
	slices.SortFunc(g.entries, func(x, y pendingEntry) int { return strings.Compare(x.text, y.text) })
}

// appendUploadID appends a version 7 UUID, a hyphen and a decimal unique id.
func appendUploadID(dst []byte, seed uint64, millis, index int64) []byte {
	high := uint64(millis)<<16 | 7<<12 | mix(seed, forSession, uint64(index))&0xfff
	low := 1<<63 | mix(seed, forSession, ^uint64(index))>>2
	const hex = "0123456789abcdef"
	for at := 60; at >= 0; at -= 4 {
		dst = append(dst, hex[high>>at&15])
		if at == 32 || at == 16 {
			dst = append(dst, '-')
		}
	}
	dst = append(dst, '-')
	for at := 60; at >= 0; at -= 4 {
		dst = append(dst, hex[low>>at&15])
		if at == 48 {
			dst = append(dst, '-')
		}
	}
	return strconv.AppendInt(append(dst, '-'), index, 10)
}
