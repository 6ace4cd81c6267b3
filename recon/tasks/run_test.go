package tasks

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// script is an injector that records what it is asked and fails where fail says.
type script struct {
	mu   sync.Mutex
	hits []string
	fail func(p point.Point, subject string, n int64) error
}

func (s *script) Armed() bool { return true }

func (s *script) Hit(_ context.Context, p point.Point, subject string, n int64) error {
	s.mu.Lock()
	s.hits = append(s.hits, fmt.Sprintf("%s %s %d", p, subject, n))
	s.mu.Unlock()
	if s.fail == nil {
		return nil
	}
	return s.fail(p, subject, n)
}

var errInjected = errors.New("injected")

// filesWorld holds n files in one directory and n keys in one bucket.
func filesWorld(t failer, n int) *world {
	w := newWorld(t)
	w.buckets()
	w.directory(4, fsoBucket, "d")
	for i := range n {
		w.file(4, fmt.Sprintf("f%04d", i), 100, int64(i%10))
		w.key("obs", fmt.Sprintf("k%04d", i), int64(100+i), 100, int64(100+i%10))
	}
	return w
}

func runWorld(ctx context.Context, w *world, injector point.Injector, change func(*RunOptions)) error {
	o := RunOptions{Tasks: All(), Source: w.store, NewSink: new(memorySinks).newSink, Workers: 1}
	if change != nil {
		change(&o)
	}
	return Run(ctx, env.NewOS(injector), o)
}

// TestRunPoints: every task passes its start, a point every 64 rows with the
// rows so far, and its finish (FP2, FP3, FP4).
func TestRunPoints(t *testing.T) {
	w := filesWorld(t, 200)
	s := &script{}
	progress := NewProgress(All())
	if err := runWorld(context.Background(), w, s, func(o *RunOptions) { o.Progress = progress }); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(s.hits, "\n") + "\n"
	for _, want := range []string{
		"task/start NSSummaryTask 0\n", "task/rows FileSizeCountTaskOBS 64\n", "task/rows FileSizeCountTaskOBS 192\n",
		"task/finish FileSizeCountTaskOBS 200\n", "task/rows NSSummaryTask 384\n", "task/finish NSSummaryTask 401\n",
		"task/finish OmTableInsightTask 404\n",
	} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%q comes %d times", want, strings.Count(all, want))
		}
	}
	if strings.Contains(all, "task/rows FileSizeCountTaskOBS 200") {
		t.Error("a point for less than 64 rows")
	}
	for _, p := range progress.Tasks() {
		if p.State != StateDone || p.RowsDone != p.RowsEstimated || p.RowsDone == 0 {
			t.Errorf("%+v", p)
		}
	}
	if done, ranges := progress.Ranges(); done != ranges || ranges < 25 {
		t.Errorf("%d of %d ranges", done, ranges)
	}
}

// TestRunFailures: a failure anywhere is the rebuild's, with the task's name,
// and cancels the others (FP2, FP4, REQ: no late success).
func TestRunFailures(t *testing.T) {
	const task = FileSizeCountTaskOBS
	at := func(which point.Point, when int64) *script {
		return &script{fail: func(p point.Point, subject string, n int64) error {
			if p == which && subject == task && n >= when {
				return errInjected
			}
			return nil
		}}
	}
	for _, c := range []struct {
		name     string
		injector point.Injector
		change   func(*RunOptions)
		task     string
	}{
		{"start", at(point.TaskStart, 0), nil, task},
		{"rows", at(point.TaskRows, 128), nil, task},
		{"rows, many workers", at(point.TaskRows, 64), func(o *RunOptions) { o.Workers = 4 }, task},
		{"finish", at(point.TaskFinish, 0), nil, task},
		{"sink cannot be made", nil, func(o *RunOptions) {
			o.NewSink = func(string, int) (Sink, error) { return nil, errInjected }
		}, ContainerKeyMapperTaskOBS},
		{"sink fails", nil, func(o *RunOptions) {
			o.NewSink = func(task string, _ int) (Sink, error) { return failingSink{put: task == OmTableInsightTask}, nil }
		}, OmTableInsightTask},
		{"sink cannot be closed", nil, func(o *RunOptions) {
			o.NewSink = func(string, int) (Sink, error) { return failingSink{close: true}, nil }
		}, FileSizeCountTaskOBS},
	} {
		progress := NewProgress(All())
		err := runWorld(context.Background(), filesWorld(t, 200), c.injector, func(o *RunOptions) {
			o.Progress = progress
			if c.change != nil {
				c.change(o)
			}
		})
		var failed *TaskError
		if !errors.As(err, &failed) || failed.Task != c.task || !errors.Is(err, errInjected) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, p := range progress.Tasks() {
			if want := p.Task == c.task; want != (p.State == StateFailed) || p.State < StateDone {
				t.Errorf("%s: %s is %s", c.name, p.Task, p.State)
			}
		}
	}
}

