package omdb

import (
	"fmt"

	"reconsim/recon/rocksdb"
)

// Fetch turns the write batches of one reply of DBUpdates into row changes and
// events. Make a new one for each reply; after an error from Add it is of no
// use and what it holds must be dropped. It borrows the batches' bytes, and so
// do the events.
type Fetch struct {
	families map[uint32]Table
	before   Reader
	rows     map[string]int // table byte and key, to changes
	changes  []rowChange
	events   []Event
	mapKey   []byte
	next     uint64 // the sequence the next batch must start at; 0 = any
	start    uint64
	info     TransactionInfo
	hasInfo  bool
}

// rowChange is what the fetch does to one row.
type rowChange struct {
	table Table
	key   []byte
	// value is the row's value after the fetch so far; exists is false if the
	// row is then gone.
	value  []byte
	exists bool
	// last is the action of the row's latest event, 0 if it has none.
	last Action
}

// NewFetch begins a fetch. families maps the column family ids of the OM copy
// that the batches continue to tables; before is that copy as it was before
// the fetch, from which old values are read.
func NewFetch(families map[uint32]Table, before Reader) *Fetch {
	return &Fetch{families: families, before: before, rows: make(map[string]int)}
}

// Add takes the next batch. It returns ErrGap if the batch does not begin
// where the one before ended, ErrUnknownFamily or ErrUnsupportedOperation
// (wrapped) for what it cannot follow, and rocksdb's error for damaged bytes.
func (f *Fetch) Add(batch rocksdb.Batch) error {
	start, count, err := batch.Header()
	if err != nil {
		return fmt.Errorf("delta fetch: %w", err)
	}
	if f.next != 0 && start != f.next {
		return fmt.Errorf("delta fetch: batch starts at sequence %d, expected %d: %w", start, f.next, ErrGap)
	}
	if f.next == 0 {
		f.start = start
	}
	f.next = start + uint64(count)
	err = batch.Walk(func(_ int, sequence uint64, r rocksdb.Record) error {
		return f.record(sequence, r)
	})
	if err != nil {
		return fmt.Errorf("delta fetch: batch at sequence %d: %w", start, err)
	}
	return nil
}

func (f *Fetch) record(sequence uint64, r rocksdb.Record) error {
	if r.Kind == rocksdb.KindLogData {
		return nil
	}
	table, ok := f.families[r.Family]
	if !ok {
		return fmt.Errorf("%s at sequence %d names family %d: %w", r.Kind, sequence, r.Family, ErrUnknownFamily)
	}
	switch r.Kind {
	case rocksdb.KindPut:
		return f.put(table, r.Key, r.Value)
	case rocksdb.KindDelete:
		return f.remove(table, r.Key)
	}
	return fmt.Errorf("%s of %s at sequence %d: %w", r.Kind, table, sequence, ErrUnsupportedOperation)
}

func (f *Fetch) put(table Table, key, value []byte) error {
	c, err := f.row(table, key)
	if err != nil {
		return err
	}
	event := Event{Action: ActionPut, Table: table, Key: key, Value: value}
	switch {
	case c.exists:
		event.Action, event.Old = ActionUpdate, c.value
	case c.last == ActionDelete:
		event.Old = c.value
	}
	c.value, c.exists, c.last = value, true, event.Action
	f.events = append(f.events, event)
	if table == TransactionInfoTable && string(key) == TransactionInfoKey {
		f.info, err = ParseTransactionInfo(value)
		f.hasInfo = err == nil
	}
	return err
}

func (f *Fetch) remove(table Table, key []byte) error {
	c, err := f.row(table, key)
	if err != nil || !c.exists {
		// A row that is not there, or was deleted already in this fetch, is no
		// event: a second DELETE would be counted twice (DEF-T11).
		return err
	}
	c.exists, c.last = false, ActionDelete
	f.events = append(f.events, Event{Action: ActionDelete, Table: table, Key: key, Value: c.value})
	return nil
}

// row finds the change of a row, and reads the row on first sight.
func (f *Fetch) row(table Table, key []byte) (*rowChange, error) {
	f.mapKey = append(append(f.mapKey[:0], byte(table)), key...)
	if at, ok := f.rows[string(f.mapKey)]; ok {
		return &f.changes[at], nil
	}
	value, found, err := f.before.Get(table, key)
	if err != nil {
		return nil, fmt.Errorf("read %s, key %q, for its value before the update: %w", table, key, err)
	}
	f.rows[string(f.mapKey)] = len(f.changes)
	f.changes = append(f.changes, rowChange{table: table, key: key, value: value, exists: found})
	return &f.changes[len(f.changes)-1], nil
}

// Events lists the changes in the order in which the OM wrote them.
func (f *Fetch) Events() []Event { return f.events }

// Changes calls fn once for each row that the fetch touches, with its value
// after the fetch, or exists = false if it is then gone, in the order in which
// the rows were first touched.
func (f *Fetch) Changes(fn func(table Table, key, value []byte, exists bool) error) error {
	for i := range f.changes {
		c := &f.changes[i]
		value := c.value
		if !c.exists {
			value = nil
		}
		if err := fn(c.table, c.key, value, c.exists); err != nil {
			return err
		}
	}
	return nil
}

// Apply writes the changes to w.
func (f *Fetch) Apply(w Writer) error {
	return f.Changes(func(table Table, key, value []byte, exists bool) error {
		if exists {
			return w.Put(table, key, value)
		}
		return w.Delete(table, key)
	})
}

// TransactionInfo is the last term#index that the fetch wrote; ok is false if
// it wrote none.
func (f *Fetch) TransactionInfo() (info TransactionInfo, ok bool) { return f.info, f.hasInfo }

// Sequences gives the sequence numbers of the first and the last operation; ok
// is false for a fetch without operations.
func (f *Fetch) Sequences() (first, last uint64, ok bool) {
	if f.next <= f.start {
		return 0, 0, false
	}
	return f.start, f.next - 1, true
}
