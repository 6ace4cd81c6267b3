package reports

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"

	"charm.land/lipgloss/v2"

	"reconsim/reports/record"
)

// Comparison is a table of what runs have in common: a column for each run, a
// row for each figure.
type Comparison struct {
	// Runs names the columns.
	Runs []string `json:"runs"`
	// Rows is grouped: identity, counts, properties, latencies.
	Rows []ComparisonRow `json:"rows"`
}

// ComparisonRow is one figure of each run.
type ComparisonRow struct {
	// Group is run, counts, properties, generations or latency.
	Group string `json:"group"`
	// Name says which figure.
	Name string `json:"name"`
	// Values has one text for each run, empty where a run has none.
	Values []string `json:"values"`
	// Same says that all values are equal.
	Same bool `json:"same"`
	// Ratio is the last run's value over the first's, 0 if that means nothing.
	Ratio float64 `json:"ratio,omitempty"`
}

// Compare reads the run records of two or more run directories and sets them
// side by side.
func Compare(dirs []string) (Comparison, error) {
	if len(dirs) < 2 {
		return Comparison{}, fmt.Errorf("compare: give two run directories or more, got %d", len(dirs))
	}
	runs := make([]record.Run, len(dirs))
	for i, dir := range dirs {
		run, err := record.ReadRun(dir)
		if err != nil {
			return Comparison{}, err
		}
		runs[i] = run
	}
	return CompareRuns(runs), nil
}

// CompareRuns sets runs side by side.
func CompareRuns(runs []record.Run) Comparison {
	c := Comparison{}
	for _, run := range runs {
		name := filepath.Base(run.Dir)
		if run.Dir == "" {
			name = title(run)
		}
		c.Runs = append(c.Runs, name)
	}
	c.text(runs, "run", "scenario", title)
	c.text(runs, "run", "tier", func(r record.Run) string { return r.Tier })
	c.text(runs, "run", "seed", func(r record.Run) string { return fmt.Sprint(r.Seed) })
	c.text(runs, "run", "verdict", func(r record.Run) string { return string(r.Verdict) })
	c.text(runs, "run", "trace", func(r record.Run) string { return r.TraceHash })
	c.figure(runs, "run", "time", func(r record.Run) (float64, string) { return r.Seconds, secondsText(r.Seconds) })
	c.figure(runs, "run", "CPU time", func(r record.Run) (float64, string) { return r.CPUSeconds, secondsText(r.CPUSeconds) })
	c.figure(runs, "run", "peak memory", func(r record.Run) (float64, string) { return float64(r.PeakRSSBytes), bytesText(r.PeakRSSBytes) })
	c.count(runs, "counts", "answers", func(r record.Run) int64 { return r.Counts.Reads })
	c.count(runs, "counts", "during a rebuild", readsDuringRebuild)
	c.count(runs, "counts", "across a switch", func(r record.Run) int64 { return r.Counts.SpanningPublish })
	for _, o := range outcomeWords {
		c.count(runs, "generations", o.words, func(r record.Run) int64 {
			return int64(countIf(r.Generations, func(g record.Generation) bool { return g.Outcome == o.outcome }))
		})
	}
	for _, name := range propertyNames(runs) {
		c.text(runs, "properties", name, func(r record.Run) string { return propertyText(r, name) })
	}
	c.latencies(runs)
	return c
}

func (c *Comparison) latencies(runs []record.Run) {
	for _, w := range phaseWords {
		for _, q := range []struct {
			name string
			of   func(record.PhaseLatency) int64
		}{
			{"p50", func(p record.PhaseLatency) int64 { return p.P50Micros }},
			{"p99", func(p record.PhaseLatency) int64 { return p.P99Micros }},
			{"max", func(p record.PhaseLatency) int64 { return p.MaxMicros }},
		} {
			c.figure(runs, "latency", string(w.phase)+" "+q.name, func(r record.Run) (float64, string) {
				p, ok := r.Latency.Of(w.phase)
				if !ok {
					return 0, ""
				}
				return float64(q.of(p)), microsText(q.of(p))
			})
		}
	}
}

