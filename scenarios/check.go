package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// checker looks at what the decoder cannot know: names, ranges and references.
type checker struct {
	*decoder
	scenario *Scenario
	vocab    *Vocabulary
}

func (c *checker) check() {
	s := c.scenario
	c.checkName()
	c.notEmpty("about", s.About)
	c.known("proves", s.Proves, "property", c.vocab.Properties)
	c.known("tiers", s.Tiers, "tier", c.vocab.TierNames())
	c.checkWorld()
	c.checkSettings("config", s.Config)
	c.checkReaders()
	c.checkFaults()
	c.checkTimeline()
	c.one("schedule.strategy", s.Schedule.Strategy, "strategy", c.vocab.Strategies)
	c.inRange("schedule.depth", s.Schedule.Depth, 1, 1000)
	c.inRange("schedule.seed", s.Schedule.Seed, 1, math.MaxInt64)
	c.checkExpect()
	c.checkThresholds()
}

// at reports a problem at the place of a line; if the line is not there, at the
// nearest line around it.
func (c *checker) at(path, suggestion, format string, args ...any) {
	for {
		if p, ok := c.places[path]; ok {
			c.problem(p.line, p.column, suggestion, format, args...)
			return
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			c.problem(1, 1, suggestion, format, args...)
			return
		}
		path = path[:i]
	}
}

// given reports whether a line is there and was read without a problem.
func (c *checker) given(path string) bool {
	p, ok := c.places[path]
	return ok && !c.broken[p]
}

// one checks a name, if it is given, against those that are known.
func (c *checker) one(path, name, what string, known []string) {
	if !c.given(path) || slices.Contains(known, name) {
		return
	}
	message := fmt.Sprintf("%q is not a known %s", clip(name), what)
	suggestion := nearest(name, known)
	if suggestion == "" && len(known) > 0 && len(known) <= 12 {
		message += "; known are " + strings.Join(known, ", ")
	}
	c.at(path, suggestion, "%s", message)
}

// known checks a list of names, each of which may come once.
func (c *checker) known(path string, names []string, what string, known []string) {
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.one(at, name, what, known)
		if slices.Contains(names[:i], name) {
			c.at(at, "", "%q is listed twice", clip(name))
		}
	}
}

// numbered checks a map of names to numbers.
func (c *checker) numbered(path string, m map[string]int64, what string, known []string, least, most int64) {
	for _, name := range sortedKeys(m) {
		c.one(path+"."+name, name, what, known)
		c.inRange(path+"."+name, m[name], least, most)
	}
}

func (c *checker) inRange(path string, n, least, most int64) {
	if c.given(path) && (n < least || n > most) {
		c.at(path, "", "%s must be between %d and %d, found %d", last(path), least, most, n)
	}
}

// size checks a size's numbers and the tiers it names.
func (c *checker) size(path string, s Size, least, most int64) {
	if !c.given(path) {
		return
	}
	for _, tier := range s.tiers() {
		c.one(path+"."+tier, tier, "tier", c.vocab.TierNames())
	}
	if err := checkSize(s, least, most); err != nil {
		c.at(path, "", "%s: %v", last(path), err)
	}
}

func (c *checker) notEmpty(path, text string) {
	if c.given(path) && text == "" {
		c.at(path, "", "%s is empty", last(path))
	}
}

func (c *checker) checkName() {
	name := c.scenario.Name
	if !c.given("name") {
		return
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '/') {
			c.at("name", "", "a name has letters, digits, '-' and '/', found %q", r)
			return
		}
	}
	if name == "" || len(name) > 100 {
		c.at("name", "", "a name has 1 to 100 characters, this one %d", len(name))
	}
}

