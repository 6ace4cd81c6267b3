package rocksdb

import (
	"fmt"
	"testing"
)

// TestRangeDeleteIsClippedToItsTable: a range delete record that a compaction
// left whole counts only within the bounds of the table that holds it.
func TestRangeDeleteIsClippedToItsTable(t *testing.T) {
	table := func(smallest string, smallestTrailer uint64, largest string, largestTrailer uint64) File {
		return File{SmallestKey: []byte(smallest), SmallestTrailer: smallestTrailer,
			LargestKey: []byte(largest), LargestTrailer: largestTrailer}
	}
	putAt := func(sequence uint64) uint64 { return MakeTrailer(sequence, KindPut) }
	sentinel := MakeTrailer(MaxSequence, KindRangeDelete)
	for _, tc := range []struct {
		name  string
		table File
		hides string // of a to f with sequence 5, then of d with 9, 8 and 7
	}{
		{"wide table", table("a", putAt(9), "z", putAt(1)), "bcde d8 d7"},
		{"begins later", table("d", putAt(8), "z", putAt(1)), "de d8 d7"},
		{"ends with a point", table("a", putAt(9), "d", putAt(8)), "bc d8"},
		{"ends with a zeroed point", table("a", putAt(9), "d", 0), "bcd d8 d7"},
		{"ends with a range's open end", table("a", putAt(9), "d", sentinel), "bc"},
		{"ends before", table("a", putAt(9), "b", sentinel), ""},
		{"begins behind", table("g", putAt(9), "h", putAt(9)), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := newRangeDelete([]byte("b"), []byte("f"), 9)
			var deletes []rangeDelete
			if d.clipTo(&tc.table) {
				deletes = append(deletes, d)
			}
			hidden := ""
			set := newRangeDeleteSet(append([]rangeDelete(nil), deletes...))
			for key := byte('a'); key <= 'f'; key++ {
				if set.hides(&entry{key: []byte{key}, trailer: putAt(5)}) {
					hidden += string(key)
				}
			}
			set = newRangeDeleteSet(append([]rangeDelete(nil), deletes...))
			for _, sequence := range []uint64{9, 8, 7} {
				if set.hides(&entry{key: []byte("d"), trailer: putAt(sequence)}) {
					hidden += fmt.Sprintf(" d%d", sequence)
				}
			}
			requireEqual(t, tc.hides, hidden)
		})
	}
}

// TestRangeDeletesOverlap: of several active ones the newest decides, and an
// ended one no longer counts.
func TestRangeDeletesOverlap(t *testing.T) {
	set := newRangeDeleteSet([]rangeDelete{
		newRangeDelete([]byte("c"), []byte("e"), 20),
		newRangeDelete([]byte("a"), []byte("d"), 10),
	})
	for _, tc := range []struct {
		key      string
		sequence uint64
		want     bool
	}{{"a", 10, false}, {"a", 9, true}, {"c", 19, true}, {"d", 20, false}, {"d", 11, true}, {"e", 1, false}} {
		requireEqual(t, tc.want, set.hides(&entry{key: []byte(tc.key), trailer: MakeTrailer(tc.sequence, KindPut)}))
	}
}