type failingSink struct{ put, close bool }

func (s failingSink) Put(omdb.Table, []byte, []byte) error {
	if s.put {
		return errInjected
	}
	return nil
}
func (s failingSink) Add(omdb.Table, []byte, int64) error { return nil }
func (s failingSink) Close() error {
	if s.close {
		return errInjected
	}
	return nil
}

// TestRunCancelled: a cancelled rebuild ends with the cause, also in the middle
// of a table.
func TestRunCancelled(t *testing.T) {
	cause := errors.New("stopped by the operator")
	for _, when := range []point.Point{point.TaskStart, point.TaskRows, point.TaskFinish} {
		ctx, cancel := context.WithCancelCause(context.Background())
		s := &script{fail: func(p point.Point, _ string, _ int64) error {
			if p == when {
				cancel(cause)
			}
			return nil
		}}
		progress := NewProgress(All())
		err := runWorld(ctx, filesWorld(t, 300), s, func(o *RunOptions) { o.Progress = progress })
		if !errors.Is(err, cause) {
			t.Errorf("cancelled at %s: %v", when, err)
		}
		for _, p := range progress.Tasks() {
			if p.State == StateReading || p.State == StateFinishing {
				t.Errorf("cancelled at %s: %s is still %s", when, p.Task, p.State)
			}
		}
	}
}

// TestRunCorruptRow: a row that cannot be read is named (HZ-E2).
func TestRunCorruptRow(t *testing.T) {
	w := filesWorld(t, 5)
	w.putBytes(omdb.FileTable, fileKey(4, "f0003"), []byte{0x0a, 0x7f})
	var corrupt *omdb.CorruptRowError
	if err := runWorld(context.Background(), w, nil, nil); !errors.As(err, &corrupt) || corrupt.Table != omdb.FileTable ||
		string(corrupt.Key) != string(fileKey(4, "f0003")) {
		t.Errorf("%v", err)
	}
	w = filesWorld(t, 5)
	w.key("obs", "negative", 7, -1)
	if err := runWorld(context.Background(), w, nil, nil); !errors.As(err, &corrupt) || corrupt.Table != omdb.KeyTable {
		t.Errorf("a negative size: %v", err)
	}
}

// countingSource counts how often each table's rows are read.
type countingSource struct {
	*memoryStore
	rows [256]atomic.Int64
	// splits is what Splits returns if not nil.
	splits [][]byte
}

func (s *countingSource) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	return s.memoryStore.Scan(t, lower, upper, func(key, value []byte) (bool, error) {
		s.rows[t].Add(1)
		return fn(key, value)
	})
}

func (s *countingSource) Splits(t omdb.Table, parts int) ([][]byte, error) {
	if s.splits != nil {
		return s.splits, nil
	}
	return s.memoryStore.Splits(t, parts)
}

