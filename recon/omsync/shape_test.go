package omsync

import (
	"testing"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// TestPermutedFamilies proves that no two of the tables that Recon reads can be
// taken for each other by a manifest that names them wrongly, but for those
// whose keys have one form (OM-H10).
func TestPermutedFamilies(t *testing.T) {
	keys := map[omdb.Table]string{
		omdb.VolumeTable: "/vol1", omdb.BucketTable: "/vol1/bucket1", omdb.KeyTable: "/vol1/bucket1/a/b",
		omdb.FileTable: "/-9223372036854775552/-9223372036854775296/-9223372036854775040/f", omdb.TransactionInfoTable: omdb.TransactionInfoKey,
		omdb.DeletedDirectoryTable: "/-9223372036854775552/-9223372036854775296/-9223372036854775040/d/-9223372036854774784",
		omdb.MetaTable:             "#LAYOUTVERSION",
	}
	version := func(table omdb.Table, key string) *rocksdb.Version {
		return &rocksdb.Version{Families: []rocksdb.Family{{ID: 1, Name: table.String(), Files: []rocksdb.File{{
			Number: 1, SmallestKey: []byte(key), LargestKey: []byte(key)}}}}}
	}
	sameForm := map[[2]omdb.Table]bool{{omdb.MetaTable, omdb.TransactionInfoTable}: true}
	for table := range keys {
		for other, key := range keys {
			err := checkShapes(version(table, key))
			if want := table == other || sameForm[[2]omdb.Table{table, other}]; (err == nil) != want {
				t.Errorf("%s with a key of %s: %v", table, other, err)
			}
		}
	}
}
