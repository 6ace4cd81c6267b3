package swap

import (
	"context"
	"errors"
	"fmt"

	"reconsim/faults/point"
	"reconsim/recon/generation"
)

// leftover is a closed generation that is not served: to be removed, or to be
// kept in quarantine for a reason.
type leftover struct {
	build      uint64
	because    string
	superseded bool
}

// retire closes a generation once nobody reads it. A superseded one then goes
// to quarantine, or at once if nothing is retained.
func (p *Generations) retire(g *generation.Generation, superseded bool) {
	p.mu.Lock()
	p.mu.closing++
	p.mu.Unlock()
	g.Retire(func(err error) {
		if superseded {
			l := leftover{build: g.Build(), superseded: true}
			if p.retention > 0 {
				l.because = "superseded"
			}
			// What fails is kept, and Sweep, which tries again, tells why.
			_, _ = p.putAwayOrKeep(l)
		}
		p.mu.Lock()
		p.mu.closing--
		if err != nil {
			p.mu.failures = append(p.mu.failures, err)
		}
		p.mu.Unlock()
		p.closed.Broadcast()
	})
}

// putAwayOrKeep puts a generation away; what fails is tried again by Sweep.
func (p *Generations) putAwayOrKeep(l leftover) (quarantined string, err error) {
	if quarantined, err = p.putAway(l); err != nil {
		p.mu.Lock()
		p.mu.leftovers = append(p.mu.leftovers, l)
		p.mu.Unlock()
	}
	return quarantined, err
}

func (p *Generations) putAway(l leftover) (quarantined string, err error) {
	if l.superseded {
		if err := p.env.Point(context.Background(), point.Retire, generation.Name(l.build), 0); err != nil {
			return "", fmt.Errorf("retire generation %d: %w", l.build, err)
		}
	}
	// The pointer may have named the generation for a moment. Its files stay
	// until a crash cannot bring that name back.
	if err := p.layout.Settle(); err != nil {
		return "", err
	}
	current, ok, err := p.layout.Current()
	switch {
	case err != nil:
		return "", err
	case ok && current == l.build:
		return "", fmt.Errorf("generation %d cannot be removed: the pointer already names it, and a restart will serve it", l.build)
	case l.because != "":
		return p.layout.Quarantine(l.build, l.because, p.env.Now())
	default:
		return "", p.layout.Remove(l.build)
	}
}

// Sweep puts away what could not be put away before, and removes what has been
// in quarantine longer than retention.
func (p *Generations) Sweep(context.Context) error {
	p.mu.Lock()
	leftovers := p.mu.leftovers
	p.mu.leftovers = nil
	p.mu.Unlock()
	err := p.takeFailures()
	for _, l := range leftovers {
		_, putErr := p.putAwayOrKeep(l)
		err = errors.Join(err, putErr)
	}
	return errors.Join(err, p.layout.SweepQuarantine(p.env.Now(), p.retention))
}

func (p *Generations) takeFailures() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := errors.Join(p.mu.failures...)
	p.mu.failures = nil
	return err
}
