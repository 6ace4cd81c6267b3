package rocksdb

import (
	"cmp"
	"fmt"
	"slices"
)

// BytewiseComparator is the name of the only key order this package reads and
// writes; it is also the one of Pebble's default comparer.
const BytewiseComparator = "leveldb.BytewiseComparator"

// DefaultFamily is the name of family 0, which every RocksDB database has.
const DefaultFamily = "default"

// bottomLevel is the lowest level RocksDB uses by default.
const bottomLevel = 6

// maxLevel bounds the level numbers accepted from a manifest.
const maxLevel = 63

// Version is the state of a database as its manifest records it: which families
// exist and which table files make up each.
type Version struct {
	// Manifest is the manifest's file name. ReadCheckpoint fills it; for
	// WriteCheckpoint it may be empty, then a free number is used.
	Manifest string
	// Comparator is the key order's name; empty means BytewiseComparator when
	// writing.
	Comparator string
	// DatabaseID is the database's identity, empty if the manifest has none.
	DatabaseID string
	// LastSequence is the newest sequence number: of the tables, and, after
	// ReadCheckpoint, of the live records in Logs too.
	LastSequence uint64
	// NextFileNumber is above every file number in use. WriteCheckpoint raises
	// it when needed.
	NextFileNumber uint64
	// MinLogNumberToKeep: no log below it is needed; 0 if not recorded.
	MinLogNumberToKeep uint64
	// Families are sorted by ID and include the default family.
	Families []Family
	// Logs are the write-ahead logs of the directory that may hold records newer
	// than the tables, in ascending order. Only ReadCheckpoint fills it.
	Logs []Log
}

// Family is a column family: a named key space of its own.
type Family struct {
	ID   uint32
	Name string
	// LogNumber is the oldest log whose records of this family are not yet in
	// its tables.
	LogNumber uint64
	// Files are its tables: level 0 first, newest file first (by LargestSeq,
	// SmallestSeq, Number); deeper levels by smallest key.
	Files []File
}

// File is one table file of a family as the manifest describes it.
type File struct {
	Number    uint64
	Level     int
	SizeBytes uint64
	// SmallestKey and LargestKey are the user keys of its bounds, both
	// inclusive, unless LargestTrailer is of KindRangeDelete with MaxSequence:
	// then LargestKey is the exclusive end of a range delete.
	SmallestKey, LargestKey []byte
	// SmallestTrailer and LargestTrailer complete the internal keys
	// (SplitTrailer takes them apart).
	SmallestTrailer, LargestTrailer uint64
	// SmallestSeq and LargestSeq bound the sequence numbers of its entries.
	SmallestSeq, LargestSeq uint64
}

// Log is a write-ahead log file.
type Log struct {
	Number    uint64
	SizeBytes uint64
	// LiveRecords counts the operations that are not yet in tables.
	LiveRecords uint64
	// LastSequence is the newest sequence number among them; 0 if there is none.
	LastSequence uint64
	// Torn says that the log ends inside a record, which is then not counted:
	// the write was never acknowledged.
	Torn bool
}

// Name is the table's file name in its directory.
func (f File) Name() string { return fmt.Sprintf("%06d.sst", f.Number) }

// Name is the log's file name in its directory.
func (l Log) Name() string { return fmt.Sprintf("%06d.log", l.Number) }

// Family returns the family with that name, or nil. Readers go by name: ids
// differ from database to database.
func (v *Version) Family(name string) *Family {
	for i := range v.Families {
		if v.Families[i].Name == name {
			return &v.Families[i]
		}
	}
	return nil
}

// FamilyByID returns the family with that id, or nil.
func (v *Version) FamilyByID(id uint32) *Family {
	i, ok := slices.BinarySearchFunc(v.Families, id, func(f Family, id uint32) int { return cmp.Compare(f.ID, id) })
	if !ok {
		return nil
	}
	return &v.Families[i]
}

// LiveLogRecords counts the operations that are in logs only.
func (v *Version) LiveLogRecords() uint64 {
	var n uint64
	for _, l := range v.Logs {
		n += l.LiveRecords
	}
	return n
}

