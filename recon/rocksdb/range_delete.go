package rocksdb

import (
	"cmp"
	"slices"
)

// boundary is a place in the order of internal keys.
type boundary struct {
	key     []byte
	trailer uint64
}

func (b boundary) compare(key []byte, trailer uint64) int {
	return compareInternal(b.key, b.trailer, key, trailer)
}

// rangeDelete hides the entries of [start, end) that are older than sequence.
// Its bounds are places between internal keys rather than user keys, because a
// table's range deletes count only within the table's own bounds: a compaction
// that has dealt with the rest of the range leaves the record whole.
type rangeDelete struct {
	start, end boundary
	sequence   uint64
}

// newestTrailer is before every version of a user key.
const newestTrailer = 1<<64 - 1

// newRangeDelete covers every version of the keys in [start, end).
func newRangeDelete(start, end []byte, sequence uint64) rangeDelete {
	return rangeDelete{
		start:    boundary{start, newestTrailer},
		end:      boundary{end, newestTrailer},
		sequence: sequence,
	}
}

// clipTo narrows d to the bounds of the table that holds it; false if nothing
// is left.
func (d *rangeDelete) clipTo(f *File) bool {
	if d.start.compare(f.SmallestKey, f.SmallestTrailer) < 0 {
		d.start = boundary{f.SmallestKey, f.SmallestTrailer}
	}
	last := boundary{f.LargestKey, f.LargestTrailer}
	if !f.largestExclusive() {
		// Everything up to and including the largest key, nothing behind it.
		if last.trailer == 0 {
			last = boundary{append(cloneBytes(f.LargestKey), 0), newestTrailer}
		} else {
			last.trailer--
		}
	}
	if d.end.compare(last.key, last.trailer) > 0 {
		d.end = last
	}
	return d.start.compare(d.end.key, d.end.trailer) < 0
}

// rangeDeleteSet answers, for entries asked about in ascending order, whether a
// range delete hides them.
type rangeDeleteSet struct {
	waiting []rangeDelete // by start
	active  []rangeDelete // begun and not ended
}

func newRangeDeleteSet(deletes []rangeDelete) *rangeDeleteSet {
	slices.SortStableFunc(deletes, func(a, b rangeDelete) int {
		return cmp.Or(a.start.compare(b.start.key, b.start.trailer), cmp.Compare(b.sequence, a.sequence))
	})
	return &rangeDeleteSet{waiting: deletes}
}

// hides reports whether e is deleted. Entries must come in ascending order.
func (s *rangeDeleteSet) hides(e *entry) bool {
	for len(s.waiting) > 0 && s.waiting[0].start.compare(e.key, e.trailer) <= 0 {
		s.active = append(s.active, s.waiting[0])
		s.waiting = s.waiting[1:]
	}
	if len(s.active) == 0 {
		return false
	}
	s.active = slices.DeleteFunc(s.active, func(d rangeDelete) bool { return d.end.compare(e.key, e.trailer) <= 0 })
	sequence, _ := SplitTrailer(e.trailer)
	return slices.ContainsFunc(s.active, func(d rangeDelete) bool { return d.sequence > sequence })
}
