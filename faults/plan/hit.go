package plan

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"

	"reconsim/faults/point"
)

// entry is a rule with its account.
type entry struct {
	rule  Rule
	key   string // its name in the failpoint registry
	armed atomic.Bool
	mu    sync.Mutex // guards what follows, and orders hits with arming
	hits  int64      // since it was armed last
	// Sums over the whole run, for the report.
	hitsTotal, firedTotal int64
	wasArmed              bool
}

// Armed reports whether any rule could strike. It is one atomic load.
func (r *Registry) Armed() bool { return r != nil && r.armedCount.Load() != 0 }

// Hit is called at a passage of a point. It carries out every rule that fires,
// in the order of the plan, until one ends the passage with an error (an
// *Injected). Transfer effects are left to Transfer.
func (r *Registry) Hit(ctx context.Context, p point.Point, subject string, n int64) error {
	if !r.Armed() {
		return nil
	}
	index := *r.index.Load()
	if int(p) >= len(index) || len(index[p]) == 0 {
		return nil
	}
	return r.strike(ctx, index[p], Firing{Point: p, Subject: subject, N: n})
}

// Transfer is called once as a body begins to pass at a point; subject is who
// sends it. It returns the effects to carry out on the body, after any parks.
// Such rules count transfers, not single writes.
func (r *Registry) Transfer(ctx context.Context, p point.Point, subject string) ([]Effect, error) {
	if !r.Armed() {
		return nil, nil
	}
	index := *r.index.Load()
	if int(p) >= len(index) {
		return nil, nil
	}
	var effects []Effect
	for _, f := range r.draw(index[p], Firing{Point: p, Subject: subject}, true) {
		err := r.perform(ctx, f)
		effect, ok := EffectOf(err)
		if !ok {
			return effects, err
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

func (r *Registry) strike(ctx context.Context, entries []*entry, passage Firing) error {
	for _, f := range r.draw(entries, passage, false) {
		if err := r.perform(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// drawn is a rule that was picked for a passage.
type drawn struct {
	entry  *entry
	firing Firing
}

// draw counts the passage for every rule before any acts, so that a rule's
// numbering never depends on another rule.
func (r *Registry) draw(entries []*entry, passage Firing, transfers bool) []drawn {
	var picked []drawn
	for _, e := range entries {
		if e.rule.transfers() != transfers || !e.armed.Load() || !e.rule.matches(passage.Subject, passage.N) {
			continue
		}
		if hit, fires := r.count(e); fires {
			f := passage
			f.Rule, f.Hit = e.rule.Name, hit
			picked = append(picked, drawn{e, f})
		}
	}
	return picked
}

func (r Rule) matches(subject string, n int64) bool {
	if !r.Of.Match(subject) {
		return false
	}
	for _, c := range r.When {
		if !c.Holds(n) {
			return false
		}
	}
	return true
}

// count numbers the passage and asks the schedule, then chance.
func (r *Registry) count(e *entry) (hit int64, fires bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.armed.Load() {
		return 0, false
	}
	e.hits++
	e.hitsTotal++
	value, err := r.terms.Eval(e.key)
	if err != nil || value == nil || !e.rule.On.picks(e.hits) {
		return e.hits, false // "off" evaluates to nil without an error
	}
	if e.rule.Chance != 0 && chance(r.runtime.Seed, e.rule.Name, e.hits) >= e.rule.Chance {
		return e.hits, false
	}
	return e.hits, true
}

func (r *Registry) perform(ctx context.Context, d drawn) error {
	d.entry.mu.Lock()
	d.entry.firedTotal++
	d.entry.mu.Unlock()
	for i, a := range d.entry.rule.Do {
		f := d.firing
		f.Do = a.String()
		if i == 0 && r.runtime.Observe != nil {
			r.runtime.Observe(f)
		}
		if err := r.act(ctx, a, f); err != nil {
			return err
		}
	}
	return nil
}

// act carries out one action and returns the error that ends the passage.
func (r *Registry) act(ctx context.Context, a Action, f Firing) error {
	injected := &Injected{Rule: f.Rule, Point: f.Point, Subject: f.Subject, N: f.N, Do: a}
	switch a := a.(type) {
	case Park:
		if err := r.runtime.Sleep(ctx, a.For); err != nil {
			return fmt.Errorf("parked by rule %s at %s: %w", f.Rule, f.Point, err)
		}
		return nil
	case Hang:
		injected.Cause = fmt.Errorf("hung: %w", r.runtime.Hang(ctx))
	case Kill:
		r.runtime.Kill(f, a.Policy)
		injected.Cause = ErrKilled
	case Panic:
		panic(fmt.Sprintf("%s (planted by rule %s at %s)", a.Message, f.Rule, f.Point))
	case Errno:
		injected.Cause = errnos[a.Name]
	case Error:
		injected.Cause = plantedError(a.Message)
	case Short:
		injected.Cause = io.ErrShortWrite
	case DropSync:
		injected.Cause = syscall.EIO
	case Cut:
		injected.Cause = io.ErrUnexpectedEOF
	default:
		injected.Cause = plantedError(a.String())
	}
	return injected
}

// plantedError is a message of a plan as an error.
type plantedError string

func (e plantedError) Error() string { return string(e) }

// chance maps (seed, rule, hit) to [0, 1) with FNV-1a and the finaliser of
// splitmix64, so that no draw depends on the order of other draws.
func chance(seed uint64, rule string, hit int64) float64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(rule); i++ {
		h = (h ^ uint64(rule[i])) * 1099511628211
	}
	z := seed + h + uint64(hit)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
}
