package world

import (
	"context"
	"errors"
	"io"

	"reconsim/faults/net"
	"reconsim/faults/point"
	"reconsim/recon/omsync"
)

// faultyTransfers lets the plan spoil snapshot bodies on their way to Recon.
type faultyTransfers struct {
	omsync.Client
	world *World
}

func (c faultyTransfers) Checkpoint(ctx context.Context, node string) (io.ReadCloser, error) {
	body, err := c.Client.Checkpoint(ctx, node)
	if err != nil {
		return nil, err
	}
	effects, err := c.world.plan.Transfer(ctx, point.OMTransfer, node)
	if err != nil {
		return nil, errors.Join(err, body.Close())
	}
	if len(effects) == 0 {
		return body, nil
	}
	return spoiled{Reader: net.NewReader(ctx, body, effects, net.Clock{Sleep: c.world.plain.Sleep, Hang: c.world.hang}), Closer: body}, nil
}

type spoiled struct {
	io.Reader
	io.Closer
}
