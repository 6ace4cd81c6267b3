package world

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	fakeom "reconsim/fake_om"
	"reconsim/recon/config"
	"reconsim/reports/record"
	"reconsim/scenarios"
)

// defaultPatience is how long a step waits for its condition before the story
// is given up: what it waits for will not come.
const defaultPatience = 90 * time.Second

// tell takes the steps of the timeline, each when it is due.
func (w *World) tell(ctx context.Context) error {
	begun := w.plain.Now()
	mark := 0
	for i, step := range w.scenario.Timeline {
		if wait := step.At.D() - w.plain.Now().Sub(begun); wait > 0 {
			if err := w.plain.Sleep(ctx, wait); err != nil {
				return w.failureOr(err)
			}
		}
		if err := w.await(ctx, step.When, mark); err != nil {
			return fmt.Errorf("timeline step %d (%s): %w", i+1, describe(step), err)
		}
		if err := w.plain.Sleep(ctx, step.After.D()); err != nil {
			return w.failureOr(err)
		}
		w.event(record.Event{Kind: record.KindLog, Level: "INFO", Message: describe(step)})
		if err := w.take(ctx, step); err != nil {
			return &Failure{fmt.Errorf("timeline step %d (%s): %w", i+1, describe(step), err)}
		}
		mark = w.transitionCount()
	}
	return nil
}

func (w *World) failureOr(err error) error {
	if f := w.failure(); f != nil {
		return f
	}
	return err
}

func describe(step scenarios.Step) string {
	if step.Name != "" {
		return step.Name
	}
	return step.Do
}

// StuckError says that what the story waited for did not come.
type StuckError struct{ Waiting string }

func (e *StuckError) Error() string { return "waited in vain for " + e.Waiting }

// await waits until a condition holds. mark is how many transitions of staging
// there had been when the step before was done.
func (w *World) await(ctx context.Context, c scenarios.Condition, mark int) error {
	deadline := w.plain.Now().Add(w.options.Patience)
	for {
		missing := w.missing(c, mark)
		if missing == "" {
			return nil
		}
		if w.plain.Now().After(deadline) {
			return &StuckError{Waiting: missing}
		}
		if err := w.plain.Sleep(ctx, pollEvery/2); err != nil {
			return w.failureOr(err)
		}
	}
}

// missing names the first part of a condition that does not hold yet.
func (w *World) missing(c scenarios.Condition, mark int) string {
	switch {
	case c.State != "" && !w.passed(mark, func(t transition) bool { return t.state == c.State }):
		return "state " + c.State
	case c.Phase != "" && !w.passed(mark, func(t transition) bool { return t.phase == c.Phase }) && w.phase() != c.Phase:
		return "phase " + c.Phase
	case c.Generation > w.published.Load():
		return fmt.Sprintf("generation %d; %d were published", c.Generation, w.published.Load())
	case c.Fault != "" && w.plan.FiredCount(c.Fault) < c.Fired:
		return fmt.Sprintf("fault %s to fire %d times; it did %d times", c.Fault, c.Fired, w.plan.FiredCount(c.Fault))
	case c.Reads.All > w.meter.reads("", ""):
		return fmt.Sprintf("%d reads; there were %d", c.Reads.All, w.meter.reads("", ""))
	case c.Deltas.All > w.Deltas():
		return fmt.Sprintf("%d deltas; there were %d", c.Deltas.All, w.Deltas())
	case c.Leader != "" && w.followed() != c.Leader:
		return fmt.Sprintf("Recon to follow %s; it follows %q", c.Leader, w.followed())
	}
	return ""
}

func (w *World) passed(mark int, is func(transition) bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.mu.transitions
	if len(all) > 0 && is(all[len(all)-1]) {
		return true
	}
	for _, t := range all[min(mark, len(all)):] {
		if is(t) {
			return true
		}
	}
	return false
}

func (w *World) transitionCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.mu.transitions)
}

