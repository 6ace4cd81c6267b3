package swap

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
		// leftovers could not be put away yet.
		leftovers []leftover
		// failures are those of closing, which happen where nobody can be told.
		failures []error
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
// does not name is removed. What cannot be removed does not keep anybody from
// being served: Sweep, which the caller runs now and then, tries again.
func (p *Generations) Open(ctx context.Context) (Recovery, error) {
	current, ok, err := p.layout.Current()
	if err != nil {
		return Recovery{}, err
	}
	if err := p.layout.SweepPointer(); err != nil {
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
		if _, err := p.putAwayOrKeep(leftover{build: build}); err == nil {
			r.Discarded = append(r.Discarded, build)
		}
	}
	if ok {
		if err := p.serve(ctx, current, &r); err != nil {
			return r, err
		}
		if r.Broken != "" && slices.Contains(builds, current) {
			because := "could not be opened: " + r.Broken
			if _, err := p.layout.Quarantine(current, because, p.env.Now()); err != nil {
				return r, errors.Join(errors.New(because), err)
			}
		}
	}
	return r, nil
}

// serve opens what the pointer names, or says in r why that is not possible. An
// error is the end of ctx.
func (p *Generations) serve(ctx context.Context, build uint64, r *Recovery) error {
	g, err := p.layout.Open(ctx, build, true)
	if err != nil {
		r.Broken = err.Error()
		return context.Cause(ctx)
	}
	view, err := g.NewView(ctx)
	if err != nil {
		g.Retire(nil)
		return err
	}
	p.onPublish(g.Meta())
	p.current.Store(view)
	r.Serving = true
	return nil
}

// Serving is META of the newest view.
func (p *Generations) Serving() (generation.Meta, bool) {
	if v := p.current.Load(); v != nil {
		return v.Meta(), true
	}
	return generation.Meta{}, false
}

// Committed is META and the newest committed rows of the served generation.
func (p *Generations) Committed() (generation.Meta, omdb.Reader) {
	if v := p.current.Load(); v != nil {
		return v.Generation().Meta(), v.Generation().Reader()
	}
	return generation.Meta{}, nil
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
	if !need.Stats && need.FileCounts == nil {
		v, err := p.pin()
		if err != nil {
			return nil, nil, err
		}
		return pinnedView{View: v}, v.Unpin, nil
	}
	for {
		v, rows, err := p.pinWithSQL(ctx, need)
		switch {
		case err != nil:
			return nil, nil, err
		case v != nil:
			return pinnedView{View: v, sql: rows}, v.Unpin, nil
		}
	}
}

// pinWithSQL pins a view together with the SQL rows of its watermark. It
// returns no view if it has to be tried again with the newest one.
func (p *Generations) pinWithSQL(ctx context.Context, need generation.Need) (*generation.View, generation.SQLRows, error) {
	v, err := p.pin()
	if err != nil {
		return nil, generation.SQLRows{}, err
	}
	g, planted := v.Generation(), false
	if next := p.staged.Load(); next != nil && p.env.Mutated(point.ServeNextSQL) {
		g, planted = next, true
	}
	rows, reached, err := g.ReadSQL(ctx, need, func() {
		// A delta may have been published while we waited for the lock. SQL
		// now stands at the newest view of this generation, so take that.
		if newer, err := p.pin(); err == nil {
			if newer.Generation() == v.Generation() {
				v, newer = newer, v
			}
			newer.Unpin()
		}
	})
	switch {
	case err != nil:
		err = fmt.Errorf("read SQL of generation %d: %w", g.Build(), err)
	case reached == v.Label().AppliedSeq || planted:
		return v, rows, nil
	case p.current.Load() == v:
		err = fmt.Errorf("SQL of generation %d is at sequence %d, its newest view at %d: they must not be mixed",
			g.Build(), reached, v.Label().AppliedSeq)
	}
	// Without an error: while we waited a delta was published and then another
	// generation, so that the view of the delta can be pinned no more.
	v.Unpin()
	return nil, generation.SQLRows{}, err
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
	// A delta may be committed while SQL could not follow: finish that first.
	if err := p.Advance(ctx); err != nil {
		return err
	}
	v := p.current.Load()
	if v == nil {
		return ErrNothingPublished
	}
	if err := v.Generation().Apply(ctx, d); err != nil {
		return err
	}
	return p.Advance(ctx)
}

// Advance publishes what is committed but not published.
func (p *Generations) Advance(ctx context.Context) error {
	v := p.current.Load()
	if v == nil || v.Label().AppliedSeq == v.Generation().Meta().AppliedSeq {
		return nil
	}
	return v.Generation().Advance(ctx, func(v *generation.View) { p.publish(v) })
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

// closeWait is how long Close waits for the last readers.
const closeWait = 30 * time.Second

// Close stops serving and waits for the pinned views of the last requests. A
// pin that nobody gives back is an error, not a program that never ends.
func (p *Generations) Close() error {
	v := p.current.Swap(nil)
	if v != nil {
		p.retire(v.Generation(), false)
		v.Unpin()
	}
	ctx, stop := p.env.WithTimeout(context.Background(), closeWait, "close generations")
	defer stop()
	closing := 0
	err := p.closed.WaitUntil(ctx, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		closing = p.mu.closing
		return closing == 0
	})
	if err != nil {
		err = fmt.Errorf("%d generations are still read: %w", closing, err)
	}
	p.layout.Close()
	return errors.Join(err, p.takeFailures())
}
