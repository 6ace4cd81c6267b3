package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/tasks"
	"reconsim/scenarios"
	"reconsim/sim/disk"
	"reconsim/sim/world"
)

// drawn is a scenario in the making. All of it is valid, and a right engine
// passes: faults are optional and end with the story at the latest, what steps
// wait for comes in any case, and nothing is expected but that Recon converges.
type drawn struct {
	*rapid.T
	s *scenarios.Scenario
}

// drawnText is a drawn scenario as a file. Rapid prints it so.
type drawnText string

// GoString is the file.
func (t drawnText) GoString() string { return "\n" + string(t) }

func drawText(t *rapid.T) drawnText {
	text, err := drawScenario(t).Marshal()
	if err != nil {
		t.Fatalf("write what was drawn: %v", err)
	}
	return drawnText(text)
}

// drawScenario draws a world, settings, readers, a timeline with its faults, and
// a schedule.
func drawScenario(t *rapid.T) *scenarios.Scenario {
	d := &drawn{T: t, s: &scenarios.Scenario{
		Name: "drawn", About: "Drawn at random. Whatever happens, a right Recon comes through.",
		Proves: []string{"one-generation", "never-empty", "exact", "monotonic", "no-error", "converge", "watermark-honest", "legal-edges", "no-leak"},
		Expect: scenarios.Expect{Converge: scenarios.Duration(time.Minute)},
	}}
	d.world()
	d.config()
	d.readers()
	d.startFaults()
	d.timeline()
	d.s.Schedule.Seed = rapid.Int64Range(1, 1<<40).Draw(t, "schedule seed")
	if strategy := d.oneOf("strategy", "random", "random", "pct", "round-robin"); strategy != "random" {
		d.s.Schedule.Strategy = strategy
		if strategy == "pct" {
			d.s.Schedule.Depth = d.number("depth", 1, 5)
		}
	}
	return d.s
}

func (d *drawn) number(what string, least, most int64) int64 {
	return rapid.Int64Range(least, most).Draw(d.T, what)
}

func (d *drawn) chance(what string, percent int) bool {
	return rapid.IntRange(0, 99).Draw(d.T, what) < percent
}

func (d *drawn) oneOf(what string, names ...string) string {
	return rapid.SampledFrom(names).Draw(d.T, what)
}

func (d *drawn) millis(what string, least, most int64) scenarios.Duration {
	return scenarios.Duration(time.Duration(d.number(what, least, most)) * time.Millisecond)
}

func (d *drawn) world() {
	w := &d.s.World
	w.OMs = d.number("oms", 1, 3)
	w.Keys = scenarios.Size{All: d.number("keys", 10, 400)}
	w.Seed = d.number("world seed", 1, 1_000_000)
	// Often there is no traffic but what steps make: nothing that comes later then
	// covers up what was left undone.
	if rate := d.number("deltas a second", 0, 60); rate > 15 {
		w.DeltasPerSecond = scenarios.Size{All: rate}
	}
	if d.chance("layouts", 40) {
		w.Layouts = map[string]int64{}
		for _, layout := range []string{"FILE_SYSTEM_OPTIMIZED", "OBJECT_STORE", "LEGACY"} {
			w.Layouts[layout] = d.number(layout, 0, 3)
		}
		w.Layouts[d.oneOf("layout", "FILE_SYSTEM_OPTIMIZED", "OBJECT_STORE", "LEGACY")]++
	}
	if d.chance("trunk", 20) {
		w.Schema = "trunk"
	}
}

// config draws settings under which everything that is tried again is tried
// again soon, and often enough.
func (d *drawn) config() {
	c := map[string]string{
		config.SnapshotInitialDelay:     d.oneOf("initial delay", "1ms", "10ms", "100ms"),
		config.SnapshotIntervalDelay:    d.oneOf("interval", "20ms", "100ms", "300ms"),
		config.StagingRetryDelayMinutes: d.oneOf("retry delay", "0.001", "0.005"),
		config.StagingMaxRetryAttempts:  "1000",
		// What hangs is ended by these.
		config.StagingTimeoutMinutes:    d.oneOf("timeout", "0.05", "0.2"),
		config.ConnectionRequestTimeout: d.oneOf("request timeout", "200ms", "1s"),
	}
	if d.chance("threads", 30) {
		c[config.StagingThreadPoolSize] = d.oneOf("thread count", "1", "2", "8")
	}
	if d.chance("small sorts", 30) {
		c[config.NSSummaryFlushThreshold] = d.oneOf("rows sorted at once", "10", "100")
	}
	if d.chance("small buffer", 20) {
		c[config.EventBufferCapacity] = d.oneOf("fetches held", "1", "3", "20")
	}
	d.s.Config = c
}

