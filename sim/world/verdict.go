package world

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"reconsim/faults/plan"
	"reconsim/recon/config"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
)

// Fill writes what was found into the record of the run and decides its
// verdict. It is called once, after Run.
func (w *World) Fill(run *record.Run) {
	w.mu.Lock()
	run.Generations = slices.Clone(w.mu.generations)
	run.Violations = slices.Clone(w.mu.violations)
	run.ViolationsOmitted = w.mu.omitted
	w.mu.Unlock()
	for i := range run.Violations {
		run.Violations[i].Replay = run.Repeat
	}
	run.DurationMillis = w.millis(w.plain.Now())
	run.Counts = w.meter.counts(w.scenario.Readers.Endpoints)
	run.Latency = w.meter.latency(w.scenario.Readers.Endpoints)
	for _, k := range config.Keys() {
		run.Config = append(run.Config, record.Setting{Key: k.Name, Value: w.config.Load().Text(k.Name), Source: w.config.Load().Source(k.Name)})
	}
	run.Verdict = record.Pass
	w.fillProperties(run)
	w.fillFaults(run)
	w.fillExpectations(run)
	w.fillThresholds(run)
	failed := run.Error != nil || len(run.Violations) > 0 ||
		slices.ContainsFunc(run.Properties, func(p record.Property) bool { return p.Checked == 0 || p.Violations > 0 }) ||
		slices.ContainsFunc(run.Faults, record.Fault.Vacuous) ||
		slices.ContainsFunc(run.Expectations, func(e record.Expectation) bool { return !e.OK }) ||
		slices.ContainsFunc(run.Thresholds, func(t record.Threshold) bool { return !t.OK })
	if failed {
		run.Verdict = record.Fail
	}
}

// fillProperties lists what the scenario proves, and whatever else was broken.
func (w *World) fillProperties(run *record.Run) {
	for _, r := range w.checker.Results() {
		if slices.Contains(w.scenario.Proves, string(r.Property)) || r.Violations > 0 {
			run.Properties = append(run.Properties, record.Property{Name: string(r.Property), Checked: r.Checked, Violations: r.Violations})
		}
	}
}

func (w *World) fillFaults(run *record.Run) {
	for _, f := range w.plan.Report() {
		armed := int64(0)
		if f.Armed {
			armed = 1
		}
		run.Faults = append(run.Faults, record.Fault{ID: f.Rule.Name, Point: f.Rule.Point.String(), Rule: ruleText(f),
			Armed: armed, Fired: f.Fired, Optional: f.Rule.Optional})
	}
}

func ruleText(f plan.Fired) string { return f.Rule.String() }

func (w *World) fillExpectations(run *record.Run) {
	expect := w.scenario.Expect
	add := func(ok bool, got, format string, args ...any) {
		run.Expectations = append(run.Expectations, record.Expectation{Text: fmt.Sprintf(format, args...), OK: ok, Got: got})
	}
	published := w.published.Load()
	add(published >= expect.Generations, strconv.FormatInt(published, 10), "at least %d generations are published", expect.Generations)
	if expect.Snapshots > 0 {
		n := w.snapshots.Load()
		add(n >= expect.Snapshots, strconv.FormatInt(n, 10), "at least %d snapshots are downloaded whole", expect.Snapshots)
	}
	outcomes, quarantined := map[string]int64{}, int64(0)
	for _, g := range run.Generations {
		if g.Outcome == record.Discarded {
			continue
		}
		name := "ROLLED_BACK"
		if g.Outcome == record.Committed {
			name = "COMMITTED"
		}
		outcomes[name]++
		if g.Outcome == record.Quarantined {
			quarantined++
		}
	}
	for _, name := range []string{"COMMITTED", "ROLLED_BACK"} {
		if want, ok := expect.Outcomes[name]; ok {
			add(outcomes[name] >= want, strconv.FormatInt(outcomes[name], 10), "at least %d rebuilds end %s", want, name)
		}
	}
	for _, state := range expect.States {
		seen := w.passed(0, func(t transition) bool { return t.state == state })
		add(seen, strconv.FormatBool(seen), "staging passes through %s", state)
	}
	if expect.Quarantined != nil {
		add(quarantined == *expect.Quarantined, strconv.FormatInt(quarantined, 10), "exactly %d generations are quarantined", *expect.Quarantined)
	}
	if disturbed, met := w.network.counts(); disturbed {
		add(met > 0, strconv.FormatInt(met, 10), "messages meet the disturbed network")
	}
	for _, id := range expect.Faults {
		n := w.plan.FiredCount(id)
		add(n > 0, strconv.FormatInt(n, 10), "fault %s fires", id)
	}
}

