package oracle

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"reconsim/fake_om/namespace"
)

// TestReplayEqualsRecount holds the oracle at every index against a recount of
// all rows at that index, under a random workload (D9).
func TestReplayEqualsRecount(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		config := namespace.Config{
			Seed: rapid.Uint64().Draw(rt, "seed"), Keys: rapid.Int64Range(0, 40).Draw(rt, "keys"),
			Volumes: rapid.IntRange(1, 2).Draw(rt, "volumes"), BucketsPerLayout: 1,
		}
		base := namespace.New(config)
		o, err := New(base)
		require.NoError(rt, err)
		n := &naive{rows: map[string]namespace.Row{}}
		for row := range rowsOf(base) {
			n.apply([]namespace.Change{{Row: row}})
		}
		w := namespace.NewWorkload(base, config.Seed+1)
		rng := rand.New(rand.NewPCG(config.Seed, 7))
		states := []*naive{{rows: cloneMap(n.rows)}}
		indices := []int64{o.Last()}
		for _, kind := range rapid.SliceOfN(rapid.SampledFrom(namespace.Kinds()), 1, 12).Draw(rt, "kinds") {
			steps := w.Burst(rapid.IntRange(0, 3).Draw(rt, "burst"))
			if tx, err := w.Do(kind); err == nil {
				steps = append(steps, tx)
			}
			for _, tx := range steps {
				// The order of changes of different rows must not matter.
				rng.Shuffle(len(tx.Changes), func(i, j int) {
					if naiveID(tx.Changes[i].Row) != naiveID(tx.Changes[j].Row) {
						tx.Changes[i], tx.Changes[j] = tx.Changes[j], tx.Changes[i]
					}
				})
				require.NoError(rt, o.Apply(tx))
				n.apply(lastOfEach(tx.Changes))
				states = append(states, &naive{rows: cloneMap(n.rows)})
				indices = append(indices, tx.Index)
			}
		}
		from := rapid.IntRange(0, len(states)-1).Draw(rt, "forget")
		o.Forget(indices[from])
		if from > 0 {
			_, err := o.Summary(indices[from]-1, "/")
			require.ErrorIs(rt, err, ErrForgotten)
		}
		for _, i := range []int{from, from + (len(states)-from)/2, len(states) - 1} {
			requireEqualState(rt, o, indices[i], states[i])
		}
	})
}

// lastOfEach is the order-free meaning of a transaction: one change for a row.
func lastOfEach(changes []namespace.Change) []namespace.Change {
	var net []namespace.Change
	for i, c := range changes {
		later := slices.ContainsFunc(changes[i+1:], func(d namespace.Change) bool { return naiveID(d.Row) == naiveID(c.Row) })
		if !later {
			net = append(net, c)
		}
	}
	return net
}