// largestExclusive reports whether LargestKey is the open end of a range delete.
func (f *File) largestExclusive() bool {
	sequence, kind := SplitTrailer(f.LargestTrailer)
	return kind == KindRangeDelete && sequence == MaxSequence
}

// normalize sorts families and files into the documented order.
func (v *Version) normalize() {
	slices.SortFunc(v.Families, func(a, b Family) int { return cmp.Compare(a.ID, b.ID) })
	for i := range v.Families {
		slices.SortFunc(v.Families[i].Files, compareFiles)
	}
}

func compareFiles(a, b File) int {
	if c := cmp.Compare(a.Level, b.Level); c != 0 {
		return c
	}
	if a.Level == 0 {
		return cmp.Or(cmp.Compare(b.LargestSeq, a.LargestSeq),
			cmp.Compare(b.SmallestSeq, a.SmallestSeq), cmp.Compare(b.Number, a.Number))
	}
	return cmp.Or(compareInternal(a.SmallestKey, a.SmallestTrailer, b.SmallestKey, b.SmallestTrailer),
		cmp.Compare(a.Number, b.Number))
}

// check reports the first contradiction in a normalized version. The errors
// wrap ErrCorrupt.
func (v *Version) check() error {
	if v.Comparator != BytewiseComparator {
		return unsupportedf("comparator %q, only %q is read", v.Comparator, BytewiseComparator)
	}
	if len(v.Families) == 0 || v.Families[0].ID != 0 || v.Families[0].Name != DefaultFamily {
		return corruptf("the family %q with id 0 is missing", DefaultFamily)
	}
	numbers, names := map[uint64]bool{}, map[string]bool{}
	for i := range v.Families {
		f := &v.Families[i]
		if i > 0 && v.Families[i-1].ID == f.ID {
			return corruptf("two families have the id %d", f.ID)
		}
		if names[f.Name] {
			return corruptf("two families have the name %q", f.Name)
		}
		names[f.Name] = true
		for j := range f.Files {
			if err := v.checkFile(f, j, numbers); err != nil {
				return fmt.Errorf("family %q (id %d), table %s: %w", f.Name, f.ID, f.Files[j].Name(), err)
			}
		}
	}
	return nil
}

func (v *Version) checkFile(f *Family, j int, numbers map[uint64]bool) error {
	file := &f.Files[j]
	if numbers[file.Number] {
		return corruptf("the file number is used twice")
	}
	numbers[file.Number] = true
	if file.Level < 0 || file.Level > maxLevel {
		return corruptf("level %d is out of range", file.Level)
	}
	if file.SmallestSeq > file.LargestSeq || file.LargestSeq > v.LastSequence {
		return corruptf("sequence numbers %d to %d do not fit the last sequence %d",
			file.SmallestSeq, file.LargestSeq, v.LastSequence)
	}
	if compareInternal(file.SmallestKey, file.SmallestTrailer, file.LargestKey, file.LargestTrailer) > 0 {
		return corruptf("its smallest key %x lies behind its largest %x", file.SmallestKey, file.LargestKey)
	}
	if j == 0 || file.Level == 0 || f.Files[j-1].Level != file.Level {
		return nil
	}
	previous := &f.Files[j-1]
	if compareInternal(previous.LargestKey, previous.LargestTrailer, file.SmallestKey, file.SmallestTrailer) >= 0 {
		return corruptf("it overlaps %s on level %d", previous.Name(), file.Level)
	}
	return nil
}

// clone copies a version so that normalizing it leaves the caller's alone.
func (v *Version) clone() *Version {
	c := *v
	c.Families = slices.Clone(v.Families)
	for i := range c.Families {
		c.Families[i].Files = slices.Clone(c.Families[i].Files)
	}
	c.Logs = slices.Clone(v.Logs)
	return &c
}

// cloneBytes copies b and keeps an empty key distinct from a missing one.
func cloneBytes(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }
