package conform

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"reconsim/recon/derived"
)

// folders are the recorded sets.
func folders(t testing.TB) []string {
	t.Helper()
	found, err := Find("testdata")
	check1(t, err)
	const sets = 17
	if len(found) != sets {
		t.Fatalf("%d sets, want %d", len(found), sets)
	}
	return found
}

func check1(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := Load(dir)
	check1(t, err)
	return s
}

func checked(t testing.TB, s *Set) *Result {
	t.Helper()
	r, err := Check(t.Context(), s)
	check1(t, err)
	return r
}

// TestConformance compares all six tasks with the sets that were recorded from
// Apache Ozone 2.2.0, and proves DEF-T1 to DEF-T18, D15 and OM-H20 where a set
// shows them. The steps are those of testdata/README.md.
func TestConformance(t *testing.T) {
	for _, dir := range folders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			s := load(t, dir)
			r := checked(t, s)
			for _, d := range r.Different {
				t.Error(d)
			}
			met := 0
			for _, c := range r.Corrections {
				met += c.Rows
			}
			if met != len(s.corrections) || r.Compared < 32 || r.Name != filepath.Base(dir) {
				t.Errorf("%s: %d corrections of %d met, %d rows compared", r.Name, met, len(s.corrections), r.Compared)
			}
			sees(t, s)
			notNormalised(t, s)
		})
	}
}

// sees is step 6: with upstream's rows in the place of the right ones, exactly
// the files that have corrections differ, and in no other rows.
func sees(t *testing.T, s *Set) {
	t.Helper()
	right := s.right
	s.right = s.upstream
	defer func() { s.right = right }()
	different := map[string]bool{}
	corrected := map[correctedRow]bool{}
	for _, c := range s.corrections {
		corrected[correctedRow{c.file, c.row}] = true
	}
	for _, d := range checked(t, s).Different {
		different[d.File] = true
		if !corrected[correctedRow{d.File, rowID{d.Table, fromHex(t, d.Key)}}] {
			t.Errorf("differs from upstream without a correction: %s", d)
		}
	}
	for _, file := range []string{FileReprocess, FileProcess, FileReprocessAfter} {
		has := slices.ContainsFunc(s.corrections, func(c correction) bool {
			return c.file == file && c.reason != "N1" && c.reason != "N2"
		})
		if has != different[file] {
			t.Errorf("%s: has corrections %v, differs from upstream %v", file, has, different[file])
		}
	}
}

type correctedRow struct {
	file string
	row  rowID
}

func fromHex(t testing.TB, text string) string {
	t.Helper()
	value, err := (line{}).bytes("key", &text)
	check1(t, err)
	return string(value)
}

// notNormalised goes beyond what the sets ask for: deltas leave what a rebuild
// makes and what the corrected recording has, empty rows and names included.
func notNormalised(t *testing.T, s *Set) {
	t.Helper()
	store, err := s.rebuild(t.Context(), s.om, 1)
	check1(t, err)
	for i := range s.fetches {
		_, err := s.apply(t.Context(), store, i)
		check1(t, err)
	}
	for _, file := range []string{FileProcess, FileReprocessAfter} {
		if differences, _ := diff(file, s.derivedOf(store), s.right[file]); len(differences) > 0 {
			t.Errorf("%d rows differ, such as %s", len(differences), differences[0])
		}
		// Step 6 again: so the marks N1 and N2 are seen too.
		has := slices.ContainsFunc(s.corrections, func(c correction) bool { return c.file == file })
		if differences, _ := diff(file, s.derivedOf(store), s.upstream[file]); has != (len(differences) > 0) {
			t.Errorf("%s: has corrections %v, %d rows differ from upstream", file, has, len(differences))
		}
	}
	// Recon's tables are more than 2.2.0's: their counts are there, and 0.
	names := derived.TableName(derived.GlobalStats)
	for _, table := range s.missingTables() {
		value := store.tables[derived.GlobalStats].rows[derived.CountName(table)]
		if !bytes.Equal(value, derived.AppendStatsValue(nil, 0)) {
			t.Errorf("%s of %s is %x", names, table, value)
		}
	}
	if len(s.missingTables()) != 2 {
		t.Errorf("the release lacks %v", s.missingTables())
	}
}

// TestReadme holds the folder to its own description.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "README.md"))
	check1(t, err)
	for _, dir := range folders(t) {
		if !bytes.Contains(text, []byte(fmt.Sprintf("| %s |", filepath.Base(dir)))) {
			t.Errorf("README.md does not tell of %s", dir)
		}
	}
}
