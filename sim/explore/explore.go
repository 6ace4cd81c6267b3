package explore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/tier"
)

// CheckedAnswers is how many answers must have been compared with the oracle for
// an execution to count.
const CheckedAnswers = 50

// Options of [Run].
type Options struct {
	// Scenarios are what to explore, resolved for the sim tier; Jobs the same as
	// text, in the same order.
	Scenarios []*scenarios.Scenario
	Jobs      []tier.Job
	// Executions and For bound the exploration; 0 means no bound of that kind.
	Executions int64
	For        time.Duration
	// Strategies are drawn from; [Strategies] if empty. A single exhaustive one
	// goes through all orders of one seed, in one worker.
	Strategies []string
	Seed       uint64
	Workers    int
	// Out is the run directory; findings get directories below it.
	Out         string
	CommandLine []string
	Version     string
	// Progress is told how it stands, at most a few times a second; it may be nil.
	Progress func(record.Exploration)
}

// Strategies are those that an exploration draws from if it is told none.
func Strategies() []string { return []string{"random", "pct 2", "pct 3", "pct 5", "round-robin"} }

// exploration is one that goes on.
type exploration struct {
	o     Options
	began time.Time
	mu    sync.Mutex
	// the rest is guarded by mu.
	search *search
	report record.Exploration
	counts map[tier.Cell]int64
	traces map[string]bool
	// findings are the places in report.Violations, by kind (check.KindOf).
	findings map[string]int
	started  int64
	over     bool
	told     time.Time
}

// Run explores until a bound is reached or ctx ends. The error is the
// environment's; what was found is in the record, which is also written to the
// run directory with its pages.
func Run(ctx context.Context, o Options) (record.Exploration, error) {
	if len(o.Strategies) == 0 {
		o.Strategies = Strategies()
	}
	x := &exploration{o: o, began: time.Now(), search: newSearch(o.Jobs, o.Strategies, o.Seed), counts: map[tier.Cell]int64{},
		traces: map[string]bool{}, findings: map[string]int{},
		report: record.Exploration{ToolVersion: o.Version, CommandLine: o.CommandLine, StartedAt: time.Now().UTC(), Verdict: record.Pass,
			Seed: o.Seed, Workers: o.Workers, Dir: o.Out}}
	for i, s := range o.Scenarios {
		x.report.Scenarios = append(x.report.Scenarios, record.Scenario{File: o.Jobs[i].File, Name: s.Name, About: s.About, Proves: s.Proves})
	}
	cpu := cpuSeconds()
	group, groupCtx := errgroup.WithContext(ctx)
	for range o.Workers {
		group.Go(func() error { return x.work(groupCtx) })
	}
	err := group.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sum()
	x.report.CPUSeconds = cpuSeconds() - cpu
	if ctx.Err() != nil {
		err = nil // Who ends an exploration early gets what there is.
	}
	return x.report, errors.Join(err, ctx.Err())
}

