package plan

// Fired is the account of one rule over the whole run.
type Fired struct {
	// Rule is the rule under the name it goes by; its String is DSL.
	Rule Rule
	// Armed reports whether it was ever armed.
	Armed bool
	// Hits counts the passages that matched while it was armed.
	Hits int64
	// Fired counts the times it struck.
	Fired int64
}

// Report lists the account of every rule in the order they were added.
func (r *Registry) Report() []Fired {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := make([]Fired, len(r.mu.entries))
	for i, e := range r.mu.entries {
		e.mu.Lock()
		report[i] = Fired{Rule: e.rule, Armed: e.wasArmed, Hits: e.hitsTotal, Fired: e.firedTotal}
		e.mu.Unlock()
	}
	return report
}

// Vacuous lists the rules that never struck and are not optional, armed or not:
// a run that has any proves nothing about them and must fail (design D8).
func (r *Registry) Vacuous() []Fired {
	var vacuous []Fired
	for _, f := range r.Report() {
		if f.Fired == 0 && !f.Rule.Optional {
			vacuous = append(vacuous, f)
		}
	}
	return vacuous
}

// FiredCount tells how often a rule struck; 0 for a name that is not there.
func (r *Registry) FiredCount(name string) int64 {
	r.mu.Lock()
	e := r.mu.byName[name]
	r.mu.Unlock()
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.firedTotal
}
