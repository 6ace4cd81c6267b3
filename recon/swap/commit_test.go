package swap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/generation"
)

// TestCommitFailsAtEachPoint: D3, FP7 to FP13. An error before the commit point
// leaves the old generation served, now and after a restart, and the staged one
// is kept with its reason; after the commit point nothing can fail the switch.
func TestCommitFailsAtEachPoint(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		at        point.Point
		committed bool
	}{
		{point.CommitBegin, false}, {point.PointerWrite, false}, {point.PointerMove, false}, {point.PointerSync, false},
		{point.Publish, true}, {point.Published, true}, {point.Retire, true},
	} {
		t.Run(c.at.String(), func(t *testing.T) {
			b := newBench(t, time.Hour)
			b.open()
			b.commit(b.fromOM)
			b.addKey("later")
			s := b.staged(b.fromOM)
			b.faults.fail(c.at)
			err := b.protocol.Commit(ctx, s)
			if c.committed {
				check(t, err)
				b.serves("after the commit", b.protocol, 2)
				b.faults.clear(c.at)
				b.reopen()
				b.serves("after a restart", b.protocol, 2)
				check(t, b.protocol.Close())
				return
			}
			if !errors.Is(err, errPlanted) {
				t.Fatal(err)
			}
			b.serves("after the failure", b.protocol, 1)
			kept, err := b.protocol.RollBack(ctx, s, "COMMIT: planted")
			check(t, err)
			if filepath.Base(kept) != "gen-00000002" {
				t.Errorf("kept as %q", kept)
			}
			b.onDisk("1 q2")
			b.serves("after the rollback", b.protocol, 1)
			b.faults.clear(c.at)
			b.commit(b.fromOM)
			b.serves("the next one", b.protocol, 3)
			b.reopen()
			b.serves("after a restart", b.protocol, 3)
			check(t, b.protocol.Close())
		})
	}
}

// TestCrashAtEachPoint: D3, D7. What a restart finds if the process dies at each
// point of a commit, with all that was written: one whole generation, the old
// one until the rename and the new one from it on; everything else is removed.
func TestCrashAtEachPoint(t *testing.T) {
	for _, c := range []struct {
		at   point.Point
		want uint64
	}{
		{point.StagingSeal, 1}, {point.CommitBegin, 1}, {point.PointerWrite, 1}, {point.PointerMove, 1},
		{point.PointerSync, 2}, {point.Publish, 2}, {point.Published, 2}, {point.Retire, 2},
	} {
		t.Run(c.at.String(), func(t *testing.T) {
			b := newBench(t, 0)
			b.open()
			b.commit(b.fromOM)
			b.addKey("later")
			image := t.TempDir()
			b.faults.do(c.at, func() error {
				return os.CopyFS(filepath.Join(image, "generations"), os.DirFS(filepath.Join(b.dir, "generations")))
			})
			b.commit(b.fromOM)
			check(t, b.protocol.Close())
			b.faults.clear(c.at)
			crashed := *b
			crashed.dir = image
			crashed.protocol = crashed.newProtocol(image)
			r := crashed.open()
			if !r.Serving || r.Broken != "" || !slices.Equal(r.Discarded, []uint64{3 - c.want}) {
				t.Errorf("recovery %+v", r)
			}
			crashed.serves("after the crash", crashed.protocol, c.want)
			crashed.onDisk(map[uint64]string{1: "1", 2: "2"}[c.want])
			crashed.commit(crashed.fromOM)
			crashed.serves("the next rebuild", crashed.protocol, 3)
			check(t, crashed.protocol.Close())
		})
	}
}

// TestFirstCommit: nothing is served before it, and one that fails leaves
// nothing.
func TestFirstCommit(t *testing.T) {
	ctx := context.Background()
	b := newBench(t, 0)
	if r := b.open(); r.Serving || len(r.Discarded) != 0 || r.Broken != "" {
		t.Errorf("recovery %+v", r)
	}
	_, _, err := b.protocol.Acquire(ctx, "test", generation.Need{})
	_, rows := b.protocol.Committed()
	if _, serving := b.protocol.Serving(); !errors.Is(err, ErrNothingPublished) || serving || rows != nil {
		t.Errorf("before the first commit: %v, serving %v", err, serving)
	}
	if err := b.protocol.Apply(ctx, generation.Delta{}); !errors.Is(err, ErrNothingPublished) {
		t.Errorf("a delta before the first commit: %v", err)
	}
	s := b.staged(b.fromOM)
	b.faults.fail(point.PointerSync)
	if err := b.protocol.Commit(ctx, s); !errors.Is(err, errPlanted) {
		t.Fatal(err)
	}
	b.faults.clear(point.PointerSync)
	kept, err := b.protocol.RollBack(ctx, s, "")
	if err != nil || kept != "" {
		t.Errorf("rolled back: %q, %v", kept, err)
	}
	b.onDisk("")
	if r := b.reopen(); r.Serving || r.Broken != "" {
		t.Errorf("recovery %+v", r)
	}
	b.commit(b.fromOM)
	b.serves("first", b.protocol, 1)
	if !slices.Equal(b.published, []uint64{1}) {
		t.Errorf("told of %v", b.published)
	}
	check(t, b.protocol.Close())
}

// TestCommitUnsealed: what was not sealed cannot be committed.
func TestCommitUnsealed(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	s, err := b.protocol.Stage(context.Background(), generation.StageOptions{Build: 1})
	check(t, err)
	wantError(t, b.protocol.Commit(context.Background(), s), "was not sealed")
	_, err = b.protocol.RollBack(context.Background(), s, "")
	check(t, err)
	b.onDisk("")
	check(t, b.protocol.Close())
}

// TestRebuildFromServed: D1, with deltas before and to the staged one.
func TestRebuildFromServed(t *testing.T) {
	ctx := context.Background()
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	b.addKey("one")
	check(t, b.apply())
	s := b.staged(fromServed)
	b.addKey("two")
	check(t, b.apply())
	if m := s.Meta(); m.AppliedSeq == b.om.Seq {
		t.Fatal("the staged one moved with the served one")
	}
	check(t, s.Apply(ctx, b.delta(s.Meta(), s.Rows())))
	check(t, b.protocol.Commit(ctx, s))
	b.serves("rebuilt from the served one", b.protocol, 2)
	if m, _ := b.protocol.Serving(); m.AppliedSeq != b.om.Seq || m.BaseSeq >= m.AppliedSeq {
		t.Errorf("META %+v", m)
	}
	b.reopen()
	b.serves("after a restart", b.protocol, 2)
	check(t, b.protocol.Close())
	empty := newBench(t, 0)
	empty.open()
	s, err := empty.protocol.Stage(ctx, generation.StageOptions{Build: 1})
	check(t, err)
	if err := s.AdoptServed(ctx); !errors.Is(err, ErrNothingPublished) {
		t.Errorf("from nothing: %v", err)
	}
	_, err = empty.protocol.RollBack(ctx, s, "")
	check(t, err)
}
