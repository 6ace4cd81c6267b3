package oracle

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
)

var three = namespace.Replication{Kind: namespace.Ratis, Factor: 3}

// The ids of the sample: bucket 1 in volume 100, directories 4 and 7.
func dir(id, parent int64, name string) *namespace.Directory {
	return &namespace.Directory{
		Volume: "v", Bucket: "fso", Name: name, VolumeID: 100, BucketID: 1, ParentID: parent, ObjectID: id,
		CreatedMillis: 5, ModifiedMillis: 6,
	}
}

func file(parent int64, name string, size int64, containers ...int64) *namespace.Key {
	k := &namespace.Key{
		Volume: "v", Bucket: "fso", Name: name, Layout: namespace.FileSystemOptimized,
		VolumeID: 100, BucketID: 1, ParentID: parent, SizeBytes: size, Replication: three,
		CreatedMillis: 1735787045000, ModifiedMillis: 1735787046123,
	}
	return withBlocks(k, containers)
}

func object(bucket, name string, size int64, containers ...int64) *namespace.Key {
	k := &namespace.Key{
		Volume: "v", Bucket: bucket, Name: name, Layout: namespace.ObjectStore, SizeBytes: size, Replication: three,
		CreatedMillis: 1735787045000, ModifiedMillis: 1735787046123,
	}
	return withBlocks(k, containers)
}

func withBlocks(k *namespace.Key, containers []int64) *namespace.Key {
	v := namespace.BlockVersion{}
	for i, c := range containers {
		v.Blocks = append(v.Blocks, namespace.Block{ContainerID: c, LocalID: int64(900 + i)})
	}
	k.Versions = []namespace.BlockVersion{v}
	return k
}

func bucketRow(name string, id int64, layout namespace.Layout) *namespace.Bucket {
	return &namespace.Bucket{Volume: "v", Name: name, Layout: layout, VolumeID: 100, ObjectID: id, QuotaBytes: -1}
}

// sample is the FSO tree of the worked example of namespace summaries, at
// index 1.
func sample(t *testing.T) *Oracle {
	o, err := NewFromRows(1, slices.Values([]namespace.Row{
		&namespace.Volume{Name: "v", Admin: "a", Owner: "o", ObjectID: 100, QuotaBytes: 77},
		// Files before their directories: the order of rows must not matter.
		file(1, "f1", 500), file(4, "f4", 2050), file(7, "f3", 3_000_000),
		dir(7, 4, "d2"), dir(4, 1, "d1"), bucketRow("fso", 1, namespace.FileSystemOptimized),
	}))
	require.NoError(t, err)
	return o
}

type sums struct{ files, bytes, replicated int64 }

func requireSums(t *testing.T, o *Oracle, index int64, path string, want sums, bins map[int]int64) {
	t.Helper()
	a, err := o.Summary(index, path)
	require.Equal(t, want.files, body[Summary](t, a, err).CountStats.NumKey, path)
	a, err = o.Usage(index, path, UsageOptions{Replica: true})
	u := body[Usage](t, a, err)
	require.Equal(t, want, sums{want.files, u.Size, u.SizeWithReplica}, path)
	a, err = o.Distribution(index, path)
	d := body[Distribution](t, a, err)
	for bin, n := range d.Dist {
		require.Equal(t, bins[bin], n, "%s bin %d", path, bin)
	}
}

