package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unit is what a metric counts in.
type Unit string

// The units. In an Expression's Value durations are nanoseconds.
const (
	CountUnit    Unit = "count"
	DurationUnit Unit = "duration"
	BytesUnit    Unit = "bytes"
	RatioUnit    Unit = "ratio"
)

// Metric is a figure of a run that a threshold can be set on.
type Metric struct {
	Name  string
	Unit  Unit
	About string
	// Of says what may follow "of": "endpoint", "property" or nothing.
	Of string
	// While reports whether "while STATE" may follow.
	While bool
}

// Metrics lists every metric that thresholds may use.
func Metrics() []Metric {
	return []Metric{
		{"reads", CountUnit, "answers that were checked", "endpoint", true},
		{"checks", CountUnit, "checks made of a property", "property", false},
		{"spanning", CountUnit, "requests that began before a publish and ended after it", "endpoint", false},
		{"failed", CountUnit, "requests that got no answer or a 5xx", "endpoint", true},
		{"empty", CountUnit, "answers that were empty and should not have been", "endpoint", true},
		{"mixed", CountUnit, "answers that joined two generations", "endpoint", true},
		{"p50", DurationUnit, "median latency of requests", "endpoint", true},
		{"p99", DurationUnit, "99th percentile of the latency of requests", "endpoint", true},
		{"max", DurationUnit, "longest latency of a request", "endpoint", true},
		{"isolation", RatioUnit, "p99 while a rebuild runs over p99 at rest", "endpoint", false},
		{"deltas", CountUnit, "OM transactions that Recon applied after a snapshot", "", false},
		{"rebuild", DurationUnit, "longest rebuild, from opening the rows to the commit", "", false},
		{"switch", DurationUnit, "longest durable pointer move", "", false},
		{"peak-rss", BytesUnit, "most memory resident at once", "", false},
		{"peak-disk", BytesUnit, "most disk used at once", "", false},
		{"disk-factor", RatioUnit, "peak disk over the size of the OM's own rows", "", false},
	}
}

// EachEndpoint, EachProperty and EachReaderProperty are subjects of an
// Expression that mean: the threshold holds for every one of them.
const (
	EachEndpoint       = "each endpoint"
	EachProperty       = "each property"
	EachReaderProperty = "each reader property"
)

// Expression is a threshold's condition:
//
//	METRIC [ "of" (NAME | "each endpoint" | "each property" | "each reader property") ]
//	       [ "while" STATE ] (">=" | "<=" | ">" | "<" | "==") NUMBER[UNIT]
//
// UNIT is ms, s and so on for durations, KiB, MiB or GiB for bytes.
type Expression struct {
	Metric string
	// Of is an endpoint, a property, one of the Each constants, or empty.
	Of string
	// While is a state of staging, or empty.
	While string
	Op    string
	// Value is a count, nanoseconds, bytes or a ratio, by the metric's unit.
	Value float64
}

// Holds reports whether a measured value satisfies the expression.
func (e Expression) Holds(value float64) bool {
	switch e.Op {
	case ">=":
		return value >= e.Value
	case "<=":
		return value <= e.Value
	case ">":
		return value > e.Value
	case "<":
		return value < e.Value
	case "==":
		return value == e.Value
	}
	return false
}

// Unit returns the unit of the expression's value.
func (e Expression) Unit() Unit { return metricNamed(e.Metric).Unit }

// String prints the expression; ParseExpression reads it back.
func (e Expression) String() string {
	s := e.Metric
	if e.Of != "" {
		s += " of " + e.Of
	}
	if e.While != "" {
		s += " while " + e.While
	}
	return s + " " + e.Op + " " + e.valueText()
}

func (e Expression) valueText() string {
	switch unit := e.Unit(); {
	case unit == DurationUnit && e.Value < math.MaxInt64:
		return Duration(e.Value).String()
	case unit == BytesUnit:
		for _, u := range byteUnits {
			if e.Value >= u.size && math.Mod(e.Value, u.size) == 0 {
				return strconv.FormatFloat(e.Value/u.size, 'f', -1, 64) + u.name
			}
		}
	}
	return strconv.FormatFloat(e.Value, 'f', -1, 64)
}

