package generation

import (
	"fmt"
	"time"

	"reconsim/recon/omdb"
)

// Lineage says whose sequence numbers a generation's are. Sequence numbers are
// private to one OM's store, so they mean nothing without it (D16).
type Lineage struct {
	// Service is the OM service id.
	Service string `json:"service"`
	// Node is the OM node id of the leader that gave the snapshot.
	Node string `json:"node"`
	// Snapshot is the checkpoint's term#index.
	Snapshot omdb.TransactionInfo `json:"snapshot"`
}

// SameOM reports whether sequence numbers of both mean the same: they are those
// of one OM node, whichever of its snapshots they were counted on from.
func (l Lineage) SameOM(other Lineage) bool {
	return l.Service == other.Service && l.Node == other.Node
}

// String is a short form for people and traces.
func (l Lineage) String() string {
	return fmt.Sprintf("%s/%s@%d#%d", l.Service, l.Node, l.Snapshot.Term, l.Snapshot.Index)
}

// Label identifies the state that an answer was computed from.
type Label struct {
	// Build is the generation's number, which only grows.
	Build uint64 `json:"build"`
	// BaseSeq is the OM sequence that the rebuild started from.
	BaseSeq uint64 `json:"baseSeq"`
	// AppliedSeq is the last OM sequence folded in.
	AppliedSeq uint64 `json:"appliedSeq"`
	// Applied is the term#index of the last transaction folded in.
	Applied omdb.TransactionInfo `json:"applied"`
	// Lineage says whose sequences these are.
	Lineage Lineage `json:"lineage"`
	// AsOf is when AppliedSeq was fetched from the OM.
	AsOf time.Time `json:"asOf"`
}

// ID is the generation id "<baseSeq>-<build>", fixed for a generation's life.
func (l Label) ID() string { return fmt.Sprintf("%d-%d", l.BaseSeq, l.Build) }

// Revision is the id with the last sequence folded in; it changes with each
// delta.
func (l Label) Revision() string { return fmt.Sprintf("%s.%d", l.ID(), l.AppliedSeq) }

// Need says which SQL rows a request will read; they are read as its view is
// pinned, under the lock that also covers a delta's SQL commit (D2).
type Need struct {
	// Stats asks for every row of GLOBAL_STATS.
	Stats bool
	// FileCounts asks for rows of FILE_COUNT_BY_SIZE; nil asks for none.
	FileCounts *FileCountFilter
}

// FileCountFilter narrows a query of file counts; empty fields match all.
type FileCountFilter struct {
	Volume, Bucket string
	// UpperBound is an exact bin bound in bytes, 0 for all.
	UpperBound int64
}

// FileCount is a row of FILE_COUNT_BY_SIZE.
type FileCount struct {
	Volume     string
	Bucket     string
	UpperBound int64
	Count      int64
}

// SQLRows is what a [Need] asked for, at the view's watermark. File counts are
// ordered by volume, bucket and bound.
type SQLRows struct {
	Stats      map[string]int64
	FileCounts []FileCount
}
