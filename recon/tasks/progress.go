package tasks

import "sync/atomic"

// State is where a task of a rebuild stands.
type State int32

// The states of a task in a rebuild, in order.
const (
	// StateWaiting: the rebuild has not begun.
	StateWaiting State = iota
	// StateReading: rows are being read.
	StateReading
	// StateFinishing: all rows are read, the result is being written.
	StateFinishing
	// StateDone: the task's rows are all with its sinks.
	StateDone
	// StateFailed: this task ended the rebuild.
	StateFailed
	// StateCancelled: the rebuild ended before the task did.
	StateCancelled
)

var stateNames = [...]string{"waiting", "reading", "finishing", "done", "failed", "cancelled"}

// String names the state.
func (s State) String() string {
	if s >= 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Progress tells how far a rebuild is. It can be read at any time by anyone,
// without a lock.
type Progress struct {
	tasks []taskProgress
	// ranges and rangesDone count the key ranges that are read.
	ranges, rangesDone atomic.Int64
}

type taskProgress struct {
	name            string
	state           atomic.Int32
	rows, estimated atomic.Int64
	// sampledNanos is the time that the sampled rows took.
	sampledNanos atomic.Int64
}

// NewProgress makes the progress of a rebuild by the given tasks.
func NewProgress(all []Task) *Progress {
	p := &Progress{tasks: make([]taskProgress, len(all))}
	for i, t := range all {
		p.tasks[i].name = t.Name()
	}
	return p
}

// TaskProgress is one task's progress at one moment.
type TaskProgress struct {
	Task  string
	State State
	// RowsDone counts the rows that the task has seen. It lags behind by less
	// than RunOptions.RowsPerPoint rows for each worker.
	RowsDone int64
	// RowsEstimated is what the source expects RowsDone to become; 0 if the
	// source cannot say.
	RowsEstimated int64
}

// Tasks returns the tasks' progress, in the order of the rebuild's tasks.
func (p *Progress) Tasks() []TaskProgress {
	all := make([]TaskProgress, len(p.tasks))
	for i := range p.tasks {
		t := &p.tasks[i]
		all[i] = TaskProgress{
			Task: t.name, State: State(t.state.Load()),
			RowsDone: t.rows.Load(), RowsEstimated: t.estimated.Load(),
		}
	}
	return all
}

// ScanShares returns each task's part of the time that tasks took in the scan,
// 0 to 1, by one row in a thousand and without the sorting of sinks.
func (p *Progress) ScanShares() []float64 {
	shares, all := make([]float64, len(p.tasks)), 0.0
	for i := range p.tasks {
		shares[i] = float64(p.tasks[i].sampledNanos.Load())
		all += shares[i]
	}
	for i := range shares {
		shares[i] /= max(all, 1)
	}
	return shares
}

// Ranges returns how many of the key ranges have been read.
func (p *Progress) Ranges() (done, all int64) { return p.rangesDone.Load(), p.ranges.Load() }

// setUnfinished gives the tasks that are not done the state of a rebuild's end.
func (p *Progress) setUnfinished(failedTask string) {
	for i := range p.tasks {
		t := &p.tasks[i]
		switch {
		case t.name == failedTask:
			t.state.Store(int32(StateFailed))
		case State(t.state.Load()) != StateDone:
			t.state.Store(int32(StateCancelled))
		}
	}
}
