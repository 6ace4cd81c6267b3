package omsync

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// Options of [NewSource].
type Options struct {
	Env    *env.Env
	Client Client
	// Service is the OM service id, part of the lineage.
	Service string
	// CandidateDir is the folder that downloads go to.
	CandidateDir string
	// RequestTimeout limits a request, the first byte of a transfer, and each
	// stall within one.
	RequestTimeout time.Duration
	// TransferTimeout and MaxBytes bound a whole transfer, and
	// MinBytesPerSecond its speed (OM-H8).
	TransferTimeout   time.Duration
	MaxBytes          int64
	MinBytesPerSecond int64
	// Limit is the span of sequence numbers asked for in one fetch.
	Limit uint64
}

// Source is the OM as the engine sees it, for any number of actors: deltas are
// fetched while a download runs.
type Source struct {
	o Options
	// known is the node that led last time; the nodes are asked in the client's
	// order as long as it is nil.
	known atomic.Pointer[string]
}

// NewSource makes a source.
func NewSource(o Options) *Source { return &Source{o: o} }

// Position is what the next batch must follow.
type Position struct {
	Lineage generation.Lineage
	// Seq is the last sequence that is there already.
	Seq uint64
	// Applied is the last term#index that is there.
	Applied omdb.TransactionInfo
}

// Fetched is one checked response: a continuation of the position asked for.
type Fetched struct {
	// First and Last are the sequences of the batches, both included; Last is
	// First-1 if there are none.
	First, Last uint64
	Batches     []rocksdb.Batch
	// Latest is the OM's newest sequence.
	Latest uint64
	At     time.Time
}

// seqNone is -1 as the OM sends it: there is nothing to say (OM-H13).
const seqNone = ^uint64(0)

// Fetch asks the leader for what follows a position. A *[BootstrapError] means
// that only a full snapshot helps; any other error that the cycle may be tried
// again.
func (s *Source) Fetch(ctx context.Context, from Position) (Fetched, error) {
	leader, err := s.findLeader(ctx)
	if err != nil {
		return Fetched{}, err
	}
	if err := s.sameLineage(leader.id, from.Lineage); err != nil {
		return Fetched{}, err
	}
	if err := s.o.Env.Point(ctx, point.OMUpdates, leader.id, int64(from.Seq)); err != nil {
		return Fetched{}, err
	}
	response, err := s.requestUpdates(ctx, leader.node, from.Seq)
	if err != nil {
		return Fetched{}, err
	}
	after, err := s.Leader(ctx)
	if err != nil {
		return Fetched{}, fmt.Errorf("the leader could not be confirmed after a fetch, which is dropped: %w", err)
	}
	if err := s.sameLineage(after, from.Lineage); err != nil {
		return Fetched{}, err
	}
	return s.check(response, from)
}

func (s *Source) sameLineage(leader string, lineage generation.Lineage) error {
	if leader == lineage.Node || s.o.Env.Mutated(point.IgnoreLineage) {
		return nil
	}
	return &BootstrapError{LeaderChanged: true, Reason: fmt.Sprintf(
		"OM %s leads now, our sequence numbers are those of %s", leader, lineage.Node)}
}

func (s *Source) requestUpdates(ctx context.Context, node string, since uint64) (*ozonepb.OMResponse, error) {
	ctx, stop := s.o.Env.WithTimeout(ctx, s.o.RequestTimeout, "DBUpdates")
	defer stop()
	limit := s.o.Limit
	return s.submit(ctx, node, &ozonepb.OMRequest{
		CmdType:          ozonepb.Type_DBUpdates.Enum(),
		DbUpdatesRequest: &ozonepb.DBUpdatesRequest{SequenceNumber: &since, LimitCount: &limit},
	})
}

// check accepts a response only as a whole (om.md 6, rule 3).
func (s *Source) check(response *ozonepb.OMResponse, from Position) (Fetched, error) {
	switch status := response.GetStatus(); status {
	case ozonepb.Status_OK:
	case ozonepb.Status_INTERNAL_ERROR:
		// The class of the exception is in the message; every failure to give
		// updates is answered by upstream with a full snapshot.
		return Fetched{}, &BootstrapError{Reason: fmt.Sprintf("the OM has no updates since %d: %s", from.Seq, response.GetMessage())}
	default:
		// Such as PERMISSION_DENIED, which a snapshot does not cure: whoever may
		// download but not fetch would download in every cycle (OM-H34).
		return Fetched{}, fmt.Errorf("the OM refuses updates since %d with status %s: %s", from.Seq, status, response.GetMessage())
	}
	updates := response.GetDbUpdatesResponse()
	latest := updates.GetLatestSequenceNumber()
	if updates == nil || !updates.GetDbUpdateSuccess() || latest == seqNone {
		return Fetched{}, &BootstrapError{Divergence: true, Reason: fmt.Sprintf("the OM refuses updates since %d: its own sequence is below or its log is damaged", from.Seq)}
	}
	if latest < from.Seq {
		return Fetched{}, &BootstrapError{Divergence: true, Reason: fmt.Sprintf("the OM is at sequence %d, we are at %d", latest, from.Seq)}
	}
	f := Fetched{First: from.Seq + 1, Last: from.Seq, At: s.o.Env.Now()}
	for _, data := range updates.GetData() {
		batch := rocksdb.Batch(data)
		start, count, err := batch.Header()
		if err == nil {
			err = batch.Verify()
		}
		if err != nil {
			return Fetched{}, &BootstrapError{Divergence: true, Reason: err.Error()}
		}
		if start != f.Last+1 && !s.o.Env.Mutated(point.IgnoreLineage) {
			return Fetched{}, &BootstrapError{Divergence: true, Reason: fmt.Sprintf("a batch starts at sequence %d instead of %d", start, f.Last+1)}
		}
		f.Last = start + uint64(count) - 1
		f.Batches = append(f.Batches, batch)
	}
	if f.Last == from.Seq && latest > from.Seq {
		// Upstream shows lag 0 here and stays behind for ever, or asks again
		// without a pause (OM-H14).
		return Fetched{}, &BootstrapError{Divergence: true, Reason: fmt.Sprintf("the OM is at sequence %d and gives nothing after %d: our position lies inside one of its batches", latest, from.Seq)}
	}
	f.Latest = max(latest, f.Last)
	return f, nil
}

// IsBootstrap reports whether an error means that a full snapshot is needed.
func IsBootstrap(err error) (*BootstrapError, bool) {
	var b *BootstrapError
	ok := errors.As(err, &b)
	return b, ok
}
