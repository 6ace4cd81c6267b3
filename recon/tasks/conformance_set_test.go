package tasks

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// hexBytes is bytes in hexadecimal, nil for null.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode([]byte{}, text)
	return err
}

// conformanceSet is one folder of testdata/conformance.
type conformanceSet struct {
	name            string
	fileSystemPaths bool
	families        map[uint32]omdb.Table
	om, omAfter     *memoryStore
	fetches         [][]rocksdb.Batch
	events          [][]omdb.Event
	// derived holds the right rows by file name, upstream the uncorrected.
	derived, upstream map[string]derivedRows
	corrections       []correction
}

// derivedRows is rows by "table name, key".
type derivedRows map[[2]string]string

type correction struct {
	File, Table, Reason string
	Key                 hexBytes
	Correct             hexBytes
}

const (
	fileReprocess      = "derived-reprocess.jsonl"
	fileProcess        = "derived-process.jsonl"
	fileReprocessAfter = "derived-reprocess-after.jsonl"
)

func loadConformanceSet(t testing.TB, name string) *conformanceSet {
	t.Helper()
	s := &conformanceSet{
		name: name, families: map[uint32]omdb.Table{},
		derived: map[string]derivedRows{}, upstream: map[string]derivedRows{},
	}
	var about struct{ Config map[string]string }
	readJSON(t, name, "set.json", &about)
	s.fileSystemPaths = about.Config["ozone.om.enable.filesystem.paths"] == "true"
	var families map[string]string
	readJSON(t, name, "column-families.json", &families)
	for id, family := range families {
		if table, ok := omdb.TableByName(family); ok {
			n, err := strconv.Atoi(id)
			check(t, err)
			s.families[uint32(n)] = table
		}
	}
	s.om, s.omAfter = loadRows(t, name, "om.jsonl"), loadRows(t, name, "om-after.jsonl")
	s.loadDeltas(t)
	s.loadDerived(t)
	return s
}

func loadRows(t testing.TB, set, file string) *memoryStore {
	store := newMemoryStore()
	eachLine(t, set, file, func(line []byte) {
		var row struct {
			Table      string
			Key, Value hexBytes
		}
		check(t, json.Unmarshal(line, &row))
		check(t, store.Put(tableByName(t, row.Table), row.Key, row.Value))
	})
	return store
}

func (s *conformanceSet) loadDeltas(t testing.TB) {
	eachLine(t, s.name, "deltas.jsonl", func(line []byte) {
		var delta struct {
			Fetch      int
			WriteBatch string
		}
		check(t, json.Unmarshal(line, &delta))
		batch, err := base64.StdEncoding.DecodeString(delta.WriteBatch)
		check(t, err)
		for len(s.fetches) <= delta.Fetch {
			s.fetches = append(s.fetches, nil)
		}
		s.fetches[delta.Fetch] = append(s.fetches[delta.Fetch], batch)
	})
	s.events = make([][]omdb.Event, len(s.fetches))
	actions := map[string]omdb.Action{"PUT": omdb.ActionPut, "UPDATE": omdb.ActionUpdate, "DELETE": omdb.ActionDelete}
	eachLine(t, s.name, "events.jsonl", func(line []byte) {
		var event struct {
			Fetch                int
			Action, Table        string
			Key, Value, OldValue hexBytes
		}
		check(t, json.Unmarshal(line, &event))
		s.events[event.Fetch] = append(s.events[event.Fetch], omdb.Event{
			Action: actions[event.Action], Table: tableByName(t, event.Table),
			Key: event.Key, Value: event.Value, Old: event.OldValue,
		})
	})
}

func (s *conformanceSet) loadDerived(t testing.TB) {
	for _, file := range []string{fileReprocess, fileProcess, fileReprocessAfter} {
		rows, upstream := derivedRows{}, derivedRows{}
		eachLine(t, s.name, file, func(line []byte) {
			var row struct {
				Table                 string
				Key, Value, Canonical hexBytes
			}
			check(t, json.Unmarshal(line, &row))
			if row.Canonical != nil {
				row.Value = row.Canonical
			}
			rows[[2]string{row.Table, string(row.Key)}] = string(row.Value)
			upstream[[2]string{row.Table, string(row.Key)}] = string(row.Value)
		})
		s.derived[file], s.upstream[file] = rows, upstream
	}
	eachLine(t, s.name, "corrections.jsonl", func(line []byte) {
		var c correction
		check(t, json.Unmarshal(line, &c))
		s.corrections = append(s.corrections, c)
		at := [2]string{c.Table, string(c.Key)}
		if c.Correct == nil {
			delete(s.derived[c.File], at)
		} else {
			s.derived[c.File][at] = string(c.Correct)
		}
	})
}

