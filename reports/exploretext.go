package reports

import (
	"fmt"
	"io"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/jstemmer/go-junit-report/v2/junit"

	"reconsim/reports/record"
)

// maxTerminalNever is how many points with combinations that were never
// reached are printed.
const maxTerminalNever = 10

// WriteExploreTerminal writes an exploration for a person at a terminal: the
// verdict, strategies, what was never reached, each kind of violation with its
// command, and the command that explores again.
func WriteExploreTerminal(w io.Writer, e record.Exploration) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s  %s  %s\n", verdictMark(e.Verdict == record.Pass), termBold.Render(oneLine("exploration of "+exploreTitle(e))),
		termQuiet.Render(fmt.Sprintf("first seed %d · %s", e.Seed, secondsText(e.Seconds))))
	fmt.Fprintf(&out, "%s %s\n", termBold.Render(oneLine(exploreHeadline(e))), oneLine(exploreParagraph(e)))
	if len(e.Strategies) > 0 {
		t := newTable("strategy", "", "executions", "share", "reached first")
		for _, s := range strategyRows(e) {
			t.Row(oneLine(s.Name), "", grouped(s.Executions), s.Percent, grouped(s.NewCoverage))
		}
		out.WriteString(t.Render() + "\n")
	}
	if len(e.Coverage.Never) > 0 {
		fmt.Fprintf(&out, "%s never reached:\n", plural(len(e.Coverage.Never), "cell"))
		groups := neverReached(e.Coverage)
		for i, g := range groups {
			if i == maxTerminalNever {
				fmt.Fprintf(&out, "  and of %s\n", plural(len(groups)-i, "more point"))
				break
			}
			fmt.Fprintf(&out, "  %s  %s\n", oneLine(g.Point), termQuiet.Render(oneLine(shortened(strings.Join(g.Texts, " · "), 140))))
		}
	}
	for i, v := range e.Violations {
		if i == maxTerminalViolations {
			fmt.Fprintf(&out, "  %s more\n", plural(len(e.Violations)-i, "kind"))
			break
		}
		fmt.Fprintf(&out, "%s %s in execution %s, %s in all: %s\n", termBad.Render("✕"), oneLine(v.Property), grouped(v.Execution), plural(v.Count, "time"), oneLine(v.Message))
		if v.RunDir != "" {
			fmt.Fprintf(&out, "  %s %s\n", termQuiet.Render("run:"), oneLine(v.RunDir))
		}
		fmt.Fprintf(&out, "  %s %s\n", termQuiet.Render("replay:"), oneLine(v.Replay))
		if v.Scenario != "" {
			fmt.Fprintf(&out, "  %s reconsim shrink %s\n", termQuiet.Render("shrink:"), oneLine(v.RunDir))
		}
	}
	if e.Dir != "" {
		fmt.Fprintf(&out, "%s %s\n", termQuiet.Render("report:"), oneLine(e.Dir+"/"+ExplorePageFile))
	}
	if e.Repeat != "" {
		fmt.Fprintf(&out, "%s %s\n", termQuiet.Render("repeat:"), oneLine(e.Repeat))
	}
	if _, err := lipgloss.Fprint(w, out.String()); err != nil {
		return fmt.Errorf("write the verdict: %w", err)
	}
	return nil
}

