package controller

import (
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/recon/omsync"
	"reconsim/recon/rocksdb"
)

// TestFeedTurns: a fetch that was under way while one attempt was rolled back and
// the next one began is not taken for the next one's: it leaves a gap in it.
func TestFeedTurns(t *testing.T) {
	f := &feed{capacity: 2, capacityBytes: 1000}
	fetch := func(first, last uint64) omsync.Fetched {
		return omsync.Fetched{First: first, Last: last, Batches: []rocksdb.Batch{make(rocksdb.Batch, 12)}}
	}
	f.begin(omsync.Position{Seq: 100})
	_, first, active := f.position()
	require.True(t, active)
	require.True(t, f.add(first, fetch(101, 110)))
	at, _, _ := f.position()
	require.Equal(t, uint64(110), at.Seq)

	f.end()
	f.begin(omsync.Position{Seq: 100})
	require.True(t, f.add(first, fetch(111, 120)), "what is dropped is no overflow")
	at, second, _ := f.position()
	require.Equal(t, uint64(100), at.Seq)
	_, _, ok := f.take()
	require.False(t, ok)

	require.True(t, f.add(second, fetch(101, 110)))
	require.True(t, f.add(second, fetch(111, 120)))
	require.False(t, f.add(second, fetch(121, 130)))
	got, left, ok := f.take()
	require.True(t, ok)
	require.Equal(t, 1, left)
	require.Equal(t, uint64(101), got.First)
}
