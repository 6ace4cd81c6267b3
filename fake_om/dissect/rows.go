package dissect

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Row is a live row.
type Row struct{ Key, Value []byte }

// Checkpoint is what a directory was found to hold.
type Checkpoint struct {
	LastSequence uint64
	// Families are the column families' ids by name.
	Families map[string]uint32
	// Tables are the table files' names by family name.
	Tables map[string][]string
	// Rows are the live rows by family name, in key order, each key once. A
	// family without rows has an entry with none.
	Rows map[string][]Row
}

// Rows returns the live rows of the checkpoint in dir by family name; see Open.
func Rows(dir string) (map[string][]Row, error) {
	c, err := Open(dir)
	if err != nil {
		return nil, err
	}
	return c.Rows, nil
}

// Open takes the checkpoint in dir apart. Whatever contradicts itself in it, or
// is not what our writer may produce, is an error that names file and place:
// checksums, order, bounds, sizes, row counts, unknown files, a log that is not
// empty.
func Open(dir string) (*Checkpoint, error) {
	current, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if err != nil {
		return nil, err
	}
	name, ok := strings.CutSuffix(string(current), "\n")
	if !ok || !strings.HasPrefix(name, "MANIFEST-") || strings.Contains(name, "/") {
		return nil, fmt.Errorf("CURRENT holds %q", current)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := noStrangers(dir, m); err != nil {
		return nil, err
	}
	c := &Checkpoint{LastSequence: m.lastSequence, Families: map[string]uint32{}, Tables: map[string][]string{}, Rows: map[string][]Row{}}
	versions := map[string][]version{}
	for _, id := range slices.Sorted(maps.Keys(m.families)) {
		family := m.families[id]
		if _, twice := c.Families[family]; twice {
			return nil, fmt.Errorf("%s: two families are called %q", name, family)
		}
		c.Families[family], c.Rows[family] = uint32(id), nil
	}
	for _, f := range m.files {
		table := fmt.Sprintf("%06d.sst", f.number)
		rows, err := readTable(filepath.Join(dir, table))
		if err != nil {
			return nil, err
		}
		if err := f.agrees(dir, table, rows, m); err != nil {
			return nil, fmt.Errorf("%s: the manifest and the table disagree: %w", table, err)
		}
		family := m.families[f.family]
		versions[family] = append(versions[family], rows...)
		c.Tables[family] = append(c.Tables[family], table)
	}
	if err := disjointLevels(m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, family := range slices.Sorted(maps.Keys(versions)) {
		if c.Rows[family], err = liveRows(versions[family]); err != nil {
			return nil, fmt.Errorf("family %q: %w", family, err)
		}
	}
	return c, nil
}

// noStrangers proves that tables and the manifest correspond one to one, and
// that no log holds rows.
func noStrangers(dir string, m *manifest) error {
	listed := map[string]bool{}
	for _, f := range m.files {
		table := fmt.Sprintf("%06d.sst", f.number)
		if listed[table] {
			return fmt.Errorf("table %s is listed twice", table)
		}
		if f.number >= m.nextFile {
			return fmt.Errorf("table %s: the next file number is %d", table, m.nextFile)
		}
		listed[table] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		if strings.HasSuffix(e.Name(), ".sst") && !listed[e.Name()] {
			return fmt.Errorf("table %s is not in the manifest", e.Name())
		}
		if strings.HasSuffix(e.Name(), ".log") && info.Size() > 0 {
			return fmt.Errorf("log %s has %d bytes", e.Name(), info.Size())
		}
	}
	return nil
}

// agrees compares a table with its entry in the manifest.
func (f manifestFile) agrees(dir, table string, rows []version, m *manifest) error {
	info, err := os.Stat(filepath.Join(dir, table))
	if err != nil {
		return err
	}
	if uint64(info.Size()) != f.size {
		return fmt.Errorf("size %d, listed as %d", info.Size(), f.size)
	}
	if rows[0].compare(f.smallest) != 0 || rows[len(rows)-1].compare(f.largest) != 0 {
		return fmt.Errorf("keys %x to %x, listed as %x to %x", rows[0].key, rows[len(rows)-1].key, f.smallest.key, f.largest.key)
	}
	low, high := rows[0].sequence, rows[0].sequence
	for _, row := range rows {
		low, high = min(low, row.sequence), max(high, row.sequence)
	}
	if low != f.smallestSeq || high != f.largestSeq {
		return fmt.Errorf("sequence numbers %d to %d, listed as %d to %d", low, high, f.smallestSeq, f.largestSeq)
	}
	if high > m.lastSequence {
		return fmt.Errorf("sequence number %d, the database's last is %d", high, m.lastSequence)
	}
	return nil
}

// disjointLevels proves that files of a level other than 0 do not overlap.
func disjointLevels(m *manifest) error {
	for i, a := range m.files {
		for _, b := range m.files[i+1:] {
			if a.family == b.family && a.level == b.level && a.level > 0 &&
				a.smallest.compare(b.largest) <= 0 && b.smallest.compare(a.largest) <= 0 {
				return fmt.Errorf("tables %d and %d overlap on level %d", a.number, b.number, a.level)
			}
		}
	}
	return nil
}

// liveRows merges versions into live rows.
func liveRows(all []version) ([]Row, error) {
	slices.SortFunc(all, version.compare)
	var rows []Row
	var previous *version
	for i := range all {
		v := &all[i]
		if previous != nil && slices.Equal(previous.key, v.key) {
			if previous.sequence == v.sequence {
				return nil, fmt.Errorf("key %x has two versions with sequence number %d", v.key, v.sequence)
			}
			previous = v
			continue
		}
		previous = v
		if v.kind == 1 {
			rows = append(rows, Row{v.key, v.value})
		}
	}
	return rows, nil
}
