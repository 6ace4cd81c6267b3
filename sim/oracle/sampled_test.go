package oracle

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"reconsim/fake_om/namespace"
)

// compared counts answers by endpoint.
type compared map[string]int

// endpointOf is the path of a request without ids, with a word for its kind.
func endpointOf(request string) string {
	route, query, _ := strings.Cut(strings.TrimPrefix(request, "/api/v1"), "?")
	if strings.HasPrefix(route, "/containers/") {
		return "/containers/{id}/keys"
	}
	if strings.Contains(query, "prevKey=") {
		return route + " after a key"
	}
	if route == "/namespace/usage" && strings.Contains(query, "files=true") {
		return route + " with files"
	}
	return route
}

// pair is a full and a sampled oracle of one base and one workload.
type pair struct {
	full, part *Oracle
	workload   *namespace.Workload
}

func newPair(t require.TestingT, config namespace.Config, keys int64, seed uint64) *pair {
	base := namespace.New(config)
	sample := base.Sample(keys)
	full, err := New(base)
	require.NoError(t, err)
	part, err := NewSampled(base, sample, nil)
	require.NoError(t, err)
	return &pair{full: full, part: part, workload: namespace.NewSampledWorkload(base, sample, seed)}
}

func (p *pair) run(t require.TestingT, transactions int) {
	for _, tx := range p.workload.Burst(transactions) {
		require.NoError(t, p.full.Apply(tx))
		require.NoError(t, p.part.Apply(tx))
	}
}

func (p *pair) forget(before int64) {
	p.full.Forget(before)
	p.part.Forget(before)
}

// compare asks both for what each of them draws. Of its own requests the sampled
// oracle must answer every one, of the others it may refuse.
func (p *pair) compare(t require.TestingT, index int64, rng *rand.Rand, requests int, own, others compared) {
	drawn, err := p.part.Requests(index, rng, requests)
	require.NoError(t, err)
	for _, r := range drawn {
		got, err := p.part.Ask(index, r)
		require.NoError(t, err, r)
		want, err := p.full.Ask(index, r)
		require.NoError(t, err, r)
		require.Equal(t, want, got, "%s at %d", r, index)
		own[endpointOf(r)]++
	}
	drawn, err = p.full.Requests(index, rng, requests)
	require.NoError(t, err)
	for _, r := range drawn {
		got, err := p.part.Ask(index, r)
		if errors.Is(err, ErrNotModelled) {
			others["refused"]++
			continue
		}
		require.NoError(t, err, r)
		want, err := p.full.Ask(index, r)
		require.NoError(t, err, r)
		require.Equal(t, want, got, "%s at %d", r, index)
		others[endpointOf(r)]++
	}
	wantStats, err := p.full.GlobalStats(index)
	require.NoError(t, err)
	gotStats, err := p.part.GlobalStats(index)
	require.NoError(t, err)
	require.Equal(t, wantStats, gotStats)
}

// everyEndpoint are those that an oracle of a sample must be able to judge.
var everyEndpoint = []string{
	"/namespace/summary", "/namespace/usage", "/namespace/usage with files", "/namespace/dist",
	"/namespace/quota", "/containers/{id}/keys", "/keys/listKeys", "/keys/listKeys after a key",
	"/keys/open/summary", "/keys/open/mpu/summary", "/keys/deletePending/summary",
	"/keys/deletePending/dirs/summary", "/utilization/fileCount", "/clusterState",
}

// TestSampledEqualsFull (D9): whatever an oracle of a sample answers is what the
// oracle of all rows answers, at every index and on every endpoint.
func TestSampledEqualsFull(t *testing.T) {
	own, others := compared{}, compared{}
	for n, config := range []namespace.Config{
		{Seed: 1, Keys: 4500}, {Seed: 2, Keys: 9000}, {Seed: 3, Keys: 6000, FSOShare: 1, BucketsPerLayout: 1},
		{Seed: 4, Keys: 3000, LegacyShare: 1, OBSShare: 1, NoFilesystemPaths: true},
		{Seed: 5, Keys: 30_000, CommittedOnly: true}, {Seed: 6, Keys: 2500, LegacyShare: 1, BucketsPerLayout: 2},
	} {
		p := newPair(t, config, config.Keys/9, config.Seed)
		rng := rand.New(rand.NewPCG(config.Seed, 5))
		first := p.full.Last()
		p.run(t, 300)
		for range 12 {
			p.compare(t, first+rng.Int64N(p.full.Last()-first+1), rng, 50, own, others)
		}
		p.forget(first + 200)
		p.run(t, 100)
		for range 4 {
			p.compare(t, first+200+rng.Int64N(200), rng, 50, own, others)
		}
		require.Positive(t, others["refused"], "config %d: the sample is everything", n)
	}
	for _, endpoint := range everyEndpoint {
		require.GreaterOrEqual(t, own[endpoint], 50, endpoint)
	}
	answered := 0
	for _, count := range others {
		answered += count
	}
	require.Greater(t, answered-others["refused"], answered/3, "the sampled oracle refuses nearly all: %v", others)
}

