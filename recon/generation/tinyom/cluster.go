package tinyom

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/ozonepb"
)

// Cluster answers requests for several OMs. Its methods may be called by
// several actors; the OMs are touched only through Do, or before the first
// request.
type Cluster struct {
	// NotLeader is the error of an OM that does not lead.
	NotLeader error
	// OnSubmit and OnCheckpoint, if not nil, are asked first, without a lock;
	// what they return replaces the answer unless all of it is nil.
	OnSubmit     func(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error)
	OnCheckpoint func(ctx context.Context, node string) (io.ReadCloser, error)
	// OnUpdates, if not nil, may change an answer to DBUpdates.
	OnUpdates func(*ozonepb.OMResponse)

	mu      sync.Mutex
	oms     []*OM
	leader  string
	counts  map[string]int
	expired map[string]uint64
}

// NewCluster makes a cluster that the first OM leads.
func NewCluster(notLeader error, oms ...*OM) *Cluster {
	return &Cluster{NotLeader: notLeader, oms: oms, leader: oms[0].ID, counts: map[string]int{}, expired: map[string]uint64{}}
}

// Do runs fn while no request is answered.
func (c *Cluster) Do(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn()
}

// Lead makes another OM the leader; "" is nobody.
func (c *Cluster) Lead(id string) { c.Do(func() { c.leader = id }) }

// Expire drops the log of an OM up to a sequence.
func (c *Cluster) Expire(id string, upTo uint64) { c.Do(func() { c.expired[id] = upTo }) }

// Count tells how often something was asked for: ServiceList, DBUpdates or
// Checkpoint.
func (c *Cluster) Count(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[what]
}

// Nodes lists the ids.
func (c *Cluster) Nodes() []string {
	ids := make([]string, len(c.oms))
	for i, o := range c.oms {
		ids[i] = o.ID
	}
	return ids
}

// Submit answers ServiceList and DBUpdates.
func (c *Cluster) Submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	if c.OnSubmit != nil {
		if response, err := c.OnSubmit(ctx, node, request); response != nil || err != nil {
			return response, err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[request.GetCmdType().String()]++
	if node != c.leader {
		return nil, fmt.Errorf("%s: %w", node, c.NotLeader)
	}
	response := &ozonepb.OMResponse{CmdType: request.CmdType, Success: proto.Bool(true), Status: ozonepb.Status_OK.Enum()}
	if request.GetCmdType() == ozonepb.Type_ServiceList {
		response.ServiceListResponse = c.serviceList(node)
		return response, nil
	}
	c.updates(c.om(node), request.GetDbUpdatesRequest(), response)
	if c.OnUpdates != nil {
		c.OnUpdates(response)
	}
	return response, nil
}

func (c *Cluster) om(id string) *OM {
	for _, o := range c.oms {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// serviceList is the leader's answer: all its own ports, and of its peers the
// RPC port alone.
func (c *Cluster) serviceList(self string) *ozonepb.ServiceListResponse {
	list := &ozonepb.ServiceListResponse{}
	for _, o := range c.oms {
		list.ServiceInfo = append(list.ServiceInfo, ServiceInfo(o.ID, o.ID == c.leader, o.ID == self))
	}
	return list
}

// ServiceInfo is one OM's entry in a service list, as that OM lists itself or
// as a peer does.
func ServiceInfo(id string, leads, self bool) *ozonepb.ServiceInfo {
	role := "FOLLOWER"
	if leads {
		role = "LEADER"
	}
	info := &ozonepb.ServiceInfo{NodeType: ozonepb.NodeType_OM.Enum(), Hostname: &id,
		OmRole:       &ozonepb.OMRoleInfo{NodeId: &id, ServerRole: &role},
		ServicePorts: []*ozonepb.ServicePort{{Type: ozonepb.ServicePort_RPC.Enum(), Value: proto.Uint32(9862)}}}
	if self {
		info.ServicePorts = append(info.ServicePorts, &ozonepb.ServicePort{Type: ozonepb.ServicePort_HTTP.Enum(), Value: proto.Uint32(9874)})
	}
	return info
}

// updates answers as spec/om.md 5.2 says.
func (c *Cluster) updates(o *OM, request *ozonepb.DBUpdatesRequest, response *ozonepb.OMResponse) {
	since, none := request.GetSequenceNumber(), ^uint64(0)
	out := &ozonepb.DBUpdatesResponse{SequenceNumber: &none, LatestSequenceNumber: proto.Uint64(o.Seq), DbUpdateSuccess: proto.Bool(true)}
	switch {
	case since > o.Seq:
		out.LatestSequenceNumber, out.DbUpdateSuccess = &none, proto.Bool(false)
	case since < c.expired[o.ID]:
		response.Success, response.Status = proto.Bool(false), ozonepb.Status_INTERNAL_ERROR.Enum()
		response.Message = proto.String("Unable to read full data from RocksDB wal to get delta updates")
		return
	}
	for _, entry := range o.Log {
		if entry.First > since && entry.First <= since+request.GetLimitCount() {
			out.Data = append(out.Data, bytes.Clone(entry.Batch))
			out.SequenceNumber = proto.Uint64(entry.First)
		}
	}
	response.DbUpdatesResponse = out
}

// Checkpoint answers with the leader's archive.
func (c *Cluster) Checkpoint(ctx context.Context, node string) (io.ReadCloser, error) {
	if c.OnCheckpoint != nil {
		if body, err := c.OnCheckpoint(ctx, node); body != nil || err != nil {
			return body, err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts["Checkpoint"]++
	if node != c.leader {
		return nil, fmt.Errorf("%s: %w", node, c.NotLeader)
	}
	var body bytes.Buffer
	if err := c.om(node).Tar(&body); err != nil {
		return nil, err
	}
	return io.NopCloser(&body), nil
}