// TestRunReadsOnce: all tasks together read each row once (D12), and the tasks
// that a run does not have are not asked.
func TestRunReadsOnce(t *testing.T) {
	source := &countingSource{memoryStore: filesWorld(t, 100).store}
	o := RunOptions{Tasks: All(), Source: source, NewSink: new(memorySinks).newSink, Workers: 3}
	if err := Run(context.Background(), env.NewOS(nil), o); err != nil {
		t.Fatal(err)
	}
	for _, table := range omdb.Tables() {
		if n := source.rows[table].Load(); n != int64(source.count(table)) {
			t.Errorf("%s: %d of %d rows read", table, n, source.count(table))
		}
	}
	source = &countingSource{memoryStore: source.memoryStore}
	o.Source, o.Tasks = source, All()[2:3]
	if err := Run(context.Background(), env.NewOS(nil), o); err != nil {
		t.Fatal(err)
	}
	if source.rows[omdb.FileTable].Load() != 100 || source.rows[omdb.KeyTable].Load() != 0 {
		t.Error("a table is read that no task wants, or the wanted one is not")
	}
	source.splits = [][]byte{[]byte("b"), []byte("b")}
	if err := Run(context.Background(), env.NewOS(nil), o); err == nil {
		t.Error("splits that do not ascend are taken")
	}
}

// panicking is a task that panics where it is told.
type panicking struct {
	Task
	inRow bool
}

func (p panicking) Rebuild(RebuildOptions) (Rebuild, error) { return p, nil }
func (p panicking) Collector() Collector                    { return p }
func (p panicking) Close(Sink) error                        { return nil }
func (p panicking) Row(*omdb.Row, Sink) error {
	if p.inRow {
		panic("row")
	}
	return nil
}
func (p panicking) Finish(context.Context, Sink) error                { panic("finish") }
func (p panicking) Process(context.Context, *Delta, omdb.Store) error { panic("process") }

// TestPanicsAreFailures: a mistake in a task is that task's failure (DEF-T12).
func TestPanicsAreFailures(t *testing.T) {
	w := filesWorld(t, 3)
	var failed *TaskError
	for _, inRow := range []bool{true, false} {
		err := runWorld(context.Background(), w, nil, func(o *RunOptions) {
			o.Tasks = []Task{All()[0], panicking{All()[3], inRow}}
		})
		if !errors.As(err, &failed) || failed.Task != FileSizeCountTaskOBS || !strings.Contains(err.Error(), "panic") {
			t.Errorf("%v", err)
		}
	}
	err := Process(context.Background(), env.NewOS(nil), []Task{panicking{Task: All()[3]}}, NewDelta(1, nil, false), w.store)
	if !errors.As(err, &failed) || failed.Task != FileSizeCountTaskOBS {
		t.Errorf("%v", err)
	}
}

// TestProcessPoints: each task passes its point before it takes the delta, in
// order, and the first failure ends it (FP18).
func TestProcessPoints(t *testing.T) {
	w := filesWorld(t, 1)
	s := &script{fail: func(_ point.Point, subject string, _ int64) error {
		if subject == FileSizeCountTaskFSO {
			return errInjected
		}
		return nil
	}}
	err := Process(context.Background(), env.NewOS(s), All(), NewDelta(77, w.events, false), w.store)
	var failed *TaskError
	if !errors.As(err, &failed) || failed.Task != FileSizeCountTaskFSO || !errors.Is(err, errInjected) {
		t.Errorf("%v", err)
	}
	if got, want := strings.Join(s.hits, ", "),
		"task/delta NSSummaryTask 77, task/delta OmTableInsightTask 77, task/delta FileSizeCountTaskFSO 77"; got != want {
		t.Errorf("points %s, want %s", got, want)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errInjected)
	if err := Process(ctx, env.NewOS(nil), All(), NewDelta(77, w.events, false), w.store); !errors.Is(err, errInjected) {
		t.Errorf("a cancelled delta: %v", err)
	}
}

// TestTaskTables: what the tasks say they read and write (spec/recon.md 1.1).
func TestTaskTables(t *testing.T) {
	w := filesWorld(t, 10)
	for _, task := range All() {
		writes := map[omdb.Table]bool{}
		for _, table := range task.Writes() {
			writes[table] = true
		}
		var sinks memorySinks
		if err := runWorld(context.Background(), w, nil, func(o *RunOptions) {
			o.Tasks, o.NewSink = []Task{task}, sinks.newSink
		}); err != nil {
			t.Fatal(err)
		}
		for _, sink := range sinks.sinks {
			for _, table := range derived.Tables() {
				if (sink.rows.count(table) > 0 || len(sink.counts[table]) > 0) && !writes[table] {
					t.Errorf("%s writes %s without saying so", task.Name(), derived.TableName(table))
				}
			}
		}
	}
}