// propertyNames lists the properties of all runs, in the order in which they
// first appear.
func propertyNames(runs []record.Run) []string {
	var names []string
	seen := map[string]bool{}
	for _, run := range runs {
		for _, p := range run.Properties {
			if !seen[p.Name] {
				seen[p.Name] = true
				names = append(names, p.Name)
			}
		}
	}
	return names
}

func propertyText(run record.Run, name string) string {
	for _, p := range run.Properties {
		switch {
		case p.Name != name:
		case p.Violations > 0:
			return fmt.Sprintf("✕ %s of %s", grouped(p.Violations), grouped(p.Checked))
		case p.Checked > 0:
			return "✓ " + grouped(p.Checked)
		default:
			return "– never checked"
		}
	}
	return ""
}

func (c *Comparison) text(runs []record.Run, group, name string, of func(record.Run) string) {
	c.figure(runs, group, name, func(r record.Run) (float64, string) { return 0, of(r) })
}

func (c *Comparison) count(runs []record.Run, group, name string, of func(record.Run) int64) {
	c.figure(runs, group, name, func(r record.Run) (float64, string) { return float64(of(r)), grouped(of(r)) })
}

// figure adds a row, unless no run has a value for it.
func (c *Comparison) figure(runs []record.Run, group, name string, of func(record.Run) (float64, string)) {
	row := ComparisonRow{Group: group, Name: name, Same: true}
	var first, last float64
	found := false
	for i, run := range runs {
		value, text := of(run)
		row.Values = append(row.Values, text)
		row.Same = row.Same && text == row.Values[0]
		found = found || text != "" && text != "0"
		if i == 0 {
			first = value
		}
		last = value
	}
	if !found {
		return
	}
	if first > 0 && last > 0 && !row.Same {
		row.Ratio = math.Round(last/first*1000) / 1000
	}
	c.Rows = append(c.Rows, row)
}

// WriteMarkdown writes the comparison as a Markdown table.
func (c Comparison) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	out.WriteString("| |")
	for _, name := range c.Runs {
		out.WriteString(" " + markdownCell(name) + " |")
	}
	out.WriteString(" last ÷ first |\n|---|" + strings.Repeat("--:|", len(c.Runs)+1) + "\n")
	for _, row := range c.Rows {
		out.WriteString("| " + markdownCell(row.Name) + " |")
		for _, value := range row.Values {
			out.WriteString(" " + markdownCell(value) + " |")
		}
		out.WriteString(" " + row.ratioText() + " |\n")
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

// WriteTerminal writes the comparison as a table for a terminal; rows that
// differ stand out, in colour only if w is a terminal that has them.
func (c Comparison) WriteTerminal(w io.Writer) error {
	headers := append([]string{"", ""}, c.Runs...)
	t := newTable(append(headers, "last ÷ first")...)
	group := ""
	for _, row := range c.Rows {
		cells := []string{"", oneLine(row.Name)}
		if row.Group != group {
			group = row.Group
			cells[0] = termBold.Render(group)
		}
		for _, value := range row.Values {
			value = oneLine(value)
			if strings.HasPrefix(value, "✕") || value == string(record.Fail) {
				value = termBad.Render(value)
			}
			cells = append(cells, value)
		}
		t.Row(append(cells, row.ratioText())...)
	}
	if _, err := lipgloss.Fprintln(w, t.Render()); err != nil {
		return fmt.Errorf("write the comparison: %w", err)
	}
	return nil
}

func (r ComparisonRow) ratioText() string {
	switch {
	case r.Ratio > 0:
		return trimZeros(r.Ratio, 2) + "×"
	case !r.Same:
		return "differs"
	}
	return ""
}
