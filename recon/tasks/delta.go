package tasks

import (
	"context"
	"fmt"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// Delta is one fetch of events as net changes, folded once for all tasks. It
// borrows the events' bytes.
type Delta struct {
	// Sequence is the OM's sequence number after the fetch.
	Sequence uint64
	// FileSystemPaths is ozone.om.enable.filesystem.paths.
	FileSystemPaths bool

	changes map[omdb.Table][]Change
	rows    map[string]int // table byte and key, to the place in changes
}

// Change is what a fetch did to one row, from its first event to its last.
type Change struct {
	Key []byte
	// Old and New are the row's values before and after the fetch.
	Old, New             []byte
	OldExists, NewExists bool
}

// NewDelta folds the events of one fetch, which must be all of it: half a fetch
// may show a directory's rename as two directories.
func NewDelta(sequence uint64, events []omdb.Event, fileSystemPaths bool) *Delta {
	d := &Delta{
		Sequence: sequence, FileSystemPaths: fileSystemPaths,
		changes: make(map[omdb.Table][]Change), rows: make(map[string]int, len(events)),
	}
	for i := range events {
		d.add(&events[i])
	}
	return d
}

func (d *Delta) add(e *omdb.Event) {
	rowKey := rowKey(e.Table, e.Key)
	at, seen := d.rows[rowKey]
	if !seen {
		at = len(d.changes[e.Table])
		d.rows[rowKey] = at
		c := Change{Key: e.Key}
		switch e.Action {
		case omdb.ActionUpdate:
			c.Old, c.OldExists = e.Old, valueExists(e.Table, e.Old)
		case omdb.ActionDelete:
			c.Old, c.OldExists = e.Value, valueExists(e.Table, e.Value)
		}
		d.changes[e.Table] = append(d.changes[e.Table], c)
	}
	c := &d.changes[e.Table][at]
	if e.Action == omdb.ActionDelete {
		c.New, c.NewExists = nil, false
	} else {
		c.New, c.NewExists = e.Value, valueExists(e.Table, e.Value)
	}
}

// valueExists is false for the null value of an event whose row could not be
// read where the event was made: there is nothing to count (DEF-T12). A row of
// a table that is only counted exists whatever its value.
func valueExists(t omdb.Table, value []byte) bool {
	return value != nil || t.Kind() == omdb.KindBytes
}

func rowKey(t omdb.Table, key []byte) string {
	return string(append(append(make([]byte, 0, 1+len(key)), byte(t)), key...))
}

// Changes lists the net changes of a table in the order of their first events.
func (d *Delta) Changes(t omdb.Table) []Change { return d.changes[t] }

// change finds the change of a row, or nil if the fetch leaves the row alone.
func (d *Delta) change(t omdb.Table, key []byte) *Change {
	at, ok := d.rows[rowKey(t, key)]
	if !ok {
		return nil
	}
	return &d.changes[t][at]
}

// before reads a row as it was before the fetch from a store that holds the
// rows after it.
func (d *Delta) before(store omdb.Reader, t omdb.Table, key []byte) ([]byte, bool, error) {
	if c := d.change(t, key); c != nil {
		return c.Old, c.OldExists, nil
	}
	return store.Get(t, key)
}

// Process folds delta into store's derived rows, task by task in the given
// order. The first failure ends it and is a *TaskError; the caller then drops
// all that was written to store and does not record the delta as applied.
func Process(ctx context.Context, e *env.Env, all []Task, delta *Delta, store omdb.Store) error {
	for _, task := range all {
		err := e.Point(ctx, point.TaskDelta, task.Name(), int64(delta.Sequence))
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = processOne(ctx, task, delta, store)
		}
		if err != nil {
			return &TaskError{Task: task.Name(), Err: fmt.Errorf("delta up to sequence %d: %w", delta.Sequence, err)}
		}
	}
	return nil
}

// processOne turns a panic into an error, so that a mistake in one task cannot
// end the process or leave half a delta behind (DEF-T12).
func processOne(ctx context.Context, task Task, delta *Delta, store omdb.Store) (err error) {
	defer recoverAsError(&err)
	return task.Process(ctx, delta, store)
}
