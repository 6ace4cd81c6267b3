package tasks

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/omdb"
)

// worker reads units, one after the other, in one actor.
type worker struct {
	run     *run
	decoder omdb.Decoder
	// pending counts, by task, the rows since the task's last TaskRows point.
	pending []int
	feeds   []feed
	// rows counts all rows, to sample the time that tasks take.
	rows int
}

// sampleEvery is how many rows there are to one whose time is taken. No row
// counts for more than maxSample: once in many rows a sink sorts, which is
// reported by itself, and would hide what rows take.
const (
	sampleEvery = 1024
	maxSample   = 20 * time.Microsecond
)

// feed shows one task the rows of one unit.
type feed struct {
	task      *runningTask
	collector Collector
	sink      *partSink
}

func newWorker(r *run) *worker {
	return &worker{run: r, pending: make([]int, len(r.tasks))}
}

func (w *worker) readAll(ctx context.Context) error {
	for {
		n := int(w.run.next.Add(1)) - 1
		if n >= len(w.run.units) {
			break
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := w.readUnit(ctx, n); err != nil {
			return err
		}
		w.run.progress.rangesDone.Add(1)
	}
	for i, n := range w.pending {
		w.run.tasks[i].progress.rows.Add(int64(n))
	}
	return nil
}

// readUnit shows the rows of one range to all tasks that want its table.
func (w *worker) readUnit(ctx context.Context, number int) error {
	u := &w.run.units[number]
	w.feeds = w.feeds[:0]
	for _, t := range w.run.tasks {
		if t.wants[u.table] {
			w.feeds = append(w.feeds, feed{
				task: t, collector: t.rebuild.Collector(),
				sink: &partSink{open: w.run.options.NewSink, task: t.name, part: number},
			})
		}
	}
	sinceCheck := 0
	var shown error // a task's failure, which is not one of reading
	err := w.run.options.Source.Scan(u.table, u.lower, u.upper, func(key, value []byte) (bool, error) {
		row, err := w.decoder.Decode(u.table, key, value)
		if err != nil {
			return false, err
		}
		if sinceCheck++; sinceCheck == w.run.options.RowsPerPoint {
			sinceCheck = 0
			if err := context.Cause(ctx); err != nil {
				return false, err
			}
		}
		shown = w.show(ctx, row)
		return true, shown
	})
	if shown != nil {
		return shown
	}
	if err != nil {
		return fmt.Errorf("rebuild: read %s: %w", u.table, err)
	}
	for i := range w.feeds {
		f := &w.feeds[i]
		err := f.collector.Close(f.sink)
		if err == nil {
			err = f.sink.close()
		}
		if err != nil {
			return &TaskError{Task: f.task.name, Err: err}
		}
	}
	return nil
}

// show hands one row to the tasks. A panic in a task is that task's failure.
func (w *worker) show(ctx context.Context, row *omdb.Row) (err error) {
	at := 0
	defer func() {
		if p := recover(); p != nil {
			err = &TaskError{Task: w.feeds[at].task.name, Err: panicError(p)}
		}
	}()
	w.rows++
	sampled := w.rows%sampleEvery == 0
	for ; at < len(w.feeds); at++ {
		f := &w.feeds[at]
		if err := w.row(f, row, sampled); err != nil {
			return &TaskError{Task: f.task.name, Err: err}
		}
		n := w.pending[f.task.index] + 1
		if n == w.run.options.RowsPerPoint {
			n = 0
			rows := f.task.progress.rows.Add(int64(w.run.options.RowsPerPoint))
			if err := w.run.env.Point(ctx, point.TaskRows, f.task.name, rows); err != nil {
				return &TaskError{Task: f.task.name, Err: err}
			}
		}
		w.pending[f.task.index] = n
	}
	return nil
}

// row shows a row to one task, and takes the time of a sampled one.
func (w *worker) row(f *feed, row *omdb.Row, sampled bool) error {
	if !sampled {
		return f.collector.Row(row, f.sink)
	}
	begun := w.run.env.Now()
	err := f.collector.Row(row, f.sink)
	f.task.progress.sampledNanos.Add(int64(min(maxSample, w.run.env.Now().Sub(begun))))
	return err
}

func panicError(p any) error { return fmt.Errorf("panic: %v\n%s", p, debug.Stack()) }

// recoverAsError is deferred where a panic must become the caller's error.
func recoverAsError(err *error) {
	if p := recover(); p != nil {
		*err = panicError(p)
	}
}

// partSink makes its sink when the first row comes, so that tasks that write
// only at the end have no empty parts.
type partSink struct {
	open func(task string, part int) (Sink, error)
	task string
	part int
	sink Sink
}

func (s *partSink) get() (Sink, error) {
	if s.sink == nil {
		var err error
		if s.sink, err = s.open(s.task, s.part); err != nil {
			return nil, fmt.Errorf("make the sink for part %d: %w", s.part, err)
		}
	}
	return s.sink, nil
}

func (s *partSink) Put(t omdb.Table, key, value []byte) error {
	sink, err := s.get()
	if err != nil {
		return err
	}
	return sink.Put(t, key, value)
}

func (s *partSink) Add(t omdb.Table, key []byte, n int64) error {
	sink, err := s.get()
	if err != nil {
		return err
	}
	return sink.Add(t, key, n)
}

func (s *partSink) close() error {
	if closer, ok := s.sink.(interface{ Close() error }); ok {
		if err := closer.Close(); err != nil {
			return fmt.Errorf("close the sink of part %d: %w", s.part, err)
		}
	}
	return nil
}
