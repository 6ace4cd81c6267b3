package swap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/generation"
)

// TestBrokenGeneration: a committed generation that cannot be opened is kept and
// told of, nothing is served, and the program starts now, again, and after the
// next rebuild (HZ-B11, HZ-B15).
func TestBrokenGeneration(t *testing.T) {
	b := newBench(t, time.Hour)
	b.open()
	b.commit(b.fromOM)
	check(t, b.protocol.Close())
	tables, err := filepath.Glob(filepath.Join(b.dir, "generations", "gen-00000001", "om", "*.sst"))
	check(t, err)
	check(t, os.Truncate(tables[0], 10))
	b.protocol = b.newProtocol(b.dir)
	if r := b.open(); r.Serving || r.Broken == "" {
		t.Errorf("recovery %+v", r)
	}
	b.onDisk("q1")
	reason, err := os.ReadFile(filepath.Join(b.dir, "generations", "quarantine", "gen-00000001", "REASON"))
	check(t, err)
	if !strings.Contains(string(reason), "could not be opened: open generation 1") {
		t.Errorf("reason %q", reason)
	}
	// The pointer still names it: a restart finds nothing there, and starts.
	if r := b.reopen(); r.Serving || r.Broken == "" {
		t.Errorf("recovery once more %+v", r)
	}
	// Its number is not used again, also when quarantine has been swept.
	b.clock.move(2 * time.Hour)
	check(t, b.protocol.Sweep(context.Background()))
	b.onDisk("")
	if build, err := b.protocol.NextBuild(); build != 2 || err != nil {
		t.Errorf("next build %d, %v", build, err)
	}
	b.commit(b.fromOM)
	b.reopen()
	b.serves("rebuilt", b.protocol, 3)
	check(t, b.protocol.Close())
}

// TestOpenIsCancelled: the end of the program is no damage.
func TestOpenIsCancelled(t *testing.T) {
	b := newBench(t, time.Hour)
	b.open()
	b.commit(b.fromOM)
	check(t, b.protocol.Close())
	b.protocol = b.newProtocol(b.dir)
	ctx, cancel := context.WithCancelCause(context.Background())
	b.faults.do(point.OpenGeneration, func() error { cancel(errPlanted); return errPlanted })
	if _, err := b.protocol.Open(ctx); !errors.Is(err, errPlanted) {
		t.Errorf("error %v", err)
	}
	b.faults.clear(point.OpenGeneration)
	b.onDisk("1")
	b.open()
	b.serves("afterwards", b.protocol, 1)
	check(t, b.protocol.Close())
}

// TestRetention: superseded generations are kept for their time and then go; the
// served one never does (FP6, HZ-B13).
func TestRetention(t *testing.T) {
	b := newBench(t, time.Hour)
	b.open()
	for range 3 {
		b.commit(b.fromOM)
	}
	b.reopen()
	b.onDisk("3 q1 q2")
	b.clock.move(59 * time.Minute)
	check(t, b.protocol.Sweep(context.Background()))
	b.onDisk("3 q1 q2")
	b.clock.move(2 * time.Minute)
	check(t, b.protocol.Sweep(context.Background()))
	b.onDisk("3")
	b.serves("after the sweep", b.protocol, 3)
	check(t, b.protocol.Close())
}

// TestLeftovers: what could not be put away is tried again by Sweep, which says
// why it failed; it never keeps the program from starting (FP6, D10 no-leak).
func TestLeftovers(t *testing.T) {
	ctx := context.Background()
	b := newBench(t, 0)
	b.open()
	b.commit(b.fromOM)
	b.faults.fail(point.Retire)
	b.commit(b.fromOM)
	b.serves("although the old one stays", b.protocol, 2)
	waitClosed(t, b.protocol)
	b.onDisk("1 2")
	wantError(t, b.protocol.Sweep(ctx), "retire generation 1")
	b.onDisk("1 2")
	b.faults.clear(point.Retire)
	check(t, b.protocol.Sweep(ctx))
	b.onDisk("2")

	stuck := &stuckFS{FS: vfs.Default, stuck: true}
	b.env = env.New(env.Options{FS: stuck, Runtime: b.clock, Quiet: true})
	check(t, os.MkdirAll(filepath.Join(b.dir, "generations", "gen-00000009"), 0o755))
	if r := b.reopen(); !r.Serving || len(r.Discarded) != 0 {
		t.Errorf("recovery %+v", r)
	}
	b.serves("although a leftover stays", b.protocol, 2)
	wantError(t, b.protocol.Sweep(ctx), "planted")
	stuck.stuck = false
	check(t, b.protocol.Sweep(ctx))
	b.onDisk("2")
	check(t, b.protocol.Close())
}

