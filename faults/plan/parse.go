package plan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"reconsim/faults/point"
)

// ParseError tells where and why a text is not a plan.
type ParseError struct {
	// Line and Column count from 1, columns in bytes.
	Line, Column int
	Message      string
	// Suggestion is the nearest right spelling, or empty.
	Suggestion string
}

// Error prints "line:column: message" and the suggestion.
func (e *ParseError) Error() string {
	s := fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	if e.Suggestion != "" {
		s += fmt.Sprintf("; did you mean %q?", e.Suggestion)
	}
	return s
}

// Parse reads a plan, a rule a line. It reports every bad line at once: the
// error, if any, joins one *ParseError for each.
func Parse(text string) (Plan, error) {
	if len(text) > maxPlanBytes {
		return nil, &ParseError{Line: 1, Column: 1, Message: fmt.Sprintf("a plan of %d bytes, at most %d are allowed", len(text), maxPlanBytes)}
	}
	var rules Plan
	var problems []error
	names := map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		rule, found, err := parseLine(line)
		switch {
		case err != nil:
			err.Line = i + 1
			problems = append(problems, err)
		case found && len(rules) == maxRules:
			problems = append(problems, &ParseError{Line: i + 1, Column: 1, Message: fmt.Sprintf("more than %d rules", maxRules)})
			return nil, errors.Join(problems...)
		case found && rule.Name != "" && names[rule.Name] != 0:
			problems = append(problems, &ParseError{Line: i + 1, Column: 1, Message: fmt.Sprintf("the name %q was already used in line %d", rule.Name, names[rule.Name])})
		case found:
			names[rule.Name] = i + 1
			rules = append(rules, rule)
		}
	}
	if problems != nil {
		return nil, errors.Join(problems...)
	}
	return rules, nil
}

// ParseRule reads exactly one rule. The error is a *ParseError.
func ParseRule(text string) (Rule, error) {
	if len(text) > maxPlanBytes {
		return Rule{}, &ParseError{Line: 1, Column: 1, Message: fmt.Sprintf("a rule of %d bytes, at most %d are allowed", len(text), maxPlanBytes)}
	}
	if i := strings.IndexByte(text, '\n'); i >= 0 && strings.TrimSpace(text[i:]) != "" {
		return Rule{}, &ParseError{Line: 2, Column: 1, Message: "a rule is one line, this is a second"}
	}
	rule, found, err := parseLine(strings.TrimRight(text, "\n"))
	if err == nil && !found {
		err = &ParseError{Column: 1, Message: "this is empty; a rule begins with \"at\" and a fault point"}
	}
	if err != nil {
		err.Line = 1
		return Rule{}, err
	}
	return rule, nil
}

func parseLine(line string) (Rule, bool, *ParseError) {
	tokens, err := lex(line)
	if err != nil {
		return Rule{}, false, err
	}
	if len(tokens) == 1 {
		return Rule{}, false, nil
	}
	p := &parser{tokens: tokens}
	rule := p.rule()
	if p.err != nil {
		return Rule{}, false, p.err
	}
	if invalid := rule.Validate(); invalid != nil {
		return Rule{}, false, &ParseError{Column: tokens[0].column, Message: invalid.Error()}
	}
	return rule, true, nil
}

