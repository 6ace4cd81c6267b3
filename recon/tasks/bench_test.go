package tasks

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// arraySource is a read-only Source of sorted rows, whose scans cost nothing.
type arraySource struct{ tables map[omdb.Table][]arrayRow }

type arrayRow struct{ key, value []byte }

func (s arraySource) find(t omdb.Table, key []byte) (int, bool) {
	return slices.BinarySearchFunc(s.tables[t], key, func(r arrayRow, key []byte) int { return bytes.Compare(r.key, key) })
}

func (s arraySource) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	at, found := s.find(t, key)
	if !found {
		return nil, false, nil
	}
	return bytes.Clone(s.tables[t][at].value), true, nil
}

func (s arraySource) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	from, _ := s.find(t, lower)
	for _, r := range s.tables[t][from:] {
		if upper != nil && bytes.Compare(r.key, upper) >= 0 {
			return nil
		}
		if more, err := fn(r.key, r.value); err != nil || !more {
			return err
		}
	}
	return nil
}

func (s arraySource) Splits(t omdb.Table, parts int) (splits [][]byte, err error) {
	rows := s.tables[t]
	parts = min(parts, len(rows)/1000)
	for i := 1; i < parts; i++ {
		splits = append(splits, rows[i*len(rows)/parts].key)
	}
	return splits, nil
}

// manyRows makes n keys of an OBS bucket, n files in n/100 directories, and the
// directories.
func manyRows(b testing.TB, n int) arraySource {
	encode := func(m proto.Message) []byte {
		v, err := proto.Marshal(m)
		check(b, err)
		return v
	}
	w := newWorld(b)
	w.buckets()
	s := arraySource{tables: map[omdb.Table][]arrayRow{}}
	w.must(w.store.Scan(omdb.BucketTable, nil, nil, func(key, value []byte) (bool, error) {
		s.tables[omdb.BucketTable] = append(s.tables[omdb.BucketTable], arrayRow{bytes.Clone(key), bytes.Clone(value)})
		return true, nil
	}))
	add := func(t omdb.Table, key []byte, m proto.Message) {
		s.tables[t] = append(s.tables[t], arrayRow{key, encode(m)})
	}
	for i := range n {
		name := fmt.Sprintf("key-%010d", i)
		add(omdb.KeyTable, omdb.AppendKey(nil, "v", "obs", name), keyRow("v", "obs", name, int64(i), 0, 1<<27, []int64{int64(i / 40)}))
		parent := int64(1_000_000 + i/100)
		add(omdb.FileTable, fileKey(parent, name), keyRow("v", "fso", name, int64(i), parent, 1<<27, []int64{int64(i / 40)}))
		if i%100 == 0 {
			add(omdb.DirectoryTable, fileKey(fsoBucket, name), directoryRow(parent, fsoBucket, name))
		}
	}
	return s
}

// noSink drops what it is given.
type noSink struct{}

func (noSink) Put(omdb.Table, []byte, []byte) error       { return nil }
func (noSink) Add(omdb.Table, []byte, int64) error        { return nil }
func openNothing(task string, part int) (s Sink, _ error) { return noSink{}, nil }

// BenchmarkRun is a whole rebuild by the six tasks without source and sink;
// an operation is one row.
func BenchmarkRun(b *testing.B) {
	const n = 100_000
	source := manyRows(b, n)
	rows := 2*n + n/100
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				check(b, Run(context.Background(), env.NewOS(nil), RunOptions{
					Tasks: All(), Source: source, NewSink: openNothing, Workers: workers,
				}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
}

// TestRunAllocatesNothingPerRow: a rebuild of ten times the rows in the same
// directories and containers allocates about the same (D12).
func TestRunAllocatesNothingPerRow(t *testing.T) {
	allocations := func(n int) float64 {
		source := manyRows(t, n)
		return testing.AllocsPerRun(1, func() {
			check(t, Run(context.Background(), env.NewOS(nil), RunOptions{
				Tasks: All(), Source: source, NewSink: openNothing, Workers: 1,
			}))
		})
	}
	few, many := allocations(2000), allocations(42000)
	const perRow = 0.01 // growing slices and maps, not rows
	if got := (many - few) / (2 * 40000); got > perRow {
		t.Errorf("%.3f allocations a row (%v and %v)", got, few, many)
	}
}
