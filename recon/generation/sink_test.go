package generation

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

func newTestSinks(t interface{ Fatal(...any) }, faults point.Injector, boundBytes int) *sinks {
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines(), Faults: faults})
	s, err := newSinks(e, "sinks", 0)
	if err != nil {
		t.Fatal(err)
	}
	s.boundBytes = boundBytes // Below the smallest bound, so that little spills.
	return s
}

func mergedRows(s *sinks) (rows []string, err error) {
	err = s.merge(func(r merged) error {
		rows = append(rows, fmt.Sprintf("%q=%x", r.key, r.value))
		return nil
	})
	return rows, err
}

// TestSinkMerge: whatever was put and added by however many sinks in however
// many runs comes out once, in the order of keys, counters summed, sums of 0
// left out (D12).
func TestSinkMerge(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := newTestSinks(r, nil, rapid.IntRange(40, 4000).Draw(r, "bound"))
		var all []*sink
		for i := range rapid.IntRange(1, 4).Draw(r, "sinks") {
			all = append(all, s.open(context.Background(), fmt.Sprint(i)))
		}
		want, spilled := map[string]string{}, 0
		sums := map[string]int64{}
		for range rapid.IntRange(0, 200).Draw(r, "rows") {
			k := all[rapid.IntRange(0, len(all)-1).Draw(r, "sink")]
			name := rapid.SampledFrom([]string{"", "a", "ab", "b", "\xff", "long long key"}).Draw(r, "key")
			if rapid.Bool().Draw(r, "counter") {
				n := int64(rapid.IntRange(-2, 2).Draw(r, "n"))
				if err := k.Add(derived.ContainerKeyCount, []byte(name), n); err != nil {
					r.Fatal(err)
				}
				sums[name] += n
				continue
			}
			key := fmt.Sprintf("%s%d", name, len(want))
			if err := k.Put(derived.NamespaceSummary, []byte(key), []byte(name)); err != nil {
				r.Fatal(err)
			}
			want[string(storeKey(nil, derived.NamespaceSummary, []byte(key)))] = name
		}
		for i, k := range all {
			if i%2 == 0 {
				if err := k.Close(); err != nil {
					r.Fatal(err)
				}
			}
			spilled += len(k.runs)
		}
		for name, n := range sums {
			if n != 0 {
				want[string(storeKey(nil, derived.ContainerKeyCount, []byte(name)))] = string(binary.BigEndian.AppendUint64(nil, uint64(n)))
			}
		}
		var expected []string
		for key, value := range want {
			expected = append(expected, fmt.Sprintf("%q=%x", key, value))
		}
		rows, err := mergedRows(s)
		if err != nil || len(rows) != len(expected) {
			r.Fatalf("%d rows, want %d (%d runs): %v", len(rows), len(expected), spilled, err)
		}
		var keys []string
		if err := s.merge(func(m merged) error { keys = append(keys, string(m.key)); return nil }); err != nil {
			r.Fatal(err)
		}
		if !slices.IsSorted(keys) {
			r.Fatalf("not in order: %q", keys)
		}
		slices.Sort(rows)
		slices.Sort(expected)
		if !slices.Equal(rows, expected) {
			r.Fatalf("rows %v\nwant %v", rows, expected)
		}
	})
}

