package omdb

import (
	"errors"
	"fmt"
)

// CorruptRowError says that a row's value is not the message its table holds.
// The row cannot be used; the OM copy it lies in must be fetched again, and if
// that does not help the OM itself holds a bad row.
type CorruptRowError struct {
	Table Table
	Key   []byte
	// OffsetBytes is where in the value reading failed.
	OffsetBytes int
	Reason      string
}

// Error names the row and the place.
func (e *CorruptRowError) Error() string {
	return fmt.Sprintf("corrupt row in %s, key %q, at byte %d of its value: %s", e.Table, e.Key, e.OffsetBytes, e.Reason)
}

// ErrUnsupportedOperation marks a write batch with an operation whose effect on
// rows this package does not follow (merge, range delete, single delete). What
// the caller can do is to fetch a full snapshot.
var ErrUnsupportedOperation = errors.New("unsupported operation in a write batch")

// ErrUnknownFamily marks a write batch that names a column family which the OM
// copy does not have. Only a full snapshot brings the new family's name.
var ErrUnknownFamily = errors.New("unknown column family in a write batch")

// ErrGap marks a write batch that does not begin where the one before it ended
// (spec/om.md 5.3): an update between them is missing.
var ErrGap = errors.New("write batches are not continuous")