func cloneMap(m map[string]namespace.Row) map[string]namespace.Row {
	c := make(map[string]namespace.Row, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func body[T any](t require.TestingT, a Answer, err error) T {
	require.NoError(t, err)
	require.Equal(t, 200, a.Status)
	require.IsType(t, *new(T), a.Body)
	return a.Body.(T)
}

// requireEqualState compares every answer at one index with a recount.
func requireEqualState(t *rapid.T, o *Oracle, index int64, n *naive) {
	stats, err := o.GlobalStats(index)
	require.NoError(t, err)
	require.Equal(t, n.stats(), stats)
	a, err := o.FileCounts(index, FileCountFilter{})
	require.Equal(t, n.fileCounts(), body[FileCounts](t, a, err))

	paths := []string{"/"}
	for _, v := range n.volumes() {
		paths = append(paths, "/"+v.Name)
	}
	for _, b := range n.buckets() {
		paths = append(paths, "/"+b.Volume+"/"+b.Name)
		for _, d := range n.dirs() {
			if path, ok := n.dirPath(b.ObjectID, d.ObjectID); ok && d.BucketID == b.ObjectID {
				paths = append(paths, "/"+b.Volume+"/"+b.Name+path)
			}
		}
	}
	for _, path := range paths {
		requireEqualPath(t, o, index, n, path)
	}
	requireEqualContainers(t, o, index, n)
	requireEqualListings(t, o, index, n, paths)
}

func requireEqualPath(t *rapid.T, o *Oracle, index int64, n *naive, path string) {
	want := n.under(strings.TrimSuffix(path, "/"))
	a, err := o.Summary(index, path)
	s := body[Summary](t, a, err)
	require.NotEqual(t, "UNKNOWN", s.Type, path)
	require.Equal(t, want.files, s.CountStats.NumKey, path)
	require.Equal(t, want.dirs, s.CountStats.NumDir, path)
	a, err = o.Distribution(index, path)
	require.Equal(t, want.dist, body[Distribution](t, a, err).Dist, path)
	a, err = o.Usage(index, path, UsageOptions{Files: true, Replica: true, Unsorted: true})
	u := body[Usage](t, a, err)
	require.Equal(t, want.bytes, u.Size, path)
	require.Equal(t, want.replicated, u.SizeWithReplica, path)
	// The contract of the REST API, 9.12: the parts add up.
	var parts, replicas int64
	for _, sub := range u.All {
		parts += sub.Size
		replicas += sub.SizeWithReplica
	}
	require.Equal(t, want.bytes, parts, path)
	require.Equal(t, want.replicated, replicas, path)
}

func requireEqualContainers(t *rapid.T, o *Oracle, index int64, n *naive) {
	ids := map[int64]bool{424242: true}
	for _, k := range n.committed() {
		for _, v := range k.Versions {
			for _, b := range v.Blocks {
				ids[b.ContainerID] = true
			}
		}
	}
	for id := range ids {
		rows, keys := n.container(id)
		a, err := o.ContainerKeys(index, id, Unlimited, "")
		c := body[ContainerKeys](t, a, err)
		require.Equal(t, int64(len(rows)), c.TotalCount)
		require.Len(t, c.Keys, len(keys))
		for i, k := range keys {
			require.Equal(t, k.Name, c.Keys[i].Key)
			path, ok := n.keyPath(k)
			if !ok {
				path = ""
			}
			require.Equal(t, strings.TrimPrefix(path, "/"), c.Keys[i].CompletePath)
			blocks := 0
			for _, v := range k.Versions {
				for _, b := range v.Blocks {
					if b.ContainerID == id {
						blocks++
					}
				}
			}
			for _, list := range c.Keys[i].Blocks {
				blocks -= len(list)
			}
			require.Zero(t, blocks)
		}
		// A page after each key shows what comes after it.
		for i, k := range keys {
			a, err := o.ContainerKeys(index, id, Unlimited, naiveKey(k))
			require.Equal(t, c.Keys[i+1:], body[ContainerKeys](t, a, err).Keys)
		}
	}
}

func requireEqualListings(t *rapid.T, o *Oracle, index int64, n *naive, paths []string) {
	for _, path := range paths {
		if strings.Count(path, "/") < 2 {
			continue
		}
		var want []string
		for _, k := range n.committed() {
			full, reachable := n.keyPath(k)
			inBucket := strings.Count(path, "/") == 2 && "/"+k.Volume+"/"+k.Bucket == path && n.rowInBucket(k)
			if inBucket || reachable && strings.HasPrefix(full, path+"/") {
				want = append(want, naiveKey(k))
			}
		}
		got := []string{}
		for prev := ""; ; {
			a, err := o.ListKeys(index, path, KeyFilter{Limit: 3, PrevKey: prev})
			page := body[KeyList](t, a, err)
			if len(page.Keys) == 0 {
				require.Equal(t, int64(-1), page.ReplicatedDataSize)
				break
			}
			for _, k := range page.Keys {
				got = append(got, k.Key)
			}
			prev = page.LastKey
		}
		require.Equal(t, append([]string{}, want...), got, path)
	}
}

// rowInBucket reports whether the key's row lies below the bucket's row keys.
func (n *naive) rowInBucket(k *namespace.Key) bool {
	for _, b := range n.buckets() {
		if b.Volume == k.Volume && b.Name == k.Bucket {
			return k.Layout != namespace.FileSystemOptimized || k.BucketID == b.ObjectID
		}
	}
	return false
}

// TestIndicesOutsideAreErrors: an oracle never guesses.
func TestIndicesOutsideAreErrors(t *testing.T) {
	o, err := NewFromRows(10, slices.Values([]namespace.Row{&namespace.Volume{Name: "v"}}))
	require.NoError(t, err)
	_, err = o.ClusterState(9)
	require.ErrorIs(t, err, ErrForgotten)
	_, err = o.ClusterState(11)
	require.ErrorIs(t, err, ErrFuture)
	require.Error(t, o.Apply(&namespace.Transaction{Index: 10}))
	require.NoError(t, o.Apply(&namespace.Transaction{Index: 15}))
	_, err = o.ClusterState(13)
	require.NoError(t, err)
}

// TestCycleIsAnError: a directory cannot be moved below itself.
func TestCycleIsAnError(t *testing.T) {
	o := sample(t)
	err := o.Apply(&namespace.Transaction{Index: 2, Changes: []namespace.Change{
		{Delete: true, Row: dir(4, 1, "d1")}, {Row: dir(4, 7, "below itself")},
	}})
	require.True(t, errors.Is(err, errCycle), "%v", err)
}

// TestForgetFreesDeletedRows: what no index can show any more takes no memory.
func TestForgetFreesDeletedRows(t *testing.T) {
	o := sample(t)
	for i := int64(2); i < 200; i += 2 {
		k := file(1, "passing", 10, 5)
		require.NoError(t, o.Apply(&namespace.Transaction{Index: i, Changes: []namespace.Change{{Row: k}}}))
		require.NoError(t, o.Apply(&namespace.Transaction{Index: i + 1, Changes: []namespace.Change{{Delete: true, Row: k}}}))
	}
	o.Forget(o.Last())
	require.Empty(t, o.changed)
	require.Equal(t, 3, o.files.count)
	require.Zero(t, o.containers[5].rows.count)
}

// TestPagingOverADeletedCursor: a cursor whose row is gone neither ends nor
// skips a listing.
func TestPagingOverADeletedCursor(t *testing.T) {
	o := sample(t)
	a, err := o.ListKeys(1, "/v/fso", KeyFilter{Limit: 1})
	first := body[KeyList](t, a, err)
	all, err := o.ListKeys(1, "/v/fso", KeyFilter{Limit: 100})
	rest := body[KeyList](t, all, err).Keys[1:]
	require.NoError(t, o.Apply(&namespace.Transaction{Index: 2, Changes: []namespace.Change{
		{Delete: true, Row: file(first.Keys[0].ParentID, first.Keys[0].KeyName, 0, 0)},
	}}))
	a, err = o.ListKeys(2, "/v/fso", KeyFilter{Limit: 100, PrevKey: first.LastKey})
	require.Equal(t, rest, body[KeyList](t, a, err).Keys)
}

// TestAnswersEncode: every answer is JSON with Ozone's field names.
func TestAnswersEncode(t *testing.T) {
	o := sample(t)
	rng := rand.New(rand.NewPCG(1, 2))
	requests, err := o.Requests(1, rng, 300)
	require.NoError(t, err)
	for _, r := range requests {
		a, err := o.Ask(1, r)
		require.NoError(t, err, r)
		if a.Status == 200 {
			text, err := json.Marshal(a.Body)
			require.NoError(t, err, r)
			require.True(t, json.Valid(text))
		}
	}
}
