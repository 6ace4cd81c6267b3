package conform

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
	"reconsim/recon/tasks"
	"reconsim/sim/disk"
)

// checkpoint writes a store's OM rows as the checkpoint of an OM at a sequence,
// one table file a family, and verifies it.
func checkpoint(t testing.TB, fs env.FS, dir string, store *Store, sequence uint64) generation.Snapshot {
	t.Helper()
	check1(t, fs.MkdirAll(dir, 0o755))
	v := &rocksdb.Version{LastSequence: sequence, Families: []rocksdb.Family{{ID: 0, Name: rocksdb.DefaultFamily}}}
	for i, table := range omdb.Tables() {
		family := rocksdb.Family{ID: uint32(i + 1), Name: table.String()}
		if rows := store.tables[table]; rows != nil && len(rows.keys) > 0 {
			w, err := rocksdb.NewTableWriter(fs, fs.PathJoin(dir, fmt.Sprintf("%06d.sst", i+10)), rocksdb.TableOptions{})
			check1(t, err)
			for _, key := range rows.keys {
				check1(t, w.Add([]byte(key), rows.rows[key]))
			}
			file, err := w.Close()
			check1(t, err)
			family.Files = []rocksdb.File{file}
		}
		v.Families = append(v.Families, family)
	}
	check1(t, rocksdb.WriteCheckpoint(fs, dir, v))
	v, err := rocksdb.ReadCheckpoint(fs, dir)
	check1(t, err)
	report, err := rocksdb.VerifyTables(t.Context(), fs, dir, v, rocksdb.VerifyOptions{})
	check1(t, err)
	return generation.Snapshot{Dir: dir, Version: v, Report: report, Lineage: generation.Lineage{Service: "s", Node: "om1"}, AsOf: time.Unix(1000, 0).UTC()}
}

// staged makes a generation of a store's rows on a disk in memory.
func staged(t testing.TB, store *Store, sequence uint64, sinkBytes int) (*env.Env, *generation.Staged) {
	t.Helper()
	e := env.New(env.Options{FS: disk.NewMem(nil), Runtime: env.NewGoroutines(), Quiet: true})
	check1(t, e.FS().MkdirAll("/recon", 0o755))
	snapshot := checkpoint(t, e.FS(), "/recon/candidate", store, sequence)
	layout, err := generation.NewLayout(e, "/recon/generations", "/recon")
	check1(t, err)
	s, err := layout.Stage(t.Context(), generation.StageOptions{Build: 1, SinkBytes: sinkBytes})
	check1(t, err)
	check1(t, s.AdoptSnapshot(t.Context(), snapshot))
	return e, s
}

func rebuildOnDisk(t testing.TB, e *env.Env, s *generation.Staged, fileSystemPaths bool) {
	t.Helper()
	check1(t, tasks.Run(t.Context(), e, tasks.RunOptions{
		Tasks: tasks.All(), Source: s, Workers: 2, FileSystemPaths: fileSystemPaths,
		NewSink: func(task string, _ int) (tasks.Sink, error) { return s.NewSink(t.Context(), task) },
	}))
	check1(t, s.LoadSinks(t.Context()))
}

func closed(t testing.TB, s *generation.Staged) {
	t.Helper()
	done := make(chan error, 1)
	s.Close(func(err error) { done <- err })
	check1(t, <-done)
}

// copied reads a reader's derived rows into a store.
func copied(t testing.TB, r omdb.Reader) *Store {
	t.Helper()
	store := NewStore()
	for _, table := range derived.Tables() {
		check1(t, r.Scan(table, nil, nil, func(key, value []byte) (bool, error) { return true, store.Put(table, key, value) }))
	}
	return store
}

// TestConformanceOnDisk takes the recorded sets through the real stores: a
// checkpoint whose tables are ingested where they lie (D14), sinks that sort
// and merge, and deltas in one batch with their rows (D15).
func TestConformanceOnDisk(t *testing.T) {
	for _, dir := range folders(t) {
		set := load(t, dir)
		if set.Name == "empty" {
			continue // no OM has no transactionInfoTable row, and without one no checkpoint is taken
		}
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			start, _, err := set.fetches[0].batches[0].Header()
			check1(t, err)
			e, s := staged(t, set.om, start-1, 0)
			defer closed(t, s)
			rebuildOnDisk(t, e, s, set.FileSystemPaths)
			check1(t, s.Seal(t.Context(), time.Unix(2000, 0).UTC()))
			g := s.Sealed()
			same(t, FileReprocess, set.derivedOf(copied(t, g.Reader())), set.right[FileReprocess])
			for i := range set.fetches {
				fetch := omdb.NewFetch(set.families, g.Reader())
				for _, batch := range set.fetches[i].batches {
					check1(t, fetch.Add(batch))
				}
				applied := g.Meta()
				_, applied.AppliedSeq, _ = fetch.Sequences()
				check1(t, g.Apply(t.Context(), generation.Delta{
					Write: fetch.Apply, Applied: applied,
					Derive: func(ctx context.Context, store omdb.Store) error {
						delta := tasks.NewDelta(applied.AppliedSeq, fetch.Events(), set.FileSystemPaths)
						return tasks.Process(ctx, e, tasks.All(), delta, store)
					},
				}))
			}
			same(t, FileProcess, set.derivedOf(copied(t, g.Reader())), set.right[FileProcess])
		})
	}
}

