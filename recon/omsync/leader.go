package omsync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"reconsim/faults/point"
	"reconsim/recon/ozonepb"
)

// Leader asks the nodes in turn until one names itself as the leader, and
// returns its node id. Only the leader's own word counts: a peer knows neither
// its HTTP port nor whether it still leads (OM-H31).
func (s *Source) Leader(ctx context.Context) (string, error) {
	var failures []error
	for _, node := range s.order() {
		leader, err := s.askLeader(ctx, node)
		if err == nil {
			s.known = node
			return leader, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		failures = append(failures, fmt.Errorf("%s: %w", node, err))
	}
	return "", fmt.Errorf("%w: %w", ErrNoLeader, errors.Join(failures...))
}

// order puts the node that led last time first.
func (s *Source) order() []string {
	nodes := []string{}
	if s.known != "" {
		nodes = append(nodes, s.known)
	}
	for _, node := range s.o.Client.Nodes() {
		if node != s.known {
			nodes = append(nodes, node)
		}
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
