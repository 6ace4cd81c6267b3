package omsync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"reconsim/faults/point"
	"reconsim/recon/ozonepb"
)

// leader is the OM that leads, and the client's name for the node that said so
// of itself, which is where it is reached.
type leader struct{ id, node string }

// Leader asks the nodes in turn until one names itself as the leader, and
// returns its node id. Only the leader's own word counts: a peer knows neither
// its HTTP port nor whether it still leads (OM-H31).
func (s *Source) Leader(ctx context.Context) (string, error) {
	l, err := s.findLeader(ctx)
	return l.id, err
}

func (s *Source) findLeader(ctx context.Context) (leader, error) {
	var failures []error
	for _, node := range s.order() {
		id, err := s.askLeader(ctx, node)
		if err == nil {
			s.known.Store(&node)
			return leader{id, node}, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return leader{}, cause
		}
		failures = append(failures, fmt.Errorf("%s: %w", node, err))
	}
	return leader{}, fmt.Errorf("%w: %w", ErrNoLeader, errors.Join(failures...))
}

// order puts the node that led last time first.
func (s *Source) order() []string {
	nodes := slices.Clone(s.o.Client.Nodes())
	known := s.known.Load()
	if known == nil {
		return nodes
	}
	if i := slices.Index(nodes, *known); i > 0 {
		copy(nodes[1:], nodes[:i])
		nodes[0] = *known
	}
	return nodes
}

func (s *Source) askLeader(ctx context.Context, node string) (string, error) {
	if err := s.o.Env.Point(ctx, point.OMServiceList, node, 0); err != nil {
		return "", err
	}
	ctx, stop := s.o.Env.WithTimeout(ctx, s.o.RequestTimeout, "ServiceList")
	defer stop()
	response, err := s.submit(ctx, node, &ozonepb.OMRequest{
		CmdType: ozonepb.Type_ServiceList.Enum(), ServiceListRequest: &ozonepb.ServiceListRequest{}})
	if err != nil {
		return "", err
	}
	return leaderOf(response.GetServiceListResponse())
}

// leaderOf is the node that names itself as the leader. An OM lists its HTTP
// port for itself only, which tells who has answered: a follower that serves
// reads would give updates from its own database (om.md 6, Routing).
func leaderOf(list *ozonepb.ServiceListResponse) (string, error) {
	leader, listsItself := "", false
	answeredBy := ""
	for _, info := range list.GetServiceInfo() {
		if info.GetNodeType() != ozonepb.NodeType_OM {
			continue
		}
		id, self := info.GetOmRole().GetNodeId(), hasHTTPPort(info)
		if self {
			answeredBy = id
		}
		if leader == "" && info.GetOmRole().GetServerRole() == "LEADER" {
			leader, listsItself = id, self
		}
	}
	switch {
	case leader == "":
		return "", errors.New("the service list names no OM with role LEADER")
	case answeredBy != "" && !listsItself:
		return "", fmt.Errorf("%w: OM %s answered and names %s", ErrNotLeader, answeredBy, leader)
	}
	return leader, nil
}

func hasHTTPPort(info *ozonepb.ServiceInfo) bool {
	return slices.ContainsFunc(info.GetServicePorts(), func(p *ozonepb.ServicePort) bool {
		return p.GetType() == ozonepb.ServicePort_HTTP || p.GetType() == ozonepb.ServicePort_HTTPS
	})
}

func (s *Source) submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	clientID := "reconsim"
	request.ClientId = &clientID
	response, err := s.o.Client.Submit(ctx, node, request)
	if err != nil {
		return nil, err
	}
	if response.GetCmdType() != request.GetCmdType() {
		return nil, fmt.Errorf("%s was answered with %s", request.GetCmdType(), response.GetCmdType())
	}
	return response, nil
}