// TestNamespaceExample is the worked example of the namespace summary task,
// step by step; histograms cover the subtree here.
func TestNamespaceExample(t *testing.T) {
	o := sample(t)
	step := func(changes ...namespace.Change) int64 {
		index := o.Last() + 1
		require.NoError(t, o.Apply(&namespace.Transaction{Index: index, Changes: changes}))
		return index
	}
	put := func(r namespace.Row) namespace.Change { return namespace.Change{Row: r} }
	del := func(r namespace.Row) namespace.Change { return namespace.Change{Delete: true, Row: r} }
	start := o.Last()
	f5 := step(put(file(7, "f5", 100)))
	f4 := step(put(file(4, "f4", 1023)))
	gone := step(del(dir(7, 4, "d2")), put(&namespace.DeletedDirectory{Directory: *dir(7, 4, "d2")}))
	f3 := step(del(file(7, "f3", 3_000_000)))
	purged := step(del(&namespace.DeletedDirectory{Directory: *dir(7, 4, "d2")}))
	// The new row of the moved directory comes first (DEF-T15).
	moved := step(put(dir(9, 1, "dst")), put(dir(4, 9, "moved")), del(dir(4, 1, "d1")))

	all := map[int]int64{0: 1, 2: 1, 12: 1}
	requireSums(t, o, start, "/v/fso", sums{3, 3002550, 9007650}, all)
	requireSums(t, o, start, "/v/fso/d1", sums{2, 3002050, 9006150}, map[int]int64{2: 1, 12: 1})
	requireSums(t, o, start, "/v/fso/d1/d2", sums{1, 3000000, 9000000}, map[int]int64{12: 1})
	requireSums(t, o, f5, "/v/fso", sums{4, 3002650, 9007950}, map[int]int64{0: 2, 2: 1, 12: 1})
	requireSums(t, o, f5, "/v/fso/d1/d2", sums{2, 3000100, 9000300}, map[int]int64{0: 1, 12: 1})
	requireSums(t, o, f4, "/v/fso", sums{4, 3001623, 9004869}, map[int]int64{0: 3, 12: 1})
	requireSums(t, o, f4, "/v/fso/d1", sums{3, 3001123, 9003369}, map[int]int64{0: 2, 12: 1})
	requireSums(t, o, gone, "/v/fso", sums{2, 1523, 4569}, map[int]int64{0: 2})
	requireSums(t, o, gone, "/v/fso/d1", sums{1, 1023, 3069}, map[int]int64{0: 1})
	for _, index := range []int64{f3, purged} {
		requireSums(t, o, index, "/v/fso", sums{2, 1523, 4569}, map[int]int64{0: 2})
	}
	requireSums(t, o, moved, "/v/fso", sums{2, 1523, 4569}, map[int]int64{0: 2})
	requireSums(t, o, moved, "/v/fso/dst", sums{1, 1023, 3069}, map[int]int64{0: 1})
	requireSums(t, o, moved, "/v/fso/dst/moved", sums{1, 1023, 3069}, map[int]int64{0: 1})
	requireSums(t, o, start, "/", sums{3, 3002550, 9007650}, all)

	// Unreachable files still count as rows.
	a, err := o.ClusterState(gone)
	state := body[ClusterState](t, a, err)
	require.Equal(t, [2]int64{4, 1}, [2]int64{state.Keys, state.DeletedDirs})
	a, err = o.Summary(gone, "/v/fso/d1/d2")
	require.Equal(t, "PATH_NOT_FOUND", body[Summary](t, a, err).Status)
}

// TestFlatBuckets are the OBS and Legacy examples.
func TestFlatBuckets(t *testing.T) {
	o, err := NewFromRows(1, slices.Values([]namespace.Row{
		&namespace.Volume{Name: "v"}, bucketRow("obs", 20, namespace.ObjectStore), bucketRow("leg", 30, namespace.Legacy),
		object("obs", "k1", 100), object("obs", "k2", 2000), object("leg", "a/", 0), object("leg", "a/x", 10),
	}))
	require.NoError(t, err)
	requireSums(t, o, 1, "/v/obs", sums{2, 2100, 6300}, map[int]int64{0: 1, 1: 1})
	requireSums(t, o, 1, "/v/leg", sums{2, 10, 30}, map[int]int64{0: 2})
	a, err := o.Summary(1, "/v/leg/a/")
	require.Equal(t, "KEY", body[Summary](t, a, err).Type)
	a, err = o.Summary(1, "/v/leg/a")
	require.Equal(t, "UNKNOWN", body[Summary](t, a, err).Type)
	a, err = o.Usage(1, "/v/leg", UsageOptions{Files: true})
	require.Equal(t, []SubPath{
		{Path: "a/x", Size: 10, SizeWithReplica: -1, IsKey: true, Key: true},
		{Path: "a/", Size: 0, SizeWithReplica: -1, IsKey: true, Key: true},
	}, body[Usage](t, a, err).SubPaths)
}

