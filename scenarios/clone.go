package scenarios

import (
	"maps"
	"slices"
)

func clone(s Scenario) *Scenario {
	s.Proves = slices.Clone(s.Proves)
	s.Tiers = slices.Clone(s.Tiers)
	s.World.Keys = s.World.Keys.clone()
	s.World.Layouts = maps.Clone(s.World.Layouts)
	s.World.DeltasPerSecond = s.World.DeltasPerSecond.clone()
	s.Config = maps.Clone(s.Config)
	s.Readers.Count = s.Readers.Count.clone()
	s.Readers.Sessions = s.Readers.Sessions.clone()
	s.Readers.RequestsPerSecond = s.Readers.RequestsPerSecond.clone()
	s.Readers.Endpoints = slices.Clone(s.Readers.Endpoints)
	s.Timeline = slices.Clone(s.Timeline)
	for i := range s.Timeline {
		step := &s.Timeline[i]
		step.Count, step.Rate = step.Count.clone(), step.Rate.clone()
		step.Config = maps.Clone(step.Config)
		step.When.Reads, step.When.Deltas = step.When.Reads.clone(), step.When.Deltas.clone()
	}
	s.Faults = slices.Clone(s.Faults)
	s.Expect.Outcomes = maps.Clone(s.Expect.Outcomes)
	s.Expect.States = slices.Clone(s.Expect.States)
	s.Expect.Faults = slices.Clone(s.Expect.Faults)
	if s.Expect.Quarantined != nil {
		s.Expect.Quarantined = new(*s.Expect.Quarantined)
	}
	s.Thresholds = slices.Clone(s.Thresholds)
	for i := range s.Thresholds {
		s.Thresholds[i].Tiers = slices.Clone(s.Thresholds[i].Tiers)
	}
	return &s
}

func (s Size) clone() Size { return Size{s.All, maps.Clone(s.PerTier)} }
