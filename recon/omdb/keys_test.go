package omdb

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

// TestKeyForms holds the builders to the forms of the OM's tables (OM-1.2, OM-1.3).
func TestKeyForms(t *testing.T) {
	const vid, bid, pid, oid = -9223372036854775552, -9223372036854775296, -9223372036854775040, 42
	for _, c := range []struct{ name, got, want string }{
		{"volume", string(AppendVolumeKey(nil, "v")), "/v"},
		{"bucket", string(AppendBucketKey(nil, "v", []byte("b"))), "/v/b"},
		{"key", string(AppendKey(nil, "v", "b", "a/b//c/")), "/v/b/a/b//c/"},
		{"key named /", string(AppendKey(nil, "v", "b", "/")), "/v/b/"},
		{"open key", string(AppendOpenKey(nil, "v", "b", "k", 7)), "/v/b/k/7"},
		{"upload", string(AppendMultipartKey(nil, "v", "b", "k", "u-1")), "/v/b/k/u-1"},
		{"deleted key", string(AppendDeletedKey(nil, "v", "b", "k", -5)), "/v/b/k/-5"},
		{"file", string(AppendFileKey(nil, vid, bid, pid, "f")),
			"/-9223372036854775552/-9223372036854775296/-9223372036854775040/f"},
		{"open file", string(AppendOpenFileKey(nil, 1, 2, 3, "f", 9)), "/1/2/3/f/9"},
		{"upload of a file", string(AppendMultipartFileKey(nil, 1, 2, 3, "f", "u")), "/1/2/3/f/u"},
		{"deleted directory", string(AppendDeletedDirectoryKey(nil, 1, 2, 3, "d", oid)), "/1/2/3/d/42"},
		{"part", string(AppendMultipartPartKey(nil, "u", 128)), "u/\x00\x00\x00\x80"},
		{"prefix", string(AppendPrefixKey(nil, "v", "b", "p/")), "/v/b/p/"},
		{"snapshot", string(AppendSnapshotKey(nil, "v", "b", "s")), "/v/b/s"},
		{"renamed", string(AppendSnapshotRenamedKey(nil, "v", "b", oid)), "/v/b/42"},
		{"compaction", string(AppendCompactionLogKey([]byte("x"), 17, 1700000000000)), "x0000000000000000017-1700000000000"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

// TestKeyRoundTrip takes built keys apart again, with awkward names (OM-1.3).
func TestKeyRoundTrip(t *testing.T) {
	names := []string{"k", "a/b", "a//b", "//", "a/", "_", "k_1", "\xff\xfe", "naïve 🗝", strings.Repeat("x", 300)}
	for _, name := range names {
		volume, bucket, got, ok := ParseKey(AppendKey(nil, "v", "b", name))
		if !ok || string(volume) != "v" || string(bucket) != "b" || string(got) != name {
			t.Errorf("key %q: %q %q %q %v", name, volume, bucket, got, ok)
		}
		_, _, got, suffix, ok := ParseSuffixedKey(AppendDeletedKey(nil, "v", "b", name, -7))
		if !ok || string(got) != name || string(suffix) != "-7" {
			t.Errorf("deleted key %q: %q %q %v", name, got, suffix, ok)
		}
		for _, id := range []int64{0, 1, -1, math.MinInt64, math.MaxInt64} {
			file, ok := ParseFileKey(AppendFileKey(nil, id, 2, -3, name))
			if !ok || file.VolumeID != id || file.BucketID != 2 || file.ParentID != -3 || string(file.Name) != name {
				t.Errorf("file %d %q: %+v %v", id, name, file, ok)
			}
			file, suffix, ok := ParseSuffixedFileKey(AppendDeletedDirectoryKey(nil, 1, id, 3, name, id))
			object, isID := ParseID(suffix)
			if !ok || !isID || object != id || file.BucketID != id || string(file.Name) != name {
				t.Errorf("deleted directory %d %q: %+v %q %v", id, name, file, suffix, ok)
			}
		}
	}
	for _, part := range []int32{0, 1, '/', 128, math.MaxInt32, -1} {
		upload, got, ok := ParseMultipartPartKey(AppendMultipartPartKey(nil, "id/with", part))
		if !ok || string(upload) != "id/with" || got != part {
			t.Errorf("part %d: %q %d %v", part, upload, got, ok)
		}
	}
	if _, _, name, ok := ParseKey(AppendKey(nil, "v", "b", "/")); !ok || len(name) != 0 {
		t.Errorf("key named /: %q %v", name, ok)
	}
}

// TestKeyRefusals lists keys that are not what a table holds.
func TestKeyRefusals(t *testing.T) {
	for _, key := range []string{"", "/", "v", "//", "/v", "/v/b", "/v//k", "//b/k", "v/b/k"} {
		if _, _, _, ok := ParseKey([]byte(key)); ok {
			t.Errorf("ParseKey takes %q", key)
		}
	}
	for _, key := range []string{"", "/", "/1/2/3", "/1/2", "/1/x/3/f", "/01/2/3/f", "/-0/2/3/f", "/1//3/f", "/9223372036854775808/2/3/f",
		"/-9223372036854775809/2/3/f", "/+1/2/3/f", "/v/b/hsynced/12"} {
		if _, ok := ParseFileKey([]byte(key)); ok {
			t.Errorf("ParseFileKey takes %q", key)
		}
	}
	for _, key := range []string{"", "/", "/v", "/v/", "/v/b/", "/v/b/k"} {
		if volume, bucket, ok := ParseBucketKey([]byte(key)); ok {
			t.Errorf("ParseBucketKey takes %q as %q %q", key, volume, bucket)
		}
	}
	if volume, ok := ParseVolumeKey([]byte("/v")); !ok || string(volume) != "v" {
		t.Errorf("ParseVolumeKey: %q %v", volume, ok)
	}
	if _, _, ok := ParseMultipartPartKey([]byte("/\x00\x00\x00\x01")); ok {
		t.Error("a part without an upload id is taken")
	}
}

func TestTransactionInfo(t *testing.T) {
	info, err := ParseTransactionInfo([]byte("12#345"))
	if err != nil || info != (TransactionInfo{Term: 12, Index: 345}) || info.String() != "12#345" {
		t.Fatalf("%+v %v", info, err)
	}
	for _, bad := range []string{"", "#", "1#", "#2", "1#2#3", "a#2", "1 #2", "1#02"} {
		if info, err := ParseTransactionInfo([]byte(bad)); err == nil {
			t.Errorf("%q is taken as %v", bad, info)
		}
	}
	older, newer := TransactionInfo{1, 9}, TransactionInfo{2, 3}
	if !older.Less(newer) || newer.Less(older) || older.Less(older) || !newer.Less(TransactionInfo{2, 4}) {
		t.Error("order is not by term, then index")
	}
}

// FuzzKeys: a key that a parser takes is the key that its builder makes.
func FuzzKeys(f *testing.F) {
	for _, key := range []string{"/v/b/k", "/v/b/", "/1/2/3/f", "/-1/2/3/d/-5", "u/\x00\x00\x00\x01", "/v", "/v/b", "0", "-9223372036854775808"} {
		f.Add([]byte(key))
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		same := func(name string, built []byte) {
			if !bytes.Equal(built, key) {
				t.Errorf("%s: %q was built again as %q", name, key, built)
			}
		}
		if volume, bucket, name, ok := ParseKey(key); ok && string(name) != "/" {
			same("key", AppendKey(nil, volume, bucket, name))
		}
		if volume, ok := ParseVolumeKey(key); ok {
			same("volume", AppendVolumeKey(nil, volume))
		}
		if volume, bucket, ok := ParseBucketKey(key); ok {
			same("bucket", AppendBucketKey(nil, volume, bucket))
		}
		if k, ok := ParseFileKey(key); ok {
			same("file", AppendFileKey(nil, k.VolumeID, k.BucketID, k.ParentID, k.Name))
		}
		if k, suffix, ok := ParseSuffixedFileKey(key); ok {
			same("suffixed file", AppendMultipartFileKey(nil, k.VolumeID, k.BucketID, k.ParentID, k.Name, suffix))
		}
		if volume, bucket, name, suffix, ok := ParseSuffixedKey(key); ok && string(name) != "/" {
			same("suffixed key", AppendMultipartKey(nil, volume, bucket, name, suffix))
		}
		if upload, part, ok := ParseMultipartPartKey(key); ok {
			same("part", AppendMultipartPartKey(nil, upload, part))
		}
		if id, ok := ParseID(key); ok {
			same("id", appendID(nil, id)[1:])
		}
	})
}
