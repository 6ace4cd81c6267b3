package swap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
)

// Generations is the `generation` protocol (D3).
type Generations struct {
	env       *env.Env
	layout    *generation.Layout
	retention time.Duration
	onPublish func(generation.Meta)
	// current is the one atomic pointer that publishes.
	current atomic.Pointer[generation.View]
	// staged is the sealed rebuild, for the planted mistake ServeNextSQL only.
	staged atomic.Pointer[generation.Generation]
	mu     struct {
		sync.Mutex
		// closing counts generations that wait for their last pin.
		closing int
		// lastBuild is the highest number given out.
		lastBuild uint64
	}
	closed *env.Cond
}

// Options of [NewGenerations].
type Options struct {
	// Dir is the folder of the generations.
	Dir string
	// SameDeviceAs is a folder on the device that Dir must be on too.
	SameDeviceAs string
	// Retention is how long superseded and rolled back generations are kept.
	Retention time.Duration
	// OnPublish, if not nil, is told each generation right before readers can
	// see it for the first time; it must not block.
	OnPublish func(generation.Meta)
}

var _ Protocol = (*Generations)(nil)

// NewGenerations makes the protocol over a folder.
func NewGenerations(e *env.Env, o Options) (*Generations, error) {
	layout, err := generation.NewLayout(e, o.Dir, o.SameDeviceAs)
	if err != nil {
		return nil, err
	}
	if o.OnPublish == nil {
		o.OnPublish = func(generation.Meta) {}
	}
	return &Generations{env: e, layout: layout, retention: o.Retention, onPublish: o.OnPublish, closed: e.NewCond()}, nil
}

// Open trusts the pointer alone: what it names is opened and verified, what it
// does not name is removed.
func (p *Generations) Open(ctx context.Context) (Recovery, error) {
	current, ok, err := p.layout.Current()
	if err != nil {
		return Recovery{}, err
	}
	next, err := p.layout.NextBuild()
	if err != nil {
		return Recovery{}, err
	}
	p.mu.Lock()
	p.mu.lastBuild = next - 1
	p.mu.Unlock()
	var r Recovery
	builds, err := p.layout.List()
	if err != nil {
		return r, err
	}
	for _, build := range builds {
		if ok && build == current {
			continue
		}
		if err := p.layout.Remove(build); err != nil {
			return r, err
		}
		r.Discarded = append(r.Discarded, build)
	}
	if !ok {
		return r, p.Sweep(ctx)
	}
	g, err := p.layout.Open(ctx, current, true)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return r, cause
		}
		r.Broken = err.Error()
		if _, qerr := p.layout.Quarantine(current, "could not be opened: "+r.Broken, p.env.Now()); qerr != nil {
			return r, errors.Join(err, qerr)
		}
		return r, p.Sweep(ctx)
	}
	view, err := g.NewView(ctx)
	if err != nil {
		return r, err
	}
	p.onPublish(g.Meta())
	p.current.Store(view)
	r.Serving = true
	return r, p.Sweep(ctx)
}

// Serving is META of the served generation.
func (p *Generations) Serving() (generation.Meta, bool) {
	if v := p.current.Load(); v != nil {
		return v.Generation().Meta(), true
	}
	return generation.Meta{}, false
}

// ServedRows reads the newest committed rows of the served generation.
func (p *Generations) ServedRows() omdb.Reader {
	if v := p.current.Load(); v != nil {
		return v.Generation().Reader()
	}
	return nil
}

// pinnedView is a view with the SQL rows of one request.
type pinnedView struct {
	*generation.View
	sql generation.SQLRows
}

func (v pinnedView) SQL() generation.SQLRows { return v.sql }

