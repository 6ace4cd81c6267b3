package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// Defaults that ForTier fills in.
const (
	defaultOMs      = 3
	defaultSchema   = "2.2.0"
	defaultProtocol = "generation"
	defaultStrategy = "random"
)

// ForTier returns the scenario as it runs in a tier: every size is its one
// number, defaults are filled in, and thresholds of other tiers are gone. If
// the tier cannot express a line, the problems say which and why, and the
// scenario is nil.
func (s *Scenario) ForTier(name string) (*Scenario, []Problem) {
	tier, known := s.vocab.tier(name)
	r := &resolver{tier: tier, checker: checker{
		decoder:  newDecoder(s.File),
		scenario: s.Clone(), vocab: s.vocab,
	}}
	r.places = s.places
	switch {
	case !known:
		r.at("tiers", nearest(name, s.vocab.TierNames()), "%q is not a known tier", clip(name))
	case s.Tiers != nil && !slices.Contains(s.Tiers, name):
		r.at("tiers", "", "this scenario is not meant for tier %s, only for %s", name, strings.Join(s.Tiers, ", "))
	default:
		r.resolve()
	}
	if len(r.problems) > 0 {
		return nil, sortProblems(r.problems)
	}
	return r.scenario, nil
}

type resolver struct {
	checker
	tier Tier
}

// can reports a line that the tier cannot express.
func (r *resolver) can(path, line string) {
	if why, cannot := r.tier.cannot(line); cannot && r.given(path) {
		r.at(path, "", "tier %s cannot express %q: %s", r.tier.Name, line, why)
	}
}

// size resolves a size that is given.
func (r *resolver) size(path string, s *Size) {
	n, ok := s.In(r.tier.Name)
	if !ok {
		r.at(path, "", "%s has no size for tier %s, only for %s; add %q", last(path), r.tier.Name, strings.Join(s.tiers(), ", "), r.tier.Name+": N")
	}
	*s = Size{All: n}
}

func (r *resolver) resolve() {
	s := r.scenario
	r.world(&s.World)
	for _, key := range sortedKeys(s.Config) {
		r.can("config."+key, "config "+key)
	}
	r.readers(&s.Readers)
	for i := range s.Timeline {
		r.step(fmt.Sprintf("timeline[%d]", i), &s.Timeline[i])
	}
	for i := range s.Faults {
		r.fault(fmt.Sprintf("faults[%d]", i), &s.Faults[i])
	}
	r.can("schedule", "schedule")
	setDefault(&s.Schedule.Strategy, defaultStrategy)
	r.thresholds()
}

func (r *resolver) world(w *World) {
	for _, f := range []string{"oms", "keys", "layouts", "deltasPerSecond", "seed", "schema", "protocol"} {
		r.can("world."+f, "world "+f)
	}
	r.size("world.keys", &w.Keys)
	r.size("world.deltasPerSecond", &w.DeltasPerSecond)
	setDefault(&w.OMs, defaultOMs)
	setDefault(&w.Schema, defaultSchema)
	setDefault(&w.Protocol, defaultProtocol)
	if w.Layouts == nil {
		w.Layouts = map[string]int64{}
		for _, layout := range r.vocab.Layouts {
			w.Layouts[layout] = 1
		}
	}
}

func (r *resolver) readers(readers *Readers) {
	r.size("readers.count", &readers.Count)
	r.size("readers.sessions", &readers.Sessions)
	r.size("readers.requestsPerSecond", &readers.RequestsPerSecond)
	setDefault(&readers.Sessions.All, readers.Count.All)
	setDefault(&readers.InFlight, 1)
	if readers.Endpoints == nil {
		readers.Endpoints = slices.Clone(r.vocab.Endpoints)
	}
}

func (r *resolver) step(path string, step *Step) {
	r.can(path+".do", "do "+step.Do)
	for _, key := range sortedKeys(step.Config) {
		r.can(path+".config."+key, "config "+key)
	}
	for _, part := range []string{"state", "phase", "generation", "fault", "reads", "deltas", "leader"} {
		r.can(path+".when."+part, "when "+part)
	}
	r.size(path+".when.reads", &step.When.Reads)
	r.size(path+".when.deltas", &step.When.Deltas)
	r.size(path+".count", &step.Count)
	r.size(path+".rate", &step.Rate)
	if step.Do == StartDeltas {
		setDefault(&step.Rate.All, r.scenario.World.DeltasPerSecond.All)
	}
	if step.When.Fault != "" {
		setDefault(&step.When.Fired, 1)
	}
}

func (r *resolver) fault(path string, f *Fault) {
	setDefault(&f.Armed, ArmedAtStart)
	if r.vocab.ParseRule == nil {
		return
	}
	rule, err := r.vocab.ParseRule(f.Rule)
	if err != nil {
		return // Load refuses it
	}
	r.can(path+".rule", "fault "+rule.Point)
	for _, action := range rule.Actions {
		r.can(path+".rule", "action "+action)
	}
}

// thresholds keeps those of the tier; their places stay by their old index.
func (r *resolver) thresholds() {
	var kept []Threshold
	for i, t := range r.scenario.Thresholds {
		if t.Tiers != nil && !slices.Contains(t.Tiers, r.tier.Name) {
			continue
		}
		r.can(fmt.Sprintf("thresholds[%d]", i), "threshold "+t.Expr.Metric)
		kept = append(kept, Threshold{Expr: t.Expr})
	}
	r.scenario.Thresholds = kept
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
