package world

import (
	"context"
	"io"

	fakeom "reconsim/fake_om"
	"reconsim/recon/omsync"
	"reconsim/recon/ozonepb"
)

// inProcess reaches the cluster without a network.
type inProcess struct{ cluster *fakeom.Cluster }

var _ omsync.Client = inProcess{}

func (c inProcess) Nodes() []string {
	var ids []string
	for _, n := range c.cluster.Nodes() {
		ids = append(ids, n.ID())
	}
	return ids
}

func (c inProcess) Submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	return c.cluster.Submit(ctx, node, request)
}

func (c inProcess) Checkpoint(ctx context.Context, node string) (io.ReadCloser, error) {
	body, _, err := c.cluster.Checkpoint(ctx, node)
	return body, err
}
