package swap

import (
	"context"
	"errors"
	"time"

	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/tasks"
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

// Protocol is a way of putting a rebuilt state in the place of the served one.
// Except for Acquire, Serving and Committed its methods belong to one caller at a
// time.
type Protocol interface {
	Views
	// Open recovers what is on disk and serves it. Without a committed
	// generation it succeeds and serves nothing.
	Open(ctx context.Context) (Recovery, error)
	// Serving is META of the newest view, never ahead of what readers are
	// shown; ok is false if nothing is served.
	Serving() (meta generation.Meta, ok bool)
	// Committed is META of what is served with all that was committed to it,
	// and its rows, which the next delta follows. Readers may not be shown the
	// last delta yet. rows is nil if nothing is served.
	Committed() (meta generation.Meta, rows omdb.Reader)
	// Stage begins a rebuild beside what is served.
	Stage(ctx context.Context, o generation.StageOptions) (Staged, error)
	// Commit switches to a sealed rebuild. nil means durably committed and
	// visible; an error means that the old state is served and stays.
	Commit(ctx context.Context, s Staged) error
	// RollBack gives a rebuild up. keepBecause, if not empty, is the reason
	// for which its files are kept in quarantine, whose path is returned.
	RollBack(ctx context.Context, s Staged, keepBecause string) (quarantined string, err error)
	// Apply commits a delta to what is served and publishes it. After an error
	// Committed tells whether it was committed all the same.
	Apply(ctx context.Context, d generation.Delta) error
	// Advance publishes what Apply committed but could not publish; it does
	// nothing if there is no such thing.
	Advance(ctx context.Context) error
	// Sweep removes what retention no longer keeps, tries again what could not
	// be put away before, and tells what failed since the last time.
	Sweep(ctx context.Context) error
	// NextBuild is a number that no generation has had.
	NextBuild() (uint64, error)
	// Close stops serving and waits, not for ever, until the views that are
	// pinned are released; until then they stay readable.
	Close() error
}

// Recovery tells what Open found.
type Recovery struct {
	// Serving is true if a committed generation is served.
	Serving bool
	// Discarded lists generations that the pointer did not name and that were
	// removed.
	Discarded []uint64
	// Broken explains why the committed generation could not be opened; it is
	// then in quarantine, if it was there at all, and nothing is served.
	Broken string
}

// Staged is a rebuild in the making.
type Staged interface {
	omdb.Reader
	Build() uint64
	Meta() generation.Meta
	// AdoptSnapshot takes the OM rows from a verified download.
	AdoptSnapshot(ctx context.Context, from generation.Snapshot) error
	// AdoptServed takes the OM rows from what is served, without a download.
	AdoptServed(ctx context.Context) error
	// WriteRows adds changes of OM rows before the tasks see them.
	WriteRows(ctx context.Context, write func(omdb.Writer) error, applied generation.Meta) error
	// Splits cuts a table into ranges for several actors.
	Splits(t omdb.Table, parts int) ([][]byte, error)
	// EstimateRows is about the number of rows of a table.
	EstimateRows(t omdb.Table) (int64, error)
	// NewSink opens a sink for one actor of a task.
	NewSink(ctx context.Context, task string) (tasks.Sink, error)
	// NewSorter makes a sorter for a task's own records.
	NewSorter(ctx context.Context, task string) (tasks.Sorter, error)
	// SinkFigures tell what the tasks gave to their sinks.
	SinkFigures() []generation.SinkFigures
	// LoadSinks writes and ingests everything the sinks took.
	LoadSinks(ctx context.Context) error
	// Seal makes the rebuild durable and opens it as it will be served.
	Seal(ctx context.Context, asOf time.Time) error
	// Validate checks a sealed rebuild; seen counts the OM rows by table that
	// the rebuild read.
	Validate(ctx context.Context, seen map[omdb.Table]int64) error
	// Rows reads the newest rows of a sealed rebuild.
	Rows() omdb.Reader
	// Apply commits a delta to a sealed rebuild.
	Apply(ctx context.Context, d generation.Delta) error
}