// TestSampledEqualsFullForAnySeed does the same for bases and samples of any
// shape, those without keys included.
func TestSampledEqualsFullForAnySeed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		config := namespace.Config{
			Seed: rapid.Uint64().Draw(rt, "seed"), Keys: rapid.Int64Range(0, 1500).Draw(rt, "keys"),
			FSOShare: rapid.IntRange(0, 2).Draw(rt, "fso"), OBSShare: rapid.IntRange(0, 2).Draw(rt, "obs"),
			LegacyShare:       rapid.IntRange(0, 2).Draw(rt, "legacy"),
			BucketsPerLayout:  rapid.IntRange(1, 3).Draw(rt, "buckets"),
			NoFilesystemPaths: rapid.Bool().Draw(rt, "paths"), CommittedOnly: rapid.Bool().Draw(rt, "committed"),
		}
		p := newPair(rt, config, rapid.Int64Range(0, 700).Draw(rt, "sample"), config.Seed+1)
		rng := rand.New(rand.NewPCG(config.Seed, 9))
		first := p.full.Last()
		p.run(rt, rapid.IntRange(0, 60).Draw(rt, "transactions"))
		if rapid.Bool().Draw(rt, "forget") {
			first += (p.full.Last() - first) / 2
			p.forget(first)
		}
		for range 3 {
			p.compare(rt, first+rng.Int64N(p.full.Last()-first+1), rng, 25, compared{}, compared{})
		}
	})
}

// TestSampledRowsByRow compares every path, container and page that there is,
// not only what is drawn.
func TestSampledRowsByRow(t *testing.T) {
	config := namespace.Config{Seed: 11, Keys: 5000}
	p := newPair(t, config, 600, 11)
	p.run(t, 250)
	index := p.full.Last()
	var paths []string
	p.full.dirs.all(func(r *dirRow) bool {
		if path, reachable := r.in.pathBelow(r.in.home.root(index), index); reachable {
			paths = append(paths, r.in.home.key+"/"+path+r.name)
		}
		return true
	})
	var pages []string
	for _, table := range []*ordered[*keyRow]{&p.full.keys, &p.full.files} {
		table.all(func(r *keyRow) bool {
			if path, reachable := r.fullPath(index); reachable {
				paths = append(paths, "/"+path)
			}
			pages = append(pages, r.dbKey())
			return true
		})
	}
	answered := compared{}
	hold := func(kind string, ask func(o *Oracle) (Answer, error)) {
		got, err := ask(p.part)
		if errors.Is(err, ErrNotModelled) {
			answered["no "+kind]++
			return
		}
		require.NoError(t, err)
		want, err := ask(p.full)
		require.NoError(t, err)
		require.Equal(t, want, got, kind)
		answered[kind]++
	}
	for _, path := range paths {
		hold("summary", func(o *Oracle) (Answer, error) { return o.Summary(index, path) })
		hold("missing", func(o *Oracle) (Answer, error) { return o.Summary(index, path+"/no") })
		hold("dist", func(o *Oracle) (Answer, error) { return o.Distribution(index, path) })
		hold("usage", func(o *Oracle) (Answer, error) { return o.Usage(index, path, UsageOptions{Replica: true}) })
		hold("files", func(o *Oracle) (Answer, error) { return o.Usage(index, path, UsageOptions{Files: true}) })
		hold("list", func(o *Oracle) (Answer, error) { return o.ListKeys(index, path, KeyFilter{Limit: 9}) })
	}
	for id := int64(0); id < 110; id++ {
		hold("container", func(o *Oracle) (Answer, error) { return o.ContainerKeys(index, id, Unlimited, "") })
	}
	p.full.buckets.all(func(b *bucket) bool {
		for n := 0; n < len(pages); n += 3 {
			hold("page", func(o *Oracle) (Answer, error) {
				return o.ListKeys(index, b.key, KeyFilter{Limit: 5, PrevKey: pages[n]})
			})
			hold("filtered page", func(o *Oracle) (Answer, error) {
				return o.ListKeys(index, b.key, KeyFilter{Limit: 2, PrevKey: pages[n] + "x", ReplicationType: "EC", MinSizeBytes: 100})
			})
		}
		return true
	})
	for _, kind := range []string{"summary", "missing", "dist", "usage", "files", "list", "container", "page", "filtered page"} {
		require.Greater(t, answered[kind], 4, kind)
		require.Positive(t, answered["no "+kind], kind)
	}
}

