package plan

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"reconsim/faults/point"
)

// TestParse reads plans of testdata/parse and compares their canonical print or
// their errors. Run with -rewrite to renew it.
func TestParse(t *testing.T) {
	datadriven.RunTest(t, "testdata/parse", func(t *testing.T, d *datadriven.TestData) string {
		p, err := Parse(d.Input)
		if err != nil {
			return err.Error() + "\n"
		}
		return p.String()
	})
}

func anyRule() *rapid.Generator[Rule] {
	return rapid.Custom(func(t *rapid.T) Rule {
		r := At(rapid.SampledFrom(point.All()).Draw(t, "point"))
		if rapid.Bool().Draw(t, "named") {
			r.Name = rapid.StringMatching(`x[a-z0-9./_-]{0,6}`).Draw(t, "name")
		}
		r.Of = Glob(rapid.OneOf(
			rapid.SampledFrom([]string{"", "NSSummaryTask", "gen-*/db/**", "when", ":", "of"}),
			rapid.String(),
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 6), func(b []byte) string { return string(b) }),
		).Draw(t, "of"))
		for range rapid.IntRange(0, 3).Draw(t, "counts") {
			r = r.If(Count{
				rapid.SampledFrom([]Op{AtLeast, AtMost, Above, Below, Equal, Unequal}).Draw(t, "op"),
				rapid.Int64().Draw(t, "n"),
			})
		}
		first := rapid.Int64Range(1, 1000).Draw(t, "first")
		r.On = rapid.SampledFrom([]Schedule{
			Always{}, Hit(first), Hits{first, first + rapid.Int64Range(0, 9).Draw(t, "more")}, Every{first},
		}).Draw(t, "schedule")
		if rapid.Bool().Draw(t, "chancy") {
			r.Chance = rapid.Float64Range(math.SmallestNonzeroFloat64, 1).Draw(t, "chance")
		}
		r.Optional = rapid.Bool().Draw(t, "optional")
		for range rapid.IntRange(0, 2).Draw(t, "parks") {
			r = r.Then(Park{time.Duration(rapid.Int64Range(1, int64(maxPark)).Draw(t, "park"))})
		}
		return r.Then(anyEnding(t, r.Point))
	})
}

func anyEnding(t *rapid.T, p point.Point) Action {
	n := rapid.Int64Range(1, maxTransferBytes).Draw(t, "bytes")
	message := rapid.StringN(1, 20, 80).Draw(t, "message")
	var fitting []Action
	for _, a := range []Action{
		Error{message}, Panic{message}, Errno{rapid.SampledFrom(errnoNames()).Draw(t, "errno")}, Kill{}, Kill{message}, Hang{}, Park{1},
		Short{}, DropSync{}, Flip{}, Cut{n}, Corrupt{n}, Trickle{n}, Stall{n}, HTML{},
	} {
		if e, ok := a.(Effect); !ok || e.fits(p) {
			fitting = append(fitting, a)
		}
	}
	return rapid.SampledFrom(fitting).Draw(t, "ending")
}

// TestParseOfPrintIsTheSame proves that every rule that can be built reads
// back, from its print, to an equal value.
func TestParseOfPrintIsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRule().Draw(t, "rule")
		if err := want.Validate(); err != nil {
			t.Fatalf("the generator built an invalid rule: %v", err)
		}
		got, err := ParseRule(want.String())
		if err != nil {
			t.Fatalf("%s\n%v", want, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("printed %s\nread    %#v\nwas     %#v", want, got, want)
		}
	})
}

// FuzzPlan proves that no text panics the parser and that what it accepts
// prints to something that reads back equal.
func FuzzPlan(f *testing.F) {
	for _, seed := range []string{
		"", "#", "at", `at task/rows of NSSummaryTask when n >= 5000 on hit 1 : error "x"`,
		"a = at disk/write of \"gen-*/db/*\" on hit 3..5 with p=0.25 optional : park 1s then errno ENOSPC\nat commit/publish every 2 : kill",
		"at om/transfer : cut 99999999999999999999", "\x00\xff", "at task/rows : error \"\\u00", "at task/rows with p=nan : kill",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			var located *ParseError
			if !errors.As(err, &located) || located.Line < 1 || located.Column < 1 {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		again, err := Parse(p.String())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%q printed as %q reads back as %v, %v", text, p, again, err)
		}
	})
}

