package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"

	fakeom "reconsim/fake_om"
	"reconsim/recon/ozonepb"
)

// Options say where the servers listen.
type Options struct {
	// Host is the address to listen on; default 127.0.0.1.
	Host string
	// PortsFile is a file in which the ports are kept. If it exists its ports
	// are used again, and one that is taken is an error. "" means new ports.
	PortsFile string
}

// NodeAddresses are where a node is served, as HOST:PORT.
type NodeAddresses struct {
	Node string `json:"node"`
	// Role is LEADER or FOLLOWER when asked.
	Role string `json:"role"`
	HTTP string `json:"http"`
	GRPC string `json:"grpc"`
	RPC  string `json:"rpc"`
}

// Server serves a cluster until it is closed. The cluster stays open.
type Server struct {
	cluster *fakeom.Cluster
	host    string
	nodes   []*nodeServer
	control *http.Server
	// controlAddress is HOST:PORT of the control server.
	controlAddress string
	cancel         context.CancelCauseFunc
	running        sync.WaitGroup
}

// nodeServer is one node's servers.
type nodeServer struct {
	ozonepb.UnimplementedOzoneManagerServiceServer
	node       *fakeom.Node
	grpcServer *grpc.Server
	httpServer *http.Server
	rpcServer  *rpcServer
	grpcAt     net.Listener
	httpAt     net.Listener
}

// ports is the content of the ports file, by node id; the control server's port
// is under "control".
type ports map[string]nodePorts

type nodePorts struct {
	HTTP int `json:"http"`
	GRPC int `json:"grpc,omitempty"`
	RPC  int `json:"rpc,omitempty"`
}

const controlName = "control"

// errStopped is the cause of everything that ends because the server does.
var errStopped = errors.New("fake OM: the server is stopping")

// Start listens for every node of the cluster and tells the cluster the
// addresses, which ServiceList then lists.
func Start(c *fakeom.Cluster, o Options) (*Server, error) {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	wanted, err := readPorts(o.PortsFile)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &Server{cluster: c, host: o.Host, cancel: cancel}
	got := ports{}
	for _, n := range c.Nodes() {
		p, err := s.listen(ctx, n, wanted[n.ID()])
		if err != nil {
			return nil, errors.Join(err, s.Close(context.Background()))
		}
		got[n.ID()] = p
	}
	l, err := s.listenOn(wanted[controlName].HTTP)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("fake OM control: %w", err), s.Close(context.Background()))
	}
	s.controlAddress = l.Addr().String()
	s.control = &http.Server{Handler: Control(c), ReadHeaderTimeout: headerTimeout, BaseContext: baseContext(ctx)}
	got[controlName] = nodePorts{HTTP: portOf(l)}
	s.serve(func() error { return s.control.Serve(l) })
	if err := writePorts(o.PortsFile, got); err != nil {
		return nil, errors.Join(err, s.Close(context.Background()))
	}
	return s, nil
}

const headerTimeout = 10 * time.Second

func baseContext(ctx context.Context) func(net.Listener) context.Context {
	return func(net.Listener) context.Context { return ctx }
}

// listen opens a node's ports and starts its servers.
func (s *Server) listen(ctx context.Context, n *fakeom.Node, p nodePorts) (nodePorts, error) {
	ns := &nodeServer{node: n}
	var err error
	if ns.httpAt, err = s.listenOn(p.HTTP); err != nil {
		return p, fmt.Errorf("fake OM node %s: HTTP: %w", n.ID(), err)
	}
	if ns.grpcAt, err = s.listenOn(p.GRPC); err != nil {
		return p, errors.Join(fmt.Errorf("fake OM node %s: gRPC: %w", n.ID(), err), ns.httpAt.Close())
	}
	rpcAt, err := s.listenOn(p.RPC)
	if err != nil {
		return p, errors.Join(fmt.Errorf("fake OM node %s: RPC: %w", n.ID(), err), ns.httpAt.Close(), ns.grpcAt.Close())
	}
	ns.rpcServer = &rpcServer{node: n, listener: rpcAt, ctx: ctx, connections: map[net.Conn]bool{}}
	// An answer may be larger than gRPC's default; Ozone's limit is the client's.
	ns.grpcServer = grpc.NewServer(grpc.MaxSendMsgSize(math.MaxInt32))
	ozonepb.RegisterOzoneManagerServiceServer(ns.grpcServer, ns)
	ns.httpServer = &http.Server{Handler: ns.handler(), ReadHeaderTimeout: headerTimeout, BaseContext: baseContext(ctx)}
	s.nodes = append(s.nodes, ns)
	s.serve(func() error { return ns.httpServer.Serve(ns.httpAt) })
	s.serve(func() error { return ns.grpcServer.Serve(ns.grpcAt) })
	s.serve(ns.rpcServer.serve)
	p = nodePorts{HTTP: portOf(ns.httpAt), GRPC: portOf(ns.grpcAt), RPC: portOf(rpcAt)}
	return p, s.cluster.SetAddresses(n.ID(), fakeom.Addresses{Host: s.host, HTTPPort: p.HTTP, RPCPort: p.RPC})
}

func (s *Server) listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort(s.host, strconv.Itoa(port)))
}

// serve runs an accept loop; these end only when their server is closed.
func (s *Server) serve(loop func() error) {
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		_ = loop() // its error says that the server was closed
	}()
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// Addresses are the nodes' addresses, the leader first.
func (s *Server) Addresses() []NodeAddresses {
	leader, _ := s.cluster.Leader()
	var first, rest []NodeAddresses
	for _, n := range s.nodes {
		a := NodeAddresses{Node: n.node.ID(), Role: "FOLLOWER", HTTP: n.httpAt.Addr().String(), GRPC: n.grpcAt.Addr().String(),
			RPC: n.rpcServer.listener.Addr().String()}
		if a.Node == leader {
			a.Role = "LEADER"
			first = append(first, a)
		} else {
			rest = append(rest, a)
		}
	}
	return append(first, rest...)
}

// ControlURL is where the control server answers.
func (s *Server) ControlURL() string { return "http://" + s.controlAddress }

// Close stops listening, lets requests end until ctx does, then breaks off the
// rest, and returns when every goroutine has ended.
func (s *Server) Close(ctx context.Context) error {
	var err error
	stop := func(server *http.Server) {
		if server == nil {
			return
		}
		if e := server.Shutdown(ctx); e != nil {
			s.cancel(errStopped)
			err = errors.Join(err, server.Close())
		}
	}
	for _, n := range s.nodes {
		n.stopGRPC(ctx)
		stop(n.httpServer)
	}
	stop(s.control)
	s.cancel(errStopped)
	for _, n := range s.nodes {
		n.rpcServer.close()
	}
	s.running.Wait()
	return err
}

// stopGRPC waits for the calls that are running until ctx ends.
func (n *nodeServer) stopGRPC(ctx context.Context) {
	stopped := make(chan struct{})
	go func() {
		n.grpcServer.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		n.grpcServer.Stop()
		<-stopped
	}
}

func readPorts(path string) (ports, error) {
	p := ports{}
	if path == "" {
		return p, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		return nil, fmt.Errorf("fake OM ports %s: %w; remove the file to choose new ports", path, err)
	}
	return p, nil
}

// writePorts replaces the file as a whole.
func writePorts(path string, p ports) error {
	if path == "" {
		return nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("fake OM ports: %w", err)
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(temporary, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("fake OM ports: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("fake OM ports: %w", err)
	}
	return nil
}
