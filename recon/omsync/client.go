package omsync

import (
	"context"
	"errors"
	"io"

	"reconsim/recon/ozonepb"
)

// Client reaches OM nodes. Node ids are those of ServiceList; an empty node
// means any that answers.
type Client interface {
	// Nodes lists the addresses or ids to ask first, in order.
	Nodes() []string
	// Submit sends one request to a node. A node that does not lead answers
	// with [ErrNotLeader].
	Submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error)
	// Checkpoint asks a node for a full snapshot. The body is a tar archive;
	// the caller closes it.
	Checkpoint(ctx context.Context, node string) (io.ReadCloser, error)
}

// ErrNotLeader means that the node asked does not lead.
var ErrNotLeader = errors.New("this OM is not the leader")

// ErrNoLeader means that no OM that answers leads or knows who does.
var ErrNoLeader = errors.New("no OM leader found")

// BootstrapError says that deltas cannot go on from the position and a full
// snapshot is needed, and why.
type BootstrapError struct {
	// Divergence is true if what we have contradicts the OM, false if the OM
	// only no longer has what comes next.
	Divergence bool
	// LeaderChanged is true if another node leads now.
	LeaderChanged bool
	Reason        string
}

func (e *BootstrapError) Error() string { return "a full snapshot is needed: " + e.Reason }
