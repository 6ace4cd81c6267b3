package disk

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// losingLog is a file that is written, synced and written again, and a second
// one that only has a name. Operations: 1 create a, 2 write, 3 sync a, 4 sync
// the root, 5 write a, 6 create b, 7 rename b to c.
func losingLog(t *testing.T) *Log {
	t.Helper()
	y := New(Options{Record: true})
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	a, err := y.Create("/a", vfs.WriteCategoryUnspecified)
	step(err)
	_, err = a.Write([]byte("old"))
	step(err)
	step(a.Sync())
	root, err := y.OpenDir("/")
	step(err)
	step(root.Sync())
	_, err = a.Write([]byte("new"))
	step(err)
	b, err := y.Create("/b", vfs.WriteCategoryUnspecified)
	step(err)
	step(b.Close())
	step(y.Rename("/b", "/c"))
	return y.Log()
}

// TestImageLosing: D7. Exactly the named operations are lost.
func TestImageLosing(t *testing.T) {
	l := losingLog(t)
	if l.Len() != 7 {
		t.Fatalf("%d operations", l.Len())
	}
	for _, c := range []struct {
		op   int
		lost []int
		want string
	}{
		{7, nil, "/a 6\n/c 0\n"},
		{7, []int{5}, "/a 3\n/c 0\n"},
		{7, []int{7}, "/a 6\n/b 0\n"},
		{7, []int{5, 6, 7}, "/a 3\n"},
		{6, []int{6}, "/a 6\n"},
		{2, nil, "/a 3\n"},
		{2, []int{2}, "/a 0\n"},
		{0, nil, ""},
	} {
		image, err := l.ImageLosing(c.op, c.lost)
		if err != nil {
			t.Errorf("after %d, %v lost: %v", c.op, c.lost, err)
		} else if got := image.String(); got != c.want {
			t.Errorf("after %d, %v lost: %q, want %q", c.op, c.lost, got, c.want)
		}
	}
	for _, c := range []struct {
		op   int
		lost []int
	}{{7, []int{2}}, {7, []int{3}}, {5, []int{7}}, {8, nil}, {-1, nil}, {7, []int{0}}} {
		if _, err := l.ImageLosing(c.op, c.lost); err == nil {
			t.Errorf("after %d, %v lost: no error", c.op, c.lost)
		}
	}
}

// TestExploreTellsEach: every crash that the policies name is told with its
// image's hash, and exactly those that were not told before are given.
func TestExploreTellsEach(t *testing.T) {
	l := losingLog(t)
	type told struct {
		op     int
		policy Policy
		image  uint64
	}
	var each, marked, given []told
	x := Exploration{Last: l.Len(), Policies: AllPolicies(), Seed: 1, Promises: []int{6}}
	x.Each = func(op int, p Policy, image uint64, isGiven bool) {
		each = append(each, told{op, p, image})
		if isGiven {
			marked = append(marked, told{op, p, image})
		}
	}
	for c := range l.Explore(x) {
		given = append(given, told{c.Op, c.Policy, c.Image.Hash()})
	}
	if !slices.Equal(marked, given) {
		t.Errorf("told as given %v, given %v", marked, given)
	}
	for _, e := range each {
		image, err := l.Image(e.op, e.policy, 1)
		if err != nil || image.Hash() != e.image {
			t.Errorf("%d %s: %v, or another image", e.op, e.policy, err)
		}
	}
	if len(each) < 3*len(given) {
		t.Errorf("%d crashes told, %d given", len(each), len(given))
	}
}

// TestPoliciesAreOrdered: by family, the whole family first, then by number.
func TestPoliciesAreOrdered(t *testing.T) {
	order := []Policy{Synced, All, Data, Prefix, Prefix.Member(0), Prefix.Member(9), Prefix.Member(10), Metadata, Exhaustive.Member(3)}
	for i := range order {
		for j := range order {
			if got, want := order[i].Compare(order[j]), min(1, max(-1, i-j)); got != want {
				t.Errorf("%q against %q: %d, want %d", order[i], order[j], got, want)
			}
		}
	}
	if Prefix.Member(10).Family() != "prefix" || (Policy{family: 200}).Family() != "unknown" {
		t.Error("a family's name is not the policy's without its number")
	}
}
