package scenarios_test

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"reconsim/scenarios"
)

// TestProblems reads the files of testdata/problems. Run with -rewrite to renew
// the answers.
func TestProblems(t *testing.T) {
	vocab := testVocabulary()
	datadriven.RunTest(t, "testdata/problems", func(t *testing.T, d *datadriven.TestData) string {
		s, problems := scenarios.Load("f", []byte(d.Input), vocab)
		if (s == nil) != (len(problems) > 0) {
			t.Errorf("a scenario %v with problems %v", s, problems)
		}
		if !sort.SliceIsSorted(problems, func(i, j int) bool { return problems[i].Line < problems[j].Line }) {
			t.Error("problems are not sorted by line")
		}
		if len(problems) == 0 {
			return "ok\n"
		}
		var out strings.Builder
		for _, p := range problems {
			fmt.Fprintln(&out, p.Error())
		}
		return out.String()
	})
}

// hostile files are refused, most of them as a whole, and fast.
func hostile() map[string]string {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	return map[string]string{
		"empty":          "",
		"blank":          " \n\t\n",
		"comment":        "# nothing\n",
		"nul":            "name: a\x00b\n",
		"binary":         "\x7fELF\x02\x01\xff\xfe",
		"two documents":  "name: a\n---\nname: b\n",
		"too large":      "name: " + strings.Repeat("a", 2<<20),
		"alias bomb":     bomb,
		"many aliases":   "a: &a x\nb: [" + strings.Repeat("*a,", 100_000) + "*a]\n",
		"flow nesting":   strings.Repeat("[", 1<<19),
		"spaced nesting": strings.Repeat("[ \n", 1<<18),
		"map nesting":    strings.Repeat("{a: ", 1<<17),
		"list nesting":   strings.Repeat("- ", 1<<18),
		"indent nesting": indented(1000),
		"keys":           strings.Repeat("? ", 1<<18),
		"long key":       strings.Repeat("a", 1<<19) + ": b",
		"many keys":      manyKeys(60_000),
		"quotes":         "name: \"" + strings.Repeat("\\x41", 200_000),
		"tags":           "name: " + strings.Repeat("!!str ", 100_000) + "a",
		"anchors":        strings.Repeat("&a ", 100_000),
		"colons":         strings.Repeat("a:\n", 100_000),
		"wrong tag":      "name: !!int abc\nworld: !!binary x\nabout: !!float 1e999",
	}
}

func indented(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func manyKeys(count int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

// TestHostile proves that bad files are refused at a place, in bounded time, and
// that empty, binary and multi-document files are refused at 1:1 (cli.md).
func TestHostile(t *testing.T) {
	vocab := testVocabulary()
	files := hostile()
	for name, text := range files {
		begin := time.Now()
		s, problems := scenarios.Load("f", []byte(text), vocab)
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		if s != nil || len(problems) == 0 {
			t.Errorf("%s was accepted", name)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.File != "f" || len(p.Message) > 1000 {
				t.Fatalf("%s: %.200s", name, p.Error())
			}
		}
	}
	for _, name := range []string{"empty", "blank", "comment", "nul", "binary", "two documents", "too large"} {
		_, problems := scenarios.Load("f", []byte(files[name]), vocab)
		if len(problems) != 1 || problems[0].Line != 1 || problems[0].Column != 1 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// TestExpressionRoundTrip proves that every expression prints to text that reads
// back to an equal one.
func TestExpressionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(scenarios.Metrics()).Draw(t, "metric")
		e := scenarios.Expression{Metric: m.Name, Op: rapid.SampledFrom([]string{">=", "<=", ">", "<", "=="}).Draw(t, "op")}
		if m.Of != "" {
			e.Of = rapid.SampledFrom([]string{"", "exact", "namespace/summary", "each endpoint", "each reader property"}).Draw(t, "of")
		}
		if m.While {
			e.While = rapid.SampledFrom([]string{"", "PROCESSING"}).Draw(t, "while")
		}
		e.Value = float64(rapid.Int64Range(0, 1<<53).Draw(t, "value"))
		if m.Unit == scenarios.RatioUnit {
			e.Value = rapid.Float64Range(0, 1e6).Draw(t, "ratio")
		}
		again, err := scenarios.ParseExpression(e.String())
		if err != nil || again != e {
			t.Fatalf("%#v printed %q, read %#v, %v", e, e, again, err)
		}
	})
}

// TestExpressionHolds proves the comparisons and the units.
func TestExpressionHolds(t *testing.T) {
	for _, c := range []struct {
		text      string
		yes, no   float64
		canonical string
	}{
		{"reads >= 1,000", 1000, 999, "reads >= 1000"},
		{"p99 of namespace/summary <= 20ms", 20e6, 20e6 + 1, "p99 of namespace/summary <= 20ms"},
		{"peak-rss < 1.5GiB", 1.5*(1<<30) - 1, 1.5 * (1 << 30), "peak-rss < 1536MiB"},
		{"isolation <= 1.25", 1.25, 1.26, "isolation <= 1.25"},
		{"failed == 0", 0, 1, "failed == 0"},
		{"reads of each endpoint while READY_TO_COMMIT > 3", 4, 3, "reads of each endpoint while READY_TO_COMMIT > 3"},
	} {
		e, err := scenarios.ParseExpression(c.text)
		if err != nil || !e.Holds(c.yes) || e.Holds(c.no) || e.String() != c.canonical {
			t.Errorf("%s: %v, %v for %v, %v for %v, prints %s", c.text, err, e.Holds(c.yes), c.yes, e.Holds(c.no), c.no, e)
		}
	}
	for _, text := range []string{"", "reads", "reads 5 >=", "reads >= -1", "reads >= NaN", "reads >= 1e99", "p99 <= 20", "rebuild of exact < 1s",
		"deltas while NONE > 1", "reads of >= 5", "reads of a of b >= 5", "reads while >= 5", "reads while a b >= 5", "peak-rss < 1GB", "reads >= 5 5"} {
		if e, err := scenarios.ParseExpression(text); err == nil {
			t.Errorf("%q was accepted as %v", text, e)
		}
	}
}

// TestSchemaRefuses proves that the schema refuses what a schema can say.
func TestSchemaRefuses(t *testing.T) {
	schema := compiledSchema(t)
	good := "name: a\nabout: b\nproves: [exact]\nworld: {keys: 1}\nreaders: {count: 1}\nexpect: {converge: 1s}\n"
	if err := validates(t, schema, []byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		strings.Replace(good, "exact", "exakt", 1),
		strings.Replace(good, "keys: 1", "keys: many", 1),
		strings.Replace(good, "keys: 1", "keys: {moon: 1}", 1),
		strings.Replace(good, "keys: 1", "kees: 1", 1),
		strings.Replace(good, "1s", "1 second", 1),
		strings.Replace(good, "about: b\n", "", 1),
		good + "timeline: [{do: nothing}]",
		good + "timeline: [{do: wait, when: {state: OPEN}}]",
		good + "config: {ozone.unknown: 1}",
		good + "thresholds: [5]",
		good + "extra: 5",
	} {
		if err := validates(t, schema, []byte(bad)); err == nil {
			t.Errorf("the schema accepts\n%s", bad)
		}
		if s, _ := scenarios.Load("f", []byte(bad), testVocabulary()); s != nil {
			t.Errorf("Load accepts\n%s", bad)
		}
	}
}

// FuzzScenario proves that no file panics Load, that every problem has a place,
// and that what Load accepts the schema accepts and Marshal writes so that it
// reads back to the same file.
func FuzzScenario(f *testing.F) {
	vocab := testVocabulary()
	for _, file := range scenarios.CorpusFiles() {
		s, _, err := scenarios.LoadFile(scenarios.Corpus(), file, vocab)
		if err != nil || s == nil {
			f.Fatal(file, err)
		}
		text, err := s.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range hostile() {
		if len(text) < 10_000 {
			f.Add([]byte(text))
		}
	}
	schema := compiledSchema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, problems := scenarios.Load("f", text, vocab)
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 {
				t.Fatalf("no place: %v", p)
			}
		}
		if s == nil {
			if len(problems) == 0 {
				t.Fatal("neither a scenario nor a problem")
			}
			return
		}
		first, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, problems := scenarios.Load("f", first, vocab)
		if again == nil {
			t.Fatalf("%v in what was marshalled:\n%s", problems, first)
		}
		second, err := again.Marshal()
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("marshalled twice: %v\n%s\n%s", err, first, second)
		}
		if err := validates(t, schema, first); err != nil {
			t.Fatalf("the schema refuses what Load accepts: %v\n%s", err, first)
		}
	})
}

