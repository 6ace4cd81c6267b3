package reports

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"reconsim/reports/record"
)

// The terminal's own sixteen colours, so that a user's theme decides.
var (
	termBold  = lipgloss.NewStyle().Bold(true)
	termQuiet = lipgloss.NewStyle().Faint(true)
	termGood  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	termBad   = lipgloss.NewStyle().Foreground(lipgloss.Red).Bold(true)
)

// maxTerminalViolations is how many signatures of violations are printed of a
// run.
const maxTerminalViolations = 5

// WriteTerminal writes the verdict of runs for a person at a terminal: of one
// run, or of each that failed, what was checked and what broke; of several
// first a line each. It ends with the command that repeats the run, or each
// that failed. Colours appear only if w is a terminal that has them; NO_COLOR
// and CLICOLOR_FORCE are obeyed.
func WriteTerminal(w io.Writer, runs []record.Run) error {
	var out strings.Builder
	if len(runs) > 1 {
		out.WriteString(overview(runs) + "\n\n")
	}
	var repeat []string
	for _, run := range runs {
		if len(runs) > 1 && run.Verdict == record.Pass {
			continue
		}
		out.WriteString(verdictText(run))
		if run.Repeat != "" {
			repeat = append(repeat, run.Repeat)
		}
	}
	for _, command := range repeat {
		out.WriteString(termQuiet.Render("repeat:") + " " + oneLine(command) + "\n")
	}
	if _, err := lipgloss.Fprint(w, out.String()); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	return nil
}

func verdictMark(pass bool) string {
	if pass {
		return termGood.Render("✓ pass")
	}
	return termBad.Render("✕ FAIL")
}

// overview has one line for each run.
func overview(runs []record.Run) string {
	t := newTable("", "scenario", "seed", "answers", "rebuilds", "faults fired", "time")
	for _, run := range runs {
		fired := countIf(run.Faults, func(f record.Fault) bool { return f.Fired > 0 })
		t.Row(verdictMark(run.Verdict == record.Pass), oneLine(title(run)), fmt.Sprint(run.Seed), grouped(run.Counts.Reads),
			fmt.Sprint(len(run.Generations)), fmt.Sprintf("%d of %d", fired, len(run.Faults)), secondsText(run.Seconds))
	}
	failed := countIf(runs, func(r record.Run) bool { return r.Verdict != record.Pass })
	last := termGood.Render(fmt.Sprintf("all %s passed", plural(len(runs), "scenario")))
	if failed > 0 {
		last = termBad.Render(fmt.Sprintf("%d of %s failed", failed, plural(len(runs), "scenario")))
	}
	return t.Render() + "\n" + last
}

// verdictText is one run in full.
func verdictText(run record.Run) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s  %s  %s\n", verdictMark(run.Verdict == record.Pass), termBold.Render(oneLine(title(run))),
		termQuiet.Render(oneLine(fmt.Sprintf("tier %s · seed %d · %s", run.Tier, run.Seed, secondsText(run.Seconds)))))
	fmt.Fprintf(&out, "%s %s\n", termBold.Render(oneLine(headline(run))), oneLine(paragraph(run)))
	if len(run.Properties) > 0 {
		t := newTable("", "property", "checks", "violations")
		for _, p := range run.Properties {
			mark := termGood.Render("✓")
			switch {
			case p.Violations > 0:
				mark = termBad.Render("✕")
			case p.Checked == 0:
				mark = termQuiet.Render("–")
			}
			t.Row(mark, oneLine(p.Name), grouped(p.Checked), grouped(p.Violations))
		}
		out.WriteString(t.Render() + "\n")
	}
	if run.Load != nil {
		out.WriteString(loadText(run.Load))
		for _, f := range loadFacts(run) {
			fmt.Fprintf(&out, "%s %s %s\n", f.Value, f.Name, termQuiet.Render("("+f.Detail+")"))
		}
	}
	groups := groupViolations(run)
	for i, g := range groups {
		if i == maxTerminalViolations {
			fmt.Fprintf(&out, "  %s more\n", plural(len(groups)-i, "signature"))
			break
		}
		v := g.First
		fmt.Fprintf(&out, "%s %s at %s: %s%s\n", termBad.Render("✕"), oneLine(v.Property), millisText(v.AtMillis), oneLine(v.Message), g.like())
		if v.WhyPage != "" {
			fmt.Fprintf(&out, "  %s %s\n", termQuiet.Render("why:"), oneLine(v.Because))
			if run.Dir != "" {
				fmt.Fprintf(&out, "       %s\n", oneLine(run.Dir+"/"+v.WhyPage))
			}
		}
		if v.Replay != "" {
			fmt.Fprintf(&out, "  %s %s\n", termQuiet.Render("replay:"), oneLine(v.Replay))
		}
	}
	for _, line := range missed(run) {
		fmt.Fprintf(&out, "%s %s\n", termBad.Render("✕"), oneLine(line))
	}
	if run.Dir != "" {
		fmt.Fprintf(&out, "%s %s\n", termQuiet.Render("report:"), oneLine(run.Dir+"/"+PageFile))
	}
	return out.String()
}

// newTable is a quiet table: a rule below the header and no other lines. The
// columns after the second hold numbers.
func newTable(headers ...string) *table.Table {
	return table.New().Headers(headers...).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderColumn(false).
		Border(lipgloss.NormalBorder()).BorderStyle(termQuiet).
		StyleFunc(func(row, column int) lipgloss.Style {
			style := lipgloss.NewStyle().PaddingRight(2)
			if column >= 2 {
				style = style.Align(lipgloss.Right)
			}
			if row == table.HeaderRow {
				style = style.Faint(true)
			}
			return style
		})
}

// oneLine keeps control characters of a record away from the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
}
