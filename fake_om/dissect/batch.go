package dissect

import (
	"errors"
	"fmt"
)

// Operation is one operation of a write batch.
type Operation struct {
	// Kind is "put", "delete", "single delete", "range delete" or "merge".
	Kind       string
	Family     uint32
	Key, Value []byte
}

// BatchOperations lists the operations of a write batch and proves its count.
func BatchOperations(b []byte) ([]Operation, error) {
	_, count, err := BatchHeader(b)
	if err != nil {
		return nil, err
	}
	var out []Operation
	for r := (reader{rest: b[12:]}); len(r.rest) > 0; {
		at := len(b) - len(r.rest)
		tag := r.take(1)[0]
		var op Operation
		switch tag {
		case 4, 5, 6, 8, 14: // the forms with a family id
			op.Family = uint32(r.varint())
		}
		switch tag {
		case 0, 4:
			op.Kind = "delete"
		case 1, 5:
			op.Kind = "put"
		case 2, 6:
			op.Kind = "merge"
		case 7, 8:
			op.Kind = "single delete"
		case 14, 15:
			op.Kind = "range delete"
		case 3: // log data
			r.str()
		case 13: // no operation
		default:
			return nil, fmt.Errorf("tag %d at %d", tag, at)
		}
		if op.Kind != "" {
			op.Key = r.str()
			if op.Kind == "put" || op.Kind == "merge" || op.Kind == "range delete" {
				op.Value = r.str()
			}
			out = append(out, op)
		}
		if r.err != nil {
			return nil, fmt.Errorf("record at %d: %w", at, r.err)
		}
	}
	if len(out) != int(count) {
		return nil, fmt.Errorf("%d operations, the header says %d", len(out), count)
	}
	return out, nil
}

// BatchHeader reads a write batch's header by hand: the sequence number of its
// first operation and how many operations it says it has.
func BatchHeader(b []byte) (sequence uint64, count uint32, err error) {
	if len(b) < 12 {
		return 0, 0, errors.New("a write batch has 12 bytes at least")
	}
	return little(b[:8]), uint32(little(b[8:12])), nil
}