func (c *checker) checkWorld() {
	w := c.scenario.World
	c.inRange("world.oms", w.OMs, 1, maxOMs)
	c.size("world.keys", w.Keys, 1, maxKeys)
	c.numbered("world.layouts", w.Layouts, "bucket layout", c.vocab.Layouts, 0, 1_000_000)
	sum := int64(0)
	for _, share := range w.Layouts {
		sum += share
	}
	if c.given("world.layouts") && sum == 0 {
		c.at("world.layouts", "", "no layout has a share above 0")
	}
	c.size("world.deltasPerSecond", w.DeltasPerSecond, 0, maxRate)
	c.inRange("world.seed", w.Seed, 0, 1<<62)
	c.one("world.schema", w.Schema, "schema", c.vocab.Schemas)
	c.one("world.protocol", w.Protocol, "swap protocol", c.vocab.Protocols)
}

// checkSettings checks settings that stand under a path.
func (c *checker) checkSettings(under string, settings map[string]string) {
	for _, key := range sortedKeys(settings) {
		path := under + "." + key
		c.one(path, key, "setting", c.vocab.ConfigKeys)
		if c.vocab.CheckConfig == nil || !slices.Contains(c.vocab.ConfigKeys, key) {
			continue
		}
		if err := c.vocab.CheckConfig(key, settings[key]); err != nil {
			c.at(path, "", "%v", err)
		}
	}
}

func (c *checker) checkReaders() {
	r := c.scenario.Readers
	c.size("readers.count", r.Count, 0, maxReaders)
	c.size("readers.sessions", r.Sessions, 1, maxReaders)
	c.size("readers.requestsPerSecond", r.RequestsPerSecond, 0, maxRate)
	c.known("readers.endpoints", r.Endpoints, "endpoint", c.vocab.Endpoints)
}

func (c *checker) checkExpect() {
	e := c.scenario.Expect
	c.inRange("expect.generations", e.Generations, 1, 1_000_000)
	c.inRange("expect.snapshots", e.Snapshots, 1, 1_000_000)
	c.numbered("expect.outcomes", e.Outcomes, "outcome", c.vocab.Outcomes, 1, 1_000_000)
	c.known("expect.states", e.States, "state", c.vocab.States)
	if e.Quarantined != nil {
		c.inRange("expect.quarantined", *e.Quarantined, 0, 1_000_000)
	}
	c.known("expect.faults", e.Faults, "fault of this scenario", c.faultIDs())
	if c.given("expect.converge") && e.Converge == 0 {
		c.at("expect.converge", "", "converge must be above 0")
	}
}

func (c *checker) checkThresholds() {
	for i, t := range c.scenario.Thresholds {
		path := fmt.Sprintf("thresholds[%d]", i)
		c.known(path+".tiers", t.Tiers, "tier", c.vocab.TierNames())
		if err := t.Expr.Check(c.vocab); err != nil {
			c.at(path, err.Suggestion, "%s", err.Message)
		}
	}
}

// Check checks the names of an expression against a vocabulary.
func (e Expression) Check(v *Vocabulary) *ExpressionError {
	metric := metricNamed(e.Metric)
	if metric.Name == "" {
		return nil // refused when it was read
	}
	known := v.Endpoints
	if metric.Of == "property" {
		known = v.Properties
	}
	each := e.Of == "each "+metric.Of || metric.Of == "property" && e.Of == EachReaderProperty
	if e.Of != "" && !each && !slices.Contains(known, e.Of) {
		known = append(slices.Clone(known), "each "+metric.Of)
		return &ExpressionError{Column: 1, Message: fmt.Sprintf("%q is not a known %s", clip(e.Of), metric.Of), Suggestion: nearest(e.Of, known)}
	}
	if e.Of == "" && e.Metric == "checks" {
		return &ExpressionError{Column: 1, Message: "\"checks\" needs \"of\" and a property, or \"of each property\""}
	}
	if e.While != "" && !slices.Contains(v.States, e.While) {
		return &ExpressionError{Column: 1, Message: fmt.Sprintf("%q is not a known state", clip(e.While)), Suggestion: nearest(e.While, v.States)}
	}
	return nil
}
