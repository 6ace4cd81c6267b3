package shrink

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"reconsim/scenarios"
)

// option is a field that is one line. clear is nil if it belongs to the frame: a
// scenario without it would be refused or be a larger one.
type option struct {
	path  string
	given func(*scenarios.Scenario) bool
	clear func(*scenarios.Scenario)
}

func options() []option {
	type scenario = scenarios.Scenario
	return []option{
		{"world.oms", func(s *scenario) bool { return s.World.OMs != 0 }, nil},
		{"world.keys", func(s *scenario) bool { return s.World.Keys.Given() }, nil},
		{"world.layouts", func(s *scenario) bool { return s.World.Layouts != nil }, func(s *scenario) { s.World.Layouts = nil }},
		{"world.deltasPerSecond", func(s *scenario) bool { return s.World.DeltasPerSecond.Given() }, func(s *scenario) { s.World.DeltasPerSecond = scenarios.Size{} }},
		{"world.seed", func(s *scenario) bool { return s.World.Seed != 0 }, func(s *scenario) { s.World.Seed = 0 }},
		{"world.schema", func(s *scenario) bool { return s.World.Schema != "" }, func(s *scenario) { s.World.Schema = "" }},
		{"world.protocol", func(s *scenario) bool { return s.World.Protocol != "" }, func(s *scenario) { s.World.Protocol = "" }},
		{"readers.count", func(s *scenario) bool { return s.Readers.Count.Given() }, nil},
		{"readers.sessions", func(s *scenario) bool { return s.Readers.Sessions.Given() }, func(s *scenario) { s.Readers.Sessions = scenarios.Size{} }},
		{"readers.inFlight", func(s *scenario) bool { return s.Readers.InFlight != 0 }, func(s *scenario) { s.Readers.InFlight = 0 }},
		// Readers without a pause never let virtual time pass.
		{"readers.thinkTime", func(s *scenario) bool { return s.Readers.ThinkTime != 0 }, nil},
		{"readers.requestsPerSecond", func(s *scenario) bool { return s.Readers.RequestsPerSecond.Given() }, func(s *scenario) {
			if s.Readers.ThinkTime != 0 {
				s.Readers.RequestsPerSecond = scenarios.Size{}
			}
		}},
		{"readers.endpoints", func(s *scenario) bool { return s.Readers.Endpoints != nil }, func(s *scenario) { s.Readers.Endpoints = nil }},
		{"schedule.strategy", func(s *scenario) bool { return s.Schedule.Strategy != "" }, func(s *scenario) { s.Schedule.Strategy, s.Schedule.Depth = "", 0 }},
		{"schedule.depth", func(s *scenario) bool { return s.Schedule.Depth != 0 }, func(s *scenario) { s.Schedule.Depth = 0 }},
		// Without its seed the scenario would be another one each time.
		{"schedule.seed", func(s *scenario) bool { return s.Schedule.Seed != 0 }, nil},
		{"expect.generations", func(s *scenario) bool { return s.Expect.Generations != 0 }, func(s *scenario) { s.Expect.Generations = 0 }},
		{"expect.snapshots", func(s *scenario) bool { return s.Expect.Snapshots != 0 }, func(s *scenario) { s.Expect.Snapshots = 0 }},
		{"expect.outcomes", func(s *scenario) bool { return s.Expect.Outcomes != nil }, func(s *scenario) { s.Expect.Outcomes = nil }},
		{"expect.states", func(s *scenario) bool { return s.Expect.States != nil }, func(s *scenario) { s.Expect.States = nil }},
		{"expect.quarantined", func(s *scenario) bool { return s.Expect.Quarantined != nil }, func(s *scenario) { s.Expect.Quarantined = nil }},
		{"expect.faults", func(s *scenario) bool { return s.Expect.Faults != nil }, func(s *scenario) { s.Expect.Faults = nil }},
		{"expect.converge", func(s *scenario) bool { return s.Expect.Converge != 0 }, nil},
	}
}

func stepPath(i int) string        { return fmt.Sprintf("timeline[%d]", i) }
func faultPath(i int) string       { return fmt.Sprintf("faults[%d]", i) }
func thresholdPath(i int) string   { return fmt.Sprintf("thresholds[%d]", i) }
func configPath(key string) string { return "config." + key }
func configKeys(s *scenarios.Scenario) []string {
	return slices.Sorted(maps.Keys(s.Config))
}

