package plan

import (
	"fmt"
	"strconv"
	"strings"

	"reconsim/faults/point"
)

// Bounds on plans that come from outside.
const (
	maxPlanBytes      = 256 << 10
	maxRules          = 4096
	maxActionsPerRule = 8
	maxCountsPerRule  = 8
	// maxHit keeps schedules within what failpoint's counters hold.
	maxHit = 1 << 31
)

// Plan is an ordered list of rules. When several fire at one passage they act
// in this order until one ends the passage.
type Plan []Rule

// String prints the plan as DSL, a rule a line.
func (p Plan) String() string {
	var b strings.Builder
	for _, r := range p {
		b.WriteString(r.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Rule says what happens at which passages of one point. The zero value is not
// valid; build one with [At] or [ParseRule] and check it with Validate.
type Rule struct {
	// Name identifies the rule in reports and timelines; empty is allowed, the
	// registry then calls it by its number.
	Name string
	// Point is where it strikes.
	Point point.Point
	// Of matches the subject; empty matches every subject.
	Of Glob
	// When must all hold for the count n of the passage.
	When []Count
	// On picks among the matching passages; nil means [Always].
	On Schedule
	// Chance in (0, 1] decides for each picked passage; 0 means 1.
	Chance float64
	// Optional rules need not fire.
	Optional bool
	// Do is carried out in order; only the last may end the passage.
	Do []Action
}

// At begins a rule that strikes always; the methods below narrow it.
func At(p point.Point) Rule { return Rule{Point: p, On: Always{}} }

// Named returns the rule under a name.
func (r Rule) Named(name string) Rule { r.Name = name; return r }

// Matching returns the rule narrowed to subjects that match the glob.
func (r Rule) Matching(subject Glob) Rule { r.Of = subject; return r }

// If returns the rule narrowed by one more condition on n.
func (r Rule) If(c Count) Rule {
	r.When = append(append([]Count(nil), r.When...), c)
	return r
}

// Picking returns the rule with another schedule.
func (r Rule) Picking(s Schedule) Rule { r.On = s; return r }

// WithChance returns the rule firing with probability p on each picked passage.
func (r Rule) WithChance(p float64) Rule { r.Chance = p; return r }

// NeedNotFire returns the rule marked optional.
func (r Rule) NeedNotFire() Rule { r.Optional = true; return r }

// Then returns the rule with one more action.
func (r Rule) Then(a Action) Rule {
	r.Do = append(append([]Action(nil), r.Do...), a)
	return r
}

// String prints the rule as DSL, which ParseRule reads back to an equal value.
func (r Rule) String() string {
	var b strings.Builder
	if r.Name != "" {
		b.WriteString(r.Name + " = ")
	}
	b.WriteString("at " + r.Point.String())
	if r.Of != "" {
		b.WriteString(" of " + r.Of.String())
	}
	for i, c := range r.When {
		if i == 0 {
			b.WriteString(" when ")
		} else {
			b.WriteString(" and ")
		}
		b.WriteString(c.String())
	}
	if r.On != nil {
		b.WriteString(" " + r.On.String())
	} else {
		b.WriteString(" " + Always{}.String())
	}
	if r.Chance != 0 {
		b.WriteString(" with p=" + strconv.FormatFloat(r.Chance, 'g', -1, 64))
	}
	if r.Optional {
		b.WriteString(" optional")
	}
	b.WriteString(" : ")
	for i, a := range r.Do {
		if i > 0 {
			b.WriteString(" then ")
		}
		b.WriteString(a.String())
	}
	return b.String()
}

// Validate reports the first thing that keeps the rule from being armed.
func (r Rule) Validate() error {
	if _, known := point.Parse(r.Point.String()); !known {
		return fmt.Errorf("%s: %s is not a fault point", r.label(), r.Point)
	}
	if r.Name != "" && !isName(r.Name) {
		return fmt.Errorf("rule name %q: use letters, digits, '-', '_', '.' and '/', starting with a letter, and no word of the grammar", r.Name)
	}
	if len(r.Of) > maxGlobBytes {
		return fmt.Errorf("%s: subject of %d bytes, at most %d are allowed", r.label(), len(r.Of), maxGlobBytes)
	}
	if len(r.When) > maxCountsPerRule {
		return fmt.Errorf("%s: %d conditions, at most %d are allowed", r.label(), len(r.When), maxCountsPerRule)
	}
	for _, c := range r.When {
		if !c.Op.known() {
			return fmt.Errorf("%s: %q is not a comparison", r.label(), c.Op)
		}
	}
	if r.Chance < 0 || r.Chance > 1 || r.Chance != r.Chance {
		return fmt.Errorf("%s: p=%g is not a probability above 0 and up to 1", r.label(), r.Chance)
	}
	if r.On != nil {
		if err := r.On.validate(); err != nil {
			return fmt.Errorf("%s: %w", r.label(), err)
		}
	}
	return r.validateActions()
}

func (r Rule) validateActions() error {
	if len(r.Do) == 0 {
		return fmt.Errorf("%s: no action", r.label())
	}
	if len(r.Do) > maxActionsPerRule {
		return fmt.Errorf("%s: %d actions, at most %d are allowed", r.label(), len(r.Do), maxActionsPerRule)
	}
	for i, a := range r.Do {
		if a == nil {
			return fmt.Errorf("%s: action %d is nil", r.label(), i+1)
		}
		if err := a.validate(); err != nil {
			return fmt.Errorf("%s: %w", r.label(), err)
		}
		if i < len(r.Do)-1 && a.ends() {
			return fmt.Errorf("%s: %q ends the passage, nothing can come after it", r.label(), a)
		}
	}
	last := r.Do[len(r.Do)-1]
	if e, ok := last.(Effect); ok && !e.fits(r.Point) {
		return fmt.Errorf("%s: %q cannot be carried out at %s (%s)", r.label(), last, r.Point, e.where())
	}
	return nil
}

// label is how errors call the rule.
func (r Rule) label() string {
	if r.Name == "" {
		return "this rule"
	}
	return fmt.Sprintf("rule %q", r.Name)
}

// transfers reports whether the rule changes a body rather than a passage; such
// rules are asked for with Registry.Transfer and count transfers.
func (r Rule) transfers() bool {
	e, ok := r.Do[len(r.Do)-1].(Effect)
	return ok && e.Family() == TransferFamily
}

// Op compares the count of a passage with a number.
type Op string

// The comparisons of a [Count].
const (
	AtLeast Op = ">="
	AtMost  Op = "<="
	Above   Op = ">"
	Below   Op = "<"
	Equal   Op = "=="
	Unequal Op = "!="
)

func (o Op) known() bool {
	switch o {
	case AtLeast, AtMost, Above, Below, Equal, Unequal:
		return true
	}
	return false
}

// Count is a condition on the count n of a passage, such as rows done.
type Count struct {
	Op Op
	N  int64
}

// String prints the condition as DSL.
func (c Count) String() string { return fmt.Sprintf("n %s %d", c.Op, c.N) }

// Holds reports whether n satisfies the condition.
func (c Count) Holds(n int64) bool {
	switch c.Op {
	case AtLeast:
		return n >= c.N
	case AtMost:
		return n <= c.N
	case Above:
		return n > c.N
	case Below:
		return n < c.N
	case Equal:
		return n == c.N
	case Unequal:
		return n != c.N
	}
	return false
}
