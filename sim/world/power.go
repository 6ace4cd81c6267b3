package world

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"reconsim/faults/plan"
	"reconsim/recon/staging"
	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/disk"
)

// PowerFault is the name under which events tell that the power went, and
// ShownAgain ends those of a generation that is shown as before the crash.
const (
	PowerFault = "power"
	ShownAgain = " again"
)

// defaultOutage is how long Recon's machine is without power if nobody says.
const defaultOutage = 50 * time.Millisecond

// outage is a time without power.
type outage struct {
	life  *life
	image *disk.Image
	lasts time.Duration
	// lost names some of what the disk lost.
	lost string
}

// promise is a state that must survive a crash, because a reader saw it or its
// commit was acknowledged. The zero promise is none.
type promise struct{ build, appliedSeq uint64 }

func (p promise) newer(than promise) bool {
	return p.build > than.build || p.build == than.build && p.appliedSeq > than.appliedSeq
}

func (p promise) String() string {
	return fmt.Sprintf("generation %d applied %d", p.build, p.appliedSeq)
}

// promised notes a state that must not be lost any more.
func (w *World) promised(p promise) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.newer(w.mu.seen) {
		w.mu.seen = p
	}
}

// CutsPower reports whether a scenario lets Recon's machine lose its power.
func CutsPower(s *scenarios.Scenario) bool {
	kills := func(a plan.Action) bool { _, is := a.(plan.Kill); return is }
	return slices.ContainsFunc(s.Timeline, func(step scenarios.Step) bool { return step.Do == scenarios.KillRecon }) ||
		slices.ContainsFunc(s.Faults, func(f scenarios.Fault) bool {
			rule, err := plan.ParseRule(f.Rule)
			return err == nil && slices.ContainsFunc(rule.Do, kills)
		})
}

// killer is what the plan's kill does; nil where nothing can be killed.
func (w *World) killer() func(plan.Firing, string) {
	if w.options.Reboot == nil {
		return nil
	}
	return func(f plan.Firing, policy string) {
		// Who passes a point is up, unless it is unwinding already.
		if err := w.cutPower(policy, defaultOutage); err != nil && !errors.Is(err, errPowerLost) {
			w.fail(fmt.Errorf("fault %s: %w", f.Rule, err))
		}
	}
}

// cutPower takes the power from Recon's machine in the middle of whatever it
// does. The policy says what its disk keeps; empty draws it from the seed. The
// error is [errPowerLost] if there is no power anyway.
func (w *World) cutPower(policy string, lasts time.Duration) error {
	policies := disk.AllPolicies()
	if policy != "" {
		one, err := disk.ParsePolicy(policy)
		if err != nil {
			return err
		}
		policies = []disk.Policy{one}
	}
	if w.options.Reboot == nil {
		return errors.New("the machine of Recon cannot lose its power here")
	}
	l := w.life.Load()
	if l == nil || l.over.Load() {
		return errPowerLost
	}
	fs, records := l.fs.(*disk.FS)
	if !records || fs.Log() == nil {
		return errors.New("no crash can be made: the disk of Recon keeps no log")
	}
	w.servedIndex() // What it came to is asked for after the end, too.
	log := fs.Log()
	w.mu.Lock()
	w.mu.outages++
	number := w.mu.outages
	w.mu.Unlock()
	crash, any := log.Draw(log.Len(), policies, w.plain.Rand(fmt.Sprintf("outage-%d", number)).Uint64())
	if !any {
		// The policy has no member here, such as torn without a write: then
		// nothing survives that was not synced.
		if crash, any = log.Draw(log.Len(), []disk.Policy{disk.Synced}, 0); !any {
			return errors.New("the disk has no image after a crash")
		}
	}
	l.over.Store(true)
	fs.Unplug()
	w.restarts.Add(1)
	w.recon.Store(nil)
	w.mu.Lock()
	w.mu.outage, w.mu.rebooting = &outage{life: l, image: crash.Image, lasts: lasts, lost: lostIn(log, crash)}, true
	for i := range w.mu.generations {
		if g := &w.mu.generations[i]; g.Outcome == record.Unfinished {
			g.Outcome, g.Cause = record.Discarded, "the power was cut"
		}
	}
	w.mu.Unlock()
	w.event(record.Event{Kind: record.KindFault, Fault: PowerFault, Message: fmt.Sprintf("Recon's machine loses power %s; %d of the disk's operations are lost, %d torn",
		crash, len(crash.Lost), len(crash.Cut))})
	l.end(errPowerLost)
	w.changed.Broadcast()
	return nil
}

