package tasks

import (
	"errors"
	"fmt"

	"reconsim/recon/omdb"
)

// TaskError says which task failed. The rebuild or the delta as a whole failed
// with it.
type TaskError struct {
	Task string
	Err  error
}

// Error names the task and its failure.
func (e *TaskError) Error() string { return fmt.Sprintf("task %s: %v", e.Task, e.Err) }

// Unwrap returns the failure itself.
func (e *TaskError) Unwrap() error { return e.Err }

// ErrNamespaceCycle marks an OM copy in which a directory is its own ancestor.
// No totals exist for such a tree; the OM must be repaired.
var ErrNamespaceCycle = errors.New("a directory is its own ancestor")

// corruptRow says that a row was read but cannot be right.
func corruptRow(row *omdb.Row, reason string) error {
	return &omdb.CorruptRowError{Table: row.Table, Key: append([]byte(nil), row.Key...), Reason: reason}
}
