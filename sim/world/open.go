package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"reconsim/fake_om/server"
	"reconsim/faults/plan"
	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omsync"
	"reconsim/scenarios"
)

type closer interface{ Close() error }

// strikesDisk reports whether the scenario has faults of Recon's disk, for which
// the plan is put under it.
func strikesDisk(s *scenarios.Scenario) bool {
	return slices.ContainsFunc(s.Faults, func(f scenarios.Fault) bool {
		rule, err := plan.ParseRule(f.Rule)
		return err == nil && isDiskPoint(rule.Point)
	})
}

func isDiskPoint(p point.Point) bool { return p >= point.DiskCreate && p <= point.DiskMkdir }

// loadPlan takes the scenario's faults in.
func (w *World) loadPlan() error {
	for _, f := range w.scenario.Faults {
		rule, err := plan.ParseRule(f.Rule)
		if err != nil {
			return fmt.Errorf("fault %s: %w", f.ID, err)
		}
		rule = rule.Named(f.ID)
		rule.Optional = rule.Optional || f.Optional
		name, err := w.plan.Add(rule)
		if err != nil {
			return fmt.Errorf("fault %s: %w", f.ID, err)
		}
		if f.Armed != "timeline" {
			if err := w.plan.Arm(name); err != nil {
				return fmt.Errorf("fault %s: %w", f.ID, err)
			}
		}
	}
	return nil
}

// open starts the servers and Recon.
func (w *World) open(ctx context.Context) error {
	if w.options.Network {
		var err error
		if w.servers, err = server.Start(w.cluster, server.Options{}); err != nil {
			return &Failure{fmt.Errorf("start the OM's servers: %w", err)}
		}
		if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return &Failure{fmt.Errorf("listen for readers: %w", err)}
		}
		w.rest = &http.Server{Handler: http.HandlerFunc(w.serve), ReadHeaderTimeout: 10 * time.Second}
		w.plain.Go("rest-server", func() {
			if err := w.rest.Serve(w.listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
				w.fail(fmt.Errorf("serve REST: %w", err))
			}
		})
	}
	_, err := w.startRecon(ctx, w.options.FS)
	return err
}

// serve passes requests on to the Recon that runs now; while the story has it
// down there is none.
func (w *World) serve(rw http.ResponseWriter, r *http.Request) {
	recon := w.recon.Load()
	if recon == nil {
		http.Error(rw, "Recon is down", http.StatusServiceUnavailable)
		return
	}
	recon.Handler.ServeHTTP(rw, r)
}

// Address is where REST listens, as HOST:PORT; empty without a network.
func (w *World) Address() string {
	if w.listener == nil {
		return ""
	}
	return w.listener.Addr().String()
}

// startRecon starts Recon on a disk. Without an error it is up, or its machine
// has lost its power meanwhile.
func (w *World) startRecon(ctx context.Context, fs env.FS) (*life, error) {
	var client omsync.Client = inProcess{w.cluster}
	if w.options.Network {
		network, err := omsync.NewNetwork(OMAddresses(w.servers))
		if err != nil {
			return nil, &Failure{err}
		}
		w.client, client = network, network
	}
	l := w.newLife(ctx, fs)
	w.life.Store(l)
	recon, err := StartRecon(l.until, ReconOptions{Env: l.env, Config: w.config.Load(), Client: lifeline{faultyTransfers{overNetwork{client, w.network}, w}, l},
		Dir: w.plain.FS().PathJoin(w.options.Dir, "recon"), Service: w.cluster.ServiceID(), Log: l.log(),
		OnStaging: l.staged, OnPublish: l.shown, Views: w.options.Hooks.Views})
	switch {
	case l.over.Load():
		if recon != nil {
			w.unwind(recon)
		}
		return l, nil
	case err != nil:
		return l, fmt.Errorf("start Recon: %w", err)
	}
	l.recon = recon
	w.recon.Store(recon)
	return l, nil
}

// OMAddresses are the addresses of a cluster's servers, leader first or not.
func OMAddresses(servers *server.Server) []omsync.Address {
	var addresses []omsync.Address
	for _, a := range servers.Addresses() {
		addresses = append(addresses, omsync.Address{GRPC: a.GRPC, HTTP: a.HTTP})
	}
	return addresses
}

func (w *World) stopRecon() error {
	w.servedIndex() // What it came to is asked for after the end, too.
	// Counted on both sides, so that no request lies between.
	w.restarts.Add(1)
	recon := w.recon.Swap(nil)
	w.restarts.Add(1)
	if recon == nil {
		return nil
	}
	l := w.life.Load()
	l.recon = nil // Who cuts the power now leaves the end to us.
	err := recon.Stop()
	if l.over.Load() {
		err = nil
	}
	if w.client != nil {
		err = errors.Join(err, w.client.Close())
		w.client = nil
	}
	return err
}

// closeOM ends the OM's servers; what is still under way gets a moment.
func (w *World) closeOM() error {
	ctx, stop := w.plain.WithTimeout(context.Background(), 2*time.Second, "stop the OM's servers")
	defer stop()
	return w.servers.Close(ctx)
}

// close stops everything and judges what is left behind.
func (w *World) close() error {
	err := w.stopRecon()
	w.stopDisk(context.Canceled)
	w.probeDirectories()
	if w.rest != nil {
		err = errors.Join(err, w.rest.Close())
	}
	w.http.CloseIdleConnections()
	if w.servers != nil {
		err = errors.Join(err, w.closeOM())
	}
	if w.pool != nil {
		w.pool.Close()
	}
	for _, e := range w.meter.takeSamples(0, true) {
		w.event(e)
	}
	return errors.Join(err, w.cluster.Close())
}
