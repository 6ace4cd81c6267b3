package omsync

import (
	"bytes"
	"fmt"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// checkShapes refuses a checkpoint whose families hold keys of another table's
// form. Family ids differ from OM to OM, so a manifest that names them wrongly
// opens without an error and puts rows into wrong tables (OM-H10). The bounds
// of each table file are looked at; the rows' values are decoded by the tasks.
func checkShapes(v *rocksdb.Version) error {
	for _, family := range v.Families {
		t, known := omdb.TableByName(family.Name)
		if !known {
			continue
		}
		for _, file := range family.Files {
			for _, key := range [][]byte{file.SmallestKey, file.LargestKey} {
				if !plausibleKey(t, key) {
					return fmt.Errorf("%s in %s has key %.60q, which is no key of that table: the manifest names the families wrongly", file.Name(), t, key)
				}
			}
		}
	}
	return nil
}

// plausibleKey reports whether a key has the form of its table's keys. Tables
// that Recon only counts may hold anything but the keys of those that it reads.
func plausibleKey(t omdb.Table, key []byte) bool {
	switch t {
	case omdb.FileTable, omdb.DirectoryTable:
		k, ok := omdb.ParseFileKey(key)
		return ok && !bytes.ContainsRune(k.Name, '/') // A leaf has no slash.
	case omdb.DeletedDirectoryTable:
		_, _, ok := omdb.ParseSuffixedFileKey(key)
		return ok
	case omdb.VolumeTable:
		name, ok := omdb.ParseVolumeKey(key)
		return ok && isName(name)
	case omdb.BucketTable:
		volume, bucket, ok := omdb.ParseBucketKey(key)
		return ok && isName(volume) && isName(bucket)
	case omdb.KeyTable:
		volume, _, _, ok := omdb.ParseKey(key)
		return ok && isName(volume)
	case omdb.OpenKeyTable, omdb.DeletedTable, omdb.MultipartInfoTable:
		volume, _, _, _, ok := omdb.ParseSuffixedKey(key)
		return ok && isName(volume)
	case omdb.TransactionInfoTable:
		return string(key) == omdb.TransactionInfoKey
	case omdb.MetaTable:
		return len(key) > 0 && key[0] == '#'
	default:
		return len(key) > 0
	}
}

// isName tells a volume's or bucket's name from an object id: names never begin
// with a minus sign, ids of every Ratis OM do.
func isName(name []byte) bool { return len(name) > 0 && name[0] != '-' }
