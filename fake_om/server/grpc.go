package server

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reconsim/recon/ozonepb"
)

// SubmitRequest answers as the node does. An error that has no status of its
// own, such as an injected one, becomes UNAVAILABLE, which clients retry.
func (n *nodeServer) SubmitRequest(ctx context.Context, r *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	resp, err := n.node.Submit(ctx, r)
	if err == nil {
		return resp, nil
	}
	var own interface{ GRPCStatus() *status.Status }
	if errors.As(err, &own) {
		return nil, own.GRPCStatus().Err()
	}
	return nil, status.Error(codes.Unavailable, err.Error())
}
