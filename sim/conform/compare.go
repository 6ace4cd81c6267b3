package conform

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// Difference is a row that is not what it must be. Key, Want and Got are in
// hexadecimal; nil is no row. Got is a sentence that begins with "error: " if
// the row, or with an empty key the whole file, could not be computed.
type Difference struct {
	File  string  `json:"file"`
	Table string  `json:"table"`
	Key   string  `json:"key"`
	Want  *string `json:"want"`
	Got   *string `json:"got"`
}

// String shows the row for people: names as text, summaries taken apart.
func (d Difference) String() string {
	key, _ := hex.DecodeString(d.Key)
	return fmt.Sprintf("%s %s %s (%q): got %s, want %s", d.File, d.Table, d.Key, key, describe(d.Table, d.Got), describe(d.Table, d.Want))
}

func describe(table string, value *string) string {
	if value == nil {
		return "no row"
	}
	row, err := hex.DecodeString(*value)
	var s derived.NSSummary
	if err != nil || table != derived.TableName(derived.NamespaceSummary) || derived.DecodeNSSummary(row, &s) != nil {
		return *value
	}
	return fmt.Sprintf("{files %d, size %d, replicated %d, bins %v, children %v, name %q, parent %d}", s.NumOfFiles, s.SizeOfFiles,
		s.ReplicatedSizeOfFiles, s.FileSizeBucket, s.ChildDirs, s.DirName, s.ParentID)
}

func hexOf(value string) *string {
	text := hex.EncodeToString([]byte(value))
	return &text
}

// diff lists the rows of file that differ, and counts those it compared.
func diff(file string, got, want rows) (differences []Difference, compared int) {
	compared = len(want)
	for id, value := range got {
		right, ok := want[id]
		if ok && right == value {
			continue
		}
		d := Difference{File: file, Table: id.table, Key: hex.EncodeToString([]byte(id.key)), Got: hexOf(value)}
		if ok {
			d.Want = hexOf(right)
		} else {
			compared++
		}
		differences = append(differences, d)
	}
	for id, right := range want {
		if _, ok := got[id]; !ok {
			differences = append(differences, Difference{File: file, Table: id.table, Key: hex.EncodeToString([]byte(id.key)), Want: hexOf(right)})
		}
	}
	slices.SortFunc(differences, compareDifferences)
	return differences, compared
}

func compareDifferences(a, b Difference) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key))
}

// derivedOf lists a store's derived rows as the set counts them: without the
// counts of tables that its release does not have, if they are 0.
func (s *Set) derivedOf(store *Store) rows {
	result := rows{}
	for _, table := range derived.Tables() {
		if store.tables[table] != nil {
			for key, value := range store.tables[table].rows {
				result[rowID{derived.TableName(table), key}] = string(value)
			}
		}
	}
	zero := string(derived.AppendStatsValue(nil, 0))
	for _, table := range s.missingTables() {
		for _, id := range statsOf(table.String()) {
			if result[id] == zero {
				delete(result, id)
			}
		}
	}
	return result
}

// missingTables lists our OM tables that the set's release does not have. A set
// without families has whatever has a count in its rows.
func (s *Set) missingTables() (missing []omdb.Table) {
	known := map[omdb.Table]bool{}
	for _, table := range s.families {
		known[table] = true
	}
	for _, table := range omdb.Tables() {
		_, counted := s.upstream[FileReprocess][statsOf(table.String())[0]]
		if !known[table] && !counted {
			missing = append(missing, table)
		}
	}
	return missing
}

// statsOf are the rows that tell of an OM table, its count first.
func statsOf(table string) []rowID {
	stats := derived.TableName(derived.GlobalStats)
	return []rowID{{stats, table + "Count"}, {stats, table + "UnReplicatedDataSize"}, {stats, table + "ReplicatedDataSize"}}
}

// comparable leaves out what Recon cannot have: the counts of tables that it
// does not know.
func (s *Set) comparable(all rows) rows {
	result := maps.Clone(all)
	for _, table := range s.strange {
		for _, id := range statsOf(table) {
			delete(result, id)
		}
	}
	return result
}

// normalised leaves out empty summaries (N1), and the names of directories that
// are linked nowhere (N2). Buckets have no parent either; store has them.
func normalised(all rows, store *Store) rows {
	buckets := bucketsOf(store)
	result := make(rows, len(all))
	for id, value := range all {
		var summary derived.NSSummary
		if id.table == derived.TableName(derived.NamespaceSummary) && derived.DecodeNSSummary([]byte(value), &summary) == nil {
			if isEmpty(&summary) {
				continue
			}
			if object, ok := derived.ParseLong([]byte(id.key)); summary.ParentID == 0 && ok && !buckets[object] {
				summary.DirName = nil
				value = string(derived.AppendNSSummary(nil, &summary))
			}
		}
		result[id] = value
	}
	return result
}

func isEmpty(s *derived.NSSummary) bool {
	return s.NumOfFiles == 0 && s.SizeOfFiles == 0 && s.ReplicatedSizeOfFiles == 0 &&
		len(s.ChildDirs) == 0 && s.FileSizeBucket == [derived.BinCount]int32{}
}

// bucketsOf are the object ids of the buckets.
func bucketsOf(store *Store) map[int64]bool {
	ids := map[int64]bool{}
	table := store.tables[omdb.BucketTable]
	if table == nil {
		return ids
	}
	var decoder omdb.Decoder
	for key, value := range table.rows {
		if row, err := decoder.Decode(omdb.BucketTable, []byte(key), value); err == nil {
			ids[row.Bucket.ObjectID] = true
		}
	}
	return ids
}