func (w *World) phase() string {
	if recon := w.recon.Load(); recon != nil {
		return recon.Controller.StagingStatus().Phase
	}
	return ""
}

// Deltas counts the transactions that Recon has applied after its first
// snapshot.
func (w *World) Deltas() int64 { return max(0, w.servedIndex()-w.firstIndex) }

// DeltasSinceSwitch counts those applied after the last generation was shown.
func (w *World) DeltasSinceSwitch() int64 { return max(0, w.servedIndex()-w.shownIndex.Load()) }

// servedIndex is the transaction that Recon serves, or served when it was
// stopped.
func (w *World) servedIndex() int64 {
	if recon := w.recon.Load(); recon != nil {
		if m, ok := recon.Protocol.Serving(); ok {
			w.lastIndex.Store(m.Applied.Index)
		}
	}
	return w.lastIndex.Load()
}

// followed is the OM node whose sequences Recon serves.
func (w *World) followed() string {
	if recon := w.recon.Load(); recon != nil {
		if m, ok := recon.Protocol.Serving(); ok {
			return m.Lineage.Node
		}
	}
	return ""
}

// take does what a step says.
func (w *World) take(ctx context.Context, step scenarios.Step) error {
	leader, _ := w.cluster.Leader()
	node := step.Node
	if node == "" {
		node = leader
	}
	switch step.Do {
	case scenarios.Wait:
		return w.plain.Sleep(ctx, step.For.D())
	case scenarios.CompactLog:
		return w.compactLog(node)
	case scenarios.SwitchLeader:
		return w.switchLeader(step.To)
	case scenarios.Burst:
		_, err := w.cluster.Burst(int(step.Count.All))
		return err
	case scenarios.StartDeltas:
		w.cluster.StartTraffic(float64(step.Rate.All))
		return nil
	case scenarios.StopDeltas:
		w.cluster.StopTraffic()
		return nil
	case scenarios.PauseNode, scenarios.ResumeNode, scenarios.CutOffNode, scenarios.HealNode:
		return w.reach(step, node)
	case scenarios.ArmFault:
		return w.plan.Arm(step.Fault)
	case scenarios.DisarmFault:
		return w.plan.Disarm(step.Fault)
	case scenarios.DisturbNetwork:
		w.network.disturb(step)
		return nil
	case scenarios.RestartRecon:
		return w.restart(ctx)
	case scenarios.KillRecon:
		return w.kill(ctx, step)
	case scenarios.SetConfig:
		return w.setConfig(ctx, step.Config)
	default:
		return w.operate(ctx, step.Do)
	}
}

// operatorPatience is how long an operator tries again while Recon is busy.
const operatorPatience = 20 * time.Second

// operate is what an operator asks of Recon, again and again while it refuses
// because another rebuild is just ending.
func (w *World) operate(ctx context.Context, verb string) error {
	deadline := w.plain.Now().Add(operatorPatience)
	for {
		err := w.operateOnce(verb)
		if err == nil || w.plain.Now().After(deadline) {
			return err
		}
		if sleepErr := w.plain.Sleep(ctx, pollEvery/2); sleepErr != nil {
			return w.failureOr(sleepErr)
		}
	}
}

func (w *World) operateOnce(verb string) error {
	recon := w.recon.Load()
	if recon == nil {
		return fmt.Errorf("%s: Recon is down", verb)
	}
	c := recon.Controller
	switch verb {
	case scenarios.TriggerRebuild:
		if ok, why := c.Rebuild("asked for by the scenario"); !ok {
			return fmt.Errorf("a rebuild was refused: %s", why)
		}
	case scenarios.TriggerSnapshot:
		if ok, why := c.Download("asked for by the scenario"); !ok {
			return fmt.Errorf("a snapshot was refused: %s", why)
		}
	case scenarios.CancelStaging:
		return c.Cancel("the scenario")
	default:
		return fmt.Errorf("nobody knows how to %q", verb)
	}
	return nil
}

