package tier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"reconsim/recon/config"
	"reconsim/reports/record"
	"reconsim/sim/check"
	"reconsim/sim/disk"
	"reconsim/sim/sched"
	"reconsim/sim/world"
)

// Sim is the tier on virtual time: one process, one actor at a time, disks in
// memory.
const Sim = "sim"

// Simulation is what a run in the sim tier came to.
type Simulation struct {
	Run    record.Run
	Events []record.Event
	Trace  *Trace
	// Deltas are the transactions that Recon applied after its last switch.
	Deltas int64
	// Choices is whom the scheduler chose.
	Choices sched.Choices
}

// progressEvery is how many steps lie between two calls of Options.Progress.
const progressEvery = 4096

// simConfig keeps what is applied at once below 32 KiB: Pebble writes a larger
// batch to its log in pieces whose sizes depend on time, and flushes it when it
// sees fit.
func simConfig() map[string]string { return map[string]string{config.DeltaUpdateLimit: "32"} }

// settledReads is few: an execution is one of many.
const settledReads = 36

// maxIdleSteps is how many steps may lie between two movements of the clock; a
// rebuild of the largest scenarios takes some ten thousand.
const maxIdleSteps = 1_000_000

// Simulate runs one scenario on the scheduler and on simulated disks. It touches
// no file, no socket and no clock, and its result depends on the options alone.
// Random numbers that libraries draw from crypto/rand are the process's own, so
// one simulation runs at a time in a process.
func Simulate(o Options) *Simulation {
	defer seedProcess(o.Seed)()
	s := &Simulation{Run: newRun(o), Trace: newTrace(o.KeepTrace)}
	s.Run.Tier, s.Run.Clock = Sim, record.ClockVirtual
	var w *world.World
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	steps := 0
	var scheduler *sched.Scheduler
	var began time.Time
	scheduler = sched.New(sched.Options{Seed: o.Seed, Strategy: o.Strategy, MaxIdleSteps: maxIdleSteps, AfterStep: func() error {
		if w != nil {
			w.CheckStep()
		}
		return nil
	}, Observe: func(actor, point string) {
		s.Trace.step(actor, point)
		if o.Within > 0 && scheduler.Now().Sub(began) > o.Within {
			stop()
		}
		if steps++; o.Progress != nil && w != nil && steps%progressEvery == 0 {
			o.Progress(w.Progress())
		}
	}})
	defer scheduler.Close()
	began = scheduler.Now()
	s.Trace.clock(scheduler.Now)
	about := func(name string) disk.Options {
		return disk.Options{Now: scheduler.Now, Observe: func(op disk.Op) { s.Trace.operation(name, scheduler.Actor(), op) }}
	}
	forRecon := about("recon")
	forRecon.Record = world.CutsPower(o.Scenario)
	log := io.Discard
	if o.Log != nil {
		log = o.Log
	}
	var told error
	recon := disk.New(forRecon)
	if err := plant(o.Plant, scheduler, recon); err != nil {
		told = err
	}
	scheduler.Go("world", func() {
		// What ends this actor from below must not look like a good end.
		told = errors.New("the world's actor was ended from below")
		made, err := world.New(world.Options{
			Scenario: o.Scenario, Seed: o.Seed, Dir: "/", FS: recon, OMFS: disk.New(about("om")), Runtime: scheduler, Quiet: true,
			Mutations: o.Mutations, Patience: o.Patience, Config: simConfig(), Pace: newPace(o.Seed).at, SettledReads: settledReads, Hooks: o.Hooks,
			Reboot: func(left *disk.Image) *disk.FS { return left.FS(forRecon) },
			Trace:  func(parts ...string) { s.Trace.answer(scheduler.Actor(), parts...) },
			Log:    slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: virtualTime})),
			Event: func(e record.Event) {
				s.Trace.event(scheduler.Actor(), e)
				s.Events = append(s.Events, e)
				if e.Kind == record.KindViolation && (o.Until == AnyViolation || o.Until == check.KindOf(e.Signature)) {
					stop()
				}
			},
		})
		if err != nil {
			told = err
			return
		}
		w = made
		told = w.Run(ctx)
	})
	err := scheduler.Run()
	s.judge(w, err, told)
	s.Run.TraceHash, s.Run.Strategy, s.Choices = s.Trace.Hash(), scheduler.Strategy().String(), scheduler.Choices()
	return s
}

// judge writes what the run came to into its record. A deadlock, a livelock or a
// panic is a finding about the engine; an error of the world is the
// environment's.
func (s *Simulation) judge(w *world.World, ended, told error) {
	var stuck *world.StuckError
	switch {
	case w == nil:
		s.Run.Verdict = record.Fail
		s.Run.Error = &record.Failure{Kind: record.KindEnvironment, Message: errors.Join(ended, told).Error()}
		return
	case ended != nil:
		w.Fill(&s.Run)
		s.unmet("the run comes to its end", ended)
	case errors.As(told, &stuck):
		w.Fill(&s.Run)
		s.unmet("the timeline is told to its end", told)
	case told != nil:
		s.Run.Error = &record.Failure{Kind: record.KindEnvironment, Message: told.Error()}
		w.Fill(&s.Run)
	default:
		w.Fill(&s.Run)
	}
	s.Deltas = w.DeltasSinceSwitch()
}

func (s *Simulation) unmet(text string, err error) {
	s.Run.Expectations = append(s.Run.Expectations, record.Expectation{Text: text, Got: err.Error()})
	s.Run.Verdict = record.Fail
}

// virtualTime leaves the wall clock out of log lines.
func virtualTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// Signatures are what the run broke, in order, each once.
func (s *Simulation) Signatures() []string {
	var all []string
	seen := map[string]bool{}
	add := func(text string) {
		if !seen[text] {
			seen[text] = true
			all = append(all, text)
		}
	}
	for _, v := range s.Run.Violations {
		add(v.Signature)
	}
	for _, f := range s.Run.Faults {
		if f.Vacuous() {
			add("vacuous|" + f.ID)
		}
	}
	for _, e := range s.Run.Expectations {
		if !e.OK {
			add("expectation|" + e.Text)
		}
	}
	for _, p := range s.Run.Properties {
		if p.Checked == 0 {
			add("unchecked|" + p.Name)
		}
	}
	for _, t := range s.Run.Thresholds {
		if !t.OK {
			add("threshold|" + t.Expr)
		}
	}
	if s.Run.Error != nil {
		add(fmt.Sprintf("error|%s", s.Run.Error.Kind))
	}
	return all
}