// TestSinkSpills: the memory bound is kept by sorted runs on disk, and Close
// gives back the memory of a large part.
func TestSinkSpills(t *testing.T) {
	s := newTestSinks(t, nil, 1000)
	k := s.open(context.Background(), "t")
	for i := range 100 {
		check(t, k.Put(derived.ContainerKey, fmt.Appendf(nil, "%03d", 99-i), make([]byte, 50)))
		if len(k.arena) > 1000 {
			t.Fatalf("the arena holds %d bytes, the bound is 1000", len(k.arena))
		}
	}
	if len(k.runs) < 5 {
		t.Errorf("%d runs", len(k.runs))
	}
	large := newTestSinks(t, nil, 1<<20)
	k = large.open(context.Background(), "t")
	check(t, k.Put(derived.ContainerKey, []byte("key"), make([]byte, keptBytes)))
	check(t, k.Close())
	if cap(k.arena) != 0 || len(k.runs) != 1 {
		t.Errorf("a finished large part keeps %d bytes and has %d runs", cap(k.arena), len(k.runs))
	}
	rows, err := mergedRows(large)
	if err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestSinkMistakes: what a task must not do is an error of the rebuild, not a
// lost row; in one run and across runs.
func TestSinkMistakes(t *testing.T) {
	for _, bound := range []int{10, 100000} {
		s := newTestSinks(t, nil, bound)
		one, two := s.open(context.Background(), "one"), s.open(context.Background(), "two")
		check(t, one.Put(derived.NamespaceSummary, []byte("x"), []byte("1")))
		check(t, two.Put(derived.NamespaceSummary, []byte("x"), []byte("2")))
		_, err := mergedRows(s)
		wantError(t, err, "put 2 times")
		s = newTestSinks(t, nil, bound)
		one = s.open(context.Background(), "one")
		check(t, one.Put(derived.NamespaceSummary, []byte("x"), []byte("1")))
		check(t, one.Add(derived.NamespaceSummary, []byte("x"), 1))
		_, err = mergedRows(s)
		wantError(t, err, "both put and counted")
	}
}

// TestSinkFails: FP4, an error as a run is written, read, or taken further.
func TestSinkFails(t *testing.T) {
	faults := &planted{}
	s := newTestSinks(t, faults, 10)
	k := s.open(context.Background(), "t")
	check(t, k.Put(derived.ContainerKey, []byte("a"), nil))
	faults.fail(point.SinkWrite)
	if err := k.Put(derived.ContainerKey, []byte("b"), nil); !errors.Is(err, errPlanted) {
		t.Errorf("spill: %v", err)
	}
	faults.clear(point.SinkWrite)
	check(t, k.Put(derived.ContainerKey, []byte("b"), []byte("bbbbbbbbbb")))
	if err := s.merge(func(merged) error { return errPlanted }); !errors.Is(err, errPlanted) {
		t.Errorf("merge: %v", err)
	}
	fs := s.env.FS()
	content := must(readFile(fs, k.runs[0], 1000))(t)
	for cut := 1; cut < len(content); cut++ {
		check(t, writeFile(fs, k.runs[0], content[:cut]))
		if _, err := mergedRows(s); err == nil {
			t.Errorf("a run cut to %d of %d bytes is read", cut, len(content))
		}
	}
	check(t, writeFile(fs, k.runs[0], []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}))
	_, err := mergedRows(s)
	wantError(t, err, "cannot be right")
}

// TestMergeDoesNotAllocateByRow: D12, a load path allocates nothing by row.
func TestMergeDoesNotAllocateByRow(t *testing.T) {
	count := func(rows int) float64 {
		s := newTestSinks(t, nil, 1<<20)
		k := s.open(context.Background(), "t")
		for i := range rows {
			check(t, k.Put(derived.ContainerKey, fmt.Appendf(nil, "%06d", i), derived.PresentValue))
			check(t, k.Add(derived.ContainerKeyCount, fmt.Appendf(nil, "%06d", i%7), 1))
		}
		return testing.AllocsPerRun(3, func() {
			if err := s.merge(func(merged) error { return nil }); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := count(10), count(5000); many > few+10 {
		t.Errorf("%v allocations for 10 rows, %v for 5000", few, many)
	}
}

// TestLoadNothing: tasks that derive nothing are loaded all the same.
func TestLoadNothing(t *testing.T) {
	b := newBench(t)
	s := must(b.layout.Stage(context.Background(), StageOptions{Build: 1}))(t)
	check(t, b.fromOM(s))
	check(t, s.LoadSinks(context.Background()))
	rows := rowsOf(t, s.Reader(), []omdb.Table{derived.SQLStats})
	if len(rows) != 1 {
		t.Errorf("rows %v, want the container count alone", rows)
	}
	b.closeStaged(s)
}