// work keeps one process busy.
func (x *exploration) work(ctx context.Context) (err error) {
	w, err := tier.StartWorker(ctx, tier.WorkerOptions{Environment: []string{"GOMAXPROCS=1"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for ctx.Err() == nil {
		t, more := x.next()
		if !more {
			return nil
		}
		out, err := w.Do(t.job)
		if err != nil {
			return err
		}
		if err := x.take(ctx, t, out); err != nil {
			return err
		}
	}
	return nil
}

// next is what to try, unless a bound is reached.
func (x *exploration) next() (t trial, more bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.over || x.o.Executions > 0 && x.started >= x.o.Executions || x.o.For > 0 && time.Since(x.began) >= x.o.For {
		return t, false
	}
	x.started++
	if x.isExhaustive() {
		t = trial{job: x.o.Jobs[0], lead: -1}
		t.job.Seed, t.job.Strategy, t.job.Coverage, t.job.Continue = x.o.Seed, x.o.Strategies[0], true, true
		return t, true
	}
	return x.search.next(), true
}

// take counts an execution and looks into what it violated.
func (x *exploration) take(ctx context.Context, t trial, out tier.Outcome) error {
	if out.Error != nil && out.TraceHash == "" {
		return out.Error
	}
	x.mu.Lock()
	fresh, err := x.count(t, out)
	told := x.o.Progress != nil && time.Since(x.told) > 200*time.Millisecond
	if told {
		x.told = time.Now()
		x.sum()
		x.o.Progress(x.report)
	}
	x.mu.Unlock()
	if err == nil && len(fresh) > 0 {
		err = x.pursue(ctx, t, out, fresh)
	}
	return err
}

// enough is how many kinds of violations end an exploration: what is so broken
// should be looked at first.
const enough = 20

// count adds an outcome to the figures and returns a signature of each kind that
// is new; the lock is held.
func (x *exploration) count(t trial, out tier.Outcome) (fresh []string, err error) {
	if out.Exhausted {
		x.over = true
		return nil, nil
	}
	r := &x.report
	isCounted := out.Committed >= 2 && out.Deltas >= 1 && out.Checked >= CheckedAnswers
	if isCounted {
		r.Executions++
	} else {
		r.Discarded++
	}
	x.traces[out.TraceHash] = true
	covered, err := tier.ReadCoverage(out.Coverage)
	if err != nil {
		return nil, err
	}
	for _, each := range covered.Cells() {
		x.counts[each]++
	}
	if _, err := x.search.learn(t, covered, out.Choices); err != nil {
		return nil, fmt.Errorf("the choices of an execution: %w", err)
	}
	x.grow()
	seen := map[string]bool{}
	for _, signature := range out.Signatures {
		kind := check.KindOf(signature)
		if !isFinding(signature) || seen[kind] {
			continue
		}
		seen[kind] = true
		if i, known := x.findings[kind]; known {
			r.Violations[i].Count++
			continue
		}
		if len(r.Violations) >= enough {
			x.over = true
			continue
		}
		x.findings[kind] = len(r.Violations)
		r.Verdict = record.Fail
		r.Violations = append(r.Violations, record.ExploredViolation{Signature: signature, Seed: t.job.Seed, Strategy: t.job.Strategy,
			Execution: r.Executions + r.Discarded, Count: 1})
		fresh = append(fresh, signature)
	}
	return fresh, nil
}

// growthSamples bounds the curve: each sample is at least so many percent later.
const growthStep = 1.05

// grow samples the curve of coverage; the lock is held.
func (x *exploration) grow() {
	r := &x.report
	n := r.Executions + r.Discarded
	if last := len(r.Growth); last > 0 && float64(n) < float64(r.Growth[last-1].Executions)*growthStep {
		return
	}
	r.Growth = append(r.Growth, record.GrowthSample{Executions: n, Seconds: time.Since(x.began).Seconds(),
		Cells: int64(len(x.counts)), Pairs: int64(x.search.seen.Pairs()), Traces: int64(len(x.traces))})
}

// sum brings the figures up to date; the lock is held.
func (x *exploration) sum() {
	r := &x.report
	r.Seconds = time.Since(x.began).Seconds()
	r.ExecutionsPerHour = float64(r.Executions) / r.Seconds * 3600
	r.DistinctTraces, r.AdjacentPairs = int64(len(x.traces)), int64(x.search.seen.Pairs())
	r.Strategies = nil
	for _, a := range x.search.arms {
		r.Strategies = append(r.Strategies, record.StrategyShare{Name: a.strategy, Executions: a.tries, NewCoverage: a.gains})
	}
	fillCoverage(&r.Coverage, universe(x.o.Scenarios), x.counts)
}

// cpuSeconds is what this process and its ended children have used.
func cpuSeconds() float64 {
	sum := 0.0
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if unix.Getrusage(who, &r) == nil {
			sum += float64(r.Utime.Sec+r.Stime.Sec) + float64(r.Utime.Usec+r.Stime.Usec)/1e6
		}
	}
	return sum
}
