package fakeom

import (
	"fmt"
	"slices"
)

// TransferKind is a way in which the transfer of a checkpoint goes wrong.
type TransferKind string

// The kinds of transfer faults; what each uses of [TransferFault] stands there.
const (
	// TransferTruncate ends the body after OffsetBytes, as if it were whole;
	// with Abrupt the connection breaks there instead.
	TransferTruncate TransferKind = "truncate"
	// TransferCorrupt turns the bits of the byte at OffsetBytes.
	TransferCorrupt TransferKind = "corrupt"
	// TransferTrickle lets no more than BytesPerSecond through.
	TransferTrickle TransferKind = "trickle"
	// TransferStall stops at OffsetBytes until the faults are cleared.
	TransferStall TransferKind = "stall"
	// TransferHTML sends a page instead of a tar, with status 200.
	TransferHTML TransferKind = "html"
	// TransferNoCurrent leaves out CURRENT.
	TransferNoCurrent TransferKind = "no-current"
	// TransferNoTable leaves out the first table.
	TransferNoTable TransferKind = "no-table"
	// TransferEscape adds an entry whose name leads out of the folder.
	TransferEscape TransferKind = "escape"
	// TransferRefuse answers status 503 as a node that is not ready does.
	TransferRefuse TransferKind = "refuse"
)

// TransferKinds are all of them, in a fixed order.
var TransferKinds = []TransferKind{
	TransferTruncate, TransferCorrupt, TransferTrickle, TransferStall, TransferHTML,
	TransferNoCurrent, TransferNoTable, TransferEscape, TransferRefuse,
}

// TransferFault is a fault in the transfer of a checkpoint.
type TransferFault struct {
	Kind TransferKind
	// Node is whose transfers are hit; "" is any node's.
	Node string
	// Times is how many transfers are hit; 0 is every one until cleared.
	Times          int
	OffsetBytes    int64
	BytesPerSecond int64
	Abrupt         bool
}

// FailTransfers arms a fault. A transfer takes the first armed fault of each
// kind that fits it.
func (c *Cluster) FailTransfers(f TransferFault) error {
	if !slices.Contains(TransferKinds, f.Kind) {
		return fmt.Errorf("fake OM: there is no transfer fault %q", f.Kind)
	}
	if f.Kind == TransferTrickle && f.BytesPerSecond <= 0 {
		return fmt.Errorf("fake OM: a trickle needs a positive BytesPerSecond, not %d", f.BytesPerSecond)
	}
	if f.OffsetBytes < 0 || f.Times < 0 {
		return fmt.Errorf("fake OM: transfer fault %s: OffsetBytes and Times cannot be negative", f.Kind)
	}
	c.view.Lock()
	defer c.view.Unlock()
	c.transfers = append(c.transfers, &f)
	return nil
}

// ReplyKind is a way in which an answer goes wrong.
type ReplyKind string

// The kinds of reply faults (spec/om.md section 8). A fault waits for an answer
// that it can change: one to the right request, with enough batches.
const (
	// ReplyGap leaves out a batch in the middle (OM-H11).
	ReplyGap ReplyKind = "gap"
	// ReplyReorder swaps the last two batches (OM-H11).
	ReplyReorder ReplyKind = "reorder"
	// ReplyRepeat sends the first batch twice (OM-H11).
	ReplyRepeat ReplyKind = "repeat"
	// ReplyFailedWithData sends batches with dbUpdateSuccess=false (OM-H12).
	ReplyFailedWithData ReplyKind = "failed-with-data"
	// ReplyEmpty sends nothing although there is something, and sequenceNumber
	// -1 (OM-H14).
	ReplyEmpty ReplyKind = "empty"
	// ReplyCutBatch cuts the last batch short.
	ReplyCutBatch ReplyKind = "cut-batch"
	// ReplyUnknownFamily gives the rows of the last batch to a family that does
	// not exist.
	ReplyUnknownFamily ReplyKind = "unknown-family"
	// ReplyNoLeader names every OM a follower in an answer to ServiceList.
	ReplyNoLeader ReplyKind = "no-leader"
	// ReplyNoRole leaves out the leader's omRole, which breaks a real Recon.
	ReplyNoRole ReplyKind = "no-role"
	// ReplyNoServices answers ServiceList with an empty list.
	ReplyNoServices ReplyKind = "no-services"
)

// ReplyKinds are all of them, in a fixed order.
var ReplyKinds = []ReplyKind{
	ReplyGap, ReplyReorder, ReplyRepeat, ReplyFailedWithData, ReplyEmpty, ReplyCutBatch, ReplyUnknownFamily,
	ReplyNoLeader, ReplyNoRole, ReplyNoServices,
}

// ReplyFault is a fault in answers to DBUpdates or, for the last three kinds,
// to ServiceList.
type ReplyFault struct {
	Kind ReplyKind
	// Node is whose answers are hit; "" is any node's.
	Node string
	// Times is how many answers are hit; 0 is every one until cleared.
	Times int
}

// FailReplies arms a fault.
func (c *Cluster) FailReplies(f ReplyFault) error {
	if !slices.Contains(ReplyKinds, f.Kind) {
		return fmt.Errorf("fake OM: there is no reply fault %q", f.Kind)
	}
	if f.Times < 0 {
		return fmt.Errorf("fake OM: reply fault %s: Times cannot be negative", f.Kind)
	}
	c.view.Lock()
	defer c.view.Unlock()
	c.replies = append(c.replies, &f)
	return nil
}

// ClearFaults disarms all transfer and reply faults and lets stalled transfers
// go on.
func (c *Cluster) ClearFaults() {
	c.view.Lock()
	c.transfers, c.replies = nil, nil
	c.view.Unlock()
	c.changed.Broadcast()
}

// spent marks a fault that has been used up; it stays in the list so that a
// transfer that it stalls can see whether it was cleared.
const spent = -1

// takeTransferFaults takes the armed faults for one transfer of the node.
func (c *Cluster) takeTransferFaults(node string) map[TransferKind]*TransferFault {
	c.view.Lock()
	defer c.view.Unlock()
	taken := map[TransferKind]*TransferFault{}
	for _, f := range c.transfers {
		if f.Times == spent || taken[f.Kind] != nil || f.Node != "" && f.Node != node {
			continue
		}
		taken[f.Kind] = f
		f.Times = used(f.Times)
	}
	return taken
}

// used is what is left of a number of times after one more.
func used(times int) int {
	switch times {
	case 0:
		return 0
	case 1:
		return spent
	}
	return times - 1
}

// armed reports whether a fault has not been cleared.
func (c *Cluster) armed(f *TransferFault) bool {
	c.view.Lock()
	defer c.view.Unlock()
	for _, g := range c.transfers {
		if g == f {
			return true
		}
	}
	return false
}
