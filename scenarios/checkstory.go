package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// nodeNames lists the OM nodes of the world.
func (c *checker) nodeNames() []string {
	count := c.scenario.World.OMs
	if count == 0 {
		count = defaultOMs
	}
	var names []string
	for i := int64(1); i <= min(count, maxOMs); i++ {
		names = append(names, fmt.Sprintf("om%d", i))
	}
	return names
}

func (c *checker) faultIDs() []string {
	var ids []string
	for _, f := range c.scenario.Faults {
		if f.ID != "" {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

func (c *checker) checkFaults() {
	faults := c.scenario.Faults
	if len(faults) > maxFaults {
		c.at("faults", "", "%d faults, at most %d are allowed", len(faults), maxFaults)
		return
	}
	seen := map[string]bool{}
	for i, f := range faults {
		path := fmt.Sprintf("faults[%d]", i)
		if seen[f.ID] && f.ID != "" {
			c.at(path+".id", "", "a fault %q exists already", clip(f.ID))
		}
		seen[f.ID] = true
		if c.given(path+".id") && !isID(f.ID) {
			c.at(path+".id", "", "an id begins with a letter and has letters, digits, '-' and '_', at most 100; found %q", clip(f.ID))
		}
		c.one(path+".armed", f.Armed, "moment of arming", []string{ArmedAtStart, ArmedByTimeline})
		c.checkRule(path+".rule", f.Rule)
		if f.Armed == ArmedByTimeline && !c.armedByStep(f.ID) {
			c.at(path+".armed", "", "no step of the timeline arms %q", clip(f.ID))
		}
	}
}

func isID(id string) bool {
	for i := range len(id) {
		letter := id[i] >= 'a' && id[i] <= 'z' || id[i] >= 'A' && id[i] <= 'Z'
		if !letter && (i == 0 || !(id[i] >= '0' && id[i] <= '9' || id[i] == '-' || id[i] == '_')) {
			return false
		}
	}
	return id != "" && len(id) <= 100
}

func (c *checker) armedByStep(id string) bool {
	return slices.ContainsFunc(c.scenario.Timeline, func(s Step) bool { return s.Do == ArmFault && s.Fault == id })
}

func (c *checker) checkRule(path, text string) {
	if !c.given(path) || c.vocab.ParseRule == nil {
		return
	}
	rule, err := c.vocab.ParseRule(text)
	if err != nil {
		n := c.texts[path]
		c.problem(n.line, n.innerColumn(err.Column), err.Suggestion, "%s", err.Message)
		return
	}
	if rule.Name != "" {
		c.at(path, "", "the id names the fault; leave %q out of the rule", rule.Name+" =")
	}
	c.checkSubject(path, rule)
}

// checkSubject catches misspelt subjects, which would make a fault vacuous.
// Subjects with wildcards are left alone.
func (c *checker) checkSubject(path string, rule Rule) {
	subject := rule.Subject
	if subject == "" || strings.ContainsAny(subject, "*?") {
		return
	}
	known, what := []string(nil), ""
	switch room, _, _ := strings.Cut(rule.Point, "/"); room {
	case "task", "sink":
		known, what = c.vocab.Tasks, "task"
	case "read":
		known, what = c.vocab.Endpoints, "endpoint"
	case "om":
		node, call, both := strings.Cut(subject, "/")
		known, what, subject = c.nodeNames(), "OM node", node
		if both && len(c.vocab.OMCalls) > 0 && !slices.Contains(c.vocab.OMCalls, call) {
			c.at(path, nearest(call, c.vocab.OMCalls), "%q is not a known OM call", clip(call))
		}
	default:
		return
	}
	if !slices.Contains(known, subject) {
		c.at(path, nearest(subject, known), "%q is not a known %s, so this fault could never fire", clip(subject), what)
	}
}

func (c *checker) checkTimeline() {
	steps := c.scenario.Timeline
	if len(steps) > maxSteps {
		c.at("timeline", "", "%d steps, at most %d are allowed", len(steps), maxSteps)
		return
	}
	for i, step := range steps {
		path := fmt.Sprintf("timeline[%d]", i)
		if i > 0 && step.At != 0 && step.At < steps[i-1].At {
			c.at(path+".at", "", "steps are taken in order, and the one before comes at %s", steps[i-1].At)
		}
		c.checkWhen(path+".when", step.When)
		c.checkVerb(path, step)
		c.one(path+".to", step.To, "OM node", c.nodeNames())
		c.one(path+".node", step.Node, "OM node", c.nodeNames())
		c.one(path+".fault", step.Fault, "fault of this scenario", c.faultIDs())
		c.size(path+".count", step.Count, 1, maxKeys)
		c.size(path+".rate", step.Rate, 1, maxRate)
		c.checkSettings(path+".config", step.Config)
		for _, percent := range []struct {
			name  string
			value int64
		}{{"lossPercent", step.LossPercent}, {"duplicatePercent", step.DuplicatePercent}} {
			if percent.value < 0 || percent.value > 100 {
				c.at(path+"."+percent.name, "", "%s is %d, it must be from 0 to 100", percent.name, percent.value)
			}
		}
		if c.given(path+".policy") && c.vocab.CheckPolicy != nil {
			if err := c.vocab.CheckPolicy(step.Policy); err != nil {
				c.at(path+".policy", "", "%v", err)
			}
		}
	}
}

func (c *checker) checkVerb(path string, step Step) {
	verb, known := verbNamed(step.Do)
	if !known {
		c.one(path+".do", step.Do, "verb", verbNames())
		return
	}
	for _, argument := range []string{"to", "node", "count", "rate", "fault", "for", "policy", "config", "latency", "lossPercent", "duplicatePercent"} {
		given := c.given(path + "." + argument)
		needed := slices.Contains(verb.Needs, argument)
		if needed && !given {
			c.at(path+".do", "", "%s needs %q", verb.Name, argument+":")
		}
		if given && !needed && !slices.Contains(verb.May, argument) {
			c.at(path+"."+argument+":", "", "%s takes no %q", verb.Name, argument+":")
		}
	}
}

func (c *checker) checkWhen(path string, w Condition) {
	if !c.given(path) {
		return
	}
	if w.isZero() {
		c.at(path, "", "when names nothing to wait for")
	}
	c.one(path+".state", w.State, "state", c.vocab.States)
	c.one(path+".phase", w.Phase, "phase", c.vocab.Phases)
	c.inRange(path+".generation", w.Generation, 1, 1_000_000)
	c.one(path+".fault", w.Fault, "fault of this scenario", c.faultIDs())
	c.inRange(path+".fired", w.Fired, 1, 1_000_000)
	if w.Fired != 0 && w.Fault == "" {
		c.at(path+".fired", "", "fired needs \"fault:\" beside it")
	}
	c.size(path+".reads", w.Reads, 1, maxKeys)
	c.size(path+".deltas", w.Deltas, 1, maxKeys)
	c.one(path+".leader", w.Leader, "OM node", c.nodeNames())
}

func (w Condition) isZero() bool {
	return w.State == "" && w.Phase == "" && w.Generation == 0 && w.Fault == "" && w.Fired == 0 &&
		!w.Reads.Given() && !w.Deltas.Given() && w.Leader == ""
}
