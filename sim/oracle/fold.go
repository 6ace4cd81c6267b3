package oracle

import (
	"reconsim/fake_om/namespace"
)

// folding adds rows that are not loaded to the counts and totals of the base.
type folding struct {
	oracle   *Oracle
	strays   []int64
	progress func(done, total int64)
	done     int64
	// home and files are the bucket at hand and its rows by bound.
	home  *bucket
	files [boundKinds]int64
	// target is the loaded node that sum is for; neighbours mostly have the same.
	target *node
	sum    totals
	bins   [histogramBins]int64
}

// run folds the whole base.
func (f *folding) run() (err error) {
	o := f.oracle
	o.sample.Outside(func(h *namespace.Holder) bool {
		err = f.holder(h)
		return err == nil
	})
	if err != nil {
		return err
	}
	if err := f.credit(); err != nil {
		return err
	}
	f.leave()
	o.sample.PendingOutside(func(row namespace.Row) bool {
		var c contribution
		if c, err = contributionOf(row); err == nil {
			o.countPending(c, o.base, +1)
		}
		return err == nil
	})
	return err
}

func (f *folding) holder(h *namespace.Holder) error {
	o := f.oracle
	if f.home == nil || f.home.volume != h.Bucket.Volume || f.home.name != h.Bucket.Name {
		f.leave()
		f.home = o.bucket(h.Bucket.Volume, h.Bucket.Name)
	}
	target, rows := f.home.flat, keyRows
	if h.Bucket.Layout == namespace.FileSystemOptimized {
		target, rows = o.nearest(h.Line), fileRows
	}
	if target != f.target {
		if err := f.credit(); err != nil {
			return err
		}
		f.target = target
	}
	f.row(h)
	count := int64(0)
	for n := range h.Keys {
		if len(f.strays) > 0 && f.strays[0] == h.FirstKey+int64(n) {
			f.strays = f.strays[1:]
			continue
		}
		f.key(h.Keys[n].SizeBytes, h.Keys[n].Replication)
		count++
	}
	o.count(rows, o.base, count)
	f.tell(int64(len(h.Keys)))
	return nil
}

// nearest is the loaded node that a line of directories comes to first; nil if
// it ends before.
func (o *Oracle) nearest(line []int64) *node {
	for _, id := range line {
		if n := o.nodes[id]; n != nil {
			return n
		}
	}
	return nil
}

// row counts the holder's own row. That of a directory above a stray is loaded
// already, as is its node.
func (f *folding) row(h *namespace.Holder) {
	o := f.oracle
	switch h.Row {
	case namespace.MarkerRow:
		f.key(0, &namespace.Replication{})
		o.count(keyRows, o.base, 1)
	case namespace.DirectoryRow:
		if o.nodes[h.Line[0]] == nil {
			f.sum.dirs++
			o.count(directoryRows, o.base, 1)
		}
	case namespace.DeletedDirectoryRow:
		if o.nodes[h.Line[0]] == nil {
			o.count(deletedDirectoryRows, o.base, 1)
		}
	}
}

func (f *folding) key(size int64, r *namespace.Replication) {
	f.sum.files++
	f.sum.bytes += size
	f.sum.replicated += replicatedBytes(size, r)
	f.bins[bin(size)]++
	f.files[boundKind(size)]++
}

// credit adds the sum to its target; what has none is unreachable.
func (f *folding) credit() error {
	sum, target := f.sum, f.target
	for slot, count := range f.bins {
		if count != 0 {
			sum.bins = append(sum.bins, binCount{bin: uint8(slot), count: int32(count)})
		}
	}
	f.sum, f.bins = totals{}, [histogramBins]int64{}
	if target == nil || sum.empty() {
		return nil
	}
	return f.oracle.credit(target, f.oracle.base, &sum, +1)
}

// leave adds the file counts of the bucket at hand.
func (f *folding) leave() {
	for kind, count := range f.files {
		if count == 0 {
			continue
		}
		f.oracle.bump(f.home.fileCounter(kind), f.oracle.base, count)
	}
	f.files = [boundKinds]int64{}
}

// foldedKeys is how many keys are folded between two reports of progress.
const foldedKeys = 1 << 20

func (f *folding) tell(keys int64) {
	before := f.done / foldedKeys
	f.done += keys
	if f.done/foldedKeys != before {
		total := f.oracle.sample.Base().Config().Keys
		f.progress(total+f.done, 2*total)
	}
}
