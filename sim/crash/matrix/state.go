package matrix

import (
	"cmp"
	"fmt"

	"reconsim/recon/generation"
)

// State is what can be served: a generation up to a watermark. The zero value
// is nothing at all.
type State struct {
	Build      uint64 `json:"build"`
	AppliedSeq uint64 `json:"appliedSeq"`
}

func stateOf(l generation.Label) State { return State{Build: l.Build, AppliedSeq: l.AppliedSeq} }

// Compare orders states by generation, then by watermark.
func (s State) Compare(other State) int {
	return cmp.Or(cmp.Compare(s.Build, other.Build), cmp.Compare(s.AppliedSeq, other.AppliedSeq))
}

// String is the state for people.
func (s State) String() string {
	if s.Build == 0 {
		return "nothing"
	}
	return fmt.Sprintf("generation %d at sequence %d", s.Build, s.AppliedSeq)
}

// Promise says that a crash after operation Op or a later one may not go back
// behind State.
type Promise struct {
	Op    int
	State State
	// Because says who was told.
	Because string
}

// promises are in the order of Op; each is newer than the one before.
type promises []Promise

// add notes a promise unless it is kept by an earlier one.
func (p *promises) add(op int, s State, because string) {
	if n := len(*p); n > 0 && s.Compare((*p)[n-1].State) <= 0 {
		return
	}
	*p = append(*p, Promise{Op: op, State: s, Because: because})
}

// at is the promise in force after an operation; the zero value if there is
// none.
func (p promises) at(op int) Promise {
	var last Promise
	for _, q := range p {
		if q.Op > op {
			break
		}
		last = q
	}
	return last
}

// ops are the operations at which more is promised than before.
func (p promises) ops() []int {
	var ops []int
	for _, q := range p {
		if len(ops) == 0 || ops[len(ops)-1] != q.Op {
			ops = append(ops, q.Op)
		}
	}
	return ops
}
