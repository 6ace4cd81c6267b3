package conform

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"reconsim/fake_om"
	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
	"reconsim/recon/tasks"
)

// shares are the weights of FSO, OBS and LEGACY buckets.
var shares = [][3]int{{0, 0, 0}, {1, 1, 1}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}}

// drawWorkload makes a set without derived rows: a fake OM's rows, what a
// random workload then did to them, in replies that end anywhere, and tasks
// that fail on the way.
func drawWorkload(t *rapid.T, done map[string]int) (*Set, error) {
	share := rapid.SampledFrom(shares).Draw(t, "shares")
	config := namespace.Config{
		Seed: rapid.Uint64().Draw(t, "namespace"), Keys: rapid.Int64Range(0, 60).Draw(t, "keys"),
		FSOShare: share[0], OBSShare: share[1], LegacyShare: share[2],
		Volumes: rapid.IntRange(1, 3).Draw(t, "volumes"), BucketsPerLayout: rapid.IntRange(1, 3).Draw(t, "buckets"),
		NoFilesystemPaths: rapid.Bool().Draw(t, "no paths"), CommittedOnly: rapid.Bool().Draw(t, "committed only"),
	}
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines(), Quiet: true})
	om, err := fakeom.New(e, fakeom.Options{
		Dir: "/om", Base: namespace.New(config), Seed: rapid.Uint64().Draw(t, "workload"), Nodes: 1,
		Schema:     rapid.SampledFrom([]fakeom.Schema{fakeom.Schema220, fakeom.SchemaTrunk}).Draw(t, "schema"),
		FlushEvery: rapid.IntRange(1, 6).Draw(t, "flush every"), NoLocalBatches: rapid.Bool().Draw(t, "no local batches"),
		Enter: func(t *namespace.Transaction) { done[t.Kind]++ },
	})
	if err != nil {
		return nil, err
	}
	s, err := follow(t, e, om)
	if err = errors.Join(err, om.Close()); err != nil {
		return nil, err
	}
	s.FileSystemPaths = !config.NoFilesystemPaths
	return s, nil
}

// follow lets the workload go on and records it.
func follow(t *rapid.T, e *env.Env, om *fakeom.Cluster) (*Set, error) {
	node := om.Nodes()[0]
	s := &Set{
		Name: "rule", Covers: "reprocess(S) equals reprocess(S0) plus all deltas, on a random workload",
		numbers: map[string]omdb.Table{}, families: map[uint32]omdb.Table{}, right: map[string]rows{}, upstream: map[string]rows{},
	}
	for name, id := range node.FamilyIDs() {
		s.families[id], _ = s.table(name)
	}
	var err error
	if s.om, err = s.checkpoint(t, e, node, "/start"); err != nil {
		return nil, err
	}
	start, _ := node.Position()
	kinds := namespace.Kinds()
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		if rapid.Bool().Draw(t, "burst") {
			_, err = om.Burst(rapid.IntRange(1, 8).Draw(t, "transactions"))
		} else if _, err = om.Do(rapid.SampledFrom(kinds).Draw(t, "kind")); errors.Is(err, namespace.ErrImpossible) {
			err = nil
		}
		if err != nil {
			return nil, err
		}
	}
	reply, err := node.Updates(start, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	for i, batch := range reply.GetData() {
		if i == 0 || rapid.Bool().Draw(t, "reply ends") {
			s.fetches = append(s.fetches, fetch{number: len(s.fetches)})
		}
		last := &s.fetches[len(s.fetches)-1]
		last.batches = append(last.batches, rocksdb.Batch(batch))
	}
	s.drawFailures(t)
	s.omAfter, err = s.checkpoint(t, e, node, "/end")
	return s, err
}

func (s *Set) drawFailures(t *rapid.T) {
	var names []string
	for _, task := range tasks.All() {
		names = append(names, task.Name())
	}
	for i := range s.fetches {
		for range rapid.IntRange(0, 2).Draw(t, "failures") {
			s.Failures = append(s.Failures, Failure{Fetch: i, Task: rapid.SampledFrom(names).Draw(t, "task")})
		}
	}
}

// checkpoint reads all rows of a node from a checkpoint.
func (s *Set) checkpoint(t *rapid.T, e *env.Env, node *fakeom.Node, dir string) (*Store, error) {
	store := NewStore()
	if err := node.WriteCheckpoint(t.Context(), dir); err != nil {
		return nil, err
	}
	err := fakeom.ListRows(t.Context(), e.FS(), dir, func(family string, key, value []byte) error {
		table, _ := s.table(family)
		return store.Put(table, key, value)
	})
	return store, err
}

// verdict is what the rule says of a workload.
func (s *Set) verdict(t *rapid.T, cut int) error {
	start, err := s.rebuild(t.Context(), s.om, 1)
	if err != nil {
		return fmt.Errorf("rebuild at the start: %w", err)
	}
	end, err := s.rebuild(t.Context(), s.omAfter, rapid.IntRange(1, 4).Draw(t, "ranges"))
	if err != nil {
		return fmt.Errorf("rebuild at the end: %w", err)
	}
	right := allDerived(end)
	s.right[FileReprocess], s.right[FileProcess], s.right[FileReprocessAfter] = allDerived(start), right, right
	for i := range s.fetches {
		if i == cut {
			if start, err = s.rebuild(t.Context(), start, 2); err != nil {
				return fmt.Errorf("rebuild before reply %d: %w", i, err)
			}
		}
		if _, err = s.apply(t.Context(), start, i); err != nil {
			return fmt.Errorf("reply %d: %w", i, err)
		}
	}
	c := &check{Set: s}
	rowsDiffer, _ := diff(fileOMAfter, c.rowsOf(start), c.rowsOf(s.omAfter))
	derivedDiffer, _ := diff(FileProcess, allDerived(start), right)
	if differences := append(rowsDiffer, derivedDiffer...); len(differences) > 0 {
		return fmt.Errorf("%d rows differ, such as %s", len(differences), differences[0])
	}
	return nil
}

