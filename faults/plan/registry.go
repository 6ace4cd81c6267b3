package plan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/failpoint"

	"reconsim/faults/point"

	// First of all, keep the environment from arming or killing anything.
	_ "reconsim/faults/plan/failpointenv"
)

// Runtime is what a registry needs from the run: its clock, its way to die and
// its chance. Actions whose function is missing are refused when armed.
type Runtime struct {
	// Sleep waits on the run's clock and returns ctx's error if that ends
	// first; park needs it.
	Sleep func(ctx context.Context, d time.Duration) error
	// Hang waits until ctx is done and returns its error. Nil waits on
	// ctx.Done, which is right for real goroutines and wrong for a simulation.
	Hang func(ctx context.Context) error
	// Kill ends the process, or the simulated node with the crash policy that
	// the rule names, if any; kill needs it. A simulated node's passage comes
	// back and gets [ErrKilled].
	Kill func(f Firing, policy string)
	// Seed decides every chance.
	Seed uint64
	// Observe, if set, is told of each firing before its actions begin. It is
	// called on the goroutine of the passage and must not block.
	Observe func(Firing)
}

// Firing is one time that a rule struck.
type Firing struct {
	// Rule is the name of the rule.
	Rule string
	// Point, Subject and N are the passage's.
	Point   point.Point
	Subject string
	N       int64
	// Hit is the number of the passage among those that matched the rule.
	Hit int64
	// Do is what it does, as DSL.
	Do string
}

// Registry holds the rules of one run and decides what happens at each passage
// of a point. It implements point.Injector. All methods may be called from any
// goroutine.
type Registry struct {
	runtime Runtime
	// armedCount is the one word that the hot path reads.
	armedCount atomic.Int64
	// index lists the rules of each point in the order they were added.
	index atomic.Pointer[[][]*entry]
	// terms counts hits behind armed rules; private, so that two runs in one
	// process never see each other's faults.
	terms failpoint.Failpoints
	mu    struct {
		sync.Mutex
		entries []*entry
		byName  map[string]*entry
	}
}

var _ point.Injector = (*Registry)(nil)

// NewRegistry returns a registry without rules.
func NewRegistry(runtime Runtime) *Registry {
	if runtime.Hang == nil {
		runtime.Hang = func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}
	}
	r := &Registry{runtime: runtime}
	r.mu.byName = map[string]*entry{}
	r.index.Store(new([][]*entry))
	return r
}

// Load adds and arms every rule of a plan.
func (r *Registry) Load(p Plan) error {
	for _, rule := range p {
		name, err := r.Add(rule)
		if err != nil {
			return err
		}
		if err := r.Arm(name); err != nil {
			return err
		}
	}
	return nil
}

// Add takes a rule in, not armed yet, and returns the name it goes by: its own,
// or "rule-N" if it has none. It refuses an invalid rule, a name used before
// and an action that the runtime cannot carry out.
func (r *Registry) Add(rule Rule) (name string, err error) {
	if err := rule.Validate(); err != nil {
		return "", fmt.Errorf("fault plan: %w", err)
	}
	if err := r.canCarryOut(rule); err != nil {
		return "", err
	}
	if rule.On == nil {
		rule.On = Always{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if rule.Name == "" {
		rule.Name = fmt.Sprintf("rule-%d", len(r.mu.entries)+1)
	}
	if r.mu.byName[rule.Name] != nil {
		return "", fmt.Errorf("fault plan: a rule %q exists already, name this one otherwise", rule.Name)
	}
	e := &entry{rule: rule, key: fmt.Sprintf("%s#%d", rule.Point, len(r.mu.entries))}
	r.mu.entries = append(r.mu.entries, e)
	r.mu.byName[rule.Name] = e
	r.reindex(e)
	return rule.Name, nil
}

// reindex publishes a copy of the index with one more entry.
func (r *Registry) reindex(e *entry) {
	old := *r.index.Load()
	next := make([][]*entry, max(len(old), int(e.rule.Point)+1))
	copy(next, old)
	next[e.rule.Point] = append(append([]*entry(nil), next[e.rule.Point]...), e)
	r.index.Store(&next)
}

func (r *Registry) canCarryOut(rule Rule) error {
	for _, a := range rule.Do {
		if _, ok := a.(Park); ok && r.runtime.Sleep == nil {
			return fmt.Errorf("fault plan: rule %q parks, but this run brought no clock", rule.Name)
		}
		if _, ok := a.(Kill); ok && r.runtime.Kill == nil {
			return fmt.Errorf("fault plan: rule %q kills, but this tier cannot kill its process", rule.Name)
		}
	}
	return nil
}

// Arm lets a rule strike from now on, counting its hits from 1 again. Arming
// an armed rule restarts its count.
func (r *Registry) Arm(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.mu.byName[name]
	if e == nil {
		return fmt.Errorf("fault plan: arm %q: there is no such rule%s", name, didYouMean(name, r.namesLocked()))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := r.terms.Enable(e.key, e.rule.On.terms()); err != nil {
		return fmt.Errorf("fault plan: arm %q: %w", name, err)
	}
	e.hits, e.wasArmed = 0, true
	if !e.armed.Swap(true) {
		r.armedCount.Add(1)
	}
	return nil
}

// Disarm keeps a rule from striking. Disarming one that is not armed does
// nothing.
func (r *Registry) Disarm(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.mu.byName[name]
	if e == nil {
		return fmt.Errorf("fault plan: disarm %q: there is no such rule%s", name, didYouMean(name, r.namesLocked()))
	}
	return r.disarm(e)
}

// DisarmAll keeps every rule from striking: from here on faults have stopped.
func (r *Registry) DisarmAll() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var problems []error
	for _, e := range r.mu.entries {
		problems = append(problems, r.disarm(e))
	}
	return errors.Join(problems...)
}

func (r *Registry) disarm(e *entry) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.armed.Swap(false) {
		return nil
	}
	r.armedCount.Add(-1)
	if err := r.terms.Disable(e.key); err != nil {
		return fmt.Errorf("fault plan: disarm %q: %w", e.rule.Name, err)
	}
	return nil
}

// namesLocked lists the rules in the order they were added.
func (r *Registry) namesLocked() []string {
	names := make([]string, len(r.mu.entries))
	for i, e := range r.mu.entries {
		names[i] = e.rule.Name
	}
	return names
}
