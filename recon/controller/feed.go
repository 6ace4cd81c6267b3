package controller

import (
	"sync"

	"reconsim/recon/omsync"
)

// feed is the bounded log of fetches that a rebuild has yet to take. Each attempt
// has a turn of its own: a fetch may be under way when one attempt is rolled back
// and the next begins, perhaps at another position of another OM.
type feed struct {
	capacity      int
	capacityBytes int64
	mu            struct {
		sync.Mutex
		active  bool
		turn    int
		next    omsync.Position
		fetches []omsync.Fetched
		bytes   int64
	}
}

// begin starts the feed at the staged generation's base.
func (f *feed) begin(at omsync.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.active, f.mu.next, f.mu.fetches, f.mu.bytes = true, at, nil, 0
	f.mu.turn++
}

// end stops it and drops what is left.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.active, f.mu.fetches, f.mu.bytes = false, nil, 0
}

// position is what the next fetch must follow, and whose turn it is; active is
// false without a rebuild that wants one.
func (f *feed) position() (at omsync.Position, turn int, active bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.next, f.mu.turn, f.mu.active
}

// add appends a fetch that follows the position of a turn; one of an earlier turn
// is dropped. It reports false on overflow, when nothing is added.
func (f *feed) add(turn int, fetched omsync.Fetched) bool {
	size := int64(0)
	for _, b := range fetched.Batches {
		size += int64(len(b))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.mu.active || f.mu.turn != turn || len(fetched.Batches) == 0 {
		return true
	}
	if len(f.mu.fetches) >= f.capacity || f.mu.bytes+size > f.capacityBytes {
		return false
	}
	f.mu.fetches = append(f.mu.fetches, fetched)
	f.mu.bytes += size
	f.mu.next.Seq = fetched.Last
	return true
}

// take removes the oldest fetch; left is how many remain after it.
func (f *feed) take() (fetched omsync.Fetched, left int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.mu.fetches) == 0 {
		return omsync.Fetched{}, 0, false
	}
	fetched = f.mu.fetches[0]
	f.mu.fetches = f.mu.fetches[1:]
	for _, b := range fetched.Batches {
		f.mu.bytes -= int64(len(b))
	}
	return fetched, len(f.mu.fetches), true
}