func same(t testing.TB, file string, got, want rows) {
	t.Helper()
	differences, _ := diff(file, got, want)
	for _, d := range differences[:min(5, len(differences))] {
		t.Error(d)
	}
}

// bigRows are the rows of a set many times over, under other names.
func bigRows(t testing.TB, n int) *Store {
	t.Helper()
	set := load(t, filepath.Join("testdata", "random-1000"))
	for _, table := range []omdb.Table{omdb.KeyTable, omdb.FileTable} {
		from := set.om.tables[table]
		big := &storeTable{rows: map[string][]byte{}}
		for i := range n / len(from.keys) {
			for _, key := range from.keys {
				name := fmt.Sprintf("%s-%06d", key, i)
				big.keys = append(big.keys, name)
				big.rows[name] = from.rows[key]
			}
		}
		slices.Sort(big.keys)
		set.om.tables[table] = big
	}
	return set.om
}

// BenchmarkScan reads all rows of the two key tables from a staged generation
// as a rebuild does, without any task.
func BenchmarkScan(b *testing.B) {
	_, s := staged(b, bigRows(b, 100_000), 1, 0)
	defer closed(b, s)
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		for _, table := range []omdb.Table{omdb.KeyTable, omdb.FileTable} {
			check1(b, s.Scan(table, nil, nil, func(_, _ []byte) (bool, error) { rows++; return true, nil }))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}

// countingSink counts what goes into a sink.
type countingSink struct{ rows *int }

func (c countingSink) Put(omdb.Table, []byte, []byte) error { *c.rows++; return nil }
func (c countingSink) Add(omdb.Table, []byte, int64) error  { *c.rows++; return nil }

// BenchmarkDriver is the scan through tasks.Run with all six tasks, from a
// staged generation into sinks that drop everything; an operation's rows are
// those of the OM.
func BenchmarkDriver(b *testing.B) {
	store := bigRows(b, 100_000)
	e, s := staged(b, store, 1, 0)
	defer closed(b, s)
	om := 0
	for _, table := range store.tableNumbers() {
		om += len(store.tables[table].keys)
	}
	b.ReportAllocs()
	for b.Loop() {
		check1(b, tasks.Run(b.Context(), e, tasks.RunOptions{
			Tasks: tasks.All(), Source: s, Workers: 1,
			NewSink: func(string, int) (tasks.Sink, error) { return countingSink{new(int)}, nil },
		}))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(om), "ns/row")
}

// BenchmarkSinks puts rows of the size of container triples in an order that is
// not theirs and counts among them, then merges and ingests them: with memory
// for all, and with many sorted runs.
func BenchmarkSinks(b *testing.B) {
	const puts, adds = 200_000, 50_000
	for _, sinkBytes := range []int{64 << 20, 1 << 20} {
		b.Run(fmt.Sprintf("%dMiB", sinkBytes>>20), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				_, s := staged(b, bigRows(b, 1000), 1, sinkBytes)
				b.StartTimer()
				fill(b, s, puts, adds)
				check1(b, s.LoadSinks(b.Context()))
				b.StopTimer()
				closed(b, s)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(puts+adds), "ns/row")
		})
	}
}

func fill(b *testing.B, s *generation.Staged, puts, adds int) {
	b.Helper()
	sink, err := s.NewSink(b.Context(), tasks.ContainerKeyMapperTaskOBS)
	check1(b, err)
	const step = 7919 // a prime, so that every number comes once
	var name, key []byte
	for i := range puts {
		name = strconv.AppendInt(append(name[:0], "/volume/bucket/key-"...), int64(1_000_000_000+i*step%puts), 10)
		key = derived.AppendContainerKey(key[:0], int64(i%97), name, 0)
		check1(b, sink.Put(derived.ContainerKey, key, derived.PresentValue))
	}
	for i := range adds {
		key = derived.AppendLong(key[:0], int64(i*step%1000))
		check1(b, sink.Add(derived.ContainerKeyCount, key, 1))
	}
}
