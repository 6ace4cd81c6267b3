package reports

import (
	_ "embed"
	"fmt"
	"io"
	"strings"
	"text/template"

	"reconsim/reports/record"
)

//go:embed summary.md.tmpl
var summaryText string

var summaryTemplate = template.Must(template.New("summary").Funcs(template.FuncMap{
	"headline": headline, "paragraph": paragraph, "title": title,
	"cell": markdownCell, "code": markdownCode, "grouped": grouped[int64],
	"millis": millisText, "seconds": secondsText, "bytes": bytesText, "micros": microsText,
	"like": violationGroup.like,
}).Parse(summaryText))

// maxSummaryViolations bounds the signatures shown and keeps a summary short enough for a CI page.
const maxSummaryViolations = 5

// WriteSummary writes a run as a short piece of Markdown for a CI summary: the
// verdict in words, what failed, the properties, and how to repeat.
func WriteSummary(w io.Writer, run record.Run) error {
	shown := groupViolations(run)
	hidden := max(len(shown)-maxSummaryViolations, 0)
	data := struct {
		record.Run
		Shown  []violationGroup
		Hidden int
		Missed []string
	}{run, shown[:len(shown)-hidden], hidden, missed(run)}
	if err := summaryTemplate.Execute(w, data); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// missed lists what failed besides properties, one line each.
func missed(run record.Run) []string {
	var lines []string
	for _, e := range run.Expectations {
		if !e.OK {
			lines = append(lines, "expected "+withGot(e.Text, e.Got))
		}
	}
	for _, t := range run.Thresholds {
		if !t.OK {
			lines = append(lines, "threshold "+withGot(t.Expr, t.Value))
		}
	}
	for _, f := range run.Faults {
		if f.Vacuous() {
			lines = append(lines, fmt.Sprintf("fault %s never fired (%s)", f.ID, f.Rule))
		}
	}
	return lines
}

// markdownCell keeps a text from ending a table cell or starting markup.
func markdownCell(text string) string {
	return strings.NewReplacer("\\", "\\\\", "|", "\\|", "\n", " ", "\r", " ", "`", "\\`", "*", "\\*", "_", "\\_",
		"<", "&lt;", "[", "\\[", "]", "\\]").Replace(text)
}

// markdownCode makes a code span that holds any text.
func markdownCode(text string) string {
	text = strings.NewReplacer("\n", " ", "\r", " ").Replace(text)
	if !strings.Contains(text, "`") {
		return "`" + text + "`"
	}
	return "`` " + strings.ReplaceAll(text, "``", "` `") + " ``"
}
