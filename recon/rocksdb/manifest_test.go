package rocksdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// TestManifestOfRocksDB reads the manifests that RocksDB 7.7.3 wrote: the
// families and ids of the set, and tables whose bounds make sense (D14).
func TestManifestOfRocksDB(t *testing.T) {
	for _, set := range conformanceSets(t) {
		t.Run(set.Name, func(t *testing.T) {
			v, err := ReadManifest(manifestOf(t, set))
			requireNoError(t, err)
			got := map[string]uint32{}
			tables := 0
			for _, f := range v.Families {
				got[f.Name] = f.ID
				for _, file := range f.Files {
					tables++
					info, err := set.fs.Stat(set.fs.PathJoin(set.dir, file.Name()))
					requireNoError(t, err)
					requireEqual(t, info.Size(), int64(file.SizeBytes))
				}
			}
			requireEqual(t, set.Families, got)
			if set.Name != "wal-tail" {
				requireEqual(t, set.LastSequence, v.LastSequence)
			}
			names, err := set.fs.List(set.dir)
			requireNoError(t, err)
			for _, name := range names {
				if len(name) > 4 && name[len(name)-4:] == ".sst" {
					tables--
				}
			}
			requireEqual(t, 0, tables)
		})
	}
}

// TestManifestRoundTrip: any consistent version survives encoding and reading.
func TestManifestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawVersion(t)
		got, err := ReadManifest(EncodeManifest(v))
		requireNoError(t, err)
		requireEqual(t, v, got)
	})
}

func drawVersion(t *rapid.T) *Version {
	v := &Version{
		Comparator:         BytewiseComparator,
		DatabaseID:         rapid.SampledFrom([]string{"", "5f1e"}).Draw(t, "id"),
		LastSequence:       rapid.Uint64Range(1, MaxSequence).Draw(t, "last"),
		MinLogNumberToKeep: rapid.Uint64Range(0, 9).Draw(t, "keep"),
	}
	next := uint64(10)
	for i := range rapid.IntRange(1, 30).Draw(t, "families") {
		f := Family{ID: uint32(i * i), Name: fmt.Sprintf("table%d", i), LogNumber: rapid.Uint64Range(0, 5).Draw(t, "log")}
		if i == 0 {
			f.Name = DefaultFamily
		}
		for j := range rapid.IntRange(0, 40).Draw(t, "files") {
			pad := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "pad")
			file := File{
				Number: next, Level: rapid.SampledFrom([]int{0, 1, 6}).Draw(t, "level"),
				SizeBytes:   rapid.Uint64().Draw(t, "size"),
				SmallestKey: append([]byte{byte(j), 1}, pad...),
				LargestKey:  append([]byte{byte(j), 2}, pad...),
				SmallestSeq: rapid.Uint64Range(0, v.LastSequence).Draw(t, "smallest"),
			}
			file.LargestSeq = rapid.Uint64Range(file.SmallestSeq, v.LastSequence).Draw(t, "largest")
			file.SmallestTrailer = MakeTrailer(file.SmallestSeq, KindPut)
			file.LargestTrailer = MakeTrailer(file.LargestSeq, KindDelete)
			f.Files = append(f.Files, file)
			next++
		}
		v.Families = append(v.Families, f)
	}
	v.NextFileNumber = next
	v.normalize()
	return v
}

// editRecord concatenates fields of a version edit.
func editRecord(fields ...any) []byte {
	var e []byte
	for _, f := range fields {
		switch f := f.(type) {
		case int:
			e = binary.AppendUvarint(e, uint64(f))
		case string:
			e = appendSlice(e, []byte(f))
		}
	}
	return e
}

func bound(key string, sequence uint64) string {
	return string(appendInternalKey(nil, []byte(key), MakeTrailer(sequence, KindPut)))
}

func manifestOfEdits(edits ...[]byte) []byte {
	var out []byte
	for _, e := range edits {
		out = appendLogRecord(out, e)
	}
	return out
}

