package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"reconsim/reports/record"
)

func pageOf(t require.TestingT, run record.Run, ev events) (string, *html.Node) {
	var out bytes.Buffer
	require.NoError(t, writePage(&out, run, ev))
	root, err := html.Parse(bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	return out.String(), root
}

func eventsOf(list []record.Event) events {
	var ev events
	for _, e := range list {
		switch e.Kind {
		case record.KindOM:
			ev.om = append(ev.om, e)
		case record.KindFault:
			ev.faults = append(ev.faults, e)
		case record.KindReadSample:
			ev.samples = append(ev.samples, e)
		}
	}
	return ev
}

func elements(root *html.Node) (list []*html.Node) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			list = append(list, n)
		}
	}
	return list
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// writtenPage is one page of a fixture, with what it brings.
type writtenPage struct {
	name, style, script string
	write               func(io.Writer) error
}

// writtenPages are all pages that this package writes.
func writtenPages() []writtenPage {
	passed, passedEvents := firstLight()
	failed, failedEvents := lostReaders()
	list := []writtenPage{
		{"pass", pageStyle, pageScript, func(w io.Writer) error { return writePage(w, passed, eventsOf(passedEvents)) }},
		{"fail", pageStyle, pageScript, func(w io.Writer) error { return writePage(w, failed, eventsOf(failedEvents)) }},
	}
	for i := range failed.Why {
		list = append(list, writtenPage{record.WhyPage(i), pageStyle + whyStyle, pageScript,
			func(w io.Writer) error { return writeWhyPage(w, failed, eventsOf(failedEvents), i) }})
	}
	for name, m := range map[string]record.CrashMatrix{"crashes": crashMatrix(90), "crashes-torn": tornMatrix(600), "no-crash": {}} {
		list = append(list, writtenPage{name, pageStyle + whyStyle + crashesStyle, pageScript + crashesScript,
			func(w io.Writer) error { return writeCrashPage(w, m) }})
	}
	for name, e := range map[string]record.Exploration{"explore": exploration(), "explore-found": foundExploration(), "no-exploration": {}} {
		list = append(list, writtenPage{name, pageStyle + whyStyle + exploreStyle, pageScript,
			func(w io.Writer) error { return writeExplorePage(w, e) }})
	}
	return list
}

func (p writtenPage) parsed(t *testing.T) (string, *html.Node) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.write(&out))
	root, err := html.Parse(bytes.NewReader(out.Bytes()))
	require.NoError(t, err)
	return out.String(), root
}

// beside is a link to another page of the run directory.
var beside = regexp.MustCompile(`^(why-[0-9]+|report)\.html(#.*)?$`)

// TestPagesAreSelfContained: nothing is fetched, and the policy lets nothing
// else run than what a page brings.
func TestPagesAreSelfContained(t *testing.T) {
	for _, page := range writtenPages() {
		t.Run(page.name, func(t *testing.T) {
			text, root := page.parsed(t)
			policy := ""
			for _, n := range elements(root) {
				for _, key := range []string{"src", "srcset", "data", "action", "style", "onclick", "onload"} {
					_, has := attribute(n, key)
					assert.False(t, has, "<%s %s>", n.Data, key)
				}
				if href, has := attribute(n, "href"); has {
					assert.True(t, strings.HasPrefix(href, "#") || beside.MatchString(href), href)
				}
				assert.NotContains(t, []string{"link", "img", "iframe", "object", "embed", "base", "form"}, n.Data)
				if equiv, _ := attribute(n, "http-equiv"); equiv == "Content-Security-Policy" {
					policy, _ = attribute(n, "content")
				}
			}
			assert.NotRegexp(t, `https?://|@import|url\([^#]`, page.style+page.script+text)
			assert.Contains(t, policy, "default-src 'none'")
			assert.NotContains(t, policy, "unsafe")
			for _, n := range elements(root) {
				if n.Data == "style" || n.Data == "script" {
					sum := sha256.Sum256([]byte(n.FirstChild.Data))
					assert.Contains(t, policy, n.Data+"-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", "the hash is that of the page's <%s>", n.Data)
				}
			}
		})
	}
}

