package matrix

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"reconsim/fake_om/namespace"
	"reconsim/faults/point"
	"reconsim/recon/generation"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/disk"
	"reconsim/sim/oracle"
	"reconsim/sim/sched"
	"reconsim/sim/world"
)

// RecordOptions say what is run.
type RecordOptions struct {
	// Scenario is resolved for the tier.
	Scenario  *scenarios.Scenario
	Seed      uint64
	Mutations []point.Mutation
	// Strategy orders the actors; nil is random.
	Strategy sched.Strategy
}

// Recording is one run with the log of Recon's disk.
type Recording struct {
	options RecordOptions
	// Log is that of Recon's machine alone.
	Log *disk.Log
	// First and Last bound the window.
	First, Last int
	// Old and New are the generations before and after the rebuild; Old is 0 if
	// there was none.
	Old, New uint64
	// Run is the verdict of the run's own checks.
	Run record.Run

	promises promises
	// notes are who did each operation, when and in which phase.
	notes []note
	// indices are the transactions that the labels shown in the run stand for.
	indices map[State]int64
	service string
	ended   time.Time
	oracle  *oracle.Oracle
}

// Roots of the simulated disk, as world lays them out in a world at "/".
const (
	worldDir       = "/"
	reconDir       = "/recon"
	generationsDir = "/recon/generations"
	statusFile     = "/recon/staging.json"
)

// clerk takes down what happens at which operation.
type clerk struct {
	disk *disk.FS
	// began and ended are the operations at which rebuilds entered a state.
	began     []rebuild
	published []State
	promises  promises
	indices   map[State]int64
	service   string
	notes     []note
	phase     staging.State
	actor     func() string
	now       func() time.Time
	start     time.Time
}

// note is what the log does not say of an operation.
type note struct {
	actor    string
	atMillis float64
	phase    string
}

// operation hears of every operation, under the disk's lock.
func (c *clerk) operation(disk.Op) {
	c.notes = append(c.notes, note{c.actor(), float64(c.now().Sub(c.start).Microseconds()) / 1000, c.phase.String()})
}

// rebuild is one that was begun, by the number of operations at its steps.
type rebuild struct {
	build              uint64
	began, ended       int
	published, success bool
}

// Record runs a scenario once. It takes over crypto/rand while it runs.
func Record(o RecordOptions) (*Recording, error) {
	defer seedProcess(o.Seed)()
	scheduler := sched.New(sched.Options{Seed: o.Seed, Strategy: o.Strategy})
	defer scheduler.Close()
	c := &clerk{indices: map[State]int64{}, phase: staging.None, actor: scheduler.Actor, now: scheduler.Now, start: scheduler.Now()}
	machine := disk.New(disk.Options{Record: true, Now: scheduler.Now, Observe: c.operation})
	c.disk = machine
	r := &Recording{options: o, indices: c.indices}
	told := errors.New("the world's actor was ended from below")
	scheduler.Go("world", func() {
		var w *world.World
		w, told = world.New(world.Options{
			Scenario: o.Scenario, Seed: o.Seed, Dir: worldDir, FS: machine, OMFS: disk.NewMem(nil), Runtime: scheduler, Quiet: true,
			Mutations: o.Mutations, Log: slog.New(slog.DiscardHandler), Event: c.event,
			Hooks: world.Hooks{Staged: c.staged, Views: func(v swap.Views) swap.Views { return watchedViews{v, c} }},
		})
		if told == nil {
			told = w.Run(context.Background())
			w.Fill(&r.Run)
		}
	})
	if err := errors.Join(scheduler.Run(), told); err != nil {
		return nil, fmt.Errorf("record the run: %w", err)
	}
	r.Log, r.notes, r.promises, r.service, r.ended = machine.Log(), c.notes, c.promises, c.service, scheduler.Now()
	if err := r.findWindow(c); err != nil {
		return nil, err
	}
	return r, r.makeOracle()
}

// event hears of what the world tells, among it a generation right before
// readers can see it.
func (c *clerk) event(e record.Event) {
	if e.Kind != record.KindPublish {
		return
	}
	s := State{Build: e.Generation, AppliedSeq: e.Seq}
	c.published = append(c.published, s)
	c.promises.add(c.disk.Operations(), s, "it was published")
	if n := len(c.began); n > 0 && c.began[n-1].build == s.Build {
		c.began[n-1].published = true
	}
}