// maxLostTold is how many lost operations are named.
const maxLostTold = 3

// lostIn names what a crash lost: changes of names before the rest, since they
// decide what is found at all.
func lostIn(log *disk.Log, crash disk.Crash) string {
	if len(crash.Lost) == 0 {
		return "the disk lost nothing"
	}
	var names, rest []string
	for _, n := range crash.Lost {
		op := log.Op(n)
		told := fmt.Sprintf("operation %d, %s", n, op)
		if op.Kind == disk.Rename || op.Kind == disk.Create || op.Kind == disk.Mkdir {
			names = append(names, told)
		} else {
			rest = append(rest, told)
		}
	}
	all := slices.Concat(names, rest)
	return fmt.Sprintf("the disk lost %d operations, as never synced: %s", len(all), strings.Join(all[:min(len(all), maxLostTold)], "; "))
}

// keepUp starts Recon's machine again after each loss of power, until ctx ends.
// What it starts lives as long as run.
func (w *World) keepUp(ctx, run context.Context) {
	for {
		err := w.changed.WaitUntil(ctx, func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.mu.outage != nil
		})
		w.mu.Lock()
		o := w.mu.outage
		w.mu.outage = nil
		w.mu.Unlock()
		if o != nil && o.life.recon != nil {
			w.unwind(o.life.recon)
		}
		if err != nil || w.plain.Sleep(ctx, o.lasts) != nil {
			return
		}
		w.boot.Lock()
		w.reboot(run, o)
		w.boot.Unlock()
	}
}

// unwind lets the actors of an engine without power come to their ends. What
// Stop says of its disk is of no interest: that disk is gone.
func (w *World) unwind(recon *Recon) { _ = recon.Stop() }

// reboot starts Recon on what its disk kept, and judges what it finds there.
func (w *World) reboot(run context.Context, o *outage) {
	l, err := w.startRecon(run, w.options.Reboot(o.image))
	if l != nil && l.over.Load() {
		return // The power went again meanwhile.
	}
	if err != nil {
		w.judged(check.CrashAtomic, fmt.Sprintf("Recon does not start after a crash: %v", err))
		return
	}
	w.mu.Lock()
	silent := w.mu.rebooting
	w.mu.Unlock()
	if silent {
		w.stagingChanged(l.recon.Controller.StagingStatus())
	}
	w.event(record.Event{Kind: record.KindLog, Level: "INFO", Message: "Recon's machine is up again"})
	w.judgeRecovery(l.recon, o)
}

// judgeRecovery checks that Recon has everything that must survive.
func (w *World) judgeRecovery(recon *Recon, o *outage) {
	w.mu.Lock()
	must := w.mu.seen
	w.mu.Unlock()
	m, serving := recon.Protocol.Serving()
	now := promise{m.Build, m.AppliedSeq}
	recovery := recon.Controller.Recovery()
	torn, lost := "", ""
	switch {
	case recovery.Broken != "":
		torn = fmt.Sprintf("the committed generation cannot be opened: %s; %s", recovery.Broken, o.lost)
	case !serving && must != promise{}:
		lost = fmt.Sprintf("nothing is served after a crash, %s was promised; %s", must, o.lost)
	case serving && must.newer(now):
		lost = fmt.Sprintf("%s is served after a crash, %s was promised; %s", now, must, o.lost)
	}
	w.judged(check.CrashAtomic, torn)
	w.judged(check.DurableCommit, lost)
}

// judged counts a property of Recon itself that was looked at; wrong is empty
// if it held.
func (w *World) judged(p check.Property, wrong string) {
	if wrong == "" {
		w.checker.Tally(p, 1)
		return
	}
	now := w.plain.Now()
	v := check.Violation{Property: p, Signature: string(p) + "|recon", Index: -1, SentAt: now, DoneAt: now, Detail: wrong}
	w.checker.Tally(p, 1, v)
	w.violated(v)
}

// restarted tells whether staging comes up now after a crash, once for each, and
// then what it had been in.
func (w *World) restarted(s staging.State) (from staging.State, again bool) {
	from, again = w.mu.latest, w.mu.rebooting
	w.mu.latest, w.mu.rebooting = s, false
	return from, again
}