func waitClosed(t *testing.T, p *Generations) {
	t.Helper()
	check(t, p.closed.WaitUntil(context.Background(), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.mu.closing == 0
	}))
}

// stuckFS cannot remove folders of generations, or sync the folder they are in.
type stuckFS struct {
	vfs.FS
	stuck, noSync bool
}

func (s *stuckFS) RemoveAll(path string) error {
	if s.stuck {
		return errPlanted
	}
	return s.FS.RemoveAll(path)
}

func (s *stuckFS) OpenDir(path string) (vfs.File, error) {
	if s.noSync && filepath.Base(path) == "generations" {
		return nil, errPlanted
	}
	return s.FS.OpenDir(path)
}

// TestRollBackOfWhatThePointerMayName: a pointer that was moved, taken back, and
// not made durable may come back in a crash: the files it named then are not
// touched before the directory is durable.
func TestRollBackOfWhatThePointerMayName(t *testing.T) {
	ctx := context.Background()
	b := newBench(t, 0)
	disk := &stuckFS{FS: vfs.Default}
	b.env = env.New(env.Options{FS: disk, Runtime: b.clock, Quiet: true})
	b.protocol = b.newProtocol(b.dir)
	b.open()
	b.commit(b.fromOM)
	s := b.staged(b.fromOM)
	disk.noSync = true
	if err := b.protocol.Commit(ctx, s); !errors.Is(err, errPlanted) {
		t.Fatal(err)
	}
	b.serves("after the failure", b.protocol, 1)
	_, err := b.protocol.RollBack(ctx, s, "")
	wantError(t, err, "planted")
	b.onDisk("1 2")
	disk.noSync = false
	check(t, b.protocol.Sweep(ctx))
	b.onDisk("1")
	check(t, b.protocol.Close())
}

// TestMovedAfterAll: if the way back fails too but a last sync succeeds, the new
// generation is what a restart serves, so it is published; if not, it is not
// removed.
func TestMovedAfterAll(t *testing.T) {
	ctx := context.Background()
	for _, heals := range []bool{true, false} {
		b := newBench(t, 0)
		disk := &noWayBack{stuckFS: stuckFS{FS: vfs.Default}, heals: heals}
		b.env = env.New(env.Options{FS: disk, Runtime: b.clock, Quiet: true})
		b.protocol = b.newProtocol(b.dir)
		b.open()
		b.commit(b.fromOM)
		s := b.staged(b.fromOM)
		disk.armed = true
		err := b.protocol.Commit(ctx, s)
		disk.armed, disk.noSync = false, false
		if heals {
			check(t, err)
			b.serves("moved after all", b.protocol, 2)
		} else {
			wantError(t, err, "already names the new generation")
			b.serves("not known to be durable", b.protocol, 1)
			_, err := b.protocol.RollBack(ctx, s, "COMMIT")
			wantError(t, err, "a restart will serve it")
		}
		b.reopen()
		b.serves("after a restart", b.protocol, 2)
		check(t, b.protocol.Close())
	}
}

// noWayBack fails the sync after the rename and the way back; heals says that
// the next sync works again.
type noWayBack struct {
	stuckFS
	armed, heals bool
	creates      int
}

func (n *noWayBack) Create(path string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if n.armed && filepath.Base(path) == "CURRENT.tmp" {
		if n.creates++; n.creates == 2 {
			n.noSync = !n.heals
			return nil, errPlanted
		}
		n.noSync = true
	}
	return n.FS.Create(path, c)
}

// TestNextBuild: numbers grow over stages, rollbacks and restarts.
func TestNextBuild(t *testing.T) {
	b := newBench(t, 0)
	b.open()
	var builds []uint64
	for range 3 {
		build, err := b.protocol.NextBuild()
		check(t, err)
		builds = append(builds, build)
	}
	if !slices.Equal(builds, []uint64{1, 2, 3}) {
		t.Errorf("builds %v", builds)
	}
	s, err := b.protocol.Stage(context.Background(), generation.StageOptions{Build: 7})
	check(t, err)
	if build, err := b.protocol.NextBuild(); build != 8 || err != nil {
		t.Errorf("beside generation 7: %d, %v", build, err)
	}
	_, err = b.protocol.RollBack(context.Background(), s, "")
	check(t, err)
	check(t, b.protocol.Close())
}
