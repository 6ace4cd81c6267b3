package namespace

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// rowsByTable are the row keys of a base by OM table, in the order of the walk.
// The key formats are written out here again (Ozone's table list, om.md 1.2).
func rowsByTable(b *Base) map[string][]string {
	rows := map[string][]string{}
	add := func(table, format string, args ...any) {
		rows[table] = append(rows[table], fmt.Sprintf(format, args...))
	}
	for _, v := range b.Volumes() {
		add("volumeTable", "/%s", v.Name)
	}
	for _, u := range b.Buckets() {
		add("bucketTable", "/%s/%s", u.Volume, u.Name)
	}
	for k := range b.Keys {
		add("keyTable", "/%s/%s/%s", k.Volume, k.Bucket, k.Name)
	}
	for k := range b.Files {
		add("fileTable", "/%d/%d/%d/%s", k.VolumeID, k.BucketID, k.ParentID, k.Name)
	}
	for d := range b.Directories {
		add("directoryTable", "/%d/%d/%d/%s", d.VolumeID, d.BucketID, d.ParentID, d.Name)
	}
	for d := range b.DeletedDirectories {
		add("deletedDirectoryTable", "/%d/%d/%d/%s/%d", d.VolumeID, d.BucketID, d.ParentID, d.Name, d.ObjectID)
	}
	for k := range b.OpenKeys {
		add("openKeyTable", "/%s/%s/%s/%s", k.Volume, k.Bucket, k.Name, k.Session)
	}
	for k := range b.OpenFiles {
		add("openFileTable", "/%d/%d/%d/%s/%s", k.VolumeID, k.BucketID, k.ParentID, k.Name, k.Session)
	}
	for d := range b.DeletedKeys {
		add("deletedTable", "/%s/%s/%s/%d", d.Volume, d.Bucket, d.Path, d.RowID)
	}
	for u := range b.Uploads {
		add("multipartInfoTable", "/%s/%s/%s/%s", u.Volume, u.Bucket, u.Path, u.UploadID)
	}
	return rows
}

var testConfigs = map[string]Config{
	"empty":              {},
	"one key":            {Seed: 1, Keys: 1},
	"tiny":               {Seed: 2, Keys: 30},
	"small":              {Seed: 3, Keys: 1000},
	"usual spread":       {Seed: 4, Keys: 20_000},
	"only FSO":           {Seed: 5, Keys: 9_000, FSOShare: 1, BucketsPerLayout: 1},
	"only OBS":           {Seed: 6, Keys: 9_000, OBSShare: 1, BucketsPerLayout: 12, Volumes: 7},
	"only Legacy":        {Seed: 7, Keys: 9_000, LegacyShare: 1},
	"no markers":         {Seed: 8, Keys: 9_000, LegacyShare: 1, OBSShare: 1, NoFilesystemPaths: true},
	"committed only":     {Seed: 9, Keys: 9_000, CommittedOnly: true},
	"bigger":             {Seed: 10, Keys: 120_000},
	"nonsense is bound":  {Seed: 11, Keys: -5, FSOShare: -1, Volumes: -3, BucketsPerLayout: -2},
	"bigger with chains": {Seed: 12, Keys: 60_000, FSOShare: 1, LegacyShare: 1, BucketsPerLayout: 2},
}

func TestWalksAreInByteOrderOfRowKeys(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			for table, rows := range rowsByTable(New(config)) {
				for n := 1; n < len(rows); n++ {
					if rows[n-1] >= rows[n] {
						t.Fatalf("%s row %d: %q is not below %q", table, n, rows[n-1], rows[n])
					}
				}
			}
		})
	}
}

func TestCountsAreTheRowsOfTheWalks(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			b := New(config)
			rows := rowsByTable(b)
			markers := 0
			for k := range b.Keys {
				if isMarker(k) {
					markers++
				}
			}
			equal(t, Counts{
				Volumes: int64(len(rows["volumeTable"])), Buckets: int64(len(rows["bucketTable"])),
				Directories:        int64(len(rows["directoryTable"])),
				DeletedDirectories: int64(len(rows["deletedDirectoryTable"])),
				Files:              int64(len(rows["fileTable"])),
				Keys:               int64(len(rows["keyTable"]) - markers), Markers: int64(markers),
				OpenFiles: int64(len(rows["openFileTable"])), OpenKeys: int64(len(rows["openKeyTable"])),
				DeletedKeys: int64(len(rows["deletedTable"])), Uploads: int64(len(rows["multipartInfoTable"])),
			}, b.Counts(), "counts")
			equal(t, b.Config().Keys, b.Counts().Files+b.Counts().Keys, "keys")
			if config.CommittedOnly {
				c := b.Counts()
				equal(t, int64(0), c.DeletedDirectories+c.OpenFiles+c.OpenKeys+c.DeletedKeys+c.Uploads, "pending")
			}
		})
	}
}

func isMarker(k *Key) bool {
	return k.Layout == Legacy && strings.HasSuffix(k.Name, "/") && len(k.Versions) == 0
}

// eachRow visits all rows of a base.
func eachRow(b *Base, visit func(Row)) {
	for _, v := range b.Volumes() {
		visit(v)
	}
	for _, u := range b.Buckets() {
		visit(u)
	}
	b.Keys(func(k *Key) bool { visit(k); return true })
	b.Files(func(k *Key) bool { visit(k); return true })
	b.Directories(func(d *Directory) bool { visit(d); return true })
	b.DeletedDirectories(func(d *DeletedDirectory) bool { visit(d); return true })
	b.OpenKeys(func(k *OpenKey) bool { visit(k); return true })
	b.OpenFiles(func(k *OpenKey) bool { visit(k); return true })
	b.DeletedKeys(func(d *DeletedKeys) bool { visit(d); return true })
	b.Uploads(func(u *Upload) bool { visit(u); return true })
}

// objectID of a row that has one of its own; the open key of an upload shares
// the upload's.
func objectID(row Row) (int64, bool) {
	switch r := row.(type) {
	case *Volume:
		return r.ObjectID, true
	case *Bucket:
		return r.ObjectID, true
	case *Directory:
		return r.ObjectID, true
	case *DeletedDirectory:
		return r.ObjectID, true
	case *Key:
		return r.ObjectID, true
	case *OpenKey:
		return r.ObjectID, !strings.Contains(r.Session, "-")
	case *Upload:
		return r.ObjectID, true
	}
	return 0, false
}

func TestRowsAndObjectIDsAreUnique(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			b := New(config)
			rows, objects := map[string]bool{}, map[int64]string{}
			eachRow(b, func(row Row) {
				id := ID(row)
				check(t, !rows[id], "%q twice", id)
				rows[id] = true
				object, own := objectID(row)
				if deleted, ok := row.(*DeletedKeys); ok {
					for n := range deleted.Keys {
						checkObjectID(t, b, objects, deleted.Keys[n].ObjectID, id)
					}
				}
				if own {
					checkObjectID(t, b, objects, object, id)
				}
			})
		})
	}
}

func checkObjectID(t *testing.T, b *Base, seen map[int64]string, object int64, id string) {
	t.Helper()
	check(t, seen[object] == "", "object id %d of %q is that of %q", object, id, seen[object])
	seen[object] = id
	equal(t, uint64(2), uint64(object)>>62, "epoch")
	index := int64(uint64(object) << 2 >> 10)
	check(t, index >= 1 && index <= b.LastIndex(), "index %d of %q", index, id)
	equal(t, ObjectID(index), object, "object id")
	equal(t, 20, len(strconv.FormatInt(object, 10)), "digits and sign")
}

