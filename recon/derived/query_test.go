package derived

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// queryRows are the rows of one state, in memory.
type queryRows map[omdb.Table]map[string][]byte

func (m queryRows) put(t omdb.Table, key, value []byte) {
	if m[t] == nil {
		m[t] = map[string][]byte{}
	}
	m[t][string(key)] = value
}

func (m queryRows) Get(t omdb.Table, key []byte) ([]byte, bool, error) {
	value, found := m[t][string(key)]
	return value, found, nil
}

func (m queryRows) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	for _, key := range slices.Sorted(maps.Keys(m[t])) {
		if key < string(lower) || upper != nil && key >= string(upper) {
			continue
		}
		if more, err := fn([]byte(key), m[t][key]); err != nil || !more {
			return err
		}
	}
	return nil
}

const (
	queryVolumeID = -1
	queryBucketID = -2
)

func must(value []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return value
}

// newQueryRows has a volume v with a bucket b.
func newQueryRows(layout ozonepb.BucketLayoutProto) queryRows {
	m := queryRows{}
	m.put(omdb.VolumeTable, omdb.AppendVolumeKey(nil, "v"), must(proto.Marshal(&ozonepb.VolumeInfo{
		AdminName: proto.String(""), OwnerName: proto.String(""), Volume: proto.String("v"), ObjectID: proto.Uint64(1<<64 - 1),
	})))
	m.put(omdb.BucketTable, omdb.AppendBucketKey(nil, "v", "b"), must(proto.Marshal(&ozonepb.BucketInfo{
		VolumeName: proto.String("v"), BucketName: proto.String("b"), IsVersionEnabled: proto.Bool(false),
		StorageType: proto.Int32(1), ObjectID: proto.Uint64(1<<64 - 2), BucketLayout: &layout,
	})))
	return m
}

func (m queryRows) key(t omdb.Table, dbKey []byte, name string, size uint64, versions ...*ozonepb.KeyLocationList) {
	m.put(t, dbKey, must(proto.Marshal(&ozonepb.KeyInfo{
		VolumeName: proto.String("v"), BucketName: proto.String("b"), KeyName: &name, DataSize: &size,
		Type: ozonepb.ReplicationType_RATIS.Enum(), Factor: ozonepb.ReplicationFactor_ONE.Enum(),
		CreationTime: proto.Uint64(1), ModificationTime: proto.Uint64(1), KeyLocationList: versions,
	})))
}

func (m queryRows) summary(id int64, s *NSSummary) {
	m.put(NamespaceSummary, AppendLong(nil, id), AppendNSSummary(nil, s))
}

// TestCirclesEnd proves that summaries which name each other in a circle, a
// defect that upstream has met, are each counted once.
func TestCirclesEnd(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)
	m.summary(queryBucketID, &NSSummary{NumOfFiles: 3, ChildDirs: []int64{-4, -3}})
	m.summary(-3, &NSSummary{NumOfFiles: 1, ChildDirs: []int64{-4, -3, queryBucketID}, FileSizeBucket: [BinCount]int32{5}})
	m.summary(-4, &NSSummary{ChildDirs: []int64{-3}, FileSizeBucket: [BinCount]int32{0, 7}})
	q := &Query{Rows: m}
	e, err := q.Resolve("/v/b")
	require.NoError(t, err)
	c, err := q.Count(e)
	require.NoError(t, err)
	require.Equal(t, Counts{Volumes: -1, Buckets: -1, Directories: 2, Keys: 3}, c)
	bins, ok, err := q.Distribution(e)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, [BinCount]int64{5, 7}, bins)
}

// TestParentCirclesAreUnreachable proves that the climb from a file ends too.
func TestParentCirclesAreUnreachable(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)
	m.summary(-3, &NSSummary{DirName: []byte("x"), ParentID: -4})
	m.summary(-4, &NSSummary{DirName: []byte("y"), ParentID: -3})
	m.summary(-5, &NSSummary{DirName: []byte("z"), ParentID: queryBucketID})
	p := parentPaths{query: &Query{Rows: m}}
	for _, c := range []struct {
		id        int64
		path      string
		reachable bool
	}{{queryBucketID, "", true}, {-5, "z/", true}, {-3, "", false}, {-9, "", false}, {-5, "z/", true}} {
		path, reachable, err := p.of(queryBucketID, c.id)
		require.NoError(t, err)
		require.Equal(t, c.path, path)
		require.Equal(t, c.reachable, reachable, "id %d", c.id)
	}
}

