package reports

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

func runs() (passed, failed record.Run) {
	passed, _ = firstLight()
	failed, _ = lostReaders()
	passed.Dir, failed.Dir = "runs/first-light-42", "runs/rename-mixes-1337"
	return passed, failed
}

func broken() record.Run {
	return record.Run{Tier: "local", Verdict: record.Fail, Scenario: record.Scenario{File: "a,b.yaml", Name: "broken"},
		Error: &record.Failure{Kind: record.KindEnvironment, Message: "disk full: 100% of /data", Suggestion: "free some"}}
}

func TestTerminal(t *testing.T) {
	passed, failed := runs()
	for name, list := range map[string][]record.Run{"pass": {passed}, "fail": {failed}, "several": {passed, failed, broken()}} {
		var out bytes.Buffer
		require.NoError(t, WriteTerminal(&out, list))
		assert.NotContains(t, out.String(), "\x1b", "no colour into a file")
		golden(t, "terminal-"+name+".txt", out.Bytes())
	}
}

func TestTerminalEndsWithTheCommandThatRepeats(t *testing.T) {
	passed, failed := runs()
	for _, run := range []record.Run{passed, failed} {
		var out bytes.Buffer
		require.NoError(t, WriteTerminal(&out, []record.Run{run}))
		assert.True(t, strings.HasSuffix(out.String(), "repeat: "+run.Repeat+"\n"), out.String())
	}
}

func TestTerminalColours(t *testing.T) {
	t.Setenv("CLICOLOR_FORCE", "1")
	t.Setenv("TERM", "xterm-256color")
	passed, _ := runs()
	passed.Scenario.Name = "\x1b]0;title\a"
	var out bytes.Buffer
	require.NoError(t, WriteTerminal(&out, []record.Run{passed}))
	assert.Contains(t, out.String(), "\x1b[32m", "green where colour was asked for")
	assert.NotContains(t, out.String(), "\x1b]0", "a record cannot send control sequences")
}

func TestAnnotations(t *testing.T) {
	passed, failed := runs()
	var out bytes.Buffer
	require.NoError(t, WriteAnnotations(&out, []record.Run{passed}))
	assert.Empty(t, out.String(), "nothing to say about a run that passed")

	require.NoError(t, WriteAnnotations(&out, []record.Run{failed, broken()}))
	golden(t, "annotations.txt", out.Bytes())

	out.Reset()
	failed.Violations = make([]record.Violation, 40) // without signatures each stands alone
	require.NoError(t, WriteAnnotations(&out, []record.Run{failed}))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	assert.Len(t, lines, maxAnnotations)
	assert.Equal(t, "::error title=reconsim::34 more; see the report", lines[maxAnnotations-1])
}

func TestAnnotationsEscape(t *testing.T) {
	a := annotation{file: "a:b,c%.yaml", line: 3, title: "t: 1\n2", message: "50%\r\nnext, line: x"}
	assert.Equal(t, "::error file=a%3Ab%2Cc%25.yaml,line=3,title=t%3A 1%0A2::50%25%0D%0Anext, line: x", a.String())
}

func TestJUnit(t *testing.T) {
	passed, failed := runs()
	failed.Violations[0].Got = "\x00\xff\x1b ]]> " // what XML cannot carry
	var out bytes.Buffer
	require.NoError(t, WriteJUnit(&out, []record.Run{passed, failed, broken()}))

	var suites junit.Testsuites
	require.NoError(t, xml.Unmarshal(out.Bytes(), &suites))
	require.Len(t, suites.Suites, 3)
	pass, fail, environment := suites.Suites[0], suites.Suites[1], suites.Suites[2]

	assert.Equal(t, 13+3+3+1, pass.Tests, "one case for each property, fault, expectation, threshold")
	assert.Zero(t, pass.Failures)
	assert.Equal(t, 2, pass.Skipped, "the property never checked and the optional fault that stayed away")
	assert.Equal(t, 2+1+1+1, fail.Failures, "two properties, a fault, an expectation, a threshold")
	assert.Equal(t, 1, environment.Errors)
	assert.Contains(t, environment.Testcases[0].Error.Message, "disk full")
	assert.Contains(t, fail.Testcases[0].Failure.Data, "reconsim replay runs/rename-mixes-1337 --until 12471")
}

func TestSummaryKeepsARecordFromWritingMarkdown(t *testing.T) {
	_, failed := runs()
	failed.Repeat = "reconsim `x` | y"
	failed.Scenario.Name = "a|b\n# big"
	var out bytes.Buffer
	require.NoError(t, WriteSummary(&out, failed))
	assert.Contains(t, out.String(), "`` reconsim `x` | y ``")
	assert.Contains(t, out.String(), "a\\|b # big")
	assert.NotContains(t, out.String(), "<script>")
}

func TestCompare(t *testing.T) {
	passed, failed := runs()
	failed.Seconds, failed.Latency.Overall[1].P99Micros = 0.824, 9_200
	c := CompareRuns([]record.Run{passed, failed})
	var text, markdown bytes.Buffer
	require.NoError(t, c.WriteTerminal(&text))
	require.NoError(t, c.WriteMarkdown(&markdown))
	golden(t, "compare.txt", text.Bytes())
	golden(t, "compare.md", markdown.Bytes())

	_, err := Compare([]string{t.TempDir()})
	require.ErrorContains(t, err, "two run directories")
	_, err = Compare([]string{t.TempDir(), t.TempDir()})
	require.ErrorContains(t, err, "is it a run directory")
	dirs := []string{writeRunDir(t, passed, nil), writeRunDir(t, failed, nil)}
	read, err := Compare(dirs)
	require.NoError(t, err)
	assert.Equal(t, c.Rows, read.Rows)
}

// failingWriter fails at the first write.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWritersReportErrors(t *testing.T) {
	_, failed := runs()
	list := []record.Run{failed}
	for name, err := range map[string]error{
		"terminal":    WriteTerminal(failingWriter{}, list),
		"summary":     WriteSummary(failingWriter{}, failed),
		"junit":       WriteJUnit(failingWriter{}, list),
		"annotations": WriteAnnotations(failingWriter{}, list),
		"page":        writePage(failingWriter{}, failed, events{}),
		"comparison":  CompareRuns(list).WriteTerminal(failingWriter{}),
		"markdown":    CompareRuns(list).WriteMarkdown(failingWriter{}),
	} {
		assert.ErrorIs(t, err, io.ErrShortWrite, name)
	}
}