// TestPagesAreAccessible: every link has its target, ids are unique, drawings
// are described, sections are named, tables have header cells.
func TestPagesAreAccessible(t *testing.T) {
	for _, page := range writtenPages() {
		t.Run(page.name, func(t *testing.T) {
			_, root := page.parsed(t)
			ids := map[string]int{}
			for _, n := range elements(root) {
				if id, has := attribute(n, "id"); has {
					ids[id]++
				}
			}
			for id, n := range ids {
				assert.Equal(t, 1, n, "id %s", id)
			}
			for _, n := range elements(root) {
				for _, key := range []string{"href", "aria-labelledby", "for"} {
					if target, has := attribute(n, key); has && !beside.MatchString(target) {
						assert.Equal(t, 1, ids[strings.TrimPrefix(target, "#")], "<%s %s=%s>", n.Data, key, target)
					}
				}
				switch n.Data {
				case "svg":
					hidden, _ := attribute(n, "aria-hidden")
					label, _ := attribute(n, "aria-label")
					role, _ := attribute(n, "role")
					assert.True(t, hidden == "true" || label != "" && role != "", "a drawing is described or hidden")
				case "section":
					_, has := attribute(n, "aria-labelledby")
					assert.True(t, has, "a section has a name")
				case "th":
					_, has := attribute(n, "scope")
					assert.True(t, has, "a header cell has a scope")
				}
			}
		})
	}
}

// TestTheTableHoldsWhatTheTimelineShows, for those who do not see drawings.
func TestTheTableHoldsWhatTheTimelineShows(t *testing.T) {
	run, list := firstLight()
	_, root := pageOf(t, run, eventsOf(list))
	for _, state := range run.Generations[0].States {
		assert.Contains(t, textOf(root, "table"), state.State)
	}
}

func textOf(root *html.Node, element string) string {
	var out strings.Builder
	for _, n := range elements(root) {
		if n.Data == element {
			for d := range n.Descendants() {
				if d.Type == html.TextNode {
					out.WriteString(d.Data + " ")
				}
			}
		}
	}
	return out.String()
}

// TestNoStateByColourAlone: each state has a letter of its own in the legend,
// and each segment names its state in its title.
func TestNoStateByColourAlone(t *testing.T) {
	letters := map[string]bool{}
	for _, entry := range legend() {
		require.NotEmpty(t, entry.Letter)
		require.False(t, letters[entry.Letter], entry.Letter)
		letters[entry.Letter] = true
	}
	run, _ := firstLight()
	for _, s := range newTimeline(run, events{}, linearAxis(20_000, plotWidth), "scale").States {
		assert.Regexp(t, `^[A-Z_]+( from|, generation)`, s.Title)
	}
}

func TestARecordCannotWriteIntoThePage(t *testing.T) {
	run, list := lostReaders()
	evil := `"><script>alert(1)</script><a href="javascript:x">`
	run.Scenario = record.Scenario{File: evil, Name: evil, About: evil}
	run.Repeat, run.Generations[0].Trigger, run.Generations[1].Cause, run.Faults[0].ID = evil, evil, evil, evil
	for i := range list {
		list[i].Node, list[i].Subject, list[i].Message = evil, evil, evil
	}
	_, root := pageOf(t, run, eventsOf(list))
	scripts := 0
	for _, n := range elements(root) {
		if n.Data == "script" {
			scripts++
		}
		if href, has := attribute(n, "href"); has {
			assert.True(t, strings.HasPrefix(href, "#") || beside.MatchString(href), href)
		}
	}
	assert.Equal(t, 1, scripts)
}

func TestThePageSaysWhatIsMissing(t *testing.T) {
	run, list := firstLight()
	t.Run("no event log", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, record.WriteRun(dir, run))
		assert.Contains(t, renderedPage(t, dir), "left no event log")
	})
	t.Run("cut short", func(t *testing.T) {
		dir := writeRunDir(t, run, list)
		path := filepath.Join(dir, record.EventsFile)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, data[:len(data)-9], 0o644))
		assert.Contains(t, renderedPage(t, dir), "cut short")
	})
	t.Run("broken event", func(t *testing.T) {
		dir := writeRunDir(t, run, nil)
		require.NoError(t, os.WriteFile(filepath.Join(dir, record.EventsFile), []byte("?\n{}\n"), 0o644))
		require.ErrorContains(t, Render(dir), "line 1")
	})
	t.Run("no run", func(t *testing.T) {
		require.ErrorContains(t, Render(t.TempDir()), "is it a run directory")
	})
	t.Run("nothing happened", func(t *testing.T) {
		failed := broken()
		_, root := pageOf(t, failed, events{})
		assert.Contains(t, textOf(root, "section"), "disk full")
		for _, n := range elements(root) {
			id, _ := attribute(n, "id")
			assert.NotContains(t, []string{"timeline", "properties-title", "latency-title"}, id, "no empty frames")
		}
	})
	t.Run("many generations", func(t *testing.T) {
		run.Generations = make([]record.Generation, maxRows+3)
		_, root := pageOf(t, run, events{})
		assert.Contains(t, textOf(root, "section"), "3 more generations")
	})
}

