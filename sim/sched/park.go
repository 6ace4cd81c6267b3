package sched

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"reconsim/recon/env"
)

// errNoActor is the panic of a wait that is no actor's and would never end. In
// a timer or hook it becomes the run's error.
var errNoActor = errors.New("only an actor may wait: this is outside of the run, or in a timer or hook of it")

// parker is the waiting primitive. Its woken and waiter are guarded by the
// scheduler's mutex; the rest belongs to who holds the token.
type parker struct {
	s      *Scheduler
	name   string
	ctx    context.Context
	what   fmt.Stringer
	woken  bool
	waiter *actor
}

var _ env.Explained = (*parker)(nil)

// NewParker makes the waiting primitive for one waiter.
func (s *Scheduler) NewParker(name string) env.Parker { return &parker{s: s, name: name} }

// Explain says what is waited for, for the dump of a deadlock.
func (p *parker) Explain(what fmt.Stringer) { p.what = what }

// Unpark may be called from any goroutine.
func (p *parker) Unpark() {
	s := p.s
	s.mu.Lock()
	if !p.woken {
		p.woken = true
		if p.waiter != nil {
			s.woken = append(s.woken, p)
			s.pending.Store(true)
		}
	}
	s.mu.Unlock()
}

// Park waits until it is woken or ctx ends.
func (p *parker) Park(ctx context.Context) error {
	s := p.s
	if a := s.current.Load(); a != nil {
		p.wait(ctx, a)
	}
	s.mu.Lock()
	woken := p.woken
	p.woken, p.waiter = false, nil
	s.mu.Unlock()
	if woken {
		return nil
	}
	err := context.Cause(ctx)
	if err == nil {
		if s.closing {
			runtime.Goexit()
		}
		panic(errNoActor)
	}
	return err
}

func (p *parker) wait(ctx context.Context, a *actor) {
	s := p.s
	s.mu.Lock()
	p.waiter = a
	ready := p.woken
	s.mu.Unlock()
	p.ctx, a.parker = ctx, p
	if !ready && ctx.Err() == nil {
		s.makeUnready(a)
		if ctx.Done() != nil {
			a.watched = len(s.watching)
			s.watching = append(s.watching, a)
		}
	}
	s.handOver(a, s.points.wait(p.name))
	a.parker = nil
}

// admit makes those ready that were woken or whose context has ended.
func (s *Scheduler) admit() {
	if s.pending.Load() {
		s.mu.Lock()
		for i, p := range s.woken {
			if a := p.waiter; a != nil && a.parker == p {
				s.unwatch(a)
				s.makeReady(a)
			}
			s.woken[i] = nil
		}
		s.woken = s.woken[:0]
		s.pending.Store(false)
		s.mu.Unlock()
	}
	for i := 0; i < len(s.watching); {
		a := s.watching[i]
		if a.parker.ctx.Err() == nil {
			i++
			continue
		}
		s.unwatch(a)
		s.makeReady(a)
	}
}

func (s *Scheduler) unwatch(a *actor) {
	if a.watched < 0 {
		return
	}
	end := len(s.watching) - 1
	s.watching[a.watched] = s.watching[end]
	s.watching[a.watched].watched = a.watched
	s.watching[end] = nil
	s.watching = s.watching[:end]
	a.watched = -1
}