// TestParentsExist: a file's or directory's parent is a directory or the bucket,
// deleted or not, and its path is the parent's with the name.
func TestParentsExist(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			b := New(config)
			paths := map[int64]string{}
			for _, u := range b.Buckets() {
				paths[u.ObjectID] = ""
			}
			checkChild := func(parent int64, name, path string) {
				t.Helper()
				at, ok := paths[parent]
				check(t, ok, "%q has no parent", path)
				equal(t, strings.TrimPrefix(at+"/"+name, "/"), path, "path")
				check(t, !strings.Contains(name, "/"), "%q is no single name", name)
			}
			for d := range b.Directories {
				paths[d.ObjectID] = d.Path
			}
			for d := range b.DeletedDirectories {
				paths[d.ObjectID] = d.Path
			}
			for d := range b.Directories {
				checkChild(d.ParentID, d.Name, d.Path)
			}
			for d := range b.DeletedDirectories {
				checkChild(d.ParentID, d.Name, d.Path)
			}
			for k := range b.Files {
				checkChild(k.ParentID, k.Name, k.Path)
			}
			for k := range b.OpenFiles {
				checkChild(k.ParentID, k.Name, k.Path)
			}
			markers := map[string]bool{}
			for k := range b.Keys {
				equal(t, k.Name, k.Path, "path")
				equal(t, int64(0), k.ParentID, "parent")
				if k.Layout != Legacy || config.NoFilesystemPaths {
					continue
				}
				// Markers sort before what is below them.
				dir := strings.TrimSuffix(k.Name, "/")
				if slash := strings.LastIndexByte(dir, '/'); slash >= 0 {
					check(t, markers[k.Volume+"/"+k.Bucket+"/"+dir[:slash+1]], "%q has no marker above", k.Name)
				}
				if isMarker(k) {
					markers[k.Volume+"/"+k.Bucket+"/"+k.Name] = true
				}
			}
		})
	}
}

func TestKeyByNumberIsTheKeyOfTheWalk(t *testing.T) {
	for name, config := range testConfigs {
		t.Run(name, func(t *testing.T) {
			b := New(config)
			walked := map[string]*Key{}
			collect := func(k *Key) bool {
				if !isMarker(k) {
					walked[ID(k)] = k.Clone()
				}
				return true
			}
			b.Keys(collect)
			b.Files(collect)
			for i := range b.Config().Keys {
				k := b.Key(i)
				equal(t, walked[ID(k)], k, "key")
				delete(walked, ID(k))
			}
			equal(t, 0, len(walked), "keys without a number")
			check(t, b.Key(-1) == nil && b.Key(b.Config().Keys) == nil, "keys out of range")
		})
	}
}

func TestEqualConfigsMakeEqualBases(t *testing.T) {
	render := func(config Config) []byte {
		var out bytes.Buffer
		eachRow(New(config), func(row Row) { fmt.Fprintf(&out, "%+v\n", row) })
		return out.Bytes()
	}
	config := Config{Seed: 3, Keys: 2000}
	first := render(config)
	check(t, bytes.Equal(first, render(config)), "a second run differs")
	config.Seed++
	check(t, !bytes.Equal(first, render(config)), "the seed has no effect")
}

func TestWalksStopWhenTold(t *testing.T) {
	b := New(Config{Keys: 3000})
	for limit := 1; limit < 100; limit += 7 {
		for name, walk := range map[string]func(func() bool){
			"keys":        func(y func() bool) { b.Keys(func(*Key) bool { return y() }) },
			"files":       func(y func() bool) { b.Files(func(*Key) bool { return y() }) },
			"directories": func(y func() bool) { b.Directories(func(*Directory) bool { return y() }) },
			"open keys":   func(y func() bool) { b.OpenKeys(func(*OpenKey) bool { return y() }) },
			"open files":  func(y func() bool) { b.OpenFiles(func(*OpenKey) bool { return y() }) },
			"deleted":     func(y func() bool) { b.DeletedKeys(func(*DeletedKeys) bool { return y() }) },
			"uploads":     func(y func() bool) { b.Uploads(func(*Upload) bool { return y() }) },
		} {
			seen := 0
			walk(func() bool { seen++; return seen < limit })
			check(t, seen <= limit, "%s went on after %d", name, limit)
		}
	}
}
