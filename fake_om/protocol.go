package fakeom

import (
	"context"
	"fmt"
	"math"
	"sort"

	"google.golang.org/protobuf/proto"

	"reconsim/faults/point"
	"reconsim/recon/ozonepb"
)

// Submit is one request to a node, as gRPC carries it. What a real OM answers
// with an RPC error is an error here, whose GRPCStatus is that error: a
// [NotLeaderError], a [LimitError] or an [UnavailableError].
func (c *Cluster) Submit(ctx context.Context, node string, req *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	n, err := c.node(node)
	if err != nil {
		return nil, err
	}
	return n.Submit(ctx, req)
}

// Submit is [Cluster.Submit] for this node.
func (n *Node) Submit(ctx context.Context, req *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	if err := n.arrive(ctx); err != nil {
		return nil, err
	}
	sequence := int64(req.GetDbUpdatesRequest().GetSequenceNumber())
	subject := n.id + "/" + req.GetCmdType().String()
	if err := n.cluster.env.Point(ctx, point.OMServe, subject, sequence); err != nil {
		return nil, fmt.Errorf("fake OM node %s: %w", n.id, err)
	}
	if err := n.mayAnswer(); err != nil {
		return nil, err
	}
	// A real OM sends these three whatever their values are.
	resp := &ozonepb.OMResponse{
		CmdType: req.CmdType, TraceID: proto.String(""),
		Success: proto.Bool(true), Status: ozonepb.Status_OK.Enum(),
	}
	switch req.GetCmdType() {
	case ozonepb.Type_ServiceList:
		resp.ServiceListResponse = n.cluster.spoilList(n.id, n.ServiceList())
		return resp, nil
	case ozonepb.Type_DBUpdates:
		limit := int64(math.MaxInt64)
		if r := req.GetDbUpdatesRequest(); r != nil && r.LimitCount != nil {
			limit = int64(r.GetLimitCount())
		}
		updates, err := n.Updates(req.GetDbUpdatesRequest().GetSequenceNumber(), limit)
		if missing, ok := err.(*sequenceNotFound); ok {
			return failed(resp, missing.message), nil
		}
		if err != nil {
			return nil, err
		}
		resp.DbUpdatesResponse = updates
		return resp, nil
	}
	return failed(resp, fmt.Sprintf("Unrecognized Command Type: %v", req.GetCmdType())), nil
}

func failed(resp *ozonepb.OMResponse, message string) *ozonepb.OMResponse {
	resp.Success = proto.Bool(false)
	resp.Message = proto.String(message)
	resp.Status = ozonepb.Status_INTERNAL_ERROR.Enum()
	return resp
}

// none is the sequence number of an answer without one: -1 as a Java long.
const none = math.MaxUint64

// Updates is DBUpdates: the batches after sequence since, which begin after it,
// up to a distance of limit sequence numbers (spec/om.md 5.2). A sequence that
// the log no longer reaches is an error whose text is upstream's exception; a
// limit that is not positive is a [LimitError].
func (n *Node) Updates(since uint64, limit int64) (*ozonepb.DBUpdatesResponse, error) {
	if limit <= 0 {
		return nil, &LimitError{Limit: limit}
	}
	end, err := n.cluster.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	if n.broken != nil {
		return nil, n.broken
	}
	latest := n.sequence
	switch {
	case since == latest:
		return updates(none, latest, true, nil), nil
	case since > latest:
		return updates(none, none, false, nil), nil
	}
	records, err := n.available(since)
	if err != nil {
		return nil, err
	}
	var (
		data  [][]byte
		size  int64
		first = uint64(none)
	)
	for i := range records {
		r := &records[i]
		if r.start <= since {
			// The client stands inside this batch: upstream skips it whole.
			continue
		}
		b, err := n.log.read(r)
		if err != nil {
			return nil, err
		}
		data, first, size = append(data, b), r.start, size+int64(len(b))
		if r.start-since >= uint64(limit) || size >= n.cluster.options.UpdatesBytes {
			break
		}
	}
	return n.cluster.spoil(n.id, updates(first, latest, true, data)), nil
}

// available are the batches of the log from the one that holds sequence since,
// or the first after it.
func (n *Node) available(since uint64) ([]logRecord, error) {
	all := n.log.records
	at := sort.Search(len(all), func(i int) bool {
		return all[i].end >= since && all[i].start >= n.state.FirstAvailable
	})
	if at == len(all) {
		return nil, &sequenceNotFound{fmt.Sprintf(
			"Invalid transaction log iterator when getting updates since sequence number %d", since)}
	}
	if all[at].start > since+1 {
		return nil, &sequenceNotFound{fmt.Sprintf("Unable to read full data from RocksDB wal to get delta updates. "+
			"It may have partially been flushed to SSTs. Requested sequence number is %d and first available sequence number is %d in wal.",
			since, all[at].start)}
	}
	return all[at:], nil
}

func updates(sequence, latest uint64, success bool, data [][]byte) *ozonepb.DBUpdatesResponse {
	return &ozonepb.DBUpdatesResponse{
		SequenceNumber: proto.Uint64(sequence), Data: data,
		LatestSequenceNumber: proto.Uint64(latest), DbUpdateSuccess: proto.Bool(success),
	}
}
