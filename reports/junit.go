package reports

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"reconsim/reports/record"
)

// WriteJUnit writes runs as JUnit XML: a suite for each run, in it a test case
// for each property, fault, expectation and threshold. A property that was
// never checked and an optional fault that never fired are skipped, with the
// reason; an environment that failed is an error.
func WriteJUnit(w io.Writer, runs []record.Run) error {
	var suites []junit.Testsuite
	var seconds float64
	for _, run := range runs {
		suites = append(suites, junitSuite(run))
		seconds += run.Seconds
	}
	return writeSuites(w, suites, seconds)
}

func writeSuites(w io.Writer, list []junit.Testsuite, seconds float64) error {
	suites := junit.Testsuites{Name: "reconsim", Time: junitSeconds(seconds)}
	for i, suite := range list {
		suite.ID = i
		suites.AddSuite(suite)
	}
	if err := suites.WriteXML(w); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}

func junitSuite(run record.Run) junit.Testsuite {
	suite := junit.Testsuite{
		Name: xmlText(title(run)), Time: junitSeconds(run.Seconds), File: xmlText(run.Scenario.File),
	}
	if !run.StartedAt.IsZero() {
		suite.SetTimestamp(run.StartedAt)
	}
	for _, p := range [][2]string{
		{"tier", run.Tier}, {"seed", fmt.Sprint(run.Seed)}, {"verdict", string(run.Verdict)}, {"repeat", run.Repeat},
		{"proves", strings.Join(run.Scenario.Proves, " ")},
	} {
		suite.AddProperty(p[0], xmlText(p[1]))
	}
	if run.Error != nil {
		c := junitCase(run, "environment", run.Scenario.File)
		c.Error = junitResult(run.Error.Kind, run.Error.Error(), "")
		suite.AddTestcase(c)
	}
	for _, p := range run.Properties {
		suite.AddTestcase(junitProperty(run, p))
	}
	for _, f := range run.Faults {
		c := junitCase(run, "fault", fmt.Sprintf("%s %s", f.ID, f.Rule))
		switch {
		case f.Vacuous():
			c.Failure = junitResult("vacuous", fmt.Sprintf("armed %d times, never fired: the run proves nothing about it", f.Armed), "")
		case f.Fired == 0:
			c.Skipped = junitResult("", "never fired; the scenario allows that", "")
		}
		suite.AddTestcase(c)
	}
	for _, e := range run.Expectations {
		c := junitCase(run, "expectation", e.Text)
		if !e.OK {
			c.Failure = junitResult("expectation", withGot(e.Text, e.Got), "")
		}
		suite.AddTestcase(c)
	}
	for _, t := range run.Thresholds {
		c := junitCase(run, "threshold", t.Expr)
		if !t.OK {
			c.Failure = junitResult("threshold", withGot(t.Expr, t.Value), "")
		}
		suite.AddTestcase(c)
	}
	return suite
}

func junitProperty(run record.Run, p record.Property) junit.Testcase {
	c := junitCase(run, "property", p.Name)
	switch {
	case p.Violations > 0:
		var details strings.Builder
		for i, v := range run.Violations {
			if v.Property != p.Name {
				continue
			}
			fmt.Fprintf(&details, "%s\n  at %s, reader %s, %s\n  got:  %s\n  want: %s\n  replay: %s\n",
				v.Message, millisText(v.AtMillis), v.Reader, v.Request, v.Got, v.Want, v.Replay)
			if n := newNumbered(run, i); n.WhyPage != "" {
				fmt.Fprintf(&details, "  why: %s (%s)\n", n.Because, n.WhyPage)
			}
			details.WriteString("\n")
		}
		c.Failure = junitResult(p.Name, fmt.Sprintf("%s in %s", plural(p.Violations, "violation"), plural(p.Checked, "check")), details.String())
	case p.Checked == 0:
		c.Skipped = junitResult("", "never checked in this run", "")
	}
	return c
}

func junitCase(run record.Run, class, name string) junit.Testcase {
	return junit.Testcase{Classname: xmlText(title(run) + "." + class), Name: xmlText(name), Time: junitSeconds(0)}
}

func junitResult(kind, message, data string) *junit.Result {
	return &junit.Result{Type: xmlText(kind), Message: xmlText(message), Data: xmlText(data)}
}

func junitSeconds(seconds float64) string { return fmt.Sprintf("%.3f", seconds) }

// xmlText replaces what XML 1.0 cannot carry. The encoder does so in attributes
// but copies CDATA as it is.
func xmlText(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r',
			r >= 0x20 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD && r != utf8.RuneError, r >= 0x10000:
			return r
		}
		return utf8.RuneError
	}, text)
}