func renderedPage(t *testing.T, dir string) string {
	t.Helper()
	require.NoError(t, Render(dir))
	data, err := os.ReadFile(filepath.Join(dir, PageFile))
	require.NoError(t, err)
	return string(data)
}

var notANumber = regexp.MustCompile(`="-?(NaN|\+?Inf|-Inf)|:NaN|NaN:|(width|height)="-`)

// TestAnyRecordCanBeDrawn: whatever times a record has, all coordinates are
// numbers, no size is negative, and nothing lies outside the drawing.
func TestAnyRecordCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run, ev := randomRun(t)
		var out bytes.Buffer
		require.NoError(t, writePage(&out, run, ev))
		if found := notANumber.Find(out.Bytes()); found != nil {
			t.Fatalf("the page holds %q", found)
		}
		duration := runMillis(run)
		for _, a := range []axis{linearAxis(duration, plotWidth), stretchedAxis(changes(run, ev), duration, plotWidth)} {
			tl := newTimeline(run, ev, a, "x")
			for _, list := range [][]segment{tl.OM, tl.States} {
				for _, s := range list {
					require.GreaterOrEqual(t, s.X, 0.0)
					require.LessOrEqual(t, s.X+s.Width, plotWidth+0.001)
					require.LessOrEqual(t, s.Y+s.Height, tl.Height)
				}
			}
		}
	})
}

func randomRun(t *rapid.T) (record.Run, events) {
	at := rapid.OneOf(rapid.Float64Range(0, 1000), rapid.Just(0.0), rapid.Float64Range(-10, 1e9), rapid.Just(math.NaN()))
	states := []string{"NONE", "INITIALIZING", "PROCESSING", "READY_TO_COMMIT", "COMMITTING", "COMMITTED", "ROLLING_BACK", "FAILED", "ODD"}
	optional := func(label string) *float64 {
		if rapid.Bool().Draw(t, label) {
			return nil
		}
		return record.Millis(at.Draw(t, label))
	}
	run := record.Run{DurationMillis: at.Draw(t, "duration"), Verdict: record.Pass}
	for range rapid.IntRange(0, 6).Draw(t, "generations") {
		g := record.Generation{ID: rapid.Uint64Range(0, 5).Draw(t, "id"), StartedAtMillis: at.Draw(t, "start"),
			PublishedAtMillis: optional("published"), SupersededAtMillis: optional("superseded"), RetiredAtMillis: optional("retired"),
			Outcome: rapid.SampledFrom([]record.Outcome{record.Committed, record.RolledBack, record.Unfinished, "odd"}).Draw(t, "outcome"),
			Cause:   rapid.String().Draw(t, "cause"), Trigger: rapid.String().Draw(t, "trigger")}
		for range rapid.IntRange(0, 6).Draw(t, "states") {
			g.States = append(g.States, record.StateChange{State: rapid.SampledFrom(states).Draw(t, "state"), AtMillis: at.Draw(t, "at")})
		}
		run.Generations = append(run.Generations, g)
	}
	for range rapid.IntRange(0, 5).Draw(t, "violations") {
		run.Violations = append(run.Violations, record.Violation{Property: rapid.String().Draw(t, "property"), AtMillis: at.Draw(t, "at")})
	}
	micros := rapid.Int64Range(-5, math.MaxInt64)
	for _, phase := range []record.Phase{record.Rest, record.Staging, "odd"} {
		run.Latency.Overall = append(run.Latency.Overall, record.PhaseLatency{Phase: phase, P50Micros: micros.Draw(t, "p50"),
			P99Micros: micros.Draw(t, "p99"), MaxMicros: micros.Draw(t, "max")})
	}
	var list []record.Event
	for range rapid.IntRange(0, 12).Draw(t, "events") {
		list = append(list, record.Event{AtMillis: at.Draw(t, "at"), SpanMillis: rapid.Float64Range(-1, 1e6).Draw(t, "span"),
			Kind:       rapid.SampledFrom([]record.EventKind{record.KindOM, record.KindFault, record.KindReadSample}).Draw(t, "kind"),
			Action:     rapid.SampledFrom([]string{record.OMLeader, record.OMCompaction, record.OMDown, "odd"}).Draw(t, "action"),
			Generation: rapid.Uint64Range(0, 5).Draw(t, "generation"), Reads: rapid.Int64Range(-1, 1e6).Draw(t, "reads"),
			Failed: rapid.Int64Range(-1, 10).Draw(t, "failed"), Node: rapid.String().Draw(t, "node")})
	}
	return run, eventsOf(list)
}
