package fakeom

import (
	"google.golang.org/protobuf/proto"

	"reconsim/recon/ozonepb"
)

// Addresses are where a node is reached. Ports that are 0 are not listed.
type Addresses struct {
	Host               string
	HTTPPort, GRPCPort int
	RPCPort, RatisPort int
}

// SetAddresses tells a node's addresses, which ServiceList then lists.
func (c *Cluster) SetAddresses(node string, a Addresses) error {
	if _, err := c.node(node); err != nil {
		return err
	}
	c.view.Lock()
	defer c.view.Unlock()
	c.addresses[node] = a
	return nil
}

// Default ports of an OM. In one process nobody listens on them; they are
// listed so that answers have Ozone's shape.
const (
	defaultHTTPPort  = 9874
	defaultRPCPort   = 9862
	defaultRatisPort = 9872
	// omVersion is what 2.2.0 sends as OMVersion.
	omVersion = 12
)

func (c *Cluster) addressesOf(node string) Addresses {
	if a, ok := c.addresses[node]; ok {
		return a
	}
	return Addresses{Host: node, HTTPPort: defaultHTTPPort, RPCPort: defaultRPCPort, RatisPort: defaultRatisPort}
}

// ServiceList is the answer of this node as leader: itself with all its ports,
// and the others with their RPC port alone (spec/om.md 6).
func (n *Node) ServiceList() *ozonepb.ServiceListResponse {
	c := n.cluster
	c.view.Lock()
	defer c.view.Unlock()
	out := &ozonepb.ServiceListResponse{}
	out.ServiceInfo = append(out.ServiceInfo, c.serviceInfo(n, true, n.reach.leads))
	for _, peer := range c.nodes {
		if peer != n {
			out.ServiceInfo = append(out.ServiceInfo, c.serviceInfo(peer, false, peer.id == n.reach.knownLeader))
		}
	}
	return out
}

func (c *Cluster) serviceInfo(n *Node, self, leads bool) *ozonepb.ServiceInfo {
	role := "FOLLOWER"
	if leads {
		role = "LEADER"
	}
	a := c.addressesOf(n.id)
	info := &ozonepb.ServiceInfo{
		NodeType: ozonepb.NodeType_OM.Enum(),
		Hostname: proto.String(a.Host),
		OmRole:   &ozonepb.OMRoleInfo{NodeId: proto.String(n.id), ServerRole: proto.String(role)},
	}
	port := func(t ozonepb.ServicePort_PortType, value int) {
		if value != 0 {
			info.ServicePorts = append(info.ServicePorts, &ozonepb.ServicePort{Type: t.Enum(), Value: proto.Uint32(uint32(value))})
		}
	}
	if self {
		port(ozonepb.ServicePort_RATIS, a.RatisPort)
	}
	port(ozonepb.ServicePort_RPC, a.RPCPort)
	if self {
		port(ozonepb.ServicePort_HTTP, a.HTTPPort)
		info.OMVersion = proto.Int32(omVersion)
	}
	return info
}
