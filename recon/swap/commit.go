package swap

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
)

// stagedGeneration is a rebuild of the `generation` protocol.
type stagedGeneration struct {
	*generation.Staged
	protocol *Generations
}

func (s *stagedGeneration) AdoptServed(ctx context.Context) error {
	v, err := s.protocol.pin()
	if err != nil {
		return err
	}
	defer v.Unpin()
	return s.AdoptGeneration(ctx, v.Generation())
}

func (s *stagedGeneration) Seal(ctx context.Context, asOf time.Time) error {
	err := s.Staged.Seal(ctx, asOf)
	if err == nil {
		s.protocol.staged.Store(s.Sealed())
	}
	return err
}

func (s *stagedGeneration) Rows() omdb.Reader { return s.Sealed().Reader() }

func (s *stagedGeneration) Apply(ctx context.Context, d generation.Delta) error {
	if err := s.Sealed().Apply(ctx, d); err != nil {
		return err
	}
	return s.Sealed().Advance(ctx, nil)
}

// Stage begins a rebuild in a new directory.
func (p *Generations) Stage(ctx context.Context, o generation.StageOptions) (Staged, error) {
	s, err := p.layout.Stage(ctx, o)
	if err != nil {
		return nil, err
	}
	return &stagedGeneration{Staged: s, protocol: p}, nil
}

// Commit moves the pointer, then publishes (recon.md 6.8, steps 5 to 7).
func (p *Generations) Commit(ctx context.Context, staged Staged) error {
	s := staged.(*stagedGeneration)
	g := s.Sealed()
	if g == nil {
		return fmt.Errorf("generation %d was not sealed and cannot be committed", s.Build())
	}
	defer p.staged.Store(nil)
	if err := p.env.Point(ctx, point.CommitBegin, generation.Name(g.Build()), 0); err != nil {
		return fmt.Errorf("begin commit: %w", err)
	}
	view, err := g.NewView(ctx)
	if err != nil {
		return err
	}
	if p.env.Mutated(point.PublishBeforeMove) {
		return p.commitWrongWay(ctx, g, view)
	}
	if err := p.movePointer(ctx, g.Build()); err != nil {
		view.Unpin()
		return err
	}
	if p.env.Mutated(point.PointerBeforeSQL) {
		_ = g.SyncSQL()
	}
	// From here on the new generation is what a restart serves, so an error
	// at these points can delay nothing and undo nothing.
	_ = p.env.Point(ctx, point.Publish, generation.Name(g.Build()), 0)
	p.onPublish(g.Meta())
	old := p.publish(view)
	_ = p.env.Point(ctx, point.Published, generation.Name(g.Build()), 0)
	if old != nil {
		p.retire(old, true)
	}
	return nil
}

// movePointer moves the pointer, and settles the one case in which the move
// failed and could not be taken back: then only a sync was missing.
func (p *Generations) movePointer(ctx context.Context, build uint64) error {
	err := p.layout.MovePointer(ctx, build)
	var failed *generation.MoveError
	if errors.As(err, &failed) && failed.Moved {
		if p.layout.Settle() == nil {
			return nil
		}
	}
	return err
}

// commitWrongWay is the planted mistake PublishBeforeMove: visible first,
// durable second, and a failed move takes back what readers have seen.
func (p *Generations) commitWrongWay(ctx context.Context, g *generation.Generation, view *generation.View) error {
	p.onPublish(g.Meta())
	before := p.current.Swap(view)
	_ = p.env.Point(ctx, point.Published, generation.Name(g.Build()), 0)
	if err := p.movePointer(ctx, g.Build()); err != nil {
		p.current.Store(before)
		view.Unpin()
		return err
	}
	if before != nil {
		p.retire(before.Generation(), true)
		before.Unpin()
	}
	return nil
}

// RollBack closes a staged generation and removes it, or keeps it in
// quarantine. What the pointer names is left where it is.
func (p *Generations) RollBack(ctx context.Context, staged Staged, keepBecause string) (quarantined string, err error) {
	s := staged.(*stagedGeneration)
	p.staged.Store(nil)
	var closed atomic.Pointer[error]
	s.Close(func(err error) { closed.Store(&err); p.closed.Broadcast() })
	waitErr := p.closed.WaitUntil(context.WithoutCancel(ctx), func() bool { return closed.Load() != nil })
	if waitErr != nil {
		return "", waitErr
	}
	quarantined, err = p.putAwayOrKeep(leftover{build: s.Build(), because: keepBecause})
	return quarantined, errors.Join(*closed.Load(), err)
}