// Lines lists the lines of a scenario, without its frame, by the paths under
// which problems name them too, in the order of a file.
func Lines(s *scenarios.Scenario) []string {
	var lines []string
	section := func(prefix string) {
		for _, o := range options() {
			if strings.HasPrefix(o.path, prefix) && o.clear != nil && o.given(s) {
				lines = append(lines, o.path)
			}
		}
	}
	section("world.")
	for _, key := range configKeys(s) {
		lines = append(lines, configPath(key))
	}
	section("readers.")
	for i := range s.Timeline {
		lines = append(lines, stepPath(i))
	}
	for i := range s.Faults {
		lines = append(lines, faultPath(i))
	}
	section("schedule.")
	section("expect.")
	for i := range s.Thresholds {
		lines = append(lines, thresholdPath(i))
	}
	return lines
}

// take returns a copy of a scenario without some of its lines, and without what
// hangs on them.
func take(s *scenarios.Scenario, paths []string) *scenarios.Scenario {
	gone := map[string]bool{}
	for _, path := range paths {
		gone[path] = true
	}
	goWith(s, gone)
	less := s.Clone()
	for _, o := range options() {
		if gone[o.path] && o.clear != nil {
			o.clear(less)
		}
	}
	for _, key := range configKeys(s) {
		if gone[configPath(key)] {
			delete(less.Config, key)
		}
	}
	if len(less.Config) == 0 {
		less.Config = nil
	}
	less.Timeline = kept(s.Timeline, less.Timeline, stepPath, gone)
	less.Faults = kept(s.Faults, less.Faults, faultPath, gone)
	less.Thresholds = kept(s.Thresholds, less.Thresholds, thresholdPath, gone)
	forget(less)
	return less
}

// makesGeneration lists the verbs after which Recon comes to publish another
// generation, if nothing is in the way.
var makesGeneration = []string{scenarios.CompactLog, scenarios.SwitchLeader, scenarios.TriggerRebuild, scenarios.TriggerSnapshot}

// renumbered is take, and steps that wait for the n-th generation wait for one
// the less for each rebuild before them that is not asked for any more.
func renumbered(s *scenarios.Scenario, paths []string) *scenarios.Scenario {
	gone := map[string]bool{}
	for _, path := range paths {
		gone[path] = true
	}
	goWith(s, gone)
	all, fewer := s.Clone(), int64(0)
	for i := range all.Timeline {
		step := &all.Timeline[i]
		if gone[stepPath(i)] && slices.Contains(makesGeneration, step.Do) {
			fewer++
		}
		if step.When.Generation > 0 {
			step.When.Generation = max(1, step.When.Generation-fewer)
		}
	}
	return take(all, paths)
}

// kept are the elements of a list whose lines are not gone; nil for none.
func kept[T any](before, list []T, path func(int) string, gone map[string]bool) []T {
	var rest []T
	for i := range before {
		if !gone[path(i)] {
			rest = append(rest, list[i])
		}
	}
	return rest
}

// goWith adds the lines that make no sense without those that are gone: the
// steps that arm or disarm a fault go with it, and a fault goes with the last
// step that arms it.
func goWith(s *scenarios.Scenario, gone map[string]bool) {
	armed := map[string]bool{}
	for i, step := range s.Timeline {
		if step.Do == scenarios.ArmFault && !gone[stepPath(i)] {
			armed[step.Fault] = true
		}
	}
	without := map[string]bool{}
	for i, f := range s.Faults {
		if f.Armed == scenarios.ArmedByTimeline && !armed[f.ID] {
			gone[faultPath(i)] = true
		}
		without[f.ID] = gone[faultPath(i)]
	}
	for i, step := range s.Timeline {
		if step.Fault != "" && without[step.Fault] {
			gone[stepPath(i)] = true
		}
	}
}

// forget takes out of conditions and expectations what names a fault that is not
// there.
func forget(s *scenarios.Scenario) {
	there := map[string]bool{}
	for _, f := range s.Faults {
		there[f.ID] = true
	}
	for i := range s.Timeline {
		if when := &s.Timeline[i].When; when.Fault != "" && !there[when.Fault] {
			when.Fault, when.Fired = "", 0
		}
	}
	s.Expect.Faults = slices.DeleteFunc(s.Expect.Faults, func(id string) bool { return !there[id] })
	if len(s.Expect.Faults) == 0 {
		s.Expect.Faults = nil
	}
}
