package reports

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/jstemmer/go-junit-report/v2/junit"

	"reconsim/reports/record"
)

// WriteCrashTerminal writes a crash matrix for a person at a terminal: the
// verdict, cells by policy, each signature of bad cells with its pair and a
// command, and the command that makes the matrix again.
func WriteCrashTerminal(w io.Writer, m record.CrashMatrix) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s  %s  %s\n", verdictMark(m.Verdict == record.Pass), termBold.Render(oneLine("crashes of "+crashTitle(m))),
		termQuiet.Render(fmt.Sprintf("depth %d · seed %d · %s", m.Depth, m.Seed, secondsText(m.Seconds))))
	fmt.Fprintf(&out, "%s %s\n", termBold.Render(oneLine(crashHeadline(m))), oneLine(crashParagraph(m)))
	if m.Error == nil {
		out.WriteString(oneLine(completeness(m)) + "\n")
	}
	if len(m.Rows) > 0 {
		headers := []string{"cells", ""}
		for _, l := range outcomeLooks {
			headers = append(headers, strings.TrimSuffix(l.Words, " generation"))
		}
		t := newTable(headers...)
		for _, r := range m.Rows {
			second := ""
			if r.Depth > 1 {
				second = "second crash"
			}
			cells := []string{oneLine(r.Policy), second}
			for i, n := range countRow(r, m.Operations).Counts {
				text := grouped(n)
				if n > 0 && outcomeLooks[i].Outcome.Bad() {
					text = termBad.Render(text)
				}
				cells = append(cells, text)
			}
			t.Row(cells...)
		}
		out.WriteString(t.Render() + "\n")
	}
	if len(m.Depths) > 0 {
		t := newTable("states", "", "images", "distinct", "checked", "time")
		for _, d := range m.Depths {
			t.Row(fmt.Sprintf("depth %d", d.Depth), "", grouped(d.Images), grouped(d.Distinct), grouped(d.Checked), secondsText(d.Seconds))
		}
		fmt.Fprintf(&out, "%s\n%s %s\n", t.Render(), grouped(int64(m.StatesPerSecond)), termQuiet.Render("states a second"))
	}
	groups := groupBad(m)
	for i, g := range groups {
		if i == maxTerminalViolations {
			fmt.Fprintf(&out, "  %s more\n", plural(len(groups)-i, "signature"))
			break
		}
		fmt.Fprintf(&out, "%s %s in %s, first %s: %s\n", termBad.Render("✕"), g.Look.Words, plural(g.Cells, "cell"), oneLine(crashPlace(g.First)), oneLine(becauseOf(g.First)))
		if pair := g.First.Pair; pair != nil {
			fmt.Fprintf(&out, "  %s %s %s\n  %s %s %s\n", termQuiet.Render("lost:    "), grouped(pair.Lost.Number), oneLine(pair.Lost.Text),
				termQuiet.Render("survived:"), grouped(pair.Survived.Number), oneLine(pair.Survived.Text))
		}
		fmt.Fprintf(&out, "  %s %s\n", termQuiet.Render("replay:"), oneLine(g.First.Replay))
	}
	if m.Dir != "" {
		fmt.Fprintf(&out, "%s %s\n", termQuiet.Render("report:"), oneLine(m.Dir+"/"+CrashesPageFile))
	}
	if m.Repeat != "" {
		fmt.Fprintf(&out, "%s %s\n", termQuiet.Render("repeat:"), oneLine(m.Repeat))
	}
	if _, err := lipgloss.Fprint(w, out.String()); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	return nil
}

