package fakeom

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/ozonepb"
	"reconsim/recon/rocksdb"
)

// spoil applies the first armed reply fault that fits an answer to DBUpdates.
func (c *Cluster) spoil(node string, r *ozonepb.DBUpdatesResponse) *ozonepb.DBUpdatesResponse {
	kind := c.takeReplyFault(node, func(k ReplyKind) bool { return !k.ofList() && len(r.Data) >= k.batchesNeeded() })
	kind.spoilUpdates(r)
	return r
}

// spoilList is spoil for ServiceList.
func (c *Cluster) spoilList(node string, r *ozonepb.ServiceListResponse) *ozonepb.ServiceListResponse {
	switch c.takeReplyFault(node, ReplyKind.ofList) {
	case ReplyNoLeader:
		for _, s := range r.ServiceInfo {
			s.OmRole.ServerRole = proto.String("FOLLOWER")
		}
	case ReplyNoRole:
		r.ServiceInfo[0].OmRole = nil
	case ReplyNoServices:
		r.ServiceInfo = nil
	}
	return r
}

// takeReplyFault uses the first armed fault that fits; "" if none does.
func (c *Cluster) takeReplyFault(node string, fits func(ReplyKind) bool) ReplyKind {
	c.view.Lock()
	defer c.view.Unlock()
	for _, f := range c.replies {
		if f.Times != spent && (f.Node == "" || f.Node == node) && fits(f.Kind) {
			f.Times = used(f.Times)
			return f.Kind
		}
	}
	return ""
}

// ofList reports whether the fault is one in answers to ServiceList.
func (k ReplyKind) ofList() bool {
	return k == ReplyNoLeader || k == ReplyNoRole || k == ReplyNoServices
}

// batchesNeeded is how many batches an answer must have for the fault to show.
func (k ReplyKind) batchesNeeded() int {
	switch k {
	case ReplyGap:
		return 3
	case ReplyReorder:
		return 2
	}
	return 1
}

func (k ReplyKind) spoilUpdates(r *ozonepb.DBUpdatesResponse) {
	last := len(r.Data) - 1
	switch k {
	case ReplyGap:
		r.Data = slices.Delete(r.Data, last/2, last/2+1)
	case ReplyReorder:
		r.Data[last-1], r.Data[last] = r.Data[last], r.Data[last-1]
	case ReplyRepeat:
		r.Data = slices.Insert(r.Data, 0, r.Data[0])
	case ReplyFailedWithData:
		r.DbUpdateSuccess = proto.Bool(false)
		r.LatestSequenceNumber = proto.Uint64(none)
	case ReplyEmpty:
		r.Data, r.SequenceNumber = nil, proto.Uint64(none)
	case ReplyCutBatch:
		r.Data[last] = bytes.Clone(r.Data[last][:len(r.Data[last])-1])
	case ReplyUnknownFamily:
		r.Data[last] = inUnknownFamily(r.Data[last])
	}
}

// unknownFamily is an id that no node gives out.
const unknownFamily = 200

// inUnknownFamily moves a batch's first operation to a family that no manifest
// names.
func inUnknownFamily(b []byte) []byte {
	var builder rocksdb.BatchBuilder
	start, _, err := rocksdb.Batch(b).Header()
	if err != nil {
		return b
	}
	builder.Reset(start)
	err = rocksdb.Batch(b).Walk(func(index int, _ uint64, r rocksdb.Record) error {
		if index == 0 {
			r.Family = unknownFamily
		}
		if r.Kind == rocksdb.KindDelete {
			builder.Delete(r.Family, r.Key)
		} else {
			builder.Put(r.Family, r.Key, r.Value)
		}
		return nil
	})
	if err != nil {
		return b
	}
	return bytes.Clone(builder.Bytes())
}
