package tasks

import (
	"context"

	"reconsim/recon/omdb"
)

// Task derives tables from OM rows, in bulk and by delta. The six tasks are
// separate in code, status, failure and progress; they share one pass over
// the OM's tables in a rebuild.
type Task interface {
	// Name is the row key in RECON_TASK_STATUS.
	Name() string
	// Reads lists the OM tables whose rows a rebuild must show the task.
	Reads() []omdb.Table
	// Writes lists the derived tables that the task may write.
	Writes() []omdb.Table
	// Rebuild begins a rebuild. It keeps no state outside what it returns.
	Rebuild(o RebuildOptions) (Rebuild, error)
	// Process folds one fetch of events into the derived tables of store,
	// whose OM rows are already those after the fetch. A failure leaves the
	// task itself unchanged; the caller drops what was written to store.
	Process(ctx context.Context, delta *Delta, store omdb.Store) error
}

// RebuildOptions is what a task may know when a rebuild begins.
type RebuildOptions struct {
	// Snapshot is the OM copy that is being read, for lookups of buckets.
	Snapshot omdb.Reader
	// FileSystemPaths is ozone.om.enable.filesystem.paths: Legacy keys that
	// end in "/" are directories.
	FileSystemPaths bool
	// NewSorter makes a sorter for records of the task's own.
	NewSorter func() (Sorter, error)
	// MemoryBytes bounds what the task may hold beside its sinks and sorters,
	// wherever that would grow with the OM.
	MemoryBytes int
}

// Rebuild gathers one task's result from the rows of a snapshot.
type Rebuild interface {
	// Collector makes a collector for one range of keys; collectors of one
	// rebuild are used by different actors at the same time.
	Collector() Collector
	// Finish merges what all collectors saw and writes the derived rows.
	Finish(ctx context.Context, sink Sink) error
}

// Collector sees the rows of one range of one table after the other.
type Collector interface {
	// Row sees one row. The row is borrowed and valid only during the call.
	// sink takes rows that need no merging (container to key pairs).
	Row(row *omdb.Row, sink Sink) error
	// Close ends the range; nothing may follow, and what it held is given to
	// sink or merged into its Rebuild: ranges are ended long before Finish.
	Close(sink Sink) error
}

// Sink takes derived rows in any order and stores them sorted. One sink is
// used by one actor at a time; key and value are copied. A sink that also has
// a method Close() error is closed once nothing more will come to it; after a
// failure it is not.
type Sink interface {
	// Put stores a row; no other Put of the same rebuild has the same key.
	Put(t omdb.Table, key, value []byte) error
	// Add adds n to the big-endian int64 counter at key; counts of one key
	// from several tasks and ranges are summed, and a sum of 0 is no row.
	Add(t omdb.Table, key []byte, n int64) error
}

// The names of the tasks, which are keys of RECON_TASK_STATUS.
const (
	NSSummaryTask             = "NSSummaryTask"
	OmTableInsightTask        = "OmTableInsightTask"
	FileSizeCountTaskFSO      = "FileSizeCountTaskFSO"
	FileSizeCountTaskOBS      = "FileSizeCountTaskOBS"
	ContainerKeyMapperTaskFSO = "ContainerKeyMapperTaskFSO"
	ContainerKeyMapperTaskOBS = "ContainerKeyMapperTaskOBS"
)

// All makes the six tasks (spec/recon.md 1.1).
func All() []Task {
	return []Task{
		nsSummary{},
		tableInsight{},
		fileSizeCount{name: FileSizeCountTaskFSO, table: omdb.FileTable},
		fileSizeCount{name: FileSizeCountTaskOBS, table: omdb.KeyTable},
		containerKeyMapper{name: ContainerKeyMapperTaskFSO, table: omdb.FileTable},
		containerKeyMapper{name: ContainerKeyMapperTaskOBS, table: omdb.KeyTable},
	}
}
