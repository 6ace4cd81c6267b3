package api

import (
	"context"
	"math/bits"

	"reconsim/faults/point"
	"reconsim/recon/omdb"
)

// steppedReader passes reads on to a view and makes a point between them, so
// that a scenario can hold a reader in the middle of its answer. To keep the
// points of a long answer few they come at reads 1, 2, 4, 8 and so on, counting
// a row of a scan as a read.
type steppedReader struct {
	from  omdb.Reader
	reads uint64
	point func(n int64) error
}

// between is the point between two reads of one request.
func (s *server) between(ctx context.Context, endpoint string, n int64) error {
	return s.Env.Point(ctx, point.ReadBetween, endpoint, n)
}

// step comes before a read.
func (r *steppedReader) step() error {
	n := r.reads
	r.reads++
	if bits.OnesCount64(n) != 1 {
		return nil
	}
	return r.point(int64(n))
}

// Get reads a row.
func (r *steppedReader) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	if err := r.step(); err != nil {
		return nil, false, err
	}
	return r.from.Get(t, key)
}

// Scan reads rows in order.
func (r *steppedReader) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	return r.from.Scan(t, lower, upper, func(key, value []byte) (bool, error) {
		if err := r.step(); err != nil {
			return false, err
		}
		return fn(key, value)
	})
}
