package swap

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
)

// TestReadersAcrossCommits: D2, D10 one-generation, monotonic, no-error. Readers
// that join the three stores over 50 commits with deltas between see only whole
// generations, never go back and never fail.
func TestReadersAcrossCommits(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	group, ctx := b.env.NewGroup(context.Background(), 4)
	stop := make(chan struct{})
	seen := make([]int, 4)
	for i := range seen {
		group.Go("reader", func(context.Context) error {
			var last generation.Label
			for {
				select {
				case <-stop:
					return nil
				default:
				}
				label, err := look(b.protocol)
				switch {
				case err != nil:
					return err
				case label.Build < last.Build || label.Build == last.Build && label.AppliedSeq < last.AppliedSeq || label.Applied.Less(last.Applied):
					return fmt.Errorf("%s after %s", label.Revision(), last.Revision())
				case label.Build != last.Build:
					seen[i]++
				}
				last = label
			}
		})
	}
	for i := range 50 {
		b.addKey(fmt.Sprintf("n%02d", i))
		check(t, b.apply())
		if i%10 == 0 {
			b.commit(b.fromOM)
		} else {
			b.commit(fromServed)
		}
		if context.Cause(ctx) != nil {
			break
		}
	}
	close(stop)
	check(t, group.Wait())
	for i, n := range seen {
		if n < 10 {
			t.Errorf("reader %d saw %d generations: this test sees little", i, n)
		}
	}
	check(t, b.protocol.Close())
	b.onDisk("1") // Generation 51 alone.
}

// TestPinnedAcrossCommit: FP19. A request that began before a commit goes on
// with its generation, which goes only after it.
func TestPinnedAcrossCommit(t *testing.T) {
	ctx := context.Background()
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	view, release, err := b.protocol.Acquire(ctx, "test", generation.Need{Stats: true})
	check(t, err)
	stats := fmt.Sprint(view.SQL().Stats)
	b.addKey("later")
	b.commit(b.fromOM)
	b.onDisk("1 2")
	if view.Label().Build != 1 || fmt.Sprint(view.SQL().Stats) != stats {
		t.Error("the view changed under its request")
	}
	if _, found, err := view.Get(7, nil); found || err != nil {
		t.Errorf("reading a pinned view: %v", err)
	}
	release()
	check(t, b.protocol.Close())
	b.onDisk("2")
}

// TestSQLOfAnotherWatermark: D2. A reader waits for the SQL lock while a delta is
// published and then another generation: its view is of before the delta, SQL
// of after it. It must not get the two together.
func TestSQLOfAnotherWatermark(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	s := b.staged(b.fromOM)
	b.addKey("later")
	type answer struct {
		label generation.Label
		err   error
	}
	answers := make(chan answer, 1)
	// The delta has the SQL lock from here to its publication.
	b.faults.do(point.DeltaSQL, func() error {
		b.faults.clear(point.DeltaSQL)
		waiting := make(chan struct{})
		b.clock.whenLockIsAwaited(func() { close(waiting) })
		go func() {
			label, err := look(b.protocol)
			answers <- answer{label, err}
		}()
		<-waiting
		return nil
	})
	// The commit comes before the reader gets the lock.
	b.faults.do(point.DeltaPublish, func() error { return b.protocol.Commit(context.Background(), s) })
	g := b.protocol.current.Load().Generation()
	m := g.Meta()
	check(t, g.Apply(context.Background(), b.delta(m, g.Reader())))
	check(t, g.Advance(context.Background(), func(v *generation.View) { v.Unpin() }))
	a := <-answers
	if a.err != nil || a.label.Build != 2 {
		t.Errorf("answer of generation %d, %v", a.label.Build, a.err)
	}
	check(t, b.protocol.Close())
}

