package conform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// The files of a set with derived rows.
const (
	FileReprocess      = "derived-reprocess.jsonl"
	FileProcess        = "derived-process.jsonl"
	FileReprocessAfter = "derived-reprocess-after.jsonl"
)

// The other files of a set.
const (
	fileAbout       = "set.json"
	fileFamilies    = "column-families.json"
	fileOM          = "om.jsonl"
	fileOMAfter     = "om-after.jsonl"
	fileDeltas      = "deltas.jsonl"
	fileEvents      = "events.jsonl"
	fileCorrections = "corrections.jsonl"
)

// fileSystemPathsKey is the one setting of an OM that changes derived rows.
const fileSystemPathsKey = "ozone.om.enable.filesystem.paths"

// Set is one folder of rows.
type Set struct {
	// Name is the set's own name, or its folder's.
	Name string
	// Covers says what the set is for.
	Covers string
	// FileSystemPaths is ozone.om.enable.filesystem.paths.
	FileSystemPaths bool
	// Failures are tasks that fail in a reply before all its tasks run again.
	Failures []Failure

	numbers  map[string]omdb.Table // of tables that we do not know
	strange  []string              // their names, by number
	families map[uint32]omdb.Table
	om       *Store
	omAfter  *Store // nil if the set has none
	fetches  []fetch
	// events says whether the set has events.
	events bool
	// right holds the right rows by file, upstream the uncorrected; a file
	// that the set lacks is in neither.
	right, upstream map[string]rows
	corrections     []correction
}

// Failure is a task that fails once.
type Failure struct {
	Fetch int    `json:"fetch"`
	Task  string `json:"task"`
}

// fetch is one reply.
type fetch struct {
	number  int
	batches []rocksdb.Batch
	events  []omdb.Event
}

// rowID names a row by its table's name and its key.
type rowID struct{ table, key string }

// rows are rows of one moment.
type rows map[rowID]string

// correction is a row in which Ozone is wrong; nil is no row.
type correction struct {
	file              string
	row               rowID
	upstream, correct []byte
	reason            string
}

// firstStrange is the number of the first table that Recon does not know.
const firstStrange = 0x80

// table finds a table's number. One that Recon does not know gets a number of
// its own, so that its rows can be followed too.
func (s *Set) table(name string) (omdb.Table, bool) {
	if t, ok := omdb.TableByName(name); ok {
		return t, true
	}
	if t, ok := s.numbers[name]; ok {
		return t, true
	}
	if firstStrange+len(s.strange) > 0xff {
		return 0, false
	}
	t := omdb.Table(firstStrange + len(s.strange))
	s.numbers[name] = t
	s.strange = append(s.strange, name)
	return t, true
}

// tableName is the name of an OM table.
func (s *Set) tableName(t omdb.Table) string {
	if t >= firstStrange && int(t-firstStrange) < len(s.strange) {
		return s.strange[t-firstStrange]
	}
	return t.String()
}

// Find lists the folders of the sets in dir: dir itself if it is a set, or else
// the folders in it that are.
func Find(dir string) ([]string, error) {
	if isSet(dir) {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for sets: %w", err)
	}
	var found []string
	for _, entry := range entries {
		if sub := filepath.Join(dir, entry.Name()); isSet(sub) {
			found = append(found, sub)
		}
	}
	if len(found) == 0 {
		return nil, &SetError{File: dir, Message: "neither a set, which has a set.json, nor a folder of sets"}
	}
	slices.Sort(found)
	return found, nil
}

func isSet(dir string) bool {
	for _, name := range []string{fileAbout, fileAbout + ".gz"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// Load reads a set. A mistake in it is a *SetError.
func Load(dir string) (*Set, error) {
	s := &Set{
		numbers: map[string]omdb.Table{}, families: map[uint32]omdb.Table{},
		right: map[string]rows{}, upstream: map[string]rows{},
	}
	for _, load := range []func(string) error{
		s.loadAbout, s.loadFamilies, s.loadRows, s.loadDeltas, s.loadEvents, s.loadDerived, s.loadCorrections,
	} {
		err := load(dir)
		var missing *fs.PathError
		if errors.Is(err, fs.ErrNotExist) && errors.As(err, &missing) {
			return nil, &SetError{File: filepath.Join(dir, trimGz(filepath.Base(missing.Path))), Message: "a set needs this file, and it is missing"}
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func trimGz(name string) string {
	if ext := filepath.Ext(name); ext == ".gz" {
		return name[:len(name)-len(ext)]
	}
	return name
}