// staged hears of every transition, after its status was written.
func (c *clerk) staged(s staging.Status, _ *world.Recon) {
	c.phase = s.State
	if s.State == staging.Initializing {
		c.began = append(c.began, rebuild{build: s.ID, began: c.disk.Operations()})
		return
	}
	if n := len(c.began); n > 0 && c.began[n-1].build == s.ID {
		c.began[n-1].ended = c.disk.Operations()
		c.began[n-1].success = c.began[n-1].success || s.State == staging.Committed
	}
}

// watchedViews notes every state that a reader is given.
type watchedViews struct {
	swap.Views
	clerk *clerk
}

// Acquire pins a view and notes its label: from now on a reader may know it.
func (v watchedViews) Acquire(ctx context.Context, endpoint string, need generation.Need) (swap.View, func(), error) {
	view, release, err := v.Views.Acquire(ctx, endpoint, need)
	if err == nil {
		l := view.Label()
		v.clerk.indices[stateOf(l)] = l.Applied.Index
		v.clerk.service = l.Lineage.Service
		v.clerk.promises.add(v.clerk.disk.Operations(), stateOf(l), "a reader was shown it")
	}
	return view, release, err
}

// ErrNoRebuild means that a run has nothing to crash.
var ErrNoRebuild = errors.New("no rebuild was committed in this run, so there is nothing to crash: choose a scenario with one")

// findWindow chooses the last rebuild that was committed, with the attempts
// before it that came to nothing, and finds its operations in the log.
func (r *Recording) findWindow(c *clerk) error {
	for _, b := range c.began {
		if b.published && b.success {
			r.New, r.Last = b.build, b.ended
		}
	}
	if r.New == 0 {
		return ErrNoRebuild
	}
	for _, s := range c.published {
		if s.Build < r.New {
			r.Old = s.Build
		}
	}
	for _, b := range slices.Backward(c.began) {
		if b.build > r.Old && b.build <= r.New {
			r.First = b.began
		}
	}
	// The rebuild's first operation is the first of those that write its status.
	for r.First > 1 && !(r.Log.Op(r.First).Kind == disk.Create && strings.HasPrefix(r.Log.Op(r.First).Path, statusFile)) {
		r.First--
	}
	if r.Old > 0 {
		r.Last = max(r.Last, r.lastOf(generation.Name(r.Old)))
	}
	return nil
}

// lastOf is the last operation that put a generation away: the sync of a folder
// that it was in, or of the folder of generations, after the last change of its
// files.
func (r *Recording) lastOf(name string) int {
	last := 0
	for n := r.First; n <= r.Log.Len(); n++ {
		if op := r.Log.Op(n); below(op.Path, name) || below(op.To, name) {
			last = n
		}
	}
	for n := last + 1; last > 0 && n <= r.Log.Len(); n++ {
		op := r.Log.Op(n)
		if op.Kind != disk.SyncDir || !strings.HasPrefix(path.Clean("/"+op.Path), generationsDir) {
			break
		}
		last = n
	}
	return last
}

// below reports whether a path leads through a name.
func below(p, name string) bool { return strings.Contains(p+"/", "/"+name+"/") }

// ahead is how far the oracle is taken beyond what the run showed, so that an
// answer that is too new can be told from one that is wrong.
const ahead = 32

// makeOracle makes the oracle from the facts that the run was made of.
func (r *Recording) makeOracle() error {
	s := r.options.Scenario.World
	base := namespace.New(namespace.Config{Seed: uint64(s.Seed), Keys: s.Keys.All,
		FSOShare: int(s.Layouts["FILE_SYSTEM_OPTIMIZED"]), OBSShare: int(s.Layouts["OBJECT_STORE"]), LegacyShare: int(s.Layouts["LEGACY"])})
	var err error
	if r.oracle, err = oracle.New(base); err != nil {
		return fmt.Errorf("make the oracle: %w", err)
	}
	last := int64(0)
	for _, index := range r.indices {
		last = max(last, index)
	}
	workload := namespace.NewWorkload(base, r.options.Seed)
	for r.oracle.Last() < last+ahead {
		if err := r.oracle.Apply(workload.Next()); err != nil {
			return fmt.Errorf("oracle: %w", err)
		}
	}
	return nil
}

// requests are drawn over all endpoints about the state at an index, the same
// each time.
func (r *Recording) requests(index int64, n int) ([]string, error) {
	drawn, err := r.oracle.Requests(index, rand.New(rand.NewPCG(r.options.Seed, uint64(index))), n)
	if err != nil {
		return nil, fmt.Errorf("draw requests: %w", err)
	}
	return drawn, nil
}