// TestSampledRefusesOutside: a change that would make answers wrong is an error.
func TestSampledRefusesOutside(t *testing.T) {
	base := namespace.New(namespace.Config{Seed: 1, Keys: 5000})
	sample := base.Sample(500)
	in := map[string]bool{}
	sample.Committed(func(k *namespace.Key) bool { in[namespace.ID(k)] = true; return true })
	sample.Pending(func(row namespace.Row) bool { in[namespace.ID(row)] = true; return true })
	refused := map[string]int{}
	for row := range rowsOf(base) {
		kind := ""
		switch r := row.(type) {
		case *namespace.Key:
			kind = "key"
			if r.Layout == namespace.FileSystemOptimized {
				kind = "file"
			}
		case *namespace.Directory:
			if kind = "directory"; sample.Covers(r.BucketID, r.ParentID) != namespace.NothingCovered {
				continue
			}
		case *namespace.OpenKey, *namespace.DeletedKeys, *namespace.Upload:
			kind = "pending"
		default:
			continue
		}
		if in[namespace.ID(row)] || refused[kind] == 3 {
			continue
		}
		o, err := NewSampled(base, sample, nil)
		require.NoError(t, err)
		err = o.Apply(&namespace.Transaction{Index: o.Last() + 1, Changes: []namespace.Change{{Delete: true, Row: row}}})
		if err == nil {
			// A stray or a directory above one is loaded, and may go.
			require.NotEqual(t, "pending", kind)
			continue
		}
		require.ErrorIs(t, err, ErrOutside)
		refused[kind]++
	}
	require.Equal(t, map[string]int{"key": 3, "file": 3, "directory": 3, "pending": 3}, refused)
}

func TestSampleOfAnotherBase(t *testing.T) {
	config := namespace.Config{Seed: 1, Keys: 500}
	_, err := NewSampled(namespace.New(config), namespace.New(config).Sample(10), nil)
	require.ErrorContains(t, err, "another base")
}

// TestSampledMemoryDoesNotGrow: what is loaded depends on the sample, not on the
// base; progress is told to the end of both passes.
func TestSampledMemoryDoesNotGrow(t *testing.T) {
	loaded := func(keys int64) int {
		base := namespace.New(namespace.Config{Seed: 1, Keys: keys})
		last, total := int64(0), int64(0)
		o, err := NewSampled(base, base.Sample(2000), func(done, all int64) {
			require.GreaterOrEqual(t, done, last)
			last, total = done, all
		})
		require.NoError(t, err)
		require.Equal(t, 2*keys, total)
		require.LessOrEqual(t, last, total)
		require.Greater(t, last, keys-1)
		count := len(o.nodes) + len(o.pending) + o.inOrder.count
		return count + o.keys.count + o.files.count + o.dirs.count
	}
	small, big := loaded(100_000), loaded(4_000_000)
	require.Less(t, big, 3*small, "rows and nodes")
	require.Less(t, big, 12_000)
}

// BenchmarkNewSampled tells what an oracle of 1M keys costs with a sample of
// 20,000.
func BenchmarkNewSampled(b *testing.B) {
	base := namespace.New(namespace.Config{Seed: 1, Keys: 1_000_000})
	sample := base.Sample(20_000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	var o *Oracle
	for range b.N {
		var err error
		if o, err = NewSampled(base, sample, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/key")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "heap-MB")
	b.ReportMetric(float64(o.keys.count+o.files.count), "rows")
	runtime.KeepAlive(o)
}