const tierStory = `name: a
about: b
proves: [exact]
tiers: [sim, container]
world:
  keys: {sim: 10, local: 20}
  deltasPerSecond: {sim: 5, container: 7}
readers:
  count: 3
timeline:
  - do: start-deltas
  - when: {fault: x}
    do: cancel
faults:
  - id: x
    rule: 'at task/start : hang'
schedule: {strategy: pct}
expect: {converge: 1s}
thresholds:
  - reads >= 1
  - {expr: reads >= 100, tiers: [local]}
  - {expr: reads >= 5, tiers: [sim, container]}
`

// TestForTier proves D11: sizes are resolved and defaults filled in, and a tier
// that cannot express a line says which and why.
func TestForTier(t *testing.T) {
	s, problems := scenarios.Load("f", []byte(tierStory), testVocabulary())
	if s == nil {
		t.Fatal(problems)
	}
	before, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	sim, problems := s.ForTier("sim")
	if sim == nil {
		t.Fatal(problems)
	}
	got := fmt.Sprintln(sim.World.Keys, sim.World.DeltasPerSecond, sim.Timeline[0].Rate, sim.World.OMs, len(sim.World.Layouts), sim.World.Schema,
		sim.World.Protocol, sim.Readers.Sessions, len(sim.Readers.Endpoints), sim.Timeline[1].When.Fired, sim.Faults[0].Armed, sim.Thresholds)
	want := "{10 map[]} {5 map[]} {5 map[]} 3 3 2.2.0 generation {3 map[]} 9 1 start [{reads >= 1 []} {reads >= 5 []}]\n"
	if got != want {
		t.Errorf("for sim\n%s\nwant\n%s", got, want)
	}
	for tier, want := range map[string]string{
		"container": `f:6:9: keys has no size for tier container, only for local, sim; add "container: N"
f:13:9: tier container cannot express "do cancel": it has no such call
f:16:11: tier container cannot express "fault task/start": no fault points in a foreign Recon
`,
		"local": "f:4:8: this scenario is not meant for tier local, only for sim, container\n",
		"simm":  "f:4:8: \"simm\" is not a known tier; did you mean \"sim\"?\n",
	} {
		resolved, problems := s.ForTier(tier)
		var got strings.Builder
		for _, p := range problems {
			fmt.Fprintln(&got, p.Error())
		}
		if resolved != nil || got.String() != want {
			t.Errorf("for %s\n%swant\n%s", tier, got.String(), want)
		}
	}
	if after, err := s.Marshal(); err != nil || !bytes.Equal(before, after) {
		t.Errorf("resolving changed the scenario itself: %v\n%s", err, after)
	}
}
