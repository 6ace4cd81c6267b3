package reports

import (
	"fmt"
	"io"
	"strings"

	"reconsim/reports/record"
)

// maxAnnotations is how many errors GitHub shows for one step; more are counted
// in a last one.
const maxAnnotations = 10

// annotation is one workflow command.
type annotation struct {
	file    string
	line    int
	title   string
	message string
}

// WriteAnnotations writes a GitHub workflow command (::error) for each thing
// that made one of the runs fail: signatures of violations, missed expectations and
// thresholds, vacuous faults, a failed environment. It writes nothing for runs
// that passed.
func WriteAnnotations(w io.Writer, runs []record.Run) error {
	var all []annotation
	for _, run := range runs {
		all = append(all, annotations(run)...)
	}
	omitted := 0
	if len(all) > maxAnnotations {
		omitted = len(all) - maxAnnotations + 1
		all = all[:maxAnnotations-1]
		all = append(all, annotation{title: "reconsim", message: fmt.Sprintf("%d more; see the report", omitted)})
	}
	for _, a := range all {
		if _, err := fmt.Fprintln(w, a); err != nil {
			return fmt.Errorf("write annotations: %w", err)
		}
	}
	return nil
}

func annotations(run record.Run) []annotation {
	var all []annotation
	add := func(line int, what, message string) {
		all = append(all, annotation{run.Scenario.File, line, title(run) + ": " + what, message})
	}
	if e := run.Error; e != nil {
		a := annotation{e.File, e.Line, title(run) + ": " + e.Kind, e.Message}
		if e.Suggestion != "" {
			a.message += "\n" + e.Suggestion
		}
		if a.file == "" {
			a.file = run.Scenario.File
		}
		all = append(all, a)
	}
	for _, g := range groupViolations(run) {
		message := g.First.Message + g.like()
		if g.First.Because != "" {
			message += "\nwhy: " + g.First.Because
		}
		if g.First.Replay != "" {
			message += "\nreplay: " + g.First.Replay
		}
		add(0, g.First.Property+" violated", message)
	}
	for _, e := range run.Expectations {
		if !e.OK {
			add(e.Line, "expectation missed", withGot(e.Text, e.Got))
		}
	}
	for _, t := range run.Thresholds {
		if !t.OK {
			add(t.Line, "threshold missed", withGot(t.Expr, t.Value))
		}
	}
	for _, f := range run.Faults {
		if f.Vacuous() {
			add(f.Line, "fault never fired", fmt.Sprintf("%s (%s) never fired, so the run proves nothing about it", f.ID, f.Rule))
		}
	}
	return all
}

func withGot(want, got string) string {
	if got == "" {
		return want
	}
	return want + "; got " + got
}

// String is the workflow command. GitHub takes % CR LF escaped in a message,
// and : and , too in a property.
func (a annotation) String() string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var properties []string
	if a.file != "" {
		properties = append(properties, "file="+property.Replace(a.file))
		if a.line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", a.line))
		}
	}
	properties = append(properties, "title="+property.Replace(a.title))
	return "::error " + strings.Join(properties, ",") + "::" + data.Replace(a.message)
}