// compactLog drops the log up to a point that Recon has not reached, so that
// what it asks for next is really gone.
func (w *World) compactLog(node string) error {
	const tries = 100
	for range tries {
		if _, err := w.cluster.Burst(4); err != nil {
			return err
		}
		sequence, err := w.sequenceOf(node)
		if err != nil {
			return err
		}
		if err := w.cluster.CompactLog(node, sequence); err != nil {
			return err
		}
		if recon := w.recon.Load(); recon != nil {
			// Of another node's sequences Recon asks for nothing any more.
			if m, rows := recon.Protocol.Committed(); rows != nil && m.Lineage.Node == node && m.AppliedSeq >= sequence {
				continue // Recon was quicker; once more.
			}
		}
		w.event(record.Event{Kind: record.KindOM, Action: record.OMCompaction, Node: node, Seq: sequence,
			Message: fmt.Sprintf("%s dropped its log up to %d", node, sequence)})
		return nil
	}
	return fmt.Errorf("Recon kept up with the log of %s through %d compactions", node, tries)
}

func (w *World) sequenceOf(node string) (uint64, error) {
	for _, n := range w.cluster.Nodes() {
		if n.ID() == node {
			sequence, _ := n.Position()
			return sequence, nil
		}
	}
	return 0, fmt.Errorf("there is no OM node %q", node)
}

func (w *World) switchLeader(to string) error {
	node, term, err := w.cluster.SwitchLeader(to)
	if err != nil {
		return err
	}
	w.leader.Store(&node)
	w.event(record.Event{Kind: record.KindOM, Action: record.OMLeader, Node: node, Message: fmt.Sprintf("%s leads in term %d", node, term)})
	return nil
}

// reach changes whether an OM node can be reached.
func (w *World) reach(step scenarios.Step, node string) error {
	action := record.OMDown
	var err error
	switch step.Do {
	case scenarios.PauseNode:
		err = w.cluster.Pause(node, fakeom.PauseHang)
	case scenarios.ResumeNode:
		action, err = record.OMUp, w.cluster.Resume(node)
	case scenarios.CutOffNode:
		err = w.cluster.CutOff(node)
	case scenarios.HealNode:
		action = record.OMUp
		for _, n := range w.cluster.Nodes() {
			if step.Node == "" || step.Node == n.ID() {
				if err = w.cluster.Heal(n.ID()); err != nil {
					break
				}
			}
		}
	}
	if err != nil {
		return err
	}
	w.event(record.Event{Kind: record.KindOM, Action: action, Node: node, Message: step.Do + " " + node})
	return nil
}

// restart stops Recon in order and starts it again, unless its machine has no
// power: then it comes up by itself.
func (w *World) restart(ctx context.Context) error {
	w.boot.Lock()
	defer w.boot.Unlock()
	l := w.life.Load()
	if err := w.stopRecon(); err != nil || l.over.Load() {
		return err
	}
	_, err := w.startRecon(ctx, l.fs)
	return err
}

// kill takes the power from Recon's machine, as soon as it has any.
func (w *World) kill(ctx context.Context, step scenarios.Step) error {
	lasts := step.For.D()
	if lasts == 0 {
		lasts = defaultOutage
	}
	for {
		err := w.cutPower(step.Policy, lasts)
		if !errors.Is(err, errPowerLost) {
			return err
		}
		if err := w.plain.Sleep(ctx, pollEvery); err != nil {
			return w.failureOr(err)
		}
	}
}

// setConfig changes settings and restarts Recon: it reads them only then.
func (w *World) setConfig(ctx context.Context, settings map[string]string) error {
	changed := maps.Clone(w.operated)
	if changed == nil {
		changed = map[string]string{}
	}
	maps.Copy(changed, settings)
	w.operated = changed
	loaded, err := config.Load(w.layers()...)
	if err != nil {
		return err
	}
	w.config.Store(loaded)
	return w.restart(ctx)
}