// TestManifestEdits replays every tag: all four forms of a new file, a move
// between levels, deletion, dropped families, atomic groups, ignorable tags.
func TestManifestEdits(t *testing.T) {
	data := manifestOfEdits(
		editRecord(tagComparator, BytewiseComparator, tagLogNumber, 3, tagNextFile, 20, tagLastSequence, 50,
			tagPrevLogNumber, 0, tagMinLogNumberToKeep, 2, tagMaxColumnFamily, 4, tagDatabaseID, "id", tagSafeIgnoreMask+99, "ignored"),
		editRecord(tagColumnFamily, 1, tagColumnFamilyAdd, "one", tagComparator, BytewiseComparator),
		editRecord(tagColumnFamily, 2, tagColumnFamilyAdd, "two"),
		editRecord(tagNewFile, 0, 10, 100, bound("a", 1), bound("b", 1), tagCompactCursor, 1, bound("a", 1)),
		editRecord(tagColumnFamily, 1, tagNewFile2, 0, 11, 200, bound("a", 5), bound("b", 6), 5, 6),
		editRecord(tagInAtomicGroup, 1, tagColumnFamily, 1, tagNewFile3, 6, 12, 0, 300, bound("c", 0), bound("d", 0), 0, 0),
		editRecord(tagInAtomicGroup, 0, tagColumnFamily, 1, tagNewFile4, 0, 13, 400, bound("e", 7), bound("f", 9), 7, 9,
			5, "\x01", 12, "unique id", customPathID, "\x00", customTerminate),
		editRecord(tagColumnFamily, 1, tagDeletedFile, 0, 11, tagNewFile2, 1, 11, 200, bound("a", 5), bound("b", 6), 5, 6),
		editRecord(tagColumnFamily, 2, tagNewFile2, 0, 14, 1, bound("a", 5), bound("a", 5), 5, 5),
		editRecord(tagColumnFamily, 2, tagColumnFamilyDrop),
		editRecord(tagDeletedFile, 0, 10),
	)
	v, err := ReadManifest(data)
	requireNoError(t, err)
	requireEqual(t, uint64(2), v.MinLogNumberToKeep)
	requireEqual(t, "id", v.DatabaseID)
	requireEqual(t, 2, len(v.Families))
	requireEqual(t, Family{ID: 0, Name: DefaultFamily, LogNumber: 3}, v.Families[0])
	var files []string
	for _, f := range v.Family("one").Files {
		files = append(files, fmt.Sprintf("L%d %s %d %s-%s %d-%d", f.Level, f.Name(), f.SizeBytes, f.SmallestKey, f.LargestKey, f.SmallestSeq, f.LargestSeq))
	}
	requireEqual(t, []string{"L0 000013.sst 400 e-f 7-9", "L1 000011.sst 200 a-b 5-6", "L6 000012.sst 300 c-d 0-0"}, files)
}

func TestManifestDamage(t *testing.T) {
	head := editRecord(tagNextFile, 20, tagLastSequence, 50)
	file := editRecord(tagNewFile2, 1, 11, 200, bound("a", 5), bound("c", 6), 5, 6)
	good := manifestOfEdits(head, file)
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	for _, tc := range []struct {
		name string
		data []byte
		is   error
		want string
	}{
		{"empty", nil, ErrCorrupt, "no version edit"},
		{"only zeros", make([]byte, 100), ErrCorrupt, "no version edit"},
		{"bit flip", flipped, ErrCorrupt, "checksum of the record at offset"},
		{"cut in a record", good[:len(good)-3], ErrCorrupt, "log ends inside a record"},
		{"cut in a header", good[:len(manifestOfEdits(head))+5], ErrCorrupt, "log ends inside a record"},
		{"unknown tag", manifestOfEdits(head, editRecord(77, 1)), ErrUnsupported, "manifest tag 77"},
		{"blob file", manifestOfEdits(head, editRecord(tagBlobFileAddition, 1)), ErrUnsupported, "blob files"},
		{"must not ignore", manifestOfEdits(head, editRecord(tagNewFile4, 1, 11, 200, bound("a", 5), bound("c", 6), 5, 6, 70, "x", customTerminate)),
			ErrUnsupported, "field 70"},
		{"other path", manifestOfEdits(head, editRecord(tagNewFile4, 1, 11, 200, bound("a", 5), bound("c", 6), 5, 6, customPathID, "\x01", customTerminate)),
			ErrUnsupported, "database path"},
		{"bound without trailer", manifestOfEdits(head, editRecord(tagNewFile2, 1, 11, 200, "short", "short", 5, 6)), ErrCorrupt, "cut short or malformed"},
		{"comparator", manifestOfEdits(editRecord(tagComparator, "mine", tagLastSequence, 1)), ErrUnsupported, `comparator "mine"`},
		{"unknown family", manifestOfEdits(head, editRecord(tagColumnFamily, 9, tagLogNumber, 1)), ErrCorrupt, "family 9, which does not exist"},
		{"deleted file unknown", manifestOfEdits(head, editRecord(tagDeletedFile, 0, 5)), ErrCorrupt, "which is not there"},
		{"file twice", manifestOfEdits(head, file, file), ErrCorrupt, "twice"},
		{"sequence too new", manifestOfEdits(head, editRecord(tagNewFile2, 1, 11, 200, bound("a", 5), bound("c", 6), 5, 51)), ErrCorrupt, "do not fit the last sequence 50"},
		{"overlap on a level", manifestOfEdits(head, file, editRecord(tagNewFile2, 1, 12, 9, bound("b", 5), bound("d", 6), 5, 6)), ErrCorrupt, "overlaps 000011.sst on level 1"},
		{"bounds reversed", manifestOfEdits(head, editRecord(tagNewFile2, 1, 11, 200, bound("c", 5), bound("a", 6), 5, 6)), ErrCorrupt, "lies behind"},
		{"atomic group open", manifestOfEdits(head, editRecord(tagInAtomicGroup, 1, tagLogNumber, 1)), ErrCorrupt, "atomic group"},
		{"family twice", manifestOfEdits(head, editRecord(tagColumnFamily, 1, tagColumnFamilyAdd, "a"), editRecord(tagColumnFamily, 1, tagColumnFamilyAdd, "b")), ErrCorrupt, "added twice"},
		{"family name twice", manifestOfEdits(head, editRecord(tagColumnFamily, 1, tagColumnFamilyAdd, "a"), editRecord(tagColumnFamily, 2, tagColumnFamilyAdd, "a")), ErrCorrupt, "have the name"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ReadManifest(tc.data)
			requireError(t, err, tc.is, tc.want)
		})
	}
}

