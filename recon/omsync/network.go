package omsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"reconsim/recon/ozonepb"
)

// maxMessageBytes is the largest answer an OM sends over gRPC.
const maxMessageBytes = 128 << 20

// Address is where one OM node listens, both as HOST:PORT.
type Address struct {
	GRPC string
	HTTP string
}

// Network reaches OM nodes over gRPC and HTTP, in clear text. A node is named
// by its gRPC address.
type Network struct {
	addresses []Address
	conns     map[string]*grpc.ClientConn
	http      *http.Client
}

var _ Client = (*Network)(nil)

// NewNetwork makes a client; it connects when first used. Close frees it.
func NewNetwork(addresses []Address) (*Network, error) {
	if len(addresses) == 0 {
		return nil, errors.New("at least one OM address is needed")
	}
	n := &Network{addresses: addresses, conns: map[string]*grpc.ClientConn{},
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}}
	for _, a := range addresses {
		// passthrough: a loopback address needs no resolver.
		conn, err := grpc.NewClient("passthrough:///"+a.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("OM address %s: %w", a.GRPC, err), n.Close())
		}
		n.conns[a.GRPC] = conn
	}
	return n, nil
}

// Close ends all connections.
func (n *Network) Close() error {
	var failures []error
	for _, a := range n.addresses {
		if conn := n.conns[a.GRPC]; conn != nil {
			failures = append(failures, conn.Close())
		}
	}
	n.http.CloseIdleConnections()
	return errors.Join(failures...)
}

// Nodes lists the gRPC addresses.
func (n *Network) Nodes() []string {
	nodes := make([]string, len(n.addresses))
	for i, a := range n.addresses {
		nodes[i] = a.GRPC
	}
	return nodes
}

// Submit sends a request over gRPC. Ozone names a follower's refusal by the
// class of its exception in the message.
func (n *Network) Submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	conn, ok := n.conns[node]
	if !ok {
		return nil, fmt.Errorf("OM node %q is not among the configured ones", node)
	}
	response, err := ozonepb.NewOzoneManagerServiceClient(conn).SubmitRequest(ctx, request)
	switch {
	case err == nil:
		return response, nil
	case strings.Contains(err.Error(), "OMNotLeaderException"), strings.Contains(err.Error(), "OMLeaderNotReadyException"):
		return nil, fmt.Errorf("%w: %w", ErrNotLeader, err)
	case context.Cause(ctx) != nil:
		return nil, fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	default:
		return nil, fmt.Errorf("OM %s: %w", node, err)
	}
}

// Checkpoint asks for a full snapshot as release 2.2.0 does: a plain GET.
func (n *Network) Checkpoint(ctx context.Context, node string) (io.ReadCloser, error) {
	i := slices.IndexFunc(n.addresses, func(a Address) bool { return a.GRPC == node })
	if i < 0 {
		return nil, fmt.Errorf("OM node %q is not among the configured ones", node)
	}
	url := "http://" + n.addresses[i].HTTP + "/dbCheckpoint"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", url, err)
	}
	response, err := n.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("request %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		err := fmt.Errorf("%s answers %s", url, response.Status)
		if response.StatusCode == http.StatusServiceUnavailable {
			err = fmt.Errorf("%w: %w", ErrNotLeader, err)
		}
		return nil, errors.Join(err, response.Body.Close())
	}
	return response.Body, nil
}
