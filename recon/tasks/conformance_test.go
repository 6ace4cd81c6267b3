package tasks

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// rebuilt returns a copy of the OM rows in store with all derived rows.
func rebuilt(t testing.TB, store *memoryStore, fileSystemPaths bool, workers int) *memoryStore {
	t.Helper()
	result := newMemoryStore()
	for _, table := range omdb.Tables() {
		check(t, store.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
			return true, result.Put(table, key, value)
		}))
	}
	result.parts = store.parts
	var sinks memorySinks
	check(t, Run(context.Background(), env.NewOS(nil), RunOptions{
		Tasks: All(), Source: result, NewSink: sinks.newSink, Workers: workers, FileSystemPaths: fileSystemPaths,
	}))
	if sinks.open != 0 {
		t.Fatalf("%d sinks were not closed", sinks.open)
	}
	check(t, sinks.mergeInto(result))
	return result
}

// applyFetch applies one reply to store as the delta loop does.
func (s *conformanceSet) applyFetch(t testing.TB, store *memoryStore, number int) *omdb.Fetch {
	t.Helper()
	fetch := omdb.NewFetch(s.families, store.clone())
	for _, batch := range s.fetches[number] {
		check(t, fetch.Add(batch))
	}
	check(t, fetch.Apply(store))
	_, last, _ := fetch.Sequences()
	delta := NewDelta(last, fetch.Events(), s.fileSystemPaths)
	check(t, Process(context.Background(), env.NewOS(nil), All(), delta, store))
	return fetch
}

// TestConformance compares all six tasks with the sets that were recorded from
// Apache Ozone 2.2.0, and proves DEF-T1 to DEF-T18, D15 and OM-H20 where a set
// shows them. The steps are those of testdata/conformance/README.md.
func TestConformance(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("testdata", "conformance", "*", "set.json"))
	check(t, err)
	const sets = 17
	if len(folders) != sets {
		t.Fatalf("%d sets, want %d", len(folders), sets)
	}
	for _, folder := range folders {
		name := filepath.Base(filepath.Dir(folder))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := loadConformanceSet(t, name)
			t.Run("1 rebuild", set.testRebuild)
			t.Run("2 and 3 deltas", set.testDeltas)
			t.Run("4 rebuild at the end", set.testRebuildAfter)
			t.Run("5 every cut", set.testCuts)
			t.Run("6 the test sees", set.testSees)
		})
	}
}

func (s *conformanceSet) testRebuild(t *testing.T) {
	for _, parts := range []int{1, 2, 3, 7} {
		s.om.parts = parts
		got := derivedOf(t, rebuilt(t, s.om, s.fileSystemPaths, 2))
		if err := diffRows(got, s.derived[fileReprocess]); err != nil {
			t.Errorf("in %d ranges: %v", parts, err)
		}
	}
}