// TestLogRecyclable reads a recycled log: records with the log's number, then
// older ones of another log, which do not count.
func TestLogRecyclable(t *testing.T) {
	record := func(number uint32, kind byte, payload string) []byte {
		body := append(binary.LittleEndian.AppendUint32([]byte{kind}, number), payload...)
		out := binary.LittleEndian.AppendUint32(nil, maskCRC(crc32.Checksum(body, castagnoli)))
		return append(append(out, byte(len(payload)), byte(len(payload)>>8)), body...)
	}
	head := editRecord(tagNextFile, 20, tagLastSequence, 50)
	data := record(5, 6, string(head[:2]))
	data = append(data, record(5, 7, "")...)
	data = append(data, record(5, 8, string(head[2:]))...)
	data = append(data, record(5, 5, string(editRecord(tagMinLogNumberToKeep, 8)))...)
	data = append(data, record(4, 5, string(editRecord(tagLastSequence, 60)))...)
	v, err := ReadManifest(data)
	requireNoError(t, err)
	requireEqual(t, uint64(50), v.LastSequence)
	requireEqual(t, uint64(8), v.MinLogNumberToKeep)
}

// FuzzManifest: any bytes give a version or a typed error, within memory
// proportional to the input.
func FuzzManifest(f *testing.F) {
	f.Add([]byte{})
	f.Add(EncodeManifest(&Version{LastSequence: 1, NextFileNumber: 2, Families: []Family{{ID: 0, Name: DefaultFamily},
		{ID: 3, Name: "t", Files: []File{{Number: 9, SizeBytes: 1, LargestKey: []byte("k"), SmallestKey: []byte("a"), LargestSeq: 1}}}}}))
	for _, set := range conformanceSets(f) {
		f.Add(manifestOf(f, set))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Random bytes hardly ever have a right checksum, so they are also read as
		// the edit of one record.
		for _, manifest := range [][]byte{data, manifestOfEdits(data)} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			v, err := ReadManifest(manifest)
			runtime.ReadMemStats(&after)
			if allowed := uint64(1<<20 + 200*len(manifest)); after.TotalAlloc-before.TotalAlloc > allowed {
				t.Fatalf("%d bytes allocated for %d", after.TotalAlloc-before.TotalAlloc, len(manifest))
			}
			if err != nil {
				if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrUnsupported) {
					t.Fatalf("error of an unknown sort: %v", err)
				}
				continue
			}
			again, err := ReadManifest(EncodeManifest(v))
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			requireEqual(t, v, again)
		}
	})
}