// Acquire pins the newest view and reads the SQL rows that are needed (D2).
func (p *Generations) Acquire(ctx context.Context, endpoint string, need generation.Need) (View, func(), error) {
	if err := p.env.Point(ctx, point.Acquire, endpoint, 0); err != nil {
		return nil, nil, err
	}
	v, err := p.pin()
	if err != nil {
		return nil, nil, err
	}
	if !need.Stats && need.FileCounts == nil {
		return pinnedView{View: v}, v.Unpin, nil
	}
	g := v.Generation()
	if next := p.staged.Load(); next != nil && p.env.Mutated(point.ServeNextSQL) {
		g = next
	}
	rows, err := g.WithSQL(ctx, need, func() {
		// A delta may have been published while we waited for the lock. SQL
		// now stands at the newest view of this generation, so take that.
		if newer, err := p.pin(); err == nil {
			if newer.Generation() == v.Generation() {
				v, newer = newer, v
			}
			newer.Unpin()
		}
	})
	if err != nil {
		v.Unpin()
		return nil, nil, fmt.Errorf("read SQL of generation %d: %w", v.Generation().Build(), err)
	}
	return pinnedView{View: v, sql: rows}, v.Unpin, nil
}

// pin takes the newest view. Losing a race against its last unpin means that a
// newer one was just published, so the loop is short.
func (p *Generations) pin() (*generation.View, error) {
	for {
		v := p.current.Load()
		if v == nil {
			return nil, ErrNothingPublished
		}
		if v.TryPin() {
			return v, nil
		}
	}
}

// publish makes a view the newest one. The view's first pin is the protocol's.
func (p *Generations) publish(v *generation.View) (old *generation.Generation) {
	before := p.current.Swap(v)
	if before == nil {
		return nil
	}
	old = before.Generation()
	before.Unpin()
	return old
}

// Apply commits a delta to the served generation and publishes it.
func (p *Generations) Apply(ctx context.Context, d generation.Delta) error {
	v := p.current.Load()
	if v == nil {
		return ErrNothingPublished
	}
	g := v.Generation()
	// A delta may be committed while SQL could not follow: finish that first.
	if v.Label().AppliedSeq != g.Meta().AppliedSeq {
		if err := g.Advance(ctx, func(v *generation.View) { p.publish(v) }); err != nil {
			return err
		}
	}
	if err := g.Apply(ctx, d); err != nil {
		return err
	}
	return g.Advance(ctx, func(v *generation.View) { p.publish(v) })
}

// Sweep removes what has been in quarantine longer than retention.
func (p *Generations) Sweep(context.Context) error {
	return p.layout.SweepQuarantine(p.env.Now(), p.retention)
}

// NextBuild is a number that no generation here has had.
func (p *Generations) NextBuild() (uint64, error) {
	onDisk, err := p.layout.NextBuild()
	if err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.lastBuild = max(p.mu.lastBuild+1, onDisk)
	return p.mu.lastBuild, nil
}

// Close stops serving and waits for the pinned views of the last requests.
func (p *Generations) Close() error {
	v := p.current.Swap(nil)
	if v != nil {
		p.retire(v.Generation(), false)
		v.Unpin()
	}
	return p.closed.WaitUntil(context.Background(), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.mu.closing == 0
	})
}

// retire closes a generation once nobody reads it. A superseded one then goes
// to quarantine, or at once if nothing is retained.
func (p *Generations) retire(g *generation.Generation, superseded bool) {
	p.mu.Lock()
	p.mu.closing++
	p.mu.Unlock()
	g.Retire(func(g *generation.Generation) {
		if superseded {
			// A failure leaves the directory to the sweep at the next start.
			_ = p.putAway(g.Build())
		}
		p.mu.Lock()
		p.mu.closing--
		p.mu.Unlock()
		p.closed.Broadcast()
	})
}

func (p *Generations) putAway(build uint64) error {
	if err := p.env.Point(context.Background(), point.Retire, generation.Name(build), 0); err != nil {
		return err
	}
	if p.retention <= 0 {
		return p.layout.Remove(build)
	}
	_, err := p.layout.Quarantine(build, "superseded", p.env.Now())
	return err
}
