package crash

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/sim/check"
)

func seenAt(build uint64, index int64) Seen {
	return Seen{Label: check.Label{BaseSeq: 10 * build, Build: build, AppliedSeq: 10 * uint64(index)}, Node: "om1", Term: 1, Index: index}
}

// scene is a death in COMMITTING of generation 4 while 3 was served, after which
// the old one is served.
func scene() (Death, Restart) {
	death := Death{
		Disk:   Disk{Staging: Staging{ID: 4, State: stateCommitting}, Pointer: 3, Generations: []uint64{3, 4}},
		Newest: seenAt(3, 50), Known: 3,
	}
	restart := Restart{First: seenAt(3, 52), Disk: Disk{
		Staging: Staging{ID: 4, State: stateNone, Last: &StagingOutcome{ID: 4, Result: "ROLLED_BACK", Cause: "CRASH"}}, Pointer: 3, Generations: []uint64{3},
	}}
	return death, restart
}

// TestRestarted: the old generation or the new one is right, as the pointer
// says (crash-atomic, durable-commit, legal-edges, no-leak); nothing else is.
func TestRestarted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(d *Death, r *Restart)
		want   check.Property
	}{
		"the old one": {func(*Death, *Restart) {}, ""},
		"the new one": {func(d *Death, r *Restart) {
			d.Disk.Pointer, r.Disk.Pointer, r.Disk.Generations = 4, 4, []uint64{4}
			r.First, r.Disk.Staging.Last.Result = seenAt(4, 52), "COMMITTED"
		}, ""},
		"nothing before, a first one after": {func(d *Death, r *Restart) {
			*d = Death{Disk: Disk{Staging: Staging{ID: 1, State: stateProcessing}}}
			r.First, r.Disk = seenAt(2, 50), Disk{Staging: Staging{ID: 2, State: stateCommitted}, Pointer: 2, Generations: []uint64{2}, Download: true}
		}, ""},
		"the new one before its commit":     {func(_ *Death, r *Restart) { r.First = seenAt(4, 52) }, check.CrashAtomic},
		"a pointer to something else":       {func(d *Death, r *Restart) { d.Disk.Pointer = 2 }, check.CrashAtomic},
		"an account that contradicts it":    {func(_ *Death, r *Restart) { r.Disk.Staging.Last.Result = "COMMITTED" }, check.CrashAtomic},
		"no account of the rebuild":         {func(_ *Death, r *Restart) { r.Disk.Staging.Last = nil }, check.CrashAtomic},
		"an older one than was known":       {func(d *Death, r *Restart) { d.Known = 4 }, check.DurableCommit},
		"an older state than was seen":      {func(d *Death, _ *Restart) { d.Newest = seenAt(3, 53) }, check.DurableCommit},
		"an older index of the new one":     {func(d *Death, r *Restart) { d.Newest.Index = 60 }, check.DurableCommit},
		"everything is gone":                {func(d *Death, _ *Restart) { d.Disk.Pointer, d.Known = 0, 9 }, check.DurableCommit},
		"a rebuild that seems to go on":     {func(_ *Death, r *Restart) { r.Disk.Staging.State = stateCommitting }, check.LegalEdges},
		"an orphan beside what is served":   {func(_ *Death, r *Restart) { r.Disk.Generations = []uint64{3, 4} }, check.NoLeak},
		"an orphan in the place of it":      {func(_ *Death, r *Restart) { r.Disk.Generations = []uint64{4} }, check.NoLeak},
		"a download that nobody will use":   {func(_ *Death, r *Restart) { r.Disk.Download = true }, check.NoLeak},
		"an answer that says nothing of it": {func(_ *Death, r *Restart) { r.First = Seen{} }, check.CrashAtomic},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			death, restart := scene()
			c.change(&death, &restart)
			found := b.judge.Restarted(death, restart)
			if c.want == "" {
				require.Empty(t, found)
				return
			}
			var properties []check.Property
			for _, v := range found {
				properties = append(properties, v.Property)
			}
			require.Contains(t, properties, c.want)
		})
	}
}

func TestReadDisk(t *testing.T) {
	dir := t.TempDir()
	d, err := ReadDisk(filepath.Join(dir, "missing"))
	require.NoError(t, err)
	require.Equal(t, Disk{Staging: Staging{State: stateNone}}, d)
	for _, name := range []string{"gen-00000003", "gen-00000004", "quarantine/gen-00000002"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "generations", name), 0o755))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "candidate"), 0o755))
	pointer := filepath.Join(dir, "generations", "CURRENT")
	require.NoError(t, os.WriteFile(pointer, []byte("gen-00000003\n"), 0o644))
	writeStaging(t, stagingFile(dir), status(4, stateReady))
	d, err = ReadDisk(dir)
	require.NoError(t, err)
	require.Equal(t, Disk{Staging: Staging{ID: 4, State: stateReady}, Pointer: 3, Generations: []uint64{3, 4}, Download: true}, d)
	require.NoError(t, os.WriteFile(pointer, []byte("nonsense"), 0o644))
	_, err = ReadDisk(dir)
	require.ErrorContains(t, err, "names no generation")
}

func TestOutcomeOf(t *testing.T) {
	death, restart := scene()
	require.Equal(t, "old", outcomeOf(death, restart.First))
	death.Disk.Pointer = 4
	require.Equal(t, "new", outcomeOf(death, seenAt(4, 52)))
	death.Disk.Staging.State = stateNone
	require.Equal(t, "old", outcomeOf(death, seenAt(4, 52)))
	require.Equal(t, "first", outcomeOf(Death{}, seenAt(1, 5)))
}
