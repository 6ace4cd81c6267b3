package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	fakeom "reconsim/fake_om"
	"reconsim/fake_om/namespace"
	"reconsim/fake_om/server"
	"reconsim/recon/config"
	"reconsim/recon/env"
	"reconsim/recon/omsync"
	"reconsim/sim/world"
)

// serveFlags are the flags of `reconsim serve`.
type serveFlags struct {
	dir    string
	keys   int64
	rate   float64
	seed   uint64
	listen string
	set    map[string]string
}

func (p *program) serveVerb() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "a fake OM with traffic and Recon beside it, until Ctrl-C", Args: cobra.NoArgs,
		Long: `serve starts three fake OMs with live traffic and Recon beside them on loopback, prints
the addresses once the first generation is served, and goes on until Ctrl-C. With
--dir everything is kept there and the next start continues.

  reconsim serve --dir ./data --set ozone.recon.om.snapshot.task.interval.delay=1s

Settings for --set:
` + configHelp(),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "dir", "", "folder that keeps the state (default a temporary one, removed at the end)")
	flags.Int64Var(&f.keys, "keys", 10000, "keys at the start")
	flags.Float64Var(&f.rate, "rate", 20, "OM transactions a second")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the namespace and its traffic")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", "where Recon listens; only loopback is accepted")
	flags.StringToStringVar(&f.set, "set", nil, "KEY=VALUE: a setting of Recon (reconsim list shows them)")
	return cmd
}

// ready is the one line that serve prints on stdout.
type ready struct {
	Recon string        `json:"recon"`
	OM    []readyOMNode `json:"om"`
}

type readyOMNode struct {
	Node string `json:"node"`
	HTTP string `json:"http"`
	GRPC string `json:"grpc"`
}

func (p *program) serve(ctx context.Context, f serveFlags) (err error) {
	if host, _, splitErr := net.SplitHostPort(f.listen); splitErr != nil || !slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, host) {
		return usage("--listen %q is not HOST:PORT on loopback, such as 127.0.0.1:9888", f.listen)
	}
	defaults := map[string]string{config.SnapshotInitialDelay: "0", config.SnapshotIntervalDelay: "1s", config.StagingRetryDelayMinutes: "0.05"}
	cfg, err := config.Load(config.Layer{Source: "serve", Values: defaults}, config.Layer{Source: "--set", Values: f.set})
	if err != nil {
		return usage("%v", err)
	}
	if f.dir == "" {
		if f.dir, err = os.MkdirTemp("", "reconsim-serve-"); err != nil {
			return environment(err)
		}
		defer func() { err = errors.Join(err, environment(os.RemoveAll(f.dir))) }()
	}
	if f.dir, err = filepath.Abs(f.dir); err != nil {
		return usage("%v", err)
	}
	err = p.serveIn(ctx, f, cfg)
	if err == nil && ctx.Err() != nil {
		fmt.Fprintln(p.err, "reconsim: stopped")
	}
	return environment(err)
}

func (p *program) serveIn(ctx context.Context, f serveFlags, cfg *config.Config) (err error) {
	e := env.NewOS(nil)
	base := namespace.New(namespace.Config{Seed: f.seed, Keys: f.keys})
	cluster, err := fakeom.Open(e, fakeom.Options{Dir: filepath.Join(f.dir, "om"), Base: base, Seed: f.seed, Parallel: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	servers, err := server.Start(cluster, server.Options{PortsFile: filepath.Join(f.dir, "om", "ports.json")})
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		err = errors.Join(err, servers.Close(stopping))
	}()
	client, err := omsync.NewNetwork(world.OMAddresses(servers))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	log := slog.New(slog.NewTextHandler(p.err, nil))
	recon, err := world.StartRecon(ctx, world.ReconOptions{Env: e, Config: cfg, Client: client,
		Dir: filepath.Join(f.dir, "recon"), Service: cluster.ServiceID(), Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, recon.Stop()) }()
	return p.serveUntil(ctx, f, cluster, servers, recon)
}

// serveUntil listens, lets traffic flow, and returns when ctx ends.
func (p *program) serveUntil(ctx context.Context, f serveFlags, cluster *fakeom.Cluster, servers *server.Server, recon *world.Recon) error {
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("listen for Recon's REST: %w", err)
	}
	rest := &http.Server{Handler: recon.Handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 2)
	go func() { ended <- rest.Serve(listener) }()
	cluster.StartTraffic(f.rate)
	trafficCtx, stopTraffic := context.WithCancel(ctx)
	go func() { ended <- cluster.Pump(trafficCtx, 50*time.Millisecond) }()
	err = p.announce(ctx, listener.Addr().String(), servers, recon)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-ended:
			ended <- nil
		}
	}
	stopTraffic()
	shutdown, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if stopErr := rest.Shutdown(shutdown); stopErr != nil {
		err = errors.Join(err, rest.Close())
	}
	for range 2 {
		err = errors.Join(err, <-ended)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// announce waits for the first generation and prints where everything listens.
func (p *program) announce(ctx context.Context, address string, servers *server.Server, recon *world.Recon) error {
	for {
		if _, ok := recon.Protocol.Serving(); ok {
			break
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
	r := ready{Recon: "http://" + address}
	for _, a := range servers.Addresses() {
		r.OM = append(r.OM, readyOMNode{Node: a.Node, HTTP: a.HTTP, GRPC: a.GRPC})
	}
	if p.json {
		line, err := json.Marshal(r)
		if err == nil {
			_, err = fmt.Fprintln(p.out, string(line))
		}
		return err
	}
	fmt.Fprintf(p.out, "Recon  %s   (web page, REST below /api/v1, metrics at /metrics)\n", r.Recon)
	for _, n := range r.OM {
		fmt.Fprintf(p.out, "OM %s  http %s  grpc %s\n", n.Node, n.HTTP, n.GRPC)
	}
	fmt.Fprintln(p.out, "Ctrl-C stops.")
	return nil
}
