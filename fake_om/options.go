package fakeom

import (
	"fmt"

	"reconsim/fake_om/namespace"
)

// Source is the replicated log: transactions with indexes that rise by one from
// the base's last index. [namespace.Workload] is one.
type Source interface {
	// Next is the next transaction; nil when there is none any more.
	Next() *namespace.Transaction
}

// Doer is a [Source] that can be asked for an operation.
type Doer interface {
	// DoSteps is a transaction of the given kind, with those before it that
	// make it possible.
	DoSteps(kind string) ([]*namespace.Transaction, error)
}

// Options is what a cluster is made of. Dir and Base are required.
type Options struct {
	// Dir is the folder that holds the cluster on the Env's file system.
	Dir string
	// Base is the namespace at the start.
	Base *namespace.Base
	// Seed decides flush boundaries, family ids and first sequence numbers.
	Seed uint64
	// Source makes the replicated log from its start; it is called once for
	// each process, and must give the same log each time. Nil means the
	// namespace's own workload with Seed.
	Source func() (Source, error)
	// Nodes is how many OMs there are; default 3. They are om1, om2 and so on.
	Nodes int
	// Schema is the set of column families; default [Schema220].
	Schema Schema
	// ServiceID is the OM service's name; default "omservice".
	ServiceID string
	// FlushEvery is the mean number of transactions in a batch when several are
	// applied at once; default 3.
	FlushEvery int
	// NoLocalBatches keeps nodes from writing batches of their own.
	NoLocalBatches bool
	// TableBytes is when a base table's file is closed and the next one begun;
	// default 64 MiB.
	TableBytes int64
	// FlushBytes is when a node's memtable becomes a run; default 64 MiB.
	FlushBytes int64
	// LogRetentionBytes bounds each node's log; default 256 MiB.
	LogRetentionBytes int64
	// UpdatesBytes bounds the batches in one answer, as
	// ozone.om.delta.update.data.size.max.limit does; default 1 GiB as there.
	UpdatesBytes int64
	// Parallel is how many base tables are written at a time; default 1.
	Parallel int
	// Progress is told now and then how many more rows of the base were written;
	// it is called by several actors at a time.
	Progress func(rows int64)
	// Enter is told of every transaction as it enters the replicated log, in
	// order, those replayed by Open included; what Observe says of calls holds
	// here too.
	Enter func(*namespace.Transaction)
	// Observe is told of every batch once it can be served. It is called in the
	// middle of the cluster's work: it must be quick, and of the cluster it may
	// call only Leader, Index, IndexAt and Position.
	Observe func(Applied)
}

// Applied is a batch that a node wrote.
type Applied struct {
	Node string
	// StartSequence to EndSequence are the batch's Count operations.
	StartSequence, EndSequence uint64
	Count                      int
	// Term and Index are those of the last transaction the node has applied
	// with this batch; for a local batch, those before it.
	Term, Index int64
	// AtMillis is the Env's time when the batch could be served, since 1970.
	AtMillis int64
}

const (
	defaultNodes        = 3
	maxNodes            = 31
	defaultFlushEvery   = 3
	defaultTableBytes   = 64 << 20
	defaultFlushBytes   = 64 << 20
	defaultLogBytes     = 256 << 20
	defaultUpdatesBytes = 1 << 30
)

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" || o.Base == nil {
		return o, fmt.Errorf("fake OM: Options.Dir and Options.Base are required")
	}
	setDefault(&o.Nodes, defaultNodes)
	setDefault(&o.FlushEvery, defaultFlushEvery)
	setDefault(&o.TableBytes, int64(defaultTableBytes))
	setDefault(&o.FlushBytes, int64(defaultFlushBytes))
	setDefault(&o.LogRetentionBytes, int64(defaultLogBytes))
	setDefault(&o.UpdatesBytes, int64(defaultUpdatesBytes))
	setDefault(&o.Parallel, 1)
	setDefault(&o.Schema, Schema220)
	setDefault(&o.ServiceID, "omservice")
	if o.Nodes < 1 || o.Nodes > maxNodes {
		return o, fmt.Errorf("fake OM: %d nodes, there can be 1 to %d", o.Nodes, maxNodes)
	}
	return o, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
