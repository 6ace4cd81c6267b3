package namespace

import (
	"cmp"
	"slices"
	"sort"
)

// span is a run of numbers, the end left out; before counts the members of the
// spans in front of it.
type span struct{ first, end, before int64 }

// spans is an ascending set of numbers that has few runs; they neither overlap
// nor touch.
type spans []span

// newSpans sorts and joins runs; empty ones vanish.
func newSpans(runs ...span) spans {
	slices.SortFunc(runs, func(x, y span) int { return cmp.Compare(x.first, y.first) })
	joined, count := spans{}, int64(0)
	for _, r := range runs {
		if r.first >= r.end {
			continue
		}
		if last := len(joined) - 1; last >= 0 && r.first <= joined[last].end {
			count += max(0, r.end-joined[last].end)
			joined[last].end = max(joined[last].end, r.end)
			continue
		}
		joined = append(joined, span{first: r.first, end: r.end, before: count})
		count += r.end - r.first
	}
	return joined
}

// mapped is the set of runs that each run becomes.
func (s spans) mapped(change func(span) span) spans {
	runs := make([]span, len(s))
	for n := range s {
		runs[n] = change(s[n])
	}
	return newSpans(runs...)
}

func (s spans) count() int64 {
	if len(s) == 0 {
		return 0
	}
	last := s[len(s)-1]
	return last.before + last.end - last.first
}

// at is member number n in ascending order; n is from 0 to count−1.
func (s spans) at(n int64) int64 {
	run := sort.Search(len(s), func(i int) bool { return s[i].before > n }) - 1
	return s[run].first + n - s[run].before
}

func (s spans) has(number int64) bool {
	run := sort.Search(len(s), func(i int) bool { return s[i].end > number })
	return run < len(s) && s[run].first <= number
}

// gaps visits the runs below end that are not in the set, until visit returns
// false; it reports whether that never happened.
func (s spans) gaps(end int64, visit func(first, end int64) bool) bool {
	at := int64(0)
	for _, r := range s {
		if at < r.first && !visit(at, r.first) {
			return false
		}
		at = r.end
	}
	return at >= end || visit(at, end)
}