func (d *drawn) readers() {
	r := &d.s.Readers
	r.Count = scenarios.Size{All: d.number("readers", 1, 4)}
	r.ThinkTime = d.millis("think time", 2, 60)
	if d.chance("lanes", 30) {
		r.InFlight = d.number("in flight", 1, 4)
	}
	if d.chance("sessions", 30) {
		r.Sessions = scenarios.Size{All: d.number("session count", 1, 4)}
	}
	if d.chance("some endpoints", 30) {
		r.Endpoints = rapid.SliceOfNDistinct(rapid.SampledFrom(world.Endpoints()), 1, 4, rapid.ID).Draw(d.T, "endpoints")
		if !slices.ContainsFunc(r.Endpoints, func(e string) bool { return e != "task/status" }) {
			r.Endpoints = []string{"clusterState"}
		}
	}
}

// strikes are the points with what may be done there. A hang ends with the
// timeout of the request or of the rebuild; before a request is sent and after
// the commit has begun there is none, so there nothing hangs. What cannot be
// retired stays until Recon is started again, as it should. Readers are only held up: an error in the middle
// of a request would be the fault's own answer.
func strikes() map[point.Point][]string {
	fails := []string{`error "planted"`, "errno EIO", "errno ENOSPC", "park %s", "park %s then errno EIO"}
	staged := slices.Concat(fails, []string{"hang"})
	all := map[point.Point][]string{
		point.TransferRead: {"errno ECONNRESET", "park %s", "cut %d", "corrupt %d", "hang"},
		point.OMTransfer:   {"cut %d", "corrupt %d", "trickle 500000", "stall %d", "html", "park %s"},
		point.OMServe:      {"errno ECONNRESET", `error "planted"`, "park %s", "html", "hang"},
		point.Acquire:      {"park %s"}, point.ReadBetween: {"park %s"},
	}
	for _, p := range []point.Point{point.TaskStart, point.TaskRows, point.TaskFinish, point.SinkWrite} {
		all[p] = staged
	}
	for _, p := range []point.Point{point.OMServiceList, point.OMUpdates, point.TransferStart, point.TransferDone} {
		all[p] = fails
	}
	for _, p := range []point.Point{point.StagingCreate, point.StagingIngest, point.StagingSeal, point.StagingValidate, point.CatchUp,
		point.CommitBegin, point.PointerWrite, point.PointerMove, point.StatusWrite, point.TaskDelta, point.DeltaCommit, point.DeltaSQL} {
		all[p] = fails
	}
	for _, p := range []point.Point{point.PointerSync, point.Publish, point.Published, point.DeltaPublish, point.OpenGeneration, point.Retire} {
		all[p] = []string{"park %s"}
	}
	for _, p := range []point.Point{point.DiskCreate, point.DiskWrite, point.DiskSync, point.DiskRename, point.DiskLink, point.DiskMkdir} {
		all[p] = []string{"errno EIO", "errno ENOSPC", "park %s"}
	}
	all[point.DiskWrite] = append(all[point.DiskWrite], "short")
	all[point.DiskSync] = append(all[point.DiskSync], "dropsync")
	return all
}

// stagedFiles are paths that only a rebuild writes to, so that a fault there
// strikes nothing that readers are served from.
var stagedFiles = []string{"gen-*/sinks/**", "candidate/**", "gen-*/om/**"}

// rule draws one line of the plan.
func (d *drawn) rule() string {
	all := strikes()
	var points []point.Point
	for _, p := range point.All() {
		if len(all[p]) > 0 {
			points = append(points, p)
		}
	}
	p := rapid.SampledFrom(points).Draw(d.T, "point")
	rule := "at " + p.String()
	switch {
	case p >= point.DiskCreate && p <= point.DiskMkdir:
		rule += fmt.Sprintf(" of %q", d.oneOf("files", stagedFiles...))
	case strings.HasPrefix(p.String(), "task/") || p == point.SinkWrite:
		if d.chance("one task", 60) {
			rule += " of " + rapid.SampledFrom(tasks.All()).Draw(d.T, "task").Name()
		}
	case p == point.Acquire || p == point.ReadBetween:
		if d.chance("one endpoint", 30) {
			rule += fmt.Sprintf(" of %q", d.oneOf("endpoint", world.Endpoints()...))
		}
	}
	first := d.number("hit", 1, 4)
	rule += fmt.Sprintf(" on hit %d", first)
	if d.chance("again", 30) {
		rule += fmt.Sprintf("..%d", first+d.number("hits", 1, 3))
	}
	do := d.oneOf("action", all[p]...)
	switch {
	case strings.Contains(do, "%s"):
		do = fmt.Sprintf(do, d.millis("park", 1, 400))
	case strings.Contains(do, "%d"):
		do = fmt.Sprintf(do, d.number("offset", 0, 30_000))
	}
	return rule + " : " + do
}

func (d *drawn) fault(armed string) string {
	id := fmt.Sprintf("fault-%d", len(d.s.Faults)+1)
	d.s.Faults = append(d.s.Faults, scenarios.Fault{ID: id, Rule: d.rule(), Armed: armed, Optional: true})
	return id
}

func (d *drawn) startFaults() {
	for range d.number("faults from the start", 0, 2) {
		d.fault("")
	}
}

