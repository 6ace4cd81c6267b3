package swap

import (
	"context"
	"errors"

	"reconsim/recon/generation"
	"reconsim/recon/omdb"
)

// View is one immutable state for one request: OM rows, derived rows, the SQL
// rows that the request asked for, and the label that all of them share.
type View interface {
	omdb.Reader
	// Label says which generation and watermark this is.
	Label() generation.Label
	// SQL holds the rows asked for when the view was acquired.
	SQL() generation.SQLRows
}

// ErrNothingPublished means that no generation has ever been committed here:
// there is nothing to serve yet.
var ErrNothingPublished = errors.New("no generation has been committed yet")

// Views hands out views; it is what the REST layer needs of a protocol.
type Views interface {
	// Acquire pins the newest view. endpoint names the request for fault
	// points. The caller calls release exactly once; until then the view
	// stays as it is. It returns ErrNothingPublished before the first commit.
	Acquire(ctx context.Context, endpoint string, need generation.Need) (view View, release func(), err error)
}
