package tasks

import (
	"fmt"
	"slices"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// summaries is the part of namespaceSummaryTable that a delta has touched.
type summaries struct {
	store omdb.Store
	rows  map[int64]*summary
}

// summary is one row. It is in the map even if there is no such row, with
// exists false.
type summary struct {
	derived.NSSummary
	exists, stored, changed bool
}

func newSummaries(store omdb.Store) summaries {
	return summaries{store: store, rows: make(map[int64]*summary)}
}

// get finds a row; its exists is false if there is none.
func (t *summaries) get(id int64) (*summary, error) {
	if row, ok := t.rows[id]; ok {
		return row, nil
	}
	value, found, err := t.store.Get(derived.NamespaceSummary, derived.AppendLong(nil, id))
	if err != nil {
		return nil, fmt.Errorf("read the summary of %d: %w", id, err)
	}
	row := &summary{exists: found, stored: found}
	if found {
		if err := derived.DecodeNSSummary(value, &row.NSSummary); err != nil {
			return nil, fmt.Errorf("read the summary of %d: %w", id, err)
		}
	}
	t.rows[id] = row
	return row, nil
}

// make finds a row to change, and begins one if there is none.
func (t *summaries) make(id int64) (*summary, error) {
	row, err := t.get(id)
	if err != nil {
		return nil, err
	}
	row.exists, row.changed = true, true
	return row, nil
}

// addUp adds to a row and all above it. It stops at a row that has no parent,
// or whose parent's row is not there.
func (t *summaries) addUp(id int64, sum totals) error {
	if sum.zero() {
		return nil
	}
	const deepest = 1 << 16
	for steps := 0; id != 0 && id != derived.Unknown; steps++ {
		if steps == deepest {
			return fmt.Errorf("directory %d, %d levels up: %w", id, steps, ErrNamespaceCycle)
		}
		row, err := t.get(id)
		if err != nil {
			return err
		}
		if !row.exists {
			return nil
		}
		row.changed = true
		row.NumOfFiles += int32(sum.files)
		row.SizeOfFiles += sum.size
		// An unknown size stays unknown: a number made of some deltas only
		// would be believed (DEF-T9).
		if row.ReplicatedSizeOfFiles != derived.Unknown {
			row.ReplicatedSizeOfFiles += sum.replicated
		}
		id = row.ParentID
	}
	return nil
}

func (t *summaries) addFile(op fileOp) error {
	row, err := t.make(op.parent)
	if err != nil {
		return err
	}
	row.FileSizeBucket[op.bin]++
	return t.addUp(op.parent, op.totals)
}

// removeFile takes a file away. The parent's row may be gone already, when the
// directory was purged before its files.
func (t *summaries) removeFile(op fileOp) error {
	row, err := t.get(op.parent)
	if err != nil || !row.exists {
		return err
	}
	row.changed = true
	row.FileSizeBucket[op.bin]--
	return t.addUp(op.parent, op.totals.negative())
}

// totals is what a row adds to those above it.
func (s *summary) totals() totals {
	t := totals{files: int64(s.NumOfFiles), size: s.SizeOfFiles, replicated: s.ReplicatedSizeOfFiles}
	if t.replicated == derived.Unknown {
		t.replicated = 0
	}
	return t
}

// unlink takes a directory out of the parent that the event names. The row
// stays, for what still lies in it, without parent and name.
func (t *summaries) unlink(op directoryOp) error {
	parent, err := t.get(op.parent)
	if err != nil {
		return err
	}
	if at, ok := slices.BinarySearch(parent.ChildDirs, op.id); ok {
		parent.ChildDirs = slices.Delete(parent.ChildDirs, at, at+1)
		parent.changed = true
	}
	row, err := t.get(op.id)
	if err != nil || !row.exists || row.ParentID != op.parent {
		return err
	}
	row.ParentID, row.DirName, row.changed = 0, nil, true
	return t.addUp(op.parent, row.totals().negative())
}

// link puts a directory under its parent, with all that lies in it.
func (t *summaries) link(op directoryOp) error {
	row, err := t.make(op.id)
	if err != nil {
		return err
	}
	if row.ParentID != op.parent && row.ParentID != 0 && row.ParentID != derived.Unknown {
		// Only a store that missed a delta says so; do not count twice.
		if err := t.unlink(directoryOp{id: op.id, parent: row.ParentID}); err != nil {
			return err
		}
	}
	row.DirName = op.name
	parent, err := t.make(op.parent)
	if err != nil {
		return err
	}
	if at, ok := slices.BinarySearch(parent.ChildDirs, op.id); !ok {
		parent.ChildDirs = slices.Insert(parent.ChildDirs, at, op.id)
	}
	if row.ParentID == op.parent {
		return nil
	}
	row.ParentID = op.parent
	return t.addUp(op.parent, row.totals())
}

// remove drops the row of a directory that was purged, unless it is linked.
func (t *summaries) remove(id int64) error {
	row, err := t.get(id)
	if err != nil || !row.exists || row.ParentID != 0 {
		return err
	}
	row.exists, row.changed = false, true
	return nil
}

// write stores what changed, in the order of the ids.
func (t *summaries) write() error {
	var key, value []byte
	for _, id := range sortedKeys(t.rows) {
		row := t.rows[id]
		if !row.changed {
			continue
		}
		key = derived.AppendLong(key[:0], id)
		var err error
		if row.exists && !saysNothing(&row.NSSummary) {
			value = derived.AppendNSSummary(value[:0], &row.NSSummary)
			err = t.store.Put(derived.NamespaceSummary, key, value)
		} else if row.stored {
			err = t.store.Delete(derived.NamespaceSummary, key)
		}
		if err != nil {
			return fmt.Errorf("write the summary of %d: %w", id, err)
		}
	}
	return nil
}
