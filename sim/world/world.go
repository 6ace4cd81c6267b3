package world

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	fakeom "reconsim/fake_om"
	"reconsim/fake_om/namespace"
	"reconsim/fake_om/server"
	"reconsim/faults/plan"
	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/staging"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/disk"
	"reconsim/sim/oracle"
)

// Options of [New].
type Options struct {
	// Scenario is resolved for the tier.
	Scenario *scenarios.Scenario
	Seed     uint64
	// Dir is the folder for Recon's data on FS, and for the OM's on OMFS.
	Dir string
	FS  env.FS
	// OMFS is the disk of the OM's machines; nil if it is FS.
	OMFS    env.FS
	Runtime env.Runtime
	// Quiet runs stores without background work.
	Quiet bool
	// Network lets OM, Recon and readers talk over loopback.
	Network bool
	// Mutations are planted mistakes.
	Mutations []point.Mutation
	// Trace adds to the run's trace, if there is one.
	Trace func(parts ...string)
	// Event takes what happens, in order; it must not block.
	Event func(record.Event)
	Log   *slog.Logger
	// Patience is how long a step of the timeline waits for its condition; 0
	// means a minute and a half.
	Patience time.Duration
	// Config are the tier's own defaults; what the scenario sets counts.
	Config map[string]string
	// Pace is how long the engine takes at a point before it goes on, as virtual
	// time does not pass by itself; nil for no time.
	Pace func(point.Point) time.Duration
	// SettledReads is how many answers are read after Recon has come to equal the
	// OM, so that "converge" is judged on more than one; 0 means 200.
	SettledReads int64
	// Reboot makes Recon's disk of what a crash left of the one before; nil where
	// Recon's machine cannot lose its power. FS is then a *disk.FS that records,
	// if the scenario [CutsPower].
	Reboot func(*disk.Image) *disk.FS
	// Sample bounds the keys that the oracle keeps one by one and the workload
	// changes; 0 means all. The rest it knows as sums (D9).
	Sample int64
	Hooks  Hooks
	// CheckLater judges answers in the background, as real time needs.
	CheckLater bool
}

// World is one run of one scenario.
type World struct {
	options  Options
	scenario *scenarios.Scenario
	// plain is the harness's Env, without faults, om that of the OM's machines;
	// Recon's is its life's.
	plain, om   *env.Env
	plan        *plan.Registry
	strikesDisk bool
	config      atomic.Pointer[config.Config]
	cluster     *fakeom.Cluster
	servers     *server.Server
	// leader is the node that leads, for those that must not ask the cluster.
	leader   atomic.Pointer[string]
	oracle   *oracle.Oracle
	checker  *check.Checker
	pool     *check.Pool
	meter    *meter
	http     *http.Client
	listener net.Listener
	rest     *http.Server
	recon    atomic.Pointer[Recon]
	// life is the run of Recon that goes on, or the last one; boot is held by
	// whoever starts one.
	life    atomic.Pointer[life]
	boot    *env.Mutex
	network *network
	client  closer
	stepped stepped
	// operated are the settings that an operator has changed.
	operated map[string]string
	// diskUntil ends what disk faults still hold up when the run is over.
	diskUntil context.Context
	stopDisk  context.CancelCauseFunc
	begun     time.Time
	// published counts generations shown to readers, restarts the times that
	// Recon was taken away on purpose.
	published, restarts atomic.Int64
	snapshots           atomic.Int64
	// shownIndex is the transaction up to which the last generation was when it
	// was shown, lastIndex the last one that was seen to be served.
	shownIndex, lastIndex atomic.Int64
	firstIndex            int64
	cancel                context.CancelCauseFunc
	changed               *env.Cond
	mu                    struct {
		sync.Mutex
		running     int
		failure     error
		transitions []transition
		generations []record.Generation
		violations  []record.Violation
		omitted     int64
		latest      staging.State
		// told counts the firings of each fault.
		told map[string]int
		// shown is the newest build that was published, seen the newest state that
		// is promised: an answer showed it, or its commit was acknowledged.
		shown uint64
		seen  promise
		// outages counts the times that the power went, outage is the one that lasts.
		// rebooting is set from then on until staging is heard of again.
		outages   int
		outage    *outage
		rebooting bool
	}
}

// transition is a step of staging as the story sees it.
type transition struct {
	state, phase string
}

// Failure is an error of the environment: the run says nothing about Recon.
type Failure struct{ Err error }

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.Err }

