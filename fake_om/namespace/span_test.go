package namespace

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSpans(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in, runs := map[int64]bool{}, []span{}
		for range rapid.IntRange(0, 5).Draw(rt, "runs") {
			first := rapid.Int64Range(0, 30).Draw(rt, "first")
			end := first + rapid.Int64Range(0, 9).Draw(rt, "length")
			runs = append(runs, span{first: first, end: end})
			for n := first; n < end; n++ {
				in[n] = true
			}
		}
		s := newSpans(runs...)
		var members, missing []int64
		for n := range s.count() {
			members = append(members, s.at(n))
		}
		s.gaps(40, func(first, end int64) bool {
			check(rt, first < end, "empty gap")
			for n := first; n < end; n++ {
				missing = append(missing, n)
			}
			return true
		})
		equal(rt, slices.Sorted(maps.Keys(in)), members, "members")
		equal(rt, 40, len(members)+len(missing), "numbers")
		for n := range int64(40) {
			equal(rt, in[n], s.has(n), "has")
			equal(rt, !in[n], slices.Contains(missing, n), "gap")
		}
	})
}
