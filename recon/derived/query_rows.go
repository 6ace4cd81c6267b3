package derived

import (
	"errors"
	"fmt"

	"reconsim/recon/omdb"
)

// Query asks one consistent state. All its reads go to Rows, so an answer is
// as consistent as Rows is: over a pinned view it belongs to one generation
// and one watermark. It is for one goroutine.
type Query struct {
	// Rows holds the OM rows and the derived rows.
	Rows omdb.Reader
	// FileSystemPaths is ozone.om.enable.filesystem.paths: keys of LEGACY
	// buckets that end in a slash are then directories. Without it LEGACY
	// buckets are as OBJECT_STORE ones.
	FileSystemPaths bool

	decoder omdb.Decoder
}

// ErrInconsistent means that derived rows contradict each other, such as a
// directory that is listed as a child and has no row. A rebuild mends it; an
// answer made from such rows would be wrong in silence.
var ErrInconsistent = errors.New("the derived rows contradict each other; a rebuild is needed")

// summary reads the summary of a bucket or directory.
func (q *Query) summary(id int64, s *NSSummary) (found bool, err error) {
	value, found, err := q.Rows.Get(NamespaceSummary, AppendLong(nil, id))
	if err != nil || !found {
		return false, err
	}
	if err := DecodeNSSummary(value, s); err != nil {
		return false, fmt.Errorf("object id %d: %w", id, err)
	}
	return true, nil
}

// childSummary reads the summary of a directory that its parent names.
func (q *Query) childSummary(parent, id int64, s *NSSummary) error {
	found, err := q.summary(id, s)
	if err == nil && !found {
		err = fmt.Errorf("directory %d is a child of %d and has no namespace summary: %w", id, parent, ErrInconsistent)
	}
	return err
}

// scanPrefix calls fn for the rows whose keys begin with prefix, from after on
// if after is not empty: a row whose key is after itself is not among them, and
// need not exist, so that a listing goes on where it was even if the row it
// stopped at is gone.
func (q *Query) scanPrefix(t omdb.Table, prefix, after []byte, fn func(key, value []byte) (bool, error)) error {
	lower := prefix
	if len(after) > 0 {
		if next := append(append([]byte(nil), after...), 0); string(next) > string(lower) {
			lower = next
		}
	}
	upper := prefixEnd(prefix)
	if upper != nil && string(lower) >= string(upper) {
		return nil
	}
	return q.Rows.Scan(t, lower, upper, fn)
}

// prefixEnd is the smallest key above all that begin with prefix; nil if there
// is none.
func prefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for n := len(end) - 1; n >= 0; n-- {
		if end[n]++; end[n] != 0 {
			return end[:n+1]
		}
	}
	return nil
}
