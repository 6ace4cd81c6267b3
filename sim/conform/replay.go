package conform

import (
	"context"
	"errors"
	"fmt"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/tasks"
)

// rebuild returns a copy of store's OM rows with the derived rows that a
// rebuild makes of them, its tables cut into the given number of ranges.
func (s *Set) rebuild(ctx context.Context, store *Store, ranges int) (*Store, error) {
	result := store.copyOf(omTable)
	result.ranges = ranges
	var all sinks
	if err := tasks.Run(ctx, env.NewOS(nil), tasks.RunOptions{
		Tasks: tasks.All(), Source: result, NewSink: all.newSink, Workers: 2, FileSystemPaths: s.FileSystemPaths,
	}); err != nil {
		return nil, err
	}
	return result, all.mergeInto(result)
}

// take writes a reply's rows to store, as one who only follows the OM does.
func (s *Set) take(store *Store, reply int) (*omdb.Fetch, error) {
	fetch := omdb.NewFetch(s.families, store)
	for _, batch := range s.fetches[reply].batches {
		if err := fetch.Add(batch); err != nil {
			return nil, err
		}
	}
	return fetch, fetch.Apply(store)
}

// apply takes a reply and folds it into the derived rows, as the delta loop
// does: tasks that are to fail first fail, and everything is dropped and done
// again.
func (s *Set) apply(ctx context.Context, store *Store, reply int) (*omdb.Fetch, error) {
	for _, failure := range s.Failures {
		if failure.Fetch != s.fetches[reply].number {
			continue
		}
		store.begin()
		_, err := s.try(ctx, env.NewOS(failing(failure.Task)), store, reply)
		store.drop()
		if !errors.Is(err, errPlanned) {
			return nil, fmt.Errorf("%s was to fail, and the reply ended with: %w", failure.Task, err)
		}
	}
	return s.try(ctx, env.NewOS(nil), store, reply)
}

func (s *Set) try(ctx context.Context, e *env.Env, store *Store, reply int) (*omdb.Fetch, error) {
	fetch, err := s.take(store, reply)
	if err != nil {
		return nil, err
	}
	_, last, _ := fetch.Sequences()
	return fetch, tasks.Process(ctx, e, tasks.All(), tasks.NewDelta(last, fetch.Events(), s.FileSystemPaths), store)
}

// errPlanned is the failure of a task that is to fail.
var errPlanned = errors.New("planned failure")

// failing is an injector that fails one task before it takes a delta; the tasks
// before it have then written theirs.
type failing string

// Armed is true.
func (failing) Armed() bool { return true }

// Hit fails the task.
func (f failing) Hit(_ context.Context, p point.Point, subject string, _ int64) error {
	if p == point.TaskDelta && subject == string(f) {
		return errPlanned
	}
	return nil
}