// TestStatsExample is the worked example of the table insight task, with the
// sizes the right way round (DEF-T1) and updates of deleted keys (DEF-T16).
func TestStatsExample(t *testing.T) {
	open := func(size int64) *namespace.OpenKey {
		return &namespace.OpenKey{Key: *object("obs", "open", size), Session: fmt.Sprint(size)}
	}
	deleted := &namespace.DeletedKeys{Volume: "v", Bucket: "obs", Path: "gone", RowID: 9, Keys: []namespace.Key{
		*object("obs", "gone", 100), *object("obs", "gone", 100),
	}}
	o, err := NewFromRows(1, slices.Values([]namespace.Row{
		&namespace.Volume{Name: "v"}, &namespace.Volume{Name: "w"}, open(1), open(2), open(3), deleted,
		&namespace.Upload{Volume: "v", Bucket: "obs", Path: "u", UploadID: "id", Replication: three,
			Parts: []namespace.Part{{Number: 1, SizeBytes: 7}, {Number: 2, SizeBytes: 8}}},
	}))
	require.NoError(t, err)
	stats, err := o.GlobalStats(1)
	require.NoError(t, err)
	for name, want := range map[string]int64{
		"volumeTableCount": 2, "openKeyTableCount": 3, "openKeyTableUnReplicatedDataSize": 6,
		"openKeyTableReplicatedDataSize": 18, "deletedTableCount": 2, "deletedTableUnReplicatedDataSize": 200,
		"deletedTableReplicatedDataSize": 600, "multipartInfoTableUnReplicatedDataSize": 15,
		"multipartInfoTableReplicatedDataSize": 45,
	} {
		require.Equal(t, want, stats[name], name)
	}
	fewer := *deleted
	fewer.Keys = fewer.Keys[:1]
	require.NoError(t, o.Apply(&namespace.Transaction{Index: 2, Changes: []namespace.Change{
		{Delete: true, Row: open(2)}, {Row: &fewer},
	}}))
	a, err := o.OpenSummary(2)
	require.Equal(t, OpenSummary{2, 12, 4}, body[OpenSummary](t, a, err))
	a, err = o.DeletedSummary(2)
	require.Equal(t, DeletedSummary{1, 300, 100}, body[DeletedSummary](t, a, err))
}

// TestFileCountExample is the worked example of the file size task.
func TestFileCountExample(t *testing.T) {
	o, err := NewFromRows(1, slices.Values([]namespace.Row{
		object("b", "1", 1000), object("b", "2", 1024), object("b", "3", 100000), object("b", "4", 1<<52),
	}))
	require.NoError(t, err)
	counts := func(index int64, f FileCountFilter) FileCounts {
		a, err := o.FileCounts(index, f)
		return body[FileCounts](t, a, err)
	}
	require.Equal(t, FileCounts{{"v", "b", 1024, 2}, {"v", "b", 131072, 1}, {"v", "b", math.MaxInt64, 1}}, counts(1, FileCountFilter{}))
	require.NoError(t, o.Apply(&namespace.Transaction{Index: 2, Changes: []namespace.Change{{Row: object("b", "3", 50000)}}}))
	require.Equal(t, FileCounts{{"v", "b", 65536, 1}}, counts(2, FileCountFilter{"v", "b", 65536}))
	require.Empty(t, counts(2, FileCountFilter{"v", "b", 131072}))
	require.Len(t, counts(2, FileCountFilter{"v", "", 131072}), 3, "fileSize alone is ignored")
	require.Len(t, counts(2, FileCountFilter{"v", "b", 131071}), 3, "a size that is no bound is ignored")
	require.Empty(t, counts(2, FileCountFilter{Bucket: "other"}))
}