// step adds a step that comes when the one before is done, and perhaps later.
func (d *drawn) step(s scenarios.Step) {
	if d.chance("later", 50) {
		s.After = d.millis("after", 1, 400)
	}
	if d.chance("read meanwhile", 20) {
		s.When.Reads = scenarios.Size{All: d.number("reads", 1, 200)}
	}
	d.s.Timeline = append(d.s.Timeline, s)
}

func (d *drawn) timeline() {
	d.step(scenarios.Step{When: scenarios.Condition{Generation: 1}, Do: scenarios.Wait, For: d.millis("for", 1, 100)})
	for range d.number("parts", 0, 8) {
		d.part()
	}
	d.step(scenarios.Step{Do: scenarios.Wait, For: d.millis("for", 1, 500)})
}

// part adds steps that make sense together.
func (d *drawn) part() {
	switch d.oneOf("part", "wait", "burst", "compact", "leader", "rebuild", "snapshot", "fault", "fault", "pause", "cut off", "traffic", "restart", "kill", "kill", "kill at a point", "network", "settings") {
	case "wait":
		d.step(scenarios.Step{Do: scenarios.Wait, For: d.millis("for", 1, 500)})
	case "burst":
		count := int64(1)
		if d.chance("several", 50) {
			count = d.number("count", 2, 40)
		}
		d.step(scenarios.Step{Do: scenarios.Burst, Count: scenarios.Size{All: count}})
	case "compact":
		d.step(scenarios.Step{Do: scenarios.CompactLog})
	case "leader":
		if d.s.World.OMs > 1 {
			d.step(scenarios.Step{Do: scenarios.SwitchLeader})
		}
	case "rebuild":
		d.step(scenarios.Step{Do: scenarios.TriggerRebuild})
	case "snapshot":
		d.step(scenarios.Step{Do: scenarios.TriggerSnapshot})
	case "fault":
		id := d.fault(scenarios.ArmedByTimeline)
		d.step(scenarios.Step{Do: scenarios.ArmFault, Fault: id})
		if d.chance("disarmed", 40) {
			d.step(scenarios.Step{Do: scenarios.DisarmFault, Fault: id})
		}
	case "pause":
		d.step(scenarios.Step{Do: scenarios.PauseNode, Node: "om1"})
		d.step(scenarios.Step{Do: scenarios.ResumeNode, Node: "om1"})
	case "cut off":
		d.step(scenarios.Step{Do: scenarios.CutOffNode})
		d.step(scenarios.Step{Do: scenarios.HealNode})
	case "traffic":
		d.step(scenarios.Step{Do: scenarios.StopDeltas})
		d.step(scenarios.Step{Do: scenarios.StartDeltas, Rate: scenarios.Size{All: d.number("rate", 1, 60)}})
	case "restart":
		d.step(scenarios.Step{Do: scenarios.RestartRecon})
	case "kill":
		d.step(scenarios.Step{Do: scenarios.KillRecon, Policy: d.policy(), For: d.millis("outage", 1, 300)})
	case "kill at a point":
		id := d.killAtPoint()
		d.step(scenarios.Step{Do: scenarios.ArmFault, Fault: id})
		d.step(scenarios.Step{Do: d.oneOf("then", scenarios.TriggerRebuild, scenarios.TriggerSnapshot, scenarios.CompactLog, scenarios.RestartRecon)})
	case "network":
		d.step(scenarios.Step{Do: scenarios.DisturbNetwork, Latency: d.millis("latency", 0, 60),
			LossPercent: d.number("loss", 0, 40), DuplicatePercent: d.number("duplicates", 0, 60)})
		// So long that some message certainly meets it.
		d.step(scenarios.Step{Do: scenarios.Wait, For: d.millis("for", 1500, 3000)})
	case "settings":
		d.step(scenarios.Step{Do: scenarios.SetConfig, Config: map[string]string{
			config.SnapshotIntervalDelay: d.oneOf("new interval", "20ms", "100ms", "300ms"),
			config.StagingThreadPoolSize: d.oneOf("new thread count", "1", "2", "8")}})
	}
}

// policy draws what the disk keeps; mostly the run decides.
func (d *drawn) policy() string {
	if d.chance("any policy", 60) {
		return ""
	}
	return rapid.SampledFrom(disk.AllPolicies()).Draw(d.T, "policy").String()
}

// killAtPoint draws a fault that takes the power from Recon's machine.
func (d *drawn) killAtPoint() string {
	p := rapid.SampledFrom(point.All()).Draw(d.T, "last point")
	do := "kill"
	if policy := d.policy(); policy != "" {
		do += fmt.Sprintf(" %q", policy)
	}
	id := fmt.Sprintf("fault-%d", len(d.s.Faults)+1)
	d.s.Faults = append(d.s.Faults, scenarios.Fault{ID: id, Armed: scenarios.ArmedByTimeline, Optional: true,
		Rule: fmt.Sprintf("at %s on hit %d : %s", p, d.number("passage", 1, 6), do)})
	return id
}
