package rocksdb

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
)

// source is a sorted run of entries: a table, the tables of a level, or a
// memtable.
type source interface {
	// next moves to the next entry; false at the end.
	next() (bool, error)
	// current is the entry moved to, borrowed until the next call of next.
	current() *entry
	close() error
}

// levelSource reads the files of one level one after the other, each open only
// while it is read.
type levelSource struct {
	fs    FS
	dir   string
	files []File
	table *table
	it    *tableIterator
}

func (l *levelSource) next() (bool, error) {
	for {
		if l.it != nil {
			if ok, err := l.it.next(); ok || err != nil {
				return ok, err
			}
			if err := l.close(); err != nil {
				return false, err
			}
		}
		if len(l.files) == 0 {
			return false, nil
		}
		f := l.files[0]
		l.files = l.files[1:]
		t, err := openTable(l.fs, l.dir, f)
		if err != nil {
			return false, err
		}
		l.table = t
		if l.it, err = t.newIterator(); err != nil {
			return false, err
		}
	}
}

func (l *levelSource) current() *entry { return &l.it.entry }

func (l *levelSource) close() error {
	if l.table == nil {
		return nil
	}
	t := l.table
	l.table, l.it = nil, nil
	return t.Close()
}

// mergeHeap orders sources by their current entry; of equal internal keys, that
// of the newer source comes first.
type mergeHeap []mergeItem

type mergeItem struct {
	source
	rank int // 0 is the newest
}

func (h mergeHeap) Len() int      { return len(h) }
func (h mergeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h mergeHeap) Less(i, j int) bool {
	a, b := h[i].current(), h[j].current()
	if c := compareInternal(a.key, a.trailer, b.key, b.trailer); c != 0 {
		return c < 0
	}
	return h[i].rank < h[j].rank
}
func (h *mergeHeap) Push(x any) { *h = append(*h, x.(mergeItem)) }
func (h *mergeHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// familyMerge yields the live rows of a family: of each user key the newest
// version, if it is a put that no newer range delete hides.
type familyMerge struct {
	heap    mergeHeap
	all     []source
	deletes *rangeDeleteSet
	last    []byte // user key dealt with
	started bool
	advance bool // the top source stands on an entry already dealt with
}

// newFamilyMerge opens the sources of a family, newest first: its log records
// (nil if none), each level 0 file, each level below.
func newFamilyMerge(fs FS, dir string, f *Family, m *memtable) (*familyMerge, error) {
	g := &familyMerge{}
	var deletes []rangeDelete
	if m != nil {
		g.all = append(g.all, m)
		deletes = append(deletes, m.deletes...)
	}
	for i := 0; i < len(f.Files); {
		end := i + 1
		for f.Files[i].Level > 0 && end < len(f.Files) && f.Files[end].Level == f.Files[i].Level {
			end++
		}
		g.all = append(g.all, &levelSource{fs: fs, dir: dir, files: f.Files[i:end]})
		i = end
	}
	for i := range f.Files {
		ds, err := tableRangeDeletes(fs, dir, f.Files[i])
		if err != nil {
			return nil, err
		}
		deletes = append(deletes, ds...)
	}
	g.deletes = newRangeDeleteSet(deletes)
	for rank, s := range g.all {
		ok, err := s.next()
		if err != nil {
			return nil, closeAfter(g, err)
		}
		if ok {
			g.heap = append(g.heap, mergeItem{s, rank})
		}
	}
	heap.Init(&g.heap)
	return g, nil
}

// tableRangeDeletes reads the range deletes of a table, clipped to its bounds.
func tableRangeDeletes(fs FS, dir string, f File) ([]rangeDelete, error) {
	t, err := openTable(fs, dir, f)
	if err != nil {
		return nil, err
	}
	deletes, err := t.rangeDeletes()
	if err != nil {
		return nil, closeAfter(t, err)
	}
	var clipped []rangeDelete
	for _, d := range deletes {
		if d.clipTo(&f) {
			clipped = append(clipped, d)
		}
	}
	return clipped, t.Close()
}

// next returns the next live row, borrowed until the following call; nil at the
// end.
func (g *familyMerge) next() (*entry, error) {
	for {
		if g.advance {
			if err := g.step(); err != nil {
				return nil, err
			}
		}
		if len(g.heap) == 0 {
			return nil, nil
		}
		g.advance = true
		e := g.heap[0].current()
		if g.started && bytes.Equal(e.key, g.last) {
			continue
		}
		g.started = true
		g.last = append(g.last[:0], e.key...)
		if g.deletes.hides(e) {
			continue
		}
		switch _, kind := SplitTrailer(e.trailer); kind {
		case KindPut:
			return e, nil
		case KindDelete, KindSingleDelete:
		default:
			return nil, unsupportedf("key %x is a %s, which needs an operator or a file this package does not have", e.key, kind)
		}
	}
}

// step moves the source on top past its entry.
func (g *familyMerge) step() error {
	g.advance = false
	ok, err := g.heap[0].next()
	if err != nil {
		return err
	}
	if ok {
		heap.Fix(&g.heap, 0)
	} else {
		heap.Pop(&g.heap)
	}
	return nil
}

// Close closes every table still open.
func (g *familyMerge) Close() error {
	var errs []error
	for _, s := range g.all {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// ScanFamily calls fn for each live row of one family in ascending key order:
// its tables of all levels and its live log records merged, with deletes, single
// deletes and range deletes applied. Every block read is checked. key and value
// are borrowed until fn returns. fn's error ends the scan and is returned as it
// is. Log records are held in memory meanwhile.
func ScanFamily(ctx context.Context, fs FS, dir string, v *Version, familyID uint32, fn func(key, value []byte) error) error {
	f := v.FamilyByID(familyID)
	if f == nil {
		return fmt.Errorf("scan %s: there is no family with id %d", dir, familyID)
	}
	logs, err := loadLogs(ctx, fs, dir, v)
	if err != nil {
		return err
	}
	return scanFamily(ctx, fs, dir, f, logs[familyID], fn)
}

func scanFamily(ctx context.Context, fs FS, dir string, f *Family, m *memtable, fn func(key, value []byte) error) error {
	g, err := newFamilyMerge(fs, dir, f, m)
	if err != nil {
		return fmt.Errorf("scan family %q: %w", f.Name, err)
	}
	for n := 0; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return closeAfter(g, ctx.Err())
		}
		e, err := g.next()
		if err != nil {
			return closeAfter(g, fmt.Errorf("scan family %q: %w", f.Name, err))
		}
		if e == nil {
			return g.Close()
		}
		if err := fn(e.key, e.value); err != nil {
			if closeErr := g.Close(); closeErr != nil {
				return errors.Join(err, closeErr)
			}
			return err
		}
	}
}
