package generation

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSorter: whatever the parts were given comes out in the order of keys, as
// often as it went in, however many runs were spilled; again, and with what
// came later; and nothing stays on disk.
func TestSorter(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := newTestSinks(r, nil, rapid.IntRange(60, 3000).Draw(r, "bound"))
		s := &sorter{ctx: context.Background(), all: all, task: "t"}
		var want []string
		for range rapid.IntRange(1, 3).Draw(r, "times") {
			for range rapid.IntRange(0, 4).Draw(r, "parts") {
				p := s.Part()
				for range rapid.IntRange(0, 60).Draw(r, "records") {
					key := rapid.SampledFrom([]string{"", "a", "ab", "b", "\xff"}).Draw(r, "key")
					value := rapid.StringN(0, 20, 40).Draw(r, "value")
					if err := p.Add([]byte(key), []byte(value)); err != nil {
						r.Fatal(err)
					}
					want = append(want, fmt.Sprintf("%q=%q", key, value))
				}
				if err := p.Close(); err != nil {
					r.Fatal(err)
				}
			}
			var got []string
			last := ""
			err := s.Scan(func(key, value []byte) error {
				if string(key) < last {
					return fmt.Errorf("%q comes after %q", key, last)
				}
				last = string(key)
				got = append(got, fmt.Sprintf("%q=%q", key, value))
				return nil
			})
			if err != nil {
				r.Fatal(err)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				r.Fatalf("got %v, want %v", got, want)
			}
		}
		if err := s.Close(); err != nil {
			r.Fatal(err)
		}
		if names, err := all.env.FS().List(all.dir); err != nil || len(names) > 0 {
			r.Fatalf("left on disk: %v (%v)", names, err)
		}
	})
}
