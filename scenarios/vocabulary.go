package scenarios

import "strings"

// Vocabulary is every name that a scenario may use. The zero value knows no
// name; sim fills one from the engine, the fault plan and the fake OM.
type Vocabulary struct {
	Properties []string
	// ReaderProperties are those of Properties that are checked on each answer;
	// "each reader property" in a threshold means them.
	ReaderProperties []string
	Points           []string
	Tasks            []string
	States           []string
	Phases           []string
	Outcomes         []string
	OMCalls          []string
	Endpoints        []string
	ConfigKeys       []string
	Layouts          []string
	Schemas          []string
	Protocols        []string
	Strategies       []string
	Tiers            []Tier
	// CheckConfig refuses a value that does not fit its key; nil accepts all.
	CheckConfig func(key, value string) error
	// CheckPolicy refuses what is no crash policy; nil accepts all.
	CheckPolicy func(text string) error
	// ParseRule reads one line of the plan language; nil accepts all.
	ParseRule func(text string) (Rule, *RuleError)
}

// Tier is a place where scenarios run.
type Tier struct {
	Name string
	// Cannot names what cannot be expressed there, and why. Keys are
	// "do VERB", "when PART" (as in Condition), "fault POINT", "action WORD",
	// "threshold METRIC", "config KEY", "world FIELD" and "schedule"; a key
	// that ends in "*" stands for all that begin so.
	Cannot map[string]string
}

// cannot returns why a line cannot be expressed in the tier.
func (t Tier) cannot(line string) (why string, ok bool) {
	if why, ok := t.Cannot[line]; ok {
		return why, true
	}
	for _, key := range sortedKeys(t.Cannot) {
		if prefix, star := strings.CutSuffix(key, "*"); star && strings.HasPrefix(line, prefix) {
			return t.Cannot[key], true
		}
	}
	return "", false
}

// Rule is what a vocabulary tells about a fault rule.
type Rule struct {
	// Name is the name that the text itself gives the rule, normally empty.
	Name  string
	Point string
	// Subject is the glob after "of", or empty.
	Subject string
	// Actions are their first words: error, park, kill.
	Actions []string
}

// RuleError tells why a text is not a rule.
type RuleError struct {
	// Column counts from 1, in bytes of the text.
	Column     int
	Message    string
	Suggestion string
}

func (v *Vocabulary) tier(name string) (Tier, bool) {
	for _, t := range v.Tiers {
		if t.Name == name {
			return t, true
		}
	}
	return Tier{}, false
}

// TierNames lists the tiers in their order.
func (v *Vocabulary) TierNames() []string {
	names := make([]string, len(v.Tiers))
	for i, t := range v.Tiers {
		names[i] = t.Name
	}
	return names
}