// TestContainerExample is the worked example of the container mapper, with zero
// counts gone (DEF-T4), and names below '_' beside a key (DEF-T13).
func TestContainerExample(t *testing.T) {
	o, err := NewFromRows(1, slices.Values([]namespace.Row{
		&namespace.Volume{Name: "v"}, bucketRow("b", 20, namespace.ObjectStore),
		object("b", "k1", 5, 1, 2), object("b", "k2", 5, 1, 3), object("b", "k11", 5, 1), object("b", "k1a", 5, 1),
	}))
	require.NoError(t, err)
	require.NoError(t, o.Apply(&namespace.Transaction{Index: 2, Changes: []namespace.Change{{Delete: true, Row: object("b", "k2", 5)}}}))
	page := func(index, id int64, limit int, prev string) ContainerKeys {
		a, err := o.ContainerKeys(index, id, limit, prev)
		return body[ContainerKeys](t, a, err)
	}
	names := func(c ContainerKeys) (names []string) {
		for _, k := range c.Keys {
			names = append(names, k.Key)
		}
		return names
	}
	// '1' sorts below '_', 'a' above it.
	require.Equal(t, []string{"k11", "k1", "k1a", "k2"}, names(page(1, 1, -1, "")))
	require.Equal(t, int64(3), page(2, 1, 0, "").TotalCount)
	require.Equal(t, ContainerKeys{Keys: []ContainerKey{}}, page(2, 3, -1, ""))
	require.Equal(t, []string{"k1a"}, names(page(2, 1, -1, "/v/b/k1")))
	require.Equal(t, []string{"k11", "k1"}, names(page(2, 1, 2, "")))
	require.Equal(t, "/v/b/k1", page(2, 1, 2, "").LastKey)
	text, err := json.Marshal(page(2, 2, -1, ""))
	require.NoError(t, err)
	require.JSONEq(t, `{"totalCount":1,"keys":[{"Volume":"v","Bucket":"b","Key":"k1","CompletePath":"v/b/k1","DataSize":5,
		"Versions":[0],"Blocks":{"0":[{"containerID":2,"localID":901}]},
		"CreationTime":"2025-01-02T03:04:05.000Z","ModificationTime":"2025-01-02T03:04:06.123Z"}],"lastKey":"/v/b/k1"}`, string(text))
}

// TestBins is the table of the specification.
func TestBins(t *testing.T) {
	for _, c := range []struct {
		size  int64
		bin   int
		bound int64
	}{
		{0, 0, 1024}, {1, 0, 1024}, {1000, 0, 1024}, {1024, 0, 1024}, {1025, 1, 2048}, {2048, 1, 2048},
		{2049, 2, 4096}, {4096, 2, 4096}, {10000, 4, 16384}, {131072, 7, 131072}, {131073, 8, 262144},
		{1 << 49, 39, 1 << 49}, {1<<49 + 1, 40, 1 << 50}, {1<<50 - 1, 40, 1 << 50},
		{1 << 50, 40, math.MaxInt64}, {math.MaxInt64, 40, math.MaxInt64},
	} {
		require.Equal(t, c.bin, bin(c.size), "%d", c.size)
		require.Equal(t, c.bound, upperBound(boundKind(c.size)), "%d", c.size)
		require.Equal(t, naiveBin(c.size), bin(c.size))
	}
}

// TestReplicatedBytes covers the kinds; the last is DEF-T17.
func TestReplicatedBytes(t *testing.T) {
	ec := func(data, parity, chunk int32) namespace.Replication {
		return namespace.Replication{Kind: namespace.ErasureCoded, DataUnits: data, ParityUnits: parity, ChunkBytes: chunk}
	}
	for _, c := range []struct {
		size int64
		r    namespace.Replication
		want int64
	}{
		{10, three, 30}, {10, namespace.Replication{Kind: namespace.StandAlone, Factor: 3}, 10},
		{0, ec(3, 2, 1<<20), 0}, {1, ec(3, 2, 1<<20), 3}, {3 << 20, ec(3, 2, 1<<20), 5 << 20},
		{3<<20 + 1, ec(3, 2, 1<<20), 5<<20 + 3}, {3221225472, ec(10, 4, 256<<20), 5368709120},
	} {
		require.Equal(t, c.want, replicatedBytes(c.size, &c.r), "%d %+v", c.size, c.r)
		require.Equal(t, c.want, naiveReplicated(c.size, c.r), "%d %+v", c.size, c.r)
	}
}