var byteUnits = []struct {
	name string
	size float64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// ExpressionError tells what is wrong with an expression.
type ExpressionError struct {
	// Column counts from 1, in bytes of the expression.
	Column     int
	Message    string
	Suggestion string
}

// Error prints the message and the suggestion.
func (e *ExpressionError) Error() string {
	if e.Suggestion == "" {
		return e.Message
	}
	return fmt.Sprintf("%s; did you mean %q?", e.Message, e.Suggestion)
}

// ParseExpression reads an expression. It checks metrics and units; names of
// endpoints, properties and states are left to a vocabulary.
func ParseExpression(text string) (Expression, *ExpressionError) {
	var e Expression
	fields, columns := splitFields(text)
	if len(text) > 1000 || len(fields) < 3 {
		return e, &ExpressionError{Column: 1, Message: fmt.Sprintf("%q is not a threshold such as \"reads of each endpoint >= 500\"", clip(text))}
	}
	fail := func(i int, suggestion, format string, args ...any) (Expression, *ExpressionError) {
		return Expression{}, &ExpressionError{Column: columns[min(i, len(columns)-1)], Message: fmt.Sprintf(format, args...), Suggestion: suggestion}
	}
	e.Metric = fields[0]
	metric := metricNamed(e.Metric)
	if metric.Name == "" {
		return fail(0, nearest(e.Metric, metricNames()), "%q is not a metric", clip(e.Metric))
	}
	i := 1
	for i < len(fields)-2 {
		switch {
		case fields[i] == "of" && e.Of == "" && e.While == "" && metric.Of != "":
			j := i + 1
			for j < len(fields)-2 && fields[j] != "while" && fields[j] != "of" {
				j++
			}
			e.Of = strings.Join(fields[i+1:j], " ")
			if e.Of == "" {
				return fail(i, "", "\"of\" needs a name, or \"each %s\"", metric.Of)
			}
			i = j
		case fields[i] == "while" && e.While == "" && metric.While:
			e.While = fields[i+1]
			i += 2
		default:
			return fail(i, "", "%q cannot stand here after %q", clip(fields[i]), e.Metric)
		}
	}
	if i != len(fields)-2 {
		return fail(i, "", "expected a comparison and a number at the end")
	}
	e.Op = fields[i]
	switch e.Op {
	case ">=", "<=", ">", "<", "==":
	default:
		return fail(i, "", "%q is not a comparison (>=, <=, >, <, ==)", clip(e.Op))
	}
	value, err := parseValue(fields[i+1], metric.Unit)
	if err != nil {
		return fail(i+1, "", "%v", err)
	}
	e.Value = value
	return e, nil
}

// splitFields cuts at white space and keeps 1-based columns.
func splitFields(text string) (fields []string, columns []int) {
	for i := 0; i < len(text); {
		if text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r' {
			i++
			continue
		}
		start := i
		for i < len(text) && text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r' {
			i++
		}
		fields, columns = append(fields, text[start:i]), append(columns, start+1)
	}
	return fields, columns
}

func parseValue(text string, unit Unit) (float64, error) {
	switch unit {
	case DurationUnit:
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is not a duration such as 20ms", clip(text))
		}
		return float64(d), nil
	case BytesUnit:
		for _, u := range byteUnits {
			if number, ok := strings.CutSuffix(text, u.name); ok {
				n, err := parseNumber(number)
				return n * u.size, err
			}
		}
	}
	return parseNumber(text)
}

func parseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 || n > 1e18 {
		return 0, fmt.Errorf("%q is not a number from 0 to 1e18", clip(text))
	}
	return n, nil
}

func metricNamed(name string) Metric {
	for _, m := range Metrics() {
		if m.Name == name {
			return m
		}
	}
	return Metric{}
}

func metricNames() []string {
	var names []string
	for _, m := range Metrics() {
		names = append(names, m.Name)
	}
	return names
}

func (e *Expression) decode(d *decoder, n *node, path string) {
	text := ""
	d.text(n, path, &text)
	if text == "" {
		return
	}
	parsed, err := ParseExpression(text)
	if err != nil {
		d.problem(n.line, n.innerColumn(err.Column), err.Suggestion, "%s", err.Message)
		return
	}
	*e = parsed
}

func (e Expression) encode() *node { return stringNode(e.String()) }

func (t *Threshold) decode(d *decoder, n *node, path string) {
	if n.kind == mapping {
		type plain Threshold
		d.structure(n, path, (*plain)(t))
		return
	}
	t.Expr.decode(d, n, path)
}

func (t Threshold) encode() *node {
	if t.Tiers == nil {
		return t.Expr.encode()
	}
	type plain Threshold
	return encodeStruct(plain(t))
}