// TestMissingChildIsInconsistent proves that a directory without a row makes an
// error and not a smaller answer.
func TestMissingChildIsInconsistent(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED)
	m.summary(queryBucketID, &NSSummary{NumOfFiles: 1, ChildDirs: []int64{-3}})
	q := &Query{Rows: m}
	e, err := q.Resolve("/v/b")
	require.NoError(t, err)
	_, err = q.Count(e)
	require.ErrorIs(t, err, ErrInconsistent)
	_, _, err = q.Distribution(e)
	require.ErrorIs(t, err, ErrInconsistent)
	_, err = q.Usage(e, UsageOptions{})
	require.ErrorIs(t, err, ErrInconsistent)
}

// TestOldRowsHaveNoReplicatedSize proves that -1 in a row that is older than
// the field counts as 0.
func TestOldRowsHaveNoReplicatedSize(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_OBJECT_STORE)
	m.summary(queryBucketID, &NSSummary{NumOfFiles: 1, SizeOfFiles: 9, ReplicatedSizeOfFiles: Unknown})
	q := &Query{Rows: m}
	for _, path := range []string{"/", "/v", "/v/b"} {
		e, err := q.Resolve(path)
		require.NoError(t, err)
		u, err := q.Usage(e, UsageOptions{})
		require.NoError(t, err)
		require.Equal(t, int64(0), u.ReplicatedSize, path)
		require.Equal(t, int64(9), u.Size, path)
	}
}

// TestEmptyRowIsNoRow proves that a bucket answers the same with the empty row
// that deltas leave and without it (N1).
func TestEmptyRowIsNoRow(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_OBJECT_STORE)
	q := &Query{Rows: m}
	e, err := q.Resolve("/v/b")
	require.NoError(t, err)
	without, err := q.Usage(e, UsageOptions{Files: true})
	require.NoError(t, err)
	m.summary(queryBucketID, &NSSummary{})
	with, err := q.Usage(e, UsageOptions{Files: true})
	require.NoError(t, err)
	require.Equal(t, without, with)
	require.Equal(t, int64(NotApplicable), with.DirectSize)
}

// TestLargestSubpaths compares the bounded selection with sorting everything.
func TestLargestSubpaths(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var all []Subpath
		for i := range rapid.IntRange(0, 60).Draw(rt, "parts") {
			all = append(all, Subpath{Path: fmt.Sprint("/", i), Size: int64(rapid.IntRange(0, 5).Draw(rt, "size"))})
		}
		largest := rapid.IntRange(1, 40).Draw(rt, "largest")
		c := subpathCollector{largest: largest}
		for _, p := range all {
			c.add(p)
		}
		slices.SortFunc(all, compareSubpaths)
		want := all[:min(largest, len(all))]
		got := c.result()
		require.Equal(rt, int64(len(all)), c.count)
		require.True(rt, slices.Equal(want, got), "want %v\n got %v", want, got)
	})
}

// names that meet each other in the order of bytes.
var keyNames = rapid.StringMatching(`[a_/.0]{1,5}`)

// TestListingGoesOnAfterRemovedRows pages through a bucket while the row that
// each page ended at is removed: no key that stays is listed twice or missed
// (spec/api.md 9.5).
func TestListingGoesOnAfterRemovedRows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newQueryRows(ozonepb.BucketLayoutProto_OBJECT_STORE)
		for _, name := range rapid.SliceOfNDistinct(keyNames, 0, 20, rapid.ID).Draw(rt, "names") {
			m.key(omdb.KeyTable, omdb.AppendKey(nil, "v", "b", name), name, 1)
		}
		q := &Query{Rows: m}
		whole, err := q.ListKeys(KeyFilter{StartPrefix: "/v/b", Limit: 1000})
		require.NoError(rt, err)
		limit := rapid.IntRange(1, 4).Draw(rt, "limit")
		var paged []string
		for after := ""; ; {
			page, err := q.ListKeys(KeyFilter{StartPrefix: "/v/b", Limit: limit, After: after})
			require.NoError(rt, err)
			if len(page) == 0 {
				break
			}
			for _, k := range page {
				paged = append(paged, k.DBKey)
			}
			after = page[len(page)-1].DBKey
			delete(m[omdb.KeyTable], after)
		}
		require.Len(rt, paged, len(whole))
		for i := range whole {
			require.Equal(rt, whole[i].DBKey, paged[i])
		}
	})
}