func (s *conformanceSet) testDeltas(t *testing.T) {
	store := rebuilt(t, s.om, s.fileSystemPaths, 1)
	for i := range s.fetches {
		fetch := s.applyFetch(t, store, i)
		compareEvents(t, i, fetch.Events(), withoutRepeatedDeletes(s.events[i]))
	}
	for _, table := range omdb.Tables() {
		if err := diffRows(rowsOf(t, store, table), rowsOf(t, s.omAfter, table)); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
	got := normalised(t, derivedOf(t, store), s.omAfter)
	if err := diffRows(got, normalised(t, s.derived[fileProcess], s.omAfter)); err != nil {
		t.Error(err)
	}
	// Beyond what the sets ask for: without any normalisation a delta leaves
	// what a rebuild makes.
	if err := diffRows(derivedOf(t, store), s.derived[fileReprocessAfter]); err != nil {
		t.Errorf("not normalised: %v", err)
	}
}

func (s *conformanceSet) testRebuildAfter(t *testing.T) {
	got := derivedOf(t, rebuilt(t, s.omAfter, s.fileSystemPaths, 2))
	if err := diffRows(got, s.derived[fileReprocessAfter]); err != nil {
		t.Error(err)
	}
}

func (s *conformanceSet) testCuts(t *testing.T) {
	for cut := range s.fetches {
		store := s.om.clone()
		for i := range s.fetches {
			if i == cut {
				store = rebuilt(t, store, s.fileSystemPaths, 1)
			}
			if i >= cut {
				s.applyFetch(t, store, i)
				continue
			}
			fetch := omdb.NewFetch(s.families, store.clone())
			for _, batch := range s.fetches[i] {
				check(t, fetch.Add(batch))
			}
			check(t, fetch.Apply(store))
		}
		if err := diffRows(derivedOf(t, store), s.derived[fileReprocessAfter]); err != nil {
			t.Errorf("rebuilt after %d of %d replies: %v", cut, len(s.fetches), err)
		}
	}
}

// testSees proves that a file with corrections cannot be met by upstream's rows.
func (s *conformanceSet) testSees(t *testing.T) {
	store := rebuilt(t, s.om, s.fileSystemPaths, 1)
	got := map[string]derivedRows{fileReprocess: derivedOf(t, store)}
	for i := range s.fetches {
		s.applyFetch(t, store, i)
	}
	got[fileProcess] = derivedOf(t, store)
	got[fileReprocessAfter] = derivedOf(t, rebuilt(t, store, s.fileSystemPaths, 1))
	for _, file := range []string{fileReprocess, fileProcess, fileReprocessAfter} {
		equal := diffRows(got[file], s.upstream[file]) == nil
		if s.hasCorrections(file) == equal {
			t.Errorf("%s: has corrections %v, equal to upstream %v", file, s.hasCorrections(file), equal)
		}
	}
}

// withoutRepeatedDeletes drops the second of two deletes of one key in one
// reply, which upstream makes (DEF-T11).
func withoutRepeatedDeletes(events []omdb.Event) []omdb.Event {
	gone := map[string]bool{}
	var kept []omdb.Event
	for _, e := range events {
		key := rowKey(e.Table, e.Key)
		if e.Action == omdb.ActionDelete && gone[key] {
			continue
		}
		gone[key] = e.Action == omdb.ActionDelete
		kept = append(kept, e)
	}
	return kept
}

func compareEvents(t *testing.T, fetch int, got, want []omdb.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("fetch %d: %d events, want %d", fetch, len(got), len(want))
	}
	for i := range got {
		g, w := &got[i], &want[i]
		if g.Action != w.Action || g.Table != w.Table || !bytes.Equal(g.Key, w.Key) ||
			!bytes.Equal(g.Value, w.Value) || !bytes.Equal(g.Old, w.Old) {
			t.Errorf("fetch %d, event %d: %s %s %q value %x old %x, want %s %s %q value %x old %x", fetch, i,
				g.Action, g.Table, g.Key, g.Value, g.Old, w.Action, w.Table, w.Key, w.Value, w.Old)
		}
	}
}

func rowsOf(t *testing.T, store *memoryStore, table omdb.Table) derivedRows {
	rows := derivedRows{}
	check(t, store.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
		rows[[2]string{table.String(), string(key)}] = string(value)
		return true, nil
	}))
	return rows
}

// normalised drops empty summaries that are linked nowhere (N1) and the names
// of unlinked directories (N2).
func normalised(t *testing.T, rows derivedRows, om *memoryStore) derivedRows {
	t.Helper()
	result := derivedRows{}
	for at, value := range rows {
		if at[0] == derived.TableName(derived.NamespaceSummary) {
			var s derived.NSSummary
			check(t, derived.DecodeNSSummary([]byte(value), &s))
			if saysNothing(&s) {
				continue
			}
			if s.ParentID == 0 {
				s.DirName = nil
			}
			value = string(derived.AppendNSSummary(nil, &s))
		}
		result[at] = value
	}
	return result
}

// TestConformanceReadme holds the folder to its own description.
func TestConformanceReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "conformance", "README.md"))
	check(t, err)
	folders, err := os.ReadDir(filepath.Join("testdata", "conformance"))
	check(t, err)
	for _, f := range folders {
		if f.IsDir() && !bytes.Contains(text, []byte(fmt.Sprintf("| %s |", f.Name()))) {
			t.Errorf("README.md does not tell of %s", f.Name())
		}
	}
}
