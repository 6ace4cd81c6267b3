package rocksdb

import "encoding/binary"

// EncodeManifest returns the bytes of a manifest that leads to v: one edit for
// the database, then for each family one that creates it and one that adds its
// files. RocksDB 7.7 opens it. The result depends on v alone.
func EncodeManifest(v *Version) []byte {
	v = v.clone()
	v.normalize()
	comparator := v.Comparator
	if comparator == "" {
		comparator = BytewiseComparator
	}
	var out []byte
	record := func(e []byte) { out = appendLogRecord(out, e) }

	var e []byte
	if v.DatabaseID != "" {
		e = appendSlice(appendTag(e, tagDatabaseID), []byte(v.DatabaseID))
	}
	e = appendSlice(appendTag(e, tagComparator), []byte(comparator))
	var defaultLog uint64
	if f := v.FamilyByID(0); f != nil {
		defaultLog = f.LogNumber
	}
	e = appendNumber(e, tagLogNumber, defaultLog)
	e = appendNumber(e, tagNextFile, v.NextFileNumber)
	e = appendNumber(e, tagLastSequence, v.LastSequence)
	if v.MinLogNumberToKeep != 0 {
		e = appendNumber(e, tagMinLogNumberToKeep, v.MinLogNumberToKeep)
	}
	record(e)
	for i := range v.Families {
		f := &v.Families[i]
		if f.ID != 0 {
			e = appendNumber(e[:0], tagColumnFamily, uint64(f.ID))
			e = appendSlice(appendTag(e, tagColumnFamilyAdd), []byte(f.Name))
			e = appendSlice(appendTag(e, tagComparator), []byte(comparator))
			if f.LogNumber != 0 {
				e = appendNumber(e, tagLogNumber, f.LogNumber)
			}
			record(e)
		}
		if len(f.Files) == 0 {
			continue
		}
		e = e[:0]
		if f.ID != 0 {
			e = appendNumber(e, tagColumnFamily, uint64(f.ID))
		}
		for j := range f.Files {
			e = appendNewFile(e, &f.Files[j])
		}
		record(e)
	}
	return out
}

func appendTag(dst []byte, tag uint64) []byte { return binary.AppendUvarint(dst, tag) }

func appendNumber(dst []byte, tag, n uint64) []byte {
	return binary.AppendUvarint(appendTag(dst, tag), n)
}

func appendNewFile(dst []byte, f *File) []byte {
	dst = appendNumber(dst, tagNewFile2, uint64(f.Level))
	dst = binary.AppendUvarint(dst, f.Number)
	dst = binary.AppendUvarint(dst, f.SizeBytes)
	dst = appendBound(dst, f.SmallestKey, f.SmallestTrailer)
	dst = appendBound(dst, f.LargestKey, f.LargestTrailer)
	dst = binary.AppendUvarint(dst, f.SmallestSeq)
	return binary.AppendUvarint(dst, f.LargestSeq)
}

func appendBound(dst, userKey []byte, trailer uint64) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(userKey)+trailerBytes))
	return appendInternalKey(dst, userKey, trailer)
}
