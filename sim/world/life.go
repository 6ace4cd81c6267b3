package world

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"

	faultdisk "reconsim/faults/disk"
	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omsync"
	"reconsim/recon/ozonepb"
	"reconsim/recon/staging"
)

// life is one run of the Recon program, from its start until it is stopped or
// its machine loses power. It is the engine's injector: the plan, and before it
// the harness's own eyes at the points that it counts.
//
// When the power goes, the engine's actors still stand where they stood. They
// unwind from there without doing harm: the disk under them is theirs alone, the
// OM does not hear them, points fail without being counted, and what they report
// is not listened to.
type life struct {
	world *World
	fs    env.FS
	env   *env.Env
	// until ends what goes on in the engine, disk what faults hold up on its disk.
	until, disk context.Context
	end         context.CancelCauseFunc
	// recon is set once the engine is up.
	recon *Recon
	// over is set when the machine has lost its power.
	over atomic.Bool
}

// errPowerLost is all that a life hears that is over.
var errPowerLost = errors.New("the machine has lost its power")

// newLife makes the surroundings of one run of Recon on a disk.
func (w *World) newLife(ctx context.Context, fs env.FS) *life {
	l := &life{world: w, fs: fs}
	l.until, l.end = context.WithCancelCause(ctx)
	var stopDisk context.CancelCauseFunc
	l.disk, stopDisk = context.WithCancelCause(w.diskUntil)
	endActors := l.end
	l.end = func(cause error) { endActors(cause); stopDisk(cause) }
	under := fs
	if w.strikesDisk {
		under = faultdisk.WrapContext(l.disk, fs, diskOf{l})
	}
	l.env = env.New(env.Options{FS: under, Runtime: w.options.Runtime, Faults: l, Quiet: w.options.Quiet, Mutations: w.options.Mutations})
	return l
}

// Armed is always true: the harness counts points.
func (l *life) Armed() bool { return true }

// Hit is a passage of a point by the engine or by a request that it answers.
func (l *life) Hit(ctx context.Context, p point.Point, subject string, n int64) error {
	w := l.world
	if l.over.Load() {
		return errPowerLost
	}
	w.options.Hooks.passed(p, subject, n)
	if p == point.TransferDone {
		w.snapshots.Add(1)
	}
	if pace := w.options.Pace; pace != nil {
		if d := pace(p); d > 0 {
			// Whoever is cancelled meanwhile learns it from its own context.
			_ = w.plain.Sleep(ctx, d)
		}
	}
	if l.over.Load() {
		return errPowerLost
	}
	err := w.plan.Hit(ctx, p, subject, n)
	w.options.Hooks.covered(p, w.state(), err)
	return err
}

// diskOf lets the plan strike the disk of a life. An operation at which the
// power goes is carried out, where nobody sees it: one that failed would be
// repeated for ever by Pebble.
type diskOf struct{ life *life }

func (d diskOf) Armed() bool { return d.life.world.plan.Armed() }

func (d diskOf) Hit(ctx context.Context, p point.Point, subject string, n int64) error {
	if d.life.over.Load() {
		return nil
	}
	err := d.life.world.plan.Hit(ctx, p, subject, n)
	if d.life.over.Load() {
		return nil
	}
	return err
}

// staged and shown pass on what the engine reports.
func (l *life) staged(s staging.Status) {
	if !l.over.Load() {
		l.world.stagingChanged(s)
	}
}

func (l *life) shown(m generation.Meta) {
	if !l.over.Load() {
		l.world.generationShown(m)
	}
}

// lifeline is the OM as one life of Recon reaches it.
type lifeline struct {
	omsync.Client
	life *life
}

func (c lifeline) Submit(ctx context.Context, node string, request *ozonepb.OMRequest) (*ozonepb.OMResponse, error) {
	if c.life.over.Load() {
		return nil, errPowerLost
	}
	response, err := c.Client.Submit(ctx, node, request)
	if c.life.over.Load() {
		return nil, errPowerLost
	}
	return response, err
}

func (c lifeline) Checkpoint(ctx context.Context, node string) (io.ReadCloser, error) {
	if c.life.over.Load() {
		return nil, errPowerLost
	}
	return c.Client.Checkpoint(ctx, node)
}

// aliveLog keeps the lines of a life that is over out of Recon's log.
type aliveLog struct {
	slog.Handler
	life *life
}

func (h aliveLog) Enabled(ctx context.Context, level slog.Level) bool {
	return !h.life.over.Load() && h.Handler.Enabled(ctx, level)
}

func (h aliveLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return aliveLog{h.Handler.WithAttrs(attrs), h.life}
}

func (h aliveLog) WithGroup(name string) slog.Handler {
	return aliveLog{h.Handler.WithGroup(name), h.life}
}

// log is what the engine of this life writes to; nil if nobody reads it.
func (l *life) log() *slog.Logger {
	if l.world.options.Log == nil {
		return nil
	}
	return slog.New(aliveLog{l.world.options.Log.Handler(), l})
}