// parser reads the tokens of one rule; after the first error it stands still.
type parser struct {
	tokens []token
	next   int
	err    *ParseError
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

func (p *parser) fail(at token, suggestion, format string, args ...any) {
	if p.err == nil {
		p.err = &ParseError{Column: at.column, Message: fmt.Sprintf(format, args...), Suggestion: suggestion}
	}
}

func (p *parser) expect(kind tokenKind, text, what string) token {
	t := p.take()
	if t.kind != kind || text != "" && t.text != text {
		p.fail(t, "", "expected %s, found %s", what, t.describe())
	}
	return t
}

func (p *parser) rule() Rule {
	r := Rule{On: Always{}}
	if len(p.tokens) > 2 && p.tokens[1].kind == tokenSymbol && p.tokens[1].text == "=" {
		name := p.expect(tokenWord, "", "the name of the rule")
		r.Name = name.text
		p.take()
	}
	p.expect(tokenWord, "at", `"at" and a fault point`)
	where := p.expect(tokenWord, "", "a fault point")
	known := false
	if r.Point, known = point.Parse(where.text); !known {
		p.fail(where, nearest(where.text, pointNames()), "%q is not a fault point", where.text)
	}
	p.clauses(&r)
	for p.err == nil {
		r.Do = append(r.Do, p.action())
		if t := p.take(); t.kind == tokenEnd {
			break
		} else if t.text != "then" || t.kind != tokenWord {
			p.fail(t, "", `expected "then" or the end of the rule, found %s`, t.describe())
		}
		if len(r.Do) == maxActionsPerRule {
			p.fail(p.peek(), "", "more than %d actions", maxActionsPerRule)
		}
	}
	return r
}

var clauseWords = []string{"of", "when", "always", "on", "every", "with", "optional"}

// clauses reads up to and including the colon, each kind of clause once.
func (p *parser) clauses(r *Rule) {
	seen := map[string]bool{}
	for p.err == nil {
		t := p.take()
		if t.kind == tokenSymbol && t.text == ":" {
			return
		}
		kind := t.text
		if kind == "always" || kind == "on" || kind == "every" {
			kind = "a schedule"
		}
		if seen[kind] {
			p.fail(t, "", "%s comes a second time", kind)
			return
		}
		seen[kind] = true
		p.clause(r, t)
	}
}

func (p *parser) clause(r *Rule, t token) {
	word := t.text
	if t.kind != tokenWord {
		word = ""
	}
	switch word {
	case "of":
		r.Of = p.glob()
	case "when":
		r.When = p.counts()
	case "always":
	case "on":
		p.expect(tokenWord, "hit", `"hit"`)
		r.On = p.hits()
	case "every":
		r.On = Every{p.integer("a number of hits")}
	case "with":
		p.expect(tokenWord, "p", `"p=" and a probability`)
		p.expect(tokenSymbol, "=", `"=" and a probability`)
		f := p.expect(tokenWord, "", "a probability such as 0.25")
		chance, err := strconv.ParseFloat(f.text, 64)
		if err != nil || !(chance > 0 && chance <= 1) {
			p.fail(f, "", "%q is not a probability above 0 and up to 1", f.text)
		}
		r.Chance = chance
	case "optional":
		r.Optional = true
	default:
		p.fail(t, nearest(t.text, clauseWords), `expected a clause (%s) or ":" and an action, found %s`, strings.Join(clauseWords, ", "), t.describe())
	}
}

func (p *parser) glob() Glob {
	t := p.take()
	switch {
	case t.kind == tokenString && t.text == "":
		p.fail(t, "", `an empty subject; leave "of" out to match every subject`)
	case t.kind == tokenWord && keywords[t.text]:
		p.fail(t, "", "expected a subject after \"of\"; put the word %q in quotes if it is one", t.text)
	case t.kind != tokenWord && t.kind != tokenString:
		p.fail(t, "", `expected a subject after "of", found %s`, t.describe())
	}
	return Glob(t.text)
}

func (p *parser) counts() []Count {
	var counts []Count
	for p.err == nil {
		p.expect(tokenWord, "n", `"n"`)
		op := p.take()
		if !Op(op.text).known() {
			p.fail(op, "", "expected a comparison (>=, <=, >, <, ==, !=), found %s", op.describe())
		}
		counts = append(counts, Count{Op(op.text), p.integer("a number")})
		if len(counts) > maxCountsPerRule {
			p.fail(op, "", "more than %d conditions", maxCountsPerRule)
		}
		if next := p.peek(); next.kind != tokenWord || next.text != "and" {
			break
		}
		p.take()
	}
	return counts
}

func (p *parser) integer(what string) int64 {
	t := p.expect(tokenWord, "", what)
	n, err := strconv.ParseInt(t.text, 10, 64)
	if err != nil {
		p.fail(t, "", "expected %s, found %s", what, t.describe())
	}
	return n
}

func (p *parser) hits() Schedule {
	t := p.expect(tokenWord, "", "a hit such as 1 or 3..5")
	first, last, ranged := strings.Cut(t.text, "..")
	if !ranged {
		last = first
	}
	a, errA := strconv.ParseInt(first, 10, 64)
	b, errB := strconv.ParseInt(last, 10, 64)
	if errA != nil || errB != nil {
		p.fail(t, "", "%q is not a hit such as 1 or 3..5", t.text)
	}
	return Hits{a, b}
}

var actionWords = []string{
	"error", "errno", "panic", "kill", "hang", "park",
	"short", "dropsync", "flip", "cut", "corrupt", "trickle", "stall", "html",
}

func (p *parser) action() Action {
	t := p.take()
	if t.kind != tokenWord {
		p.fail(t, "", "expected an action (%s), found %s", strings.Join(actionWords, ", "), t.describe())
		return Kill{}
	}
	switch t.text {
	case "error":
		return Error{p.expect(tokenString, "", "a message in double quotes").text}
	case "panic":
		return Panic{p.expect(tokenString, "", "a message in double quotes").text}
	case "errno":
		return p.errno()
	case "park":
		return p.park()
	case "kill":
		return p.kill()
	case "hang":
		return Hang{}
	case "short":
		return Short{}
	case "dropsync":
		return DropSync{}
	case "flip":
		return Flip{}
	case "html":
		return HTML{}
	case "cut":
		return Cut{p.integer("a number of bytes")}
	case "corrupt":
		return Corrupt{p.integer("an offset in bytes")}
	case "trickle":
		return Trickle{p.integer("a rate in bytes a second")}
	case "stall":
		return Stall{p.integer("a number of bytes")}
	}
	p.fail(t, nearest(t.text, actionWords), "%q is not an action", t.text)
	return Kill{}
}

func (p *parser) kill() Action {
	if p.peek().kind != tokenString {
		return Kill{}
	}
	t := p.take()
	if t.text == "" {
		p.fail(t, "", `an empty crash policy; leave it out to let the run choose`)
	}
	return Kill{Policy: t.text}
}

func (p *parser) errno() Action {
	t := p.expect(tokenWord, "", "the name of a system error such as EIO")
	if _, ok := errnos[t.text]; !ok {
		p.fail(t, nearest(t.text, errnoNames()), "%q is not a system error that can be planted", t.text)
	}
	return Errno{t.text}
}

func (p *parser) park() Action {
	t := p.expect(tokenWord, "", "a duration such as 200ms")
	d, err := time.ParseDuration(t.text)
	if err != nil {
		p.fail(t, "", "%q is not a duration such as 200ms or 1.5s", t.text)
	}
	return Park{d}
}

func pointNames() []string {
	all := point.All()
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.String()
	}
	return names
}