// WriteCrashSummary writes a crash matrix as a short piece of Markdown.
func WriteCrashSummary(w io.Writer, m record.CrashMatrix) error {
	var out strings.Builder
	mark := "✅ pass"
	if m.Verdict != record.Pass {
		mark = "❌ fail"
	}
	fmt.Fprintf(&out, "### %s · crashes of %s\n\n**%s** %s\n", mark, markdownCell(crashTitle(m)), markdownCell(crashHeadline(m)), markdownCell(crashParagraph(m)))
	if m.Error == nil {
		fmt.Fprintf(&out, "\n%s\n", markdownCell(completeness(m)))
	}
	groups := groupBad(m)
	for i, g := range groups {
		if i == maxSummaryViolations {
			fmt.Fprintf(&out, "\n- and %s", plural(len(groups)-i, "more signature"))
			break
		}
		fmt.Fprintf(&out, "\n- ✕ **%s** in %s, first %s: %s", g.Look.Words, plural(g.Cells, "cell"), markdownCell(crashPlace(g.First)), markdownCell(becauseOf(g.First)))
		if pair := g.First.Pair; pair != nil {
			fmt.Fprintf(&out, "\n  lost %s, survived %s", markdownCode(pair.Lost.Text), markdownCode(pair.Survived.Text))
		}
		if g.First.Replay != "" {
			fmt.Fprintf(&out, "\n  replay %s", markdownCode(g.First.Replay))
		}
	}
	if len(groups) > 0 {
		out.WriteString("\n")
	}
	out.WriteString("\n| states | " + strings.Join(outcomeNames(), " | ") + " |\n|--:|" + strings.Repeat("--:|", len(outcomeNames())) + "\n")
	fmt.Fprintf(&out, "| %s |", grouped(m.States))
	for _, l := range outcomeLooks {
		if l.Outcome != record.OutcomeEither {
			fmt.Fprintf(&out, " %s |", grouped(m.Cells.Of(l.Outcome)))
		}
	}
	out.WriteString("\n")
	if len(m.Depths) > 0 {
		out.WriteString("\n| depth | images | distinct | checked | time |\n|--:|--:|--:|--:|--:|\n")
		for _, d := range m.Depths {
			fmt.Fprintf(&out, "| %d | %s | %s | %s | %s |\n", d.Depth, grouped(d.Images), grouped(d.Distinct), grouped(d.Checked), secondsText(d.Seconds))
		}
	}
	fmt.Fprintf(&out, "\nDepth %d, seed %d, %s, %s states a second.", m.Depth, m.Seed, secondsText(m.Seconds), grouped(int64(m.StatesPerSecond)))
	if m.Repeat != "" {
		fmt.Fprintf(&out, " Repeat: %s", markdownCode(m.Repeat))
	}
	out.WriteString("\n")
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

func outcomeNames() []string {
	var names []string
	for _, l := range outcomeLooks {
		if l.Outcome != record.OutcomeEither {
			names = append(names, l.Words)
		}
	}
	return names
}

// crashSuite is a matrix as a JUnit suite: a test case for each row, and one
// for completeness.
func crashSuite(m record.CrashMatrix) junit.Testsuite {
	name := "crashes of " + crashTitle(m)
	suite := junit.Testsuite{Name: xmlText(name), Time: junitSeconds(m.Seconds), File: xmlText(m.Scenario.File)}
	if !m.StartedAt.IsZero() {
		suite.SetTimestamp(m.StartedAt)
	}
	for _, p := range [][2]string{{"seed", fmt.Sprint(m.Seed)}, {"depth", fmt.Sprint(m.Depth)}, {"states", fmt.Sprint(m.States)},
		{"bad", fmt.Sprint(m.Cells.Bad())}, {"verdict", string(m.Verdict)}, {"repeat", m.Repeat}} {
		suite.AddProperty(p[0], xmlText(p[1]))
	}
	test := func(what string) junit.Testcase {
		return junit.Testcase{Classname: xmlText(name), Name: xmlText(what), Time: junitSeconds(0)}
	}
	for _, r := range m.Rows {
		c := test(fmt.Sprintf("%s, depth %d", r.Policy, r.Depth))
		c.Failure = crashFailure(m, r)
		suite.AddTestcase(c)
	}
	c := test("every crash state was checked")
	switch {
	case m.Error != nil:
		c.Error = junitResult(m.Error.Kind, m.Error.Error(), "")
	case !m.Complete:
		c.Failure = junitResult("incomplete", completeness(m), "")
	}
	suite.AddTestcase(c)
	return suite
}

// crashFailure describes the bad cells of a row, nil if there is none.
func crashFailure(m record.CrashMatrix, r record.CrashRow) *junit.Result {
	bad := 0
	for i, n := range countRow(r, m.Operations).Counts {
		if outcomeLooks[i].Outcome.Bad() {
			bad += n
		}
	}
	if bad == 0 {
		return nil
	}
	var details strings.Builder
	for _, b := range m.Bad {
		depth := 1
		if b.Second != nil {
			depth = 2
		}
		if record.PolicyFamily(b.Policy) != r.Policy || depth != r.Depth {
			continue
		}
		fmt.Fprintf(&details, "%s %s: %s\n  %s\n", lookOf(b.Outcome).Words, crashPlace(b), becauseOf(b), b.Message)
		if b.Pair != nil {
			fmt.Fprintf(&details, "  lost: %d %s\n  survived: %d %s\n", b.Pair.Lost.Number, b.Pair.Lost.Text, b.Pair.Survived.Number, b.Pair.Survived.Text)
		}
		fmt.Fprintf(&details, "  replay: %s\n\n", b.Replay)
	}
	return junitResult("crash", fmt.Sprintf("%s of %s came back wrong", plural(bad, "cell"), grouped(len(m.Operations))), details.String())
}

// WriteCrashJUnit writes a crash matrix as JUnit XML: a test case for each
// policy and depth, and one that fails if the enumeration was not complete.
func WriteCrashJUnit(w io.Writer, m record.CrashMatrix) error {
	return writeSuites(w, []junit.Testsuite{crashSuite(m)}, m.Seconds)
}
