package world

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"reconsim/recon/api"
	"reconsim/recon/config"
	"reconsim/recon/controller"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omsync"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
	"reconsim/recon/tasks"
)

// ReconOptions is what an engine is made of.
type ReconOptions struct {
	Env    *env.Env
	Config *config.Config
	Client omsync.Client
	// Dir is the engine's folder on the Env's file system.
	Dir string
	// Service is the OM service id.
	Service string
	Log     *slog.Logger
	// OnStaging and OnPublish are told transitions and new generations.
	OnStaging func(staging.Status)
	OnPublish func(generation.Meta)
	// Views may stand before the views that requests read from; it may be nil.
	Views func(swap.Views) swap.Views
}

// Recon is a running engine: what a Recon process is, without the process.
type Recon struct {
	Controller *controller.Controller
	Protocol   swap.Protocol
	Handler    http.Handler
	env        *env.Env
	dir        string
}

// StartRecon recovers what is in the folder and starts the engine.
func StartRecon(ctx context.Context, o ReconOptions) (*Recon, error) {
	fs := o.Env.FS()
	generations := o.Config.Text(config.StagingBasePath)
	if generations == "" {
		generations = fs.PathJoin(o.Dir, "generations")
	}
	if err := fs.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make Recon's folder: %w", err)
	}
	protocol, err := swap.NewGenerations(o.Env, swap.Options{Dir: generations, SameDeviceAs: o.Dir,
		Retention: o.Config.Duration(config.StagingRetentionHours), OnPublish: o.OnPublish})
	if err != nil {
		return nil, err
	}
	source := omsync.NewSource(omsync.Options{
		Env: o.Env, Client: o.Client, Service: o.Service, CandidateDir: fs.PathJoin(o.Dir, "candidate"),
		RequestTimeout: o.Config.Duration(config.ConnectionRequestTimeout), TransferTimeout: o.Config.Duration(config.SnapshotTransferMinutes),
		MaxBytes: o.Config.Int(config.SnapshotTransferMaxBytes), MinBytesPerSecond: o.Config.Int(config.SnapshotMinBytesPerSecond),
		Limit: uint64(o.Config.Int(config.DeltaUpdateLimit)),
	})
	c := controller.New(controller.Options{
		Env: o.Env, Config: o.Config, Protocol: protocol, Source: source, Tasks: tasks.All(),
		StatusFile: fs.PathJoin(o.Dir, "staging.json"), Log: o.Log, OnStaging: o.OnStaging,
	})
	if err := c.Start(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	var views swap.Views = protocol
	if o.Views != nil {
		views = o.Views(views)
	}
	handler := api.New(api.Options{Env: o.Env, Views: views, Control: c, OMServiceID: o.Service,
		FileSystemPaths: o.Config.Bool(config.FileSystemPathsEnabled), Log: o.Log})
	return &Recon{Controller: c, Protocol: protocol, Handler: handler, env: o.Env, dir: o.Dir}, nil
}

// Stop ends the engine in order.
func (r *Recon) Stop() error { return r.Controller.Stop() }
