package scenarios_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"reconsim/scenarios"
)

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := scenarios.Schema(testVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", parsed); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validates asks the schema about a file, through JSON.
func validates(t testing.TB, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(parsed)
}

// TestCorpus proves of every scenario that comes with the program: Load and the
// JSON Schema accept it, it is named after its file, and every tier that it is
// meant for can express it.
func TestCorpus(t *testing.T) {
	vocab, schema := testVocabulary(), compiledSchema(t)
	files := scenarios.CorpusFiles()
	if len(files) < 17 {
		t.Fatalf("the corpus has only %v", files)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			s, problems, err := scenarios.LoadFile(scenarios.Corpus(), file, vocab)
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			text, err := fs.ReadFile(scenarios.Corpus(), file)
			if err != nil {
				t.Fatal(err)
			}
			if err := validates(t, schema, text); err != nil {
				t.Error(err)
			}
			if s.Name != strings.TrimSuffix(file, ".yaml") {
				t.Errorf("it is named %q", s.Name)
			}
			for _, tier := range tiersOf(s) {
				resolved, problems := s.ForTier(tier)
				if len(problems) > 0 {
					t.Errorf("%s: %v", tier, problems)
				} else if resolved.World.Keys.All == 0 || resolved.Readers.Sessions.All == 0 || len(resolved.World.Layouts) == 0 {
					t.Errorf("%s: not resolved: %+v", tier, resolved)
				}
			}
		})
	}
	if all, err := scenarios.LoadCorpus(vocab); err != nil || len(all) != len(files) {
		t.Errorf("LoadCorpus gave %d of %d: %v", len(all), len(files), err)
	}
}

// tiersOf are the tiers that a scenario is meant for.
func tiersOf(s *scenarios.Scenario) []string {
	if s.Tiers != nil {
		return s.Tiers
	}
	return []string{"sim", "local"}
}

// TestMarshal proves that a scenario is written in the order of the story and
// reads back equal, whole and with lines taken out.
func TestMarshal(t *testing.T) {
	vocab := testVocabulary()
	all, err := scenarios.LoadCorpus(vocab)
	if err != nil {
		t.Fatal(err)
	}
	equal := func(a, b *scenarios.Scenario) bool {
		one, err1 := a.Marshal()
		other, err2 := b.Marshal()
		return err1 == nil && err2 == nil && bytes.Equal(one, other) &&
			reflect.DeepEqual(a.Timeline, b.Timeline) && reflect.DeepEqual(a.World, b.World) &&
			reflect.DeepEqual(a.Faults, b.Faults) && reflect.DeepEqual(a.Expect, b.Expect) &&
			reflect.DeepEqual(a.Thresholds, b.Thresholds) && reflect.DeepEqual(a.Config, b.Config) &&
			reflect.DeepEqual(a.Readers, b.Readers) && a.About == b.About && reflect.DeepEqual(a.Proves, b.Proves)
	}
	schema := compiledSchema(t)
	for _, s := range all {
		again, problems, err := s.Recheck()
		if err != nil || problems != nil || !equal(s, again) {
			text, _ := s.Marshal()
			t.Fatalf("%s: %v %v\n%s", s.Name, err, problems, text)
		}
		for i := range s.Thresholds {
			less := s.Clone()
			less.Thresholds = append(less.Thresholds[:i:i], less.Thresholds[i+1:]...)
			again, problems, err := less.Recheck()
			if err != nil || problems != nil || !equal(less, again) || len(s.Thresholds) != len(less.Thresholds)+1 {
				t.Fatalf("%s without threshold %d: %v %v", s.Name, i, err, problems)
			}
		}
		for _, tier := range tiersOf(s) {
			resolved, _ := s.ForTier(tier)
			again, problems, err := resolved.Recheck()
			if err != nil || problems != nil || !equal(resolved, again) {
				t.Fatalf("%s for %s: %v %v", s.Name, tier, err, problems)
			}
			text, err := resolved.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if err := validates(t, schema, text); err != nil {
				t.Errorf("%s for %s: %v", s.Name, tier, err)
			}
		}
	}
	text, err := all[0].Marshal()
	if err != nil {
		t.Fatal(err)
	}
	order := []string{"name:", "about:", "proves:", "world:", "readers:", "timeline:", "faults:", "expect:"}
	at := -1
	for _, section := range order {
		i := bytes.Index(text, []byte("\n"+section))
		if section == "name:" {
			i = bytes.Index(text, []byte(section))
		}
		if i <= at {
			t.Errorf("%s stands at %d, after %d:\n%s", section, i, at, text)
		}
		at = i
	}
}

// TestComments proves that comments stay with the file, the step and the fault
// that they stand before, also when others are taken out.
func TestComments(t *testing.T) {
	text := `# What was wrong: it forgot
# everything.
name: commented
about: Why.
proves: [exact]
world: {keys: 10}
readers: {count: 1}
timeline:
  # First of all.
  - do: compact-log
  # Then it
  # strikes.
  - name: strike
    do: arm
    fault: f
faults:
  # Two of a kind.
  - id: g
    rule: 'at pointer/move : errno EIO'
  # It strikes.
  - id: f
    rule: 'at pointer/move : errno EIO'
    armed: timeline
expect: {converge: 10s}
`
	s, problems := scenarios.Load("commented.yaml", []byte(text), testVocabulary())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s = s.Clone()
	s.Timeline, s.Faults = s.Timeline[1:], s.Faults[1:]
	again, problems, err := s.Recheck()
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if again.Comment != "What was wrong: it forgot\neverything." || again.Timeline[0].Comment != "Then it\nstrikes." || again.Faults[0].Comment != "It strikes." {
		out, _ := s.Marshal()
		t.Errorf("%q %q %q\n%s", again.Comment, again.Timeline[0].Comment, again.Faults[0].Comment, out)
	}
}
