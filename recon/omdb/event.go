package omdb

import "fmt"

// Action says what happened to a row.
type Action uint8

// The actions of events (spec/recon.md 1.2).
const (
	// ActionPut: the row is there and was not before it.
	ActionPut Action = iota + 1
	// ActionUpdate: the row has a new value.
	ActionUpdate
	// ActionDelete: the row is gone.
	ActionDelete
)

// String is Ozone's name of the action.
func (a Action) String() string {
	switch a {
	case ActionPut:
		return "PUT"
	case ActionUpdate:
		return "UPDATE"
	case ActionDelete:
		return "DELETE"
	}
	return fmt.Sprintf("action %d", uint8(a))
}

// Event is one change of one row. Its bytes belong to the fetch's batches.
type Event struct {
	Action Action
	Table  Table
	Key    []byte
	// Value is the new value; of a DELETE it is the value that is gone.
	Value []byte
	// Old is the value before an UPDATE. On a PUT that follows a DELETE of the
	// same key in the same fetch it is the deleted value, for information: the
	// DELETE has already told of it. Otherwise nil.
	Old []byte
}