// TestBounds proves that plans beyond the bounds are refused.
func TestBounds(t *testing.T) {
	for name, text := range map[string]string{
		"bytes":   strings.Repeat("#", maxPlanBytes+1),
		"rules":   strings.Repeat("at task/rows:kill\n", maxRules+1),
		"actions": "at task/rows : " + strings.Repeat("park 1s then ", maxActionsPerRule) + "kill",
		"counts":  "at task/rows when n > 1" + strings.Repeat(" and n > 1", maxCountsPerRule) + " : kill",
		"subject": "at task/rows of " + strings.Repeat("a", maxGlobBytes+1) + " : kill",
		"names":   "a = at task/rows : kill\na = at task/rows : kill",
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, text := range []string{"", "# nothing", "at task/rows : kill\nat task/rows : kill"} {
		if r, err := ParseRule(text); err == nil {
			t.Errorf("ParseRule(%q) = %s", text, r)
		}
	}
}

// TestInvalidRules proves that rules built by hand are checked like parsed ones.
func TestInvalidRules(t *testing.T) {
	valid := At(point.TaskRows).Then(Kill{})
	if err := valid.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Rule{
		"no point":        {Do: []Action{Kill{}}},
		"unknown point":   At(9999).Then(Kill{}),
		"no action":       At(point.TaskRows),
		"nil action":      At(point.TaskRows).Then(nil),
		"bad name":        valid.Named("1st"),
		"keyword name":    valid.Named("always"),
		"bad comparison":  valid.If(Count{"~", 1}),
		"bad probability": valid.WithChance(math.NaN()),
		"bad hits":        valid.Picking(Hits{2, 1}),
		"bad every":       valid.Picking(Every{}),
		"after the end":   valid.Then(Park{time.Second}),
		"unknown errno":   At(point.TaskRows).Then(Errno{"E"}),
		"wrong place":     At(point.DiskRead).Then(Short{}),
	} {
		if err := r.Validate(); err == nil {
			t.Errorf("%s: accepted %s", name, r)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		glob    Glob
		subject string
		want    bool
	}{
		{"", "anything", true},
		{"NSSummaryTask", "NSSummaryTask", true},
		{"NSSummaryTask", "NSSummaryTask2", false},
		{"FileSizeCount*", "FileSizeCountTaskFSO", true},
		{"gen-*/db/*", "/data/recon/gen-7/db/000004.sst", true},
		{"gen-*/db/*", "/data/recon/gen-7/db/sub/000004.sst", false},
		{"gen-*/db/**", "/data/recon/gen-7/db/sub/000004.sst", true},
		{"gen-*/db/*", "/data/recon/gen-7/sql/x", false},
		{"/gen-*/x", "/a/gen-1/x", false},
		{"/a/*/x", "/a/gen-1/x", true},
		{"**/x", "a/b/x", true},
		{"a/**/x", "a/x", true},
		{"a/**/x", "a/b/c/x", true},
		{"*.sst", "/a/b/000004.sst", true},
		{"0000??.sst", "000004.sst", true},
		{"0000??.sst", "0000004.sst", false},
		{"om1/*", "om1/getDBUpdates", true},
		{"*", "", true},
		{"a", "", false},
		{Glob(strings.Repeat("*a", 200)), strings.Repeat("a", 400) + "b", false},
		{Glob(strings.Repeat("**/a/", 100) + "b"), strings.Repeat("a/", 400) + "c", false},
	} {
		if got := c.glob.Match(c.subject); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.glob, c.subject, got, c.want)
		}
	}
}