// TestContainerPagesAreWhole pages through a container's keys of one version
// each, in names that begin with each other and "_".
func TestContainerPagesAreWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newQueryRows(ozonepb.BucketLayoutProto_OBJECT_STORE)
		names := rapid.SliceOfNDistinct(keyNames, 0, 20, rapid.ID).Draw(rt, "names")
		for _, name := range names {
			key := omdb.AppendKey(nil, "v", "b", name)
			m.key(omdb.KeyTable, key, name, 1)
			m.put(ContainerKey, AppendContainerKey(nil, 7, key, 0), PresentValue)
		}
		m.put(ContainerKey, AppendContainerKey(nil, 6, []byte("/v/b/other"), 0), PresentValue)
		m.put(ContainerKey, AppendContainerKey(nil, 8, []byte("/v/b/other"), 0), PresentValue)
		q := &Query{Rows: m}
		limit := rapid.IntRange(1, 4).Draw(rt, "limit")
		seen := map[string]bool{}
		for after := ""; ; {
			page, err := q.ContainerKeys(7, after, limit)
			require.NoError(rt, err)
			require.LessOrEqual(rt, len(page.Keys), limit)
			if page.LastKey == "" {
				break
			}
			for _, k := range page.Keys {
				require.False(rt, seen[k.Key], "%q twice", k.Key)
				seen[k.Key] = true
			}
			after = page.LastKey
			if rapid.Bool().Draw(rt, "remove") {
				delete(m[ContainerKey], string(AppendContainerKey(nil, 7, []byte(after), 0)))
			}
		}
		require.Len(rt, seen, len(names))
	})
}

// TestMarkedKeysSkipSubtrees lists a LEGACY directory and counts the rows that
// were looked at: what lies deeper costs nothing.
func TestMarkedKeysSkipSubtrees(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_LEGACY)
	put := func(name string) { m.key(omdb.KeyTable, omdb.AppendKey(nil, "v", "b", name), name, 1) }
	put("d/")
	put("d/sub/")
	for i := range 200 {
		put(fmt.Sprintf("d/sub/%03d", i))
	}
	put("d/x")
	put("d/sub0")
	put("d0/outside")
	counting := &countingRows{queryRows: m}
	q := &Query{Rows: counting, FileSystemPaths: true}
	e, err := q.Resolve("/v/b/d")
	require.NoError(t, err)
	require.Equal(t, Directory, e.Type)
	u, err := q.Usage(e, UsageOptions{Files: true, Largest: 30})
	require.NoError(t, err)
	require.Equal(t, []Subpath{
		{Path: "/v/b/d/sub0", Size: 1, ReplicatedSize: 1, IsKey: true}, {Path: "/v/b/d/x", Size: 1, ReplicatedSize: 1, IsKey: true},
	}, u.Subpaths)
	require.LessOrEqual(t, counting.rows, 6)
}

type countingRows struct {
	queryRows
	rows int
}

func (c *countingRows) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	return c.queryRows.Scan(t, lower, upper, func(key, value []byte) (bool, error) {
		c.rows++
		return fn(key, value)
	})
}

// TestBrokenContainerRows proves that rows which are not what they should be
// make errors.
func TestBrokenContainerRows(t *testing.T) {
	m := newQueryRows(ozonepb.BucketLayoutProto_OBJECT_STORE)
	m.put(ContainerKeyCount, AppendLong(nil, 1), []byte{1})
	_, err := (&Query{Rows: m}).ContainerKeys(1, "", 10)
	require.ErrorContains(t, err, "container 1")
	m.put(ContainerKey, append(AppendLong(nil, 2), '_', 'x'), PresentValue)
	_, err = (&Query{Rows: m}).ContainerKeys(2, "", 10)
	require.ErrorContains(t, err, "form of a triple")
}

// FuzzResolve proves that no path makes a panic, and that what is found is
// found again under its normal form.
func FuzzResolve(f *testing.F) {
	for _, path := range []string{"/", "//", "", "/v", "/v/b", "/v/b/k", "v//b//k", "/v/b/../b", "/v/b//k/", "\x00/\xff"} {
		f.Add(path)
	}
	rows := map[bool]queryRows{}
	for _, paths := range []bool{false, true} {
		m := newQueryRows(ozonepb.BucketLayoutProto_LEGACY)
		for _, name := range []string{"k", "/k", "d/", "d/k"} {
			m.key(omdb.KeyTable, omdb.AppendKey(nil, "v", "b", name), name, 1)
		}
		rows[paths] = m
	}
	f.Fuzz(func(t *testing.T, path string) {
		for paths, m := range rows {
			q := &Query{Rows: m, FileSystemPaths: paths}
			e, err := q.Resolve(path)
			require.NoError(t, err)
			again, err := q.Resolve(e.Path)
			require.NoError(t, err)
			if e.Type != NoEntity {
				require.Equal(t, e, again)
			}
			if _, err := q.ListKeys(KeyFilter{StartPrefix: path}); err != nil {
				require.True(t, errors.Is(err, ErrAboveBucket) || errors.Is(err, ErrBelowFlatBucket) || errors.Is(err, ErrNoSuchPath), "%v", err)
			}
		}
	})
}