// allDerived lists all derived rows, those of counts that are 0 included.
func allDerived(store *Store) rows {
	return (&Set{upstream: map[string]rows{}, families: allFamilies}).derivedOf(store)
}

var allFamilies = func() map[uint32]omdb.Table {
	families := map[uint32]omdb.Table{}
	for _, table := range omdb.Tables() {
		families[uint32(table)] = table
	}
	return families
}()

// TestRule is the rule "reprocess(S) equals reprocess(S0) plus all deltas", byte
// for byte and with nothing left out, for random workloads of the fake OM in
// all layouts and of all kinds: replies end at any batch, tasks fail in the
// middle of a reply, whose changes are then dropped and made again (DEF-T5,
// DEF-T8, DEF-T18), and a rebuild may come between any two replies (D15).
//
// A failure is written as a set, so that `reconsim conform` repeats it.
func TestRule(t *testing.T) {
	done := map[string]int{}
	var folder string
	checks := 0
	t.Cleanup(func() {
		t.Logf("%d workloads; transactions by kind: %v", checks, done)
		if folder != "" {
			t.Logf("repeat the failure with: reconsim conform %s", folder)
		}
		const enough = 100 // workloads in which no kind can be missing
		for _, kind := range namespace.Kinds() {
			if checks >= enough && done[kind] == 0 {
				t.Errorf("no workload did %s", kind)
			}
		}
	})
	const report = 5000 // workloads between two lines of progress, which go test -v shows
	progress := t.Logf
	rapid.Check(t, func(t *rapid.T) {
		if checks++; checks%report == 0 {
			progress("%d workloads without a failure", checks)
		}
		s, err := drawWorkload(t, done)
		if err != nil {
			t.Fatalf("make a workload: %v", err)
		}
		wrong := s.verdict(t, rapid.IntRange(0, len(s.fetches)).Draw(t, "rebuilt before reply"))
		if wrong == nil {
			return
		}
		// Every smaller failure that rapid finds takes the place of the last.
		if folder == "" {
			if folder, err = os.MkdirTemp("", "reconsim-rule-"); err != nil {
				t.Fatalf("%v\nnot written as a set: %v", wrong, err)
			}
		}
		if err := s.Write(folder); err != nil {
			t.Fatalf("%v\nnot written as a set: %v", wrong, err)
		}
		t.Fatalf("%v\nwritten to %s", wrong, folder)
	})
}

// TestRuleSets: what the rule writes for a workload is a set that Check takes,
// with nothing different; and one wrong row in it is found (the way in which a
// failure of the rule is repeated).
func TestRuleSets(t *testing.T) {
	done := map[string]int{}
	example := rapid.Custom(func(t *rapid.T) *Set {
		s, err := drawWorkload(t, done)
		if err == nil {
			err = s.verdict(t, 0)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	for seed := range 20 {
		s := example.Example(seed)
		dir := filepath.Join(t.TempDir(), "set")
		check1(t, s.Write(dir))
		if r := checked(t, load(t, dir)); len(r.Different) > 0 {
			t.Fatalf("seed %d: %s", seed, r.Different[0])
		}
		for id := range s.right[FileReprocessAfter] {
			s.right[FileReprocessAfter][id] += "x"
			check1(t, s.Write(dir))
			r := checked(t, load(t, dir))
			if len(r.Different) == 0 || slices.ContainsFunc(r.Different, func(d Difference) bool { return fromHex(t, d.Key) != id.key }) {
				t.Fatalf("seed %d: %v is wrong, and %v differ", seed, id, r.Different)
			}
			break
		}
	}
}

// TestRuleSees: if the changes of a reply that failed are not dropped before it
// is taken again (DEF-T8), the rule does not hold.
func TestRuleSees(t *testing.T) {
	done := map[string]int{}
	example := rapid.Custom(func(t *rapid.T) *Set {
		s, err := drawWorkload(t, done)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
	seen := 0
	for seed := range 20 {
		s := example.Example(seed)
		store, err := s.rebuild(t.Context(), s.om, 1)
		check1(t, err)
		for i := range s.fetches {
			before := store.copyOf(omTable)
			_, err := s.try(t.Context(), env.NewOS(failing(tasks.ContainerKeyMapperTaskOBS)), store, i)
			if !errors.Is(err, errPlanned) {
				t.Fatal(err)
			}
			for _, table := range omdb.Tables() { // the rows go back, the derived ones stay
				store.tables[table] = before.tables[table]
			}
			_, err = s.try(t.Context(), env.NewOS(nil), store, i)
			check1(t, err)
		}
		end, err := s.rebuild(t.Context(), s.omAfter, 1)
		check1(t, err)
		if differences, _ := diff(FileProcess, allDerived(store), allDerived(end)); len(differences) > 0 {
			seen++
		}
	}
	if seen < 10 {
		t.Errorf("changes that were not dropped were seen in %d of 20 workloads", seen)
	}
}
