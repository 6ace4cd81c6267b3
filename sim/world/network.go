package world

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"reconsim/recon/omsync"
	"reconsim/recon/ozonepb"
	"reconsim/scenarios"
)

// errReset is what a lost message looks like from above: the connection that
// carried it is reset.
var errReset = errors.New("connection reset by the scenario's network")

// network is the way between Recon and the OM. Messages are requests, replies
// and the beginnings of transfers; what happens to the bytes of a transfer is
// the plan's business.
type network struct {
	world *World
	mu    struct {
		sync.Mutex
		rng         *rand.Rand
		latency     time.Duration
		loss, twice int64
		// disturbed is set once a step has disturbed it, met counts the messages
		// that it happened to.
		disturbed bool
		met       int64
	}
}

func newNetwork(w *World) *network {
	n := &network{world: w}
	n.mu.rng = w.plain.Rand("network")
	return n
}

// disturb sets what happens to messages from now on.
func (n *network) disturb(step scenarios.Step) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mu.latency, n.mu.loss, n.mu.twice = step.Latency.D(), step.LossPercent, step.DuplicatePercent
	n.mu.disturbed = n.mu.disturbed || n.isBad()
}

// isBad reports whether anything happens to messages; the lock is held.
func (n *network) isBad() bool { return n.mu.latency > 0 || n.mu.loss > 0 || n.mu.twice > 0 }

// counts tells whether the story has disturbed the network, and for how many
// messages.
func (n *network) counts() (disturbed bool, met int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.mu.disturbed, n.mu.met
}

// fate is what happens to a message.
type fate struct {
	delay       time.Duration
	lost, twice bool
}

// draw decides about a message: up to twice the latency, and the rest by chance.
func (n *network) draw() fate {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.isBad() {
		return fate{}
	}
	n.mu.met++
	f := fate{lost: n.mu.rng.Int64N(100) < n.mu.loss, twice: n.mu.rng.Int64N(100) < n.mu.twice}
	if n.mu.latency > 0 {
		f.delay = time.Duration(n.mu.rng.Int64N(2 * int64(n.mu.latency)))
	}
	return f
}

// carry takes the time of a message and loses it.
func (n *network) carry(ctx context.Context, f fate) error {
	if f.delay > 0 {
		if err := n.world.plain.Sleep(ctx, f.delay); err != nil {
			return err
		}
	}
	if f.lost {
		return errReset
	}
	return nil
}

// overNetwork is the OM behind the scenario's network.
type overNetwork struct {
	omsync.Client
	network *network
}

func (c overNetwork) Submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	there := c.network.draw()
	if err := c.network.carry(ctx, there); err != nil {
		return nil, err
	}
	response, err := c.Client.Submit(ctx, node, request)
	if err == nil && there.twice {
		// The second arrival is answered too, and that answer comes first.
		response, err = c.Client.Submit(ctx, node, request)
	}
	if lost := c.network.carry(ctx, c.network.draw()); lost != nil {
		return nil, lost
	}
	return response, err
}

func (c overNetwork) Checkpoint(ctx context.Context, node string) (io.ReadCloser, error) {
	if err := c.network.carry(ctx, c.network.draw()); err != nil {
		return nil, err
	}
	return c.Client.Checkpoint(ctx, node)
}