// New makes a world: the namespace, the oracle and the OM cluster with it.
func New(o Options) (*World, error) {
	if o.SettledReads == 0 {
		o.SettledReads = defaultSettledReads
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	w := &World{options: o, scenario: o.Scenario, meter: newMeter(), http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	w.plain = env.New(env.Options{FS: o.FS, Runtime: o.Runtime, Quiet: o.Quiet})
	w.om = w.plain
	if o.OMFS != nil {
		w.om = env.New(env.Options{FS: o.OMFS, Runtime: o.Runtime, Quiet: o.Quiet})
	}
	w.changed = w.plain.NewCond()
	w.boot = w.plain.NewMutex().Named("boot")
	w.network = newNetwork(w)
	w.mu.told = map[string]int{}
	w.plan = plan.NewRegistry(plan.Runtime{Sleep: w.plain.Sleep, Seed: o.Seed, Observe: w.fired, Hang: w.hang, Kill: w.killer()})
	if err := w.loadPlan(); err != nil {
		return nil, err
	}
	w.diskUntil, w.stopDisk = context.WithCancelCause(context.Background())
	w.strikesDisk = strikesDisk(o.Scenario)
	settings, err := config.Load(w.layers()...)
	if err != nil {
		return nil, err
	}
	w.config.Store(settings)
	return w, w.makeOM()
}

// layers are the settings of Recon, the weakest first.
func (w *World) layers() []config.Layer {
	return []config.Layer{{Source: "tier", Values: w.options.Config}, {Source: "scenario", Values: w.scenario.Config}, {Source: "operator", Values: w.operated}}
}

func (w *World) makeOM() error {
	s := w.scenario.World
	base := namespace.New(namespace.Config{Seed: uint64(s.Seed), Keys: s.Keys.All,
		FSOShare: int(s.Layouts["FILE_SYSTEM_OPTIMIZED"]), OBSShare: int(s.Layouts["OBJECT_STORE"]), LegacyShare: int(s.Layouts["LEGACY"])})
	var err error
	sample := base.Sample(s.Keys.All)
	if w.options.Sample > 0 {
		sample = base.Sample(w.options.Sample)
	}
	if w.oracle, err = oracle.NewSampled(base, sample, w.options.Hooks.Foretold); err != nil {
		return fmt.Errorf("make the oracle: %w", err)
	}
	w.firstIndex = w.oracle.Last()
	w.cluster, err = fakeom.Open(w.om, fakeom.Options{
		Dir: w.om.FS().PathJoin(w.options.Dir, "om"), Base: base, Seed: w.options.Seed, Nodes: int(s.OMs), Schema: fakeom.Schema(s.Schema),
		Source: func() (fakeom.Source, error) { return namespace.NewSampledWorkload(base, sample, w.options.Seed), nil },
		Enter:  w.entered, Observe: w.applied, Parallel: 2, Progress: w.options.Hooks.Wrote,
	})
	if err != nil {
		return &Failure{fmt.Errorf("make the fake OM: %w", err)}
	}
	w.checker = check.New(w.oracle, check.Options{IndexAt: w.cluster.IndexAt, MaxLag: maxLag})
	leader, _ := w.cluster.Leader()
	w.leader.Store(&leader)
	if w.options.CheckLater {
		w.pool = check.NewPool(w.checker, 2, 1024, w.violated)
	}
	return nil
}

const defaultSettledReads = 200

// maxLag is how far an answer may be behind the OM while Recon follows it. It
// covers a sync interval, a fetch that had to wait for a switch, and a machine
// with other things to do.
const maxLag = 15 * time.Second

// entered hears of every transaction before any OM serves it.
func (w *World) entered(t *namespace.Transaction) {
	if t.Index <= w.oracle.Last() {
		return // Replayed when the cluster was opened again.
	}
	if err := w.oracle.Apply(t); err != nil {
		w.fail(fmt.Errorf("oracle: %w", err))
	}
}

// applied hears of every batch of every OM node. What the leader has written
// is what the OM has acknowledged.
func (w *World) applied(a fakeom.Applied) {
	if leader := w.leader.Load(); leader != nil && *leader == a.Node {
		w.checker.Acknowledged(check.Acknowledgement{Node: a.Node, Seq: a.EndSequence, Index: a.Index, At: w.plain.Now()})
	}
}

// hang waits until ctx ends; the scheduler of a simulation knows of it.
func (w *World) hang(ctx context.Context) error {
	return w.plain.NewCond().WaitUntil(ctx, func() bool { return false })
}

// start runs a part of the harness; stopping waits for all of them.
func (w *World) start(name string, fn func()) {
	w.mu.Lock()
	w.mu.running++
	w.mu.Unlock()
	w.plain.Go(name, func() {
		defer func() {
			w.mu.Lock()
			w.mu.running--
			w.mu.Unlock()
			w.changed.Broadcast()
		}()
		fn()
	})
}

// fail notes the first failure of the harness itself and ends the run.
func (w *World) fail(err error) {
	w.mu.Lock()
	if w.mu.failure == nil {
		w.mu.failure = &Failure{err}
	}
	w.mu.Unlock()
	if w.cancel != nil {
		w.cancel(err)
	}
	w.changed.Broadcast()
}

func (w *World) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mu.failure
}

func (w *World) millis(at time.Time) float64 { return float64(at.Sub(w.begun).Microseconds()) / 1000 }

func (w *World) event(e record.Event) {
	if w.options.Event != nil {
		if e.AtMillis == 0 {
			e.AtMillis = w.millis(w.plain.Now())
		}
		w.options.Event(e)
	}
}

// Run tells the story to its end. The error is the environment's; what was
// found wrong with Recon is in Fill.
func (w *World) Run(ctx context.Context) error {
	ctx, w.cancel = context.WithCancelCause(ctx)
	defer w.cancel(context.Canceled)
	w.begun = w.plain.Now()
	leader, _ := w.cluster.Leader()
	w.event(record.Event{Kind: record.KindOM, Action: record.OMLeader, Node: leader, Message: leader + " leads"})
	err := w.open(ctx)
	if err == nil {
		err = w.live(ctx)
	}
	return errors.Join(err, w.close(), w.failure())
}

// live runs readers and story side by side until the story has settled.
func (w *World) live(run context.Context) error {
	ctx, stop := context.WithCancelCause(run)
	defer stop(context.Canceled)
	w.cluster.StartTraffic(float64(w.scenario.World.DeltasPerSecond.All))
	w.start("traffic", func() {
		if err := w.cluster.Pump(ctx, 2*pollEvery); ctx.Err() == nil {
			w.fail(fmt.Errorf("OM traffic: %w", err))
		}
	})
	w.start("watch", func() { w.watch(ctx) })
	if CutsPower(w.scenario) {
		w.start("power", func() { w.keepUp(ctx, run) })
	}
	w.startReaders(ctx)
	err := w.tell(ctx)
	var stuck *StuckError
	if err == nil || errors.As(err, &stuck) {
		// Also a story that got stuck ends with a world at rest, in which
		// Recon must come to equal the OM.
		err = errors.Join(err, w.settle(ctx))
	}
	stop(context.Canceled)
	return errors.Join(err, w.changed.WaitUntil(context.Background(), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.mu.running == 0
	}))
}