func (w *World) fillThresholds(run *record.Run) {
	for _, t := range w.scenario.Thresholds {
		for _, e := range w.each(t.Expr) {
			value, known := w.measure(e, run)
			text := formatValue(e, value)
			if !known {
				text = "not measured in this tier"
			}
			run.Thresholds = append(run.Thresholds, record.Threshold{Expr: e.String(), OK: known && e.Holds(value), Value: text})
		}
	}
}

// each spells out an expression about every endpoint or property.
func (w *World) each(e scenarios.Expression) []scenarios.Expression {
	var names []string
	switch e.Of {
	case scenarios.EachEndpoint:
		names = w.scenario.Readers.Endpoints
	case scenarios.EachProperty:
		names = w.scenario.Proves
	case scenarios.EachReaderProperty:
		for _, name := range w.scenario.Proves {
			if slices.Contains(ReaderProperties(), name) {
				names = append(names, name)
			}
		}
	default:
		return []scenarios.Expression{e}
	}
	all := make([]scenarios.Expression, len(names))
	for i, name := range names {
		all[i] = e
		all[i].Of = name
	}
	return all
}

// ReaderProperties are those that are checked on each answer.
func ReaderProperties() []string {
	return []string{string(check.OneGeneration), string(check.NeverEmpty), string(check.Exact), string(check.Monotonic),
		string(check.NoError), string(check.ReadYourCommit), string(check.WatermarkHonest)}
}

// measure finds the figure that an expression is about.
func (w *World) measure(e scenarios.Expression, run *record.Run) (value float64, known bool) {
	switch e.Metric {
	case "reads":
		return float64(w.meter.reads(e.Of, e.While)), true
	case "checks":
		return float64(w.result(e.Of).Checked), true
	case "spanning":
		return float64(w.meter.spanning(e.Of)), true
	case "failed":
		return float64(w.meter.failed(e.Of)), true
	case "empty":
		return float64(w.result(string(check.NeverEmpty)).Violations), true
	case "mixed":
		return float64(w.result(string(check.OneGeneration)).Violations), true
	case "deltas":
		return float64(w.Deltas()), true
	case "p50", "p99", "max", "isolation":
		return w.latency(e, run)
	case "peak-rss":
		return float64(run.PeakRSSBytes), true
	default:
		return loadFigure(e.Metric, run.Load)
	}
}

// loadFigure finds a figure that only a load run measures.
func loadFigure(metric string, l *record.Load) (value float64, known bool) {
	if l == nil {
		return 0, false
	}
	switch metric {
	case "rebuild":
		p, ok := l.Phase("rebuild")
		return p.Seconds * float64(time.Second), ok
	case "switch":
		return float64(l.Switch.DurableMicros) * float64(time.Microsecond), l.Switch.DurableMicros > 0
	case "peak-disk":
		return float64(l.PeakDiskBytes), l.PeakDiskBytes > 0
	case "disk-factor":
		return float64(l.PeakDiskBytes) / float64(max(1, l.SourceBytes)), l.SourceBytes > 0
	default:
		return 0, false
	}
}

func (w *World) result(property string) check.Result {
	for _, r := range w.checker.Results() {
		if string(r.Property) == property {
			return r
		}
	}
	return check.Result{}
}

// latency is the worst of the phases that an expression covers.
func (w *World) latency(e scenarios.Expression, run *record.Run) (float64, bool) {
	phases := run.Latency.Overall
	for _, endpoint := range run.Latency.ByEndpoint {
		if endpoint.Endpoint == e.Of {
			phases = endpoint.Phases
		}
	}
	worst, rest, staging := int64(0), int64(0), int64(0)
	for _, p := range phases {
		value := map[string]int64{"p50": p.P50Micros, "p99": p.P99Micros, "max": p.MaxMicros}[e.Metric]
		worst = max(worst, value)
		switch p.Phase {
		case record.Rest:
			rest = p.P99Micros
		case record.Staging:
			staging = p.P99Micros
		}
	}
	if e.Metric == "isolation" {
		if rest == 0 || staging == 0 {
			return 0, false
		}
		return float64(staging) / float64(rest), true
	}
	return float64(worst) * float64(time.Microsecond), len(phases) > 0
}

func formatValue(e scenarios.Expression, value float64) string {
	if e.Unit() == scenarios.DurationUnit {
		return time.Duration(value).String()
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}