// TestUnpublishedDelta: a delta whose SQL failed is not shown, nor mixed; the
// next Advance or Apply publishes it first.
func TestUnpublishedDelta(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	before, err := look(b.protocol)
	check(t, err)
	b.addKey("one")
	b.faults.fail(point.DeltaSQL)
	if err := b.apply(); !errors.Is(err, errPlanted) {
		t.Fatal(err)
	}
	if label, err := look(b.protocol); err != nil || label != before {
		t.Errorf("shown %s, %v", label.Revision(), err)
	}
	if m, _ := b.protocol.Committed(); m.AppliedSeq != b.om.Seq {
		t.Errorf("committed up to %d of %d", m.AppliedSeq, b.om.Seq)
	}
	if m, _ := b.protocol.Serving(); m.AppliedSeq != before.AppliedSeq {
		t.Errorf("served up to %d, readers see %d", m.AppliedSeq, before.AppliedSeq)
	}
	if err := b.protocol.Advance(context.Background()); !errors.Is(err, errPlanted) {
		t.Errorf("advance: %v", err)
	}
	b.faults.clear(point.DeltaSQL)
	check(t, b.protocol.Advance(context.Background()))
	if label, err := look(b.protocol); err != nil || label.AppliedSeq != b.om.Seq {
		t.Errorf("shown %s, %v", label.Revision(), err)
	}
	b.faults.fail(point.DeltaSQL)
	b.addKey("two")
	_ = b.apply()
	b.faults.clear(point.DeltaSQL)
	b.addKey("three")
	check(t, b.apply())
	if label, err := look(b.protocol); err != nil || label.AppliedSeq != b.om.Seq {
		t.Errorf("shown %s, %v", label.Revision(), err)
	}
	check(t, b.protocol.Close())
}

// TestMixedSQLIsRefused: if SQL moved without its view, a request gets an error
// and not a mixture.
func TestMixedSQLIsRefused(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	g := b.protocol.current.Load().Generation()
	b.addKey("one")
	check(t, g.Apply(context.Background(), b.delta(g.Meta(), g.Reader())))
	check(t, g.Advance(context.Background(), nil))
	_, err := look(b.protocol)
	wantError(t, err, "must not be mixed")
	if _, release, err := b.protocol.Acquire(context.Background(), "test", generation.Need{}); err != nil {
		t.Errorf("without SQL: %v", err)
	} else {
		release()
	}
	check(t, b.protocol.Advance(context.Background()))
	b.serves("afterwards", b.protocol, 1)
	check(t, b.protocol.Close())
}

// TestPlantedMistakesShow: the planted mistakes of the protocol do what they
// are named after.
func TestPlantedMistakesShow(t *testing.T) {
	b := newBench(t, 0, point.ServeNextSQL)
	b.open()
	b.commit(b.fromOM)
	b.addKey("later")
	s := b.staged(b.fromOM)
	_, err := look(b.protocol)
	wantError(t, err, "a mixed answer")
	check(t, b.protocol.Commit(context.Background(), s))
	check(t, b.protocol.Close())

	b = newBench(t, 0, point.PublishBeforeMove)
	b.open()
	b.commit(b.fromOM)
	s = b.staged(b.fromOM)
	var during uint64
	b.faults.do(point.PointerMove, func() error {
		label, err := look(b.protocol)
		during = label.Build
		return errors.Join(err, errPlanted)
	})
	if err := b.protocol.Commit(context.Background(), s); !errors.Is(err, errPlanted) || during != 2 {
		t.Errorf("generation %d was visible before the move, %v", during, err)
	}
	b.faults.clear(point.PointerMove)
	b.serves("taken back", b.protocol, 1)
	_, err = b.protocol.RollBack(context.Background(), s, "")
	check(t, err)
	check(t, b.protocol.Close())
}

// TestCloseWaitsNotForEver: a leaked pin is an error of Close, and until it is
// released the view can be read (HZ-A4, HZ-F3).
func TestCloseWaitsNotForEver(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	view, release, err := b.protocol.Acquire(context.Background(), "leak", generation.Need{})
	check(t, err)
	b.protocol.env = env.New(env.Options{FS: b.env.FS(), Runtime: hastyRuntime{b.clock}})
	err = b.protocol.Close()
	wantError(t, err, "1 generations are still read")
	if !errors.Is(err, env.ErrTimeout) {
		t.Errorf("error %v", err)
	}
	if _, _, err := view.Get(7, []byte("x")); err != nil {
		t.Errorf("a pinned view after Close: %v", err)
	}
	if _, _, err := b.protocol.Acquire(context.Background(), "late", generation.Need{}); !errors.Is(err, ErrNothingPublished) {
		t.Errorf("a request after Close: %v", err)
	}
	release()
	b.protocol.env = b.env
	check(t, b.protocol.Close())
}

// hastyRuntime lets every time limit be over at once.
type hastyRuntime struct{ env.Runtime }

func (h hastyRuntime) After(_ time.Duration, fn func()) func() { return h.Runtime.After(0, fn) }
