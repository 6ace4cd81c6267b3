package oracle

import (
	"slices"
	"sort"
)

// blockRows is the size at which a block of an ordered set is cut in two.
const blockRows = 512

// ordered is a sorted set in blocks: cheap to fill from sorted input, to search
// and to walk, and cheap enough to insert into.
type ordered[R any] struct {
	compare func(a, b R) int
	blocks  [][]R
	count   int
}

// blockFor is the block that holds r or would hold it.
func (s *ordered[R]) blockFor(r R) int {
	n := sort.Search(len(s.blocks), func(i int) bool { return s.compare(s.blocks[i][0], r) > 0 })
	return max(0, n-1)
}

// find returns the row equal to r.
func (s *ordered[R]) find(r R) (R, bool) {
	var none R
	if s.count == 0 {
		return none, false
	}
	block := s.blocks[s.blockFor(r)]
	at, ok := slices.BinarySearchFunc(block, r, s.compare)
	if !ok {
		return none, false
	}
	return block[at], true
}

// insert adds r unless an equal row is there; it returns the row that is there
// afterwards.
func (s *ordered[R]) insert(r R) (R, bool) {
	s.count++
	if len(s.blocks) == 0 {
		s.blocks = append(s.blocks, append(make([]R, 0, blockRows), r))
		return r, true
	}
	// Sorted input always lands at the end.
	last := &s.blocks[len(s.blocks)-1]
	if s.compare((*last)[len(*last)-1], r) < 0 {
		if len(*last) < blockRows {
			*last = append(*last, r)
		} else {
			s.blocks = append(s.blocks, append(make([]R, 0, blockRows), r))
		}
		return r, true
	}
	n := s.blockFor(r)
	at, found := slices.BinarySearchFunc(s.blocks[n], r, s.compare)
	if found {
		s.count--
		return s.blocks[n][at], false
	}
	s.blocks[n] = slices.Insert(s.blocks[n], at, r)
	if len(s.blocks[n]) > blockRows {
		half := len(s.blocks[n]) / 2
		upper := slices.Clone(s.blocks[n][half:])
		s.blocks[n] = slices.Clip(s.blocks[n][:half])
		s.blocks = slices.Insert(s.blocks, n+1, upper)
	}
	return r, true
}

// remove takes the row equal to r away.
func (s *ordered[R]) remove(r R) {
	if s.count == 0 {
		return
	}
	n := s.blockFor(r)
	at, found := slices.BinarySearchFunc(s.blocks[n], r, s.compare)
	if !found {
		return
	}
	s.count--
	s.blocks[n] = slices.Delete(s.blocks[n], at, at+1)
	if len(s.blocks[n]) == 0 {
		s.blocks = slices.Delete(s.blocks, n, n+1)
	}
}

// from walks the rows in order, beginning with the first one for which reached
// is true; reached must be false for a run of rows and true for all after it.
// The walk ends when fn returns false.
func (s *ordered[R]) from(reached func(R) bool, fn func(R) bool) {
	n := sort.Search(len(s.blocks), func(i int) bool {
		return reached(s.blocks[i][len(s.blocks[i])-1])
	})
	if n == len(s.blocks) {
		return
	}
	at := sort.Search(len(s.blocks[n]), func(i int) bool { return reached(s.blocks[n][i]) })
	for ; n < len(s.blocks); n, at = n+1, 0 {
		for ; at < len(s.blocks[n]); at++ {
			if !fn(s.blocks[n][at]) {
				return
			}
		}
	}
}

// all walks every row in order until fn returns false.
func (s *ordered[R]) all(fn func(R) bool) {
	s.from(func(R) bool { return true }, fn)
}

// sample returns a row chosen by rng, any block being as likely as another.
func (s *ordered[R]) sample(rng interface{ IntN(int) int }) (R, bool) {
	var none R
	if s.count == 0 {
		return none, false
	}
	block := s.blocks[rng.IntN(len(s.blocks))]
	return block[rng.IntN(len(block))], true
}