// WriteExploreSummary writes an exploration as a short piece of Markdown.
func WriteExploreSummary(w io.Writer, e record.Exploration) error {
	var out strings.Builder
	mark := "✅ pass"
	if e.Verdict != record.Pass {
		mark = "❌ fail"
	}
	fmt.Fprintf(&out, "### %s · exploration of %s\n\n**%s** %s\n", mark, markdownCell(exploreTitle(e)), markdownCell(exploreHeadline(e)), markdownCell(exploreParagraph(e)))
	for i, v := range e.Violations {
		if i == maxSummaryViolations {
			fmt.Fprintf(&out, "\n- and %s", plural(len(e.Violations)-i, "more kind"))
			break
		}
		fmt.Fprintf(&out, "\n- ✕ **%s** in execution %s, %s in all: %s", markdownCell(v.Property), grouped(v.Execution), plural(v.Count, "time"), markdownCell(v.Message))
		if v.Replay != "" {
			fmt.Fprintf(&out, "\n  replay %s", markdownCode(v.Replay))
		}
	}
	if len(e.Violations) > 0 {
		out.WriteString("\n")
	}
	out.WriteString("\n| executions | an hour | distinct traces | cells reached | never | adjacent pairs |\n|--:|--:|--:|--:|--:|--:|\n")
	fmt.Fprintf(&out, "| %s | %s | %s | %s of %s | %s | %s |\n", grouped(e.Executions), grouped(int64(e.ExecutionsPerHour)), grouped(e.DistinctTraces),
		grouped(e.Coverage.Reached), grouped(e.Coverage.Cells), grouped(len(e.Coverage.Never)), grouped(e.AdjacentPairs))
	if never := neverReached(e.Coverage); len(never) > 0 {
		out.WriteString("\n<details><summary>Never reached</summary>\n\n")
		for _, g := range never {
			fmt.Fprintf(&out, "- %s: %s\n", markdownCode(g.Point), markdownCell(strings.Join(g.Texts, " · ")))
		}
		out.WriteString("\n</details>\n")
	}
	fmt.Fprintf(&out, "\nFirst seed %d, %s, %s of CPU.", e.Seed, secondsText(e.Seconds), secondsText(e.CPUSeconds))
	if e.Repeat != "" {
		fmt.Fprintf(&out, " Repeat: %s", markdownCode(e.Repeat))
	}
	out.WriteString("\n")
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// exploreSuite is an exploration as a JUnit suite: a test case for each kind of
// violation, and one for the executions. What was never reached is a property
// of the suite, because it is no failure of what was explored.
func exploreSuite(e record.Exploration) junit.Testsuite {
	name := "exploration of " + exploreTitle(e)
	suite := junit.Testsuite{Name: xmlText(name), Time: junitSeconds(e.Seconds)}
	if !e.StartedAt.IsZero() {
		suite.SetTimestamp(e.StartedAt)
	}
	for _, p := range [][2]string{{"seed", fmt.Sprint(e.Seed)}, {"executions", fmt.Sprint(e.Executions)}, {"distinctTraces", fmt.Sprint(e.DistinctTraces)},
		{"cells", fmt.Sprint(e.Coverage.Cells)}, {"reached", fmt.Sprint(e.Coverage.Reached)}, {"verdict", string(e.Verdict)}, {"repeat", e.Repeat}} {
		suite.AddProperty(p[0], xmlText(p[1]))
	}
	test := func(what string) junit.Testcase {
		return junit.Testcase{Classname: xmlText(name), Name: xmlText(what), Time: junitSeconds(0)}
	}
	c := test(plural(e.Executions, "execution"))
	switch {
	case e.Error != nil:
		c.Error = junitResult(e.Error.Kind, e.Error.Error(), "")
	case e.Executions == 0:
		c.Failure = junitResult("empty", "no execution showed anything", "")
	}
	suite.AddTestcase(c)
	for _, v := range e.Violations {
		c := test(v.Property + " " + v.Signature)
		c.Failure = junitResult(v.Property, v.Message, fmt.Sprintf("execution %d, seed %d, %s in all\n  replay: %s\n", v.Execution, v.Seed, plural(v.Count, "time"), v.Replay))
		suite.AddTestcase(c)
	}
	return suite
}

// WriteExploreJUnit writes an exploration as JUnit XML.
func WriteExploreJUnit(w io.Writer, e record.Exploration) error {
	return writeSuites(w, []junit.Testsuite{exploreSuite(e)}, e.Seconds)
}
