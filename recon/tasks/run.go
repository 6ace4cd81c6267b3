package tasks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// Source is an OM copy that a rebuild reads.
type Source interface {
	omdb.Reader
	// Splits returns keys, ascending and not empty, that cut table t into
	// about parts ranges of about the same size; none for a small table.
	Splits(t omdb.Table, parts int) ([][]byte, error)
}

// Estimator is what a Source may also be, for progress.
type Estimator interface {
	// EstimateRows is about the number of rows in t.
	EstimateRows(t omdb.Table) (rows int64, err error)
}

// RunOptions is what a rebuild needs.
type RunOptions struct {
	Tasks  []Task
	Source Source
	// NewSink makes the sink for one part of a task's result. It may be called
	// by several actors at a time, each with another task or part.
	NewSink func(task string, part int) (Sink, error)
	// NewSorter makes a sorter for a task's own records; with nil they are
	// sorted in memory.
	NewSorter func(task string) (Sorter, error)
	// MemoryBytes bounds what a task may hold beside its sinks and sorters; 32
	// MiB if 0.
	MemoryBytes int
	// Workers is the number of ranges read at the same time, at least 1.
	Workers int
	// FileSystemPaths is ozone.om.enable.filesystem.paths.
	FileSystemPaths bool
	// Progress is filled while the rebuild runs; it may be nil.
	Progress *Progress
	// RowsPerPoint is how many rows a worker shows a task between two
	// passages of point.TaskRows; 64 if 0.
	RowsPerPoint int
}

// rangesPerWorker is how many ranges of a big table there are for each worker,
// so that no worker waits long for the last one.
const rangesPerWorker = 8

const (
	defaultRowsPerPoint = 64
	defaultMemoryBytes  = 32 << 20
)

// Run rebuilds all tasks' tables from o.Source. Each table is read once and
// each row decoded once, for all tasks that want it. The first failure cancels
// the rest and is returned; if it is a task's own, as a *TaskError. What the
// sinks then hold is to be thrown away. After a success the caller merges the
// sinks and calls PutContainerCount.
func Run(ctx context.Context, e *env.Env, o RunOptions) error {
	r, err := newRun(e, o)
	if err != nil {
		return err
	}
	if err = r.all(ctx); err != nil {
		var failed *TaskError
		name := ""
		if errors.As(err, &failed) {
			name = failed.Task
		}
		r.progress.setUnfinished(name)
	}
	return err
}

// run is one rebuild.
type run struct {
	env      *env.Env
	options  RunOptions
	progress *Progress
	tasks    []*runningTask
	units    []unit
	next     atomic.Int64 // the next unit to be taken by a worker
}

type runningTask struct {
	index    int
	name     string
	wants    [256]bool
	rebuild  Rebuild
	progress *taskProgress
}

// unit is a range of one table. Its number is the part of the sinks that the
// tasks use while it is read.
type unit struct {
	table        omdb.Table
	lower, upper []byte
}

func newRun(e *env.Env, o RunOptions) (*run, error) {
	o.Workers = max(1, o.Workers)
	if o.RowsPerPoint <= 0 {
		o.RowsPerPoint = defaultRowsPerPoint
	}
	if o.NewSorter == nil {
		o.NewSorter = func(string) (Sorter, error) { return &memorySorter{}, nil }
	}
	if o.MemoryBytes <= 0 {
		o.MemoryBytes = defaultMemoryBytes
	}
	r := &run{env: e, options: o, progress: o.Progress}
	if r.progress == nil {
		r.progress = NewProgress(o.Tasks)
	}
	if len(r.progress.tasks) != len(o.Tasks) {
		return nil, fmt.Errorf("rebuild: progress of %d tasks for %d tasks", len(r.progress.tasks), len(o.Tasks))
	}
	var wanted [256]bool
	for i, task := range o.Tasks {
		t := &runningTask{index: i, name: task.Name(), progress: &r.progress.tasks[i]}
		for _, table := range task.Reads() {
			t.wants[table], wanted[table] = true, true
		}
		r.tasks = append(r.tasks, t)
	}
	for _, table := range omdb.Tables() {
		if !wanted[table] {
			continue
		}
		if err := r.plan(table); err != nil {
			return nil, fmt.Errorf("rebuild: plan the reading of %s: %w", table, err)
		}
	}
	r.progress.ranges.Store(int64(len(r.units)))
	return r, nil
}

// plan cuts a table into units and estimates its rows.
func (r *run) plan(table omdb.Table) error {
	splits, err := r.options.Source.Splits(table, r.options.Workers*rangesPerWorker)
	if err != nil {
		return err
	}
	var lower []byte
	for _, key := range splits {
		if bytes.Compare(key, lower) <= 0 {
			return fmt.Errorf("split %q does not come after %q", key, lower)
		}
		r.units = append(r.units, unit{table: table, lower: lower, upper: key})
		lower = key
	}
	r.units = append(r.units, unit{table: table, lower: lower})
	estimator, ok := r.options.Source.(Estimator)
	if !ok {
		return nil
	}
	rows, err := estimator.EstimateRows(table)
	if err != nil {
		return err
	}
	for _, t := range r.tasks {
		if t.wants[table] {
			t.progress.estimated.Add(rows)
		}
	}
	return nil
}

func (r *run) all(ctx context.Context) error {
	for i, t := range r.tasks {
		if err := r.env.Point(ctx, point.TaskStart, t.name, 0); err != nil {
			return &TaskError{Task: t.name, Err: err}
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		var err error
		t.rebuild, err = r.options.Tasks[i].Rebuild(RebuildOptions{
			Snapshot: r.options.Source, FileSystemPaths: r.options.FileSystemPaths, MemoryBytes: r.options.MemoryBytes,
			NewSorter: func() (Sorter, error) { return r.options.NewSorter(t.name) },
		})
		if err != nil {
			return &TaskError{Task: t.name, Err: err}
		}
		t.progress.state.Store(int32(StateReading))
	}
	readers, _ := r.env.NewGroup(ctx, r.options.Workers)
	for i := range min(r.options.Workers, len(r.units)) {
		readers.Go(fmt.Sprintf("rebuild-%d", i), func(ctx context.Context) error {
			return newWorker(r).readAll(ctx)
		})
	}
	if err := readers.Wait(); err != nil {
		return err
	}
	finishers, _ := r.env.NewGroup(ctx, r.options.Workers)
	for _, t := range r.tasks {
		finishers.Go("finish-"+t.name, func(ctx context.Context) error {
			if err := r.finish(ctx, t); err != nil {
				return &TaskError{Task: t.name, Err: err}
			}
			return nil
		})
	}
	return finishers.Wait()
}

func (r *run) finish(ctx context.Context, t *runningTask) (err error) {
	defer recoverAsError(&err)
	t.progress.state.Store(int32(StateFinishing))
	if err := r.env.Point(ctx, point.TaskFinish, t.name, t.progress.rows.Load()); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	sink := &partSink{open: r.options.NewSink, task: t.name, part: len(r.units)}
	if err := t.rebuild.Finish(ctx, sink); err != nil {
		return err
	}
	if err := sink.close(); err != nil {
		return err
	}
	t.rebuild = nil
	t.progress.state.Store(int32(StateDone))
	return nil
}