// watch polls what nobody tells: whether Recon is frozen, or has nothing to follow
// the OM with yet; what it shows first may be as old as its snapshot. It also
// passes the counts of reads on to the event log.
func (w *World) watch(ctx context.Context) {
	frozen := false
	for w.plain.Sleep(ctx, pollEvery) == nil {
		now := w.plain.Now()
		recon := w.recon.Load()
		isFrozen := recon == nil || w.published.Load() == 0 || recon.Controller.Frozen() != "" || recon.Controller.LastError() != ""
		if isFrozen != frozen {
			if frozen = isFrozen; frozen {
				w.checker.Freeze(now)
			} else {
				w.checker.Thaw(now)
			}
		}
		for _, e := range w.meter.takeSamples(w.millis(now), false) {
			w.event(e)
		}
	}
}

// generationShown hears of a generation right before readers can see it.
func (w *World) generationShown(m generation.Meta) {
	now := w.plain.Now()
	w.mu.Lock()
	again := m.Build <= w.mu.shown
	w.mu.shown = max(w.mu.shown, m.Build)
	w.mu.Unlock()
	if again {
		// Recon came up again and shows what it had shown before.
		w.event(record.Event{Kind: record.KindPublish, Generation: m.Build, Seq: m.AppliedSeq, Message: "readers see generation " + m.Label().ID() + ShownAgain})
		return
	}
	p := publishedOf(m, now)
	w.checker.Published(p)
	w.published.Add(1)
	w.shownIndex.Store(m.Applied.Index)
	w.event(record.Event{Kind: record.KindPublish, Generation: m.Build, Seq: m.AppliedSeq, Message: "readers see generation " + m.Label().ID()})
	w.noteShown(m, w.millis(now))
}

func publishedOf(m generation.Meta, at time.Time) check.Published {
	return check.Published{Build: m.Build, BaseSeq: m.BaseSeq, AppliedSeq: m.AppliedSeq, At: at,
		Lineage: check.Lineage{Service: m.Lineage.Service, Node: m.Lineage.Node, Term: m.Lineage.Snapshot.Term, Index: m.Lineage.Snapshot.Index}}
}