// hasCorrections reports whether upstream is wrong in any row of file.
func (s *conformanceSet) hasCorrections(file string) bool {
	for _, c := range s.corrections {
		if c.File == file {
			return true
		}
	}
	return false
}

// derivedOf lists a store's derived rows, without the counts of the tables that
// 2.2.0 does not have, which must be 0.
func derivedOf(t testing.TB, store *memoryStore) derivedRows {
	t.Helper()
	rows := derivedRows{}
	for _, table := range derived.Tables() {
		check(t, store.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
			rows[[2]string{derived.TableName(table), string(key)}] = string(value)
			return true, nil
		}))
	}
	for _, table := range []omdb.Table{omdb.LifecycleConfigurationTable, omdb.LifecycleScanStateTable} {
		at := [2]string{derived.TableName(derived.GlobalStats), derived.CountName(table)}
		if rows[at] != string(derived.AppendStatsValue(nil, 0)) {
			t.Errorf("%s = %x, want 0", at[1], rows[at])
		}
		delete(rows, at)
	}
	return rows
}

// diffRows tells the first differences of two sets of rows.
func diffRows(got, want derivedRows) error {
	var errs []error
	for at, value := range want {
		if g, ok := got[at]; !ok {
			errs = append(errs, fmt.Errorf("%s %x (%q): missing, want %s", at[0], at[1], at[1], describe(at[0], value)))
		} else if g != value {
			errs = append(errs, fmt.Errorf("%s %x (%q): %s, want %s", at[0], at[1], at[1], describe(at[0], g), describe(at[0], value)))
		}
	}
	for at, value := range got {
		if _, ok := want[at]; !ok {
			errs = append(errs, fmt.Errorf("%s %x (%q): %s, want no row", at[0], at[1], at[1], describe(at[0], value)))
		}
	}
	if len(errs) > 5 {
		errs = append(errs[:5], fmt.Errorf("and %d more", len(errs)-5))
	}
	return errors.Join(errs...)
}

func describe(table, value string) string {
	if table == derived.TableName(derived.NamespaceSummary) {
		var s derived.NSSummary
		if derived.DecodeNSSummary([]byte(value), &s) == nil {
			return fmt.Sprintf("{n=%d size=%d repl=%d bins=%v kids=%v name=%q parent=%d}", s.NumOfFiles, s.SizeOfFiles,
				s.ReplicatedSizeOfFiles, s.FileSizeBucket, s.ChildDirs, s.DirName, s.ParentID)
		}
	}
	return hex.EncodeToString([]byte(value))
}

func tableByName(t testing.TB, name string) omdb.Table {
	t.Helper()
	table, ok := omdb.TableByName(name)
	if !ok {
		t.Fatalf("unknown table %q", name)
	}
	return table
}

func readJSON(t testing.TB, set, file string, into any) {
	t.Helper()
	check(t, json.Unmarshal(readFile(t, set, file), into))
}

func eachLine(t testing.TB, set, file string, fn func(line []byte)) {
	t.Helper()
	const longestLine = 1 << 22
	lines := bufio.NewScanner(bytes.NewReader(readFile(t, set, file)))
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		fn(lines.Bytes())
	}
	check(t, lines.Err())
}

// readFile reads a set's file, which may lie compressed.
func readFile(t testing.TB, set, file string) []byte {
	t.Helper()
	path := filepath.Join("testdata", "conformance", set, file)
	data, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		check(t, err)
		return data
	}
	packed, err := os.Open(path + ".gz")
	check(t, err)
	defer packed.Close()
	unpack, err := gzip.NewReader(packed)
	check(t, err)
	data, err = io.ReadAll(unpack)
	check(t, err)
	return data
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
