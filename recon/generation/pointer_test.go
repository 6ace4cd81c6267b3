package generation

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"reconsim/faults/point"
)

func (b *bench) wantCurrent(want uint64) {
	b.t.Helper()
	again := must(NewLayout(b.env, b.layout.Dir(), b.dir))(b.t)
	for _, l := range []*Layout{b.layout, again} {
		build, ok, err := l.Current()
		if err != nil || build != want || ok != (want != 0) {
			b.t.Errorf("the pointer names %d (%v, %v), want %d", build, ok, err, want)
		}
	}
}

// TestMovePointerFails: D3, FP8 to FP10. After an error before the rename the
// old generation stays; after one of the last sync the rename is taken back.
// With and without an old generation.
func TestMovePointerFails(t *testing.T) {
	for _, at := range []point.Point{point.PointerWrite, point.PointerMove, point.PointerSync} {
		for _, old := range []uint64{0, 7} {
			b := newBench(t)
			if old != 0 {
				check(t, b.layout.MovePointer(context.Background(), old))
			}
			b.faults.fail(at)
			err := b.layout.MovePointer(context.Background(), 8)
			var failed *MoveError
			if !errors.As(err, &failed) || failed.Moved || failed.Build != 8 || !errors.Is(err, errPlanted) {
				t.Errorf("%s, old %d: %v", at, old, err)
			}
			b.wantCurrent(old)
			b.faults.clear(at)
			check(t, b.layout.MovePointer(context.Background(), 8))
			b.wantCurrent(8)
		}
	}
}

// TestMovePointerDiskFails: the disk's own failures at each step. Moved says
// what a re-open finds, also when the way back fails half way.
func TestMovePointerDiskFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		old   uint64
		sick  func(n int, op, path string) bool // n counts calls of op.
		moved bool
		found uint64
	}{
		{"create fails", 7, func(_ int, op, path string) bool { return op == "create" }, false, 7},
		{"rename fails", 7, func(_ int, op, path string) bool { return op == "rename" }, false, 7},
		{"one sync fails", 7, func(n int, op, path string) bool { return op == "syncdir" && n == 1 }, false, 7},
		{"every sync fails: back, but perhaps not durably", 7, func(_ int, op, path string) bool { return op == "syncdir" }, false, 7},
		{"sync fails and no way back", 7, func(n int, op, path string) bool {
			return op == "syncdir" || op == "create" && n == 2
		}, true, 8},
		{"sync fails, back, then nothing can be read", 7, func(n int, op, path string) bool {
			return op == "syncdir" || op == "open" && n > 1
		}, false, 7},
		{"first generation, sync fails", 0, func(_ int, op, path string) bool { return op == "syncdir" }, false, 0},
		{"first generation, sync and removal fail", 0, func(_ int, op, path string) bool { return op == "syncdir" || op == "remove" }, true, 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.old != 0 {
				check(t, b.layout.MovePointer(context.Background(), c.old))
			}
			calls := map[string]int{}
			b.fs.fail(func(op, path string) error {
				calls[op]++
				if c.sick(calls[op], op, path) {
					return errPlanted
				}
				return nil
			})
			err := b.layout.MovePointer(context.Background(), 8)
			b.fs.heal()
			var failed *MoveError
			if !errors.As(err, &failed) || failed.Moved != c.moved || !errors.Is(err, errPlanted) {
				t.Errorf("error %v, want moved %v", err, c.moved)
			}
			b.wantCurrent(c.found)
		})
	}
}

// TestMovePointerBecomesDurable: the file is synced before it is renamed, and
// the directory after.
func TestMovePointerBecomesDurable(t *testing.T) {
	b := newBench(t)
	var order []string
	b.fs.fail(func(op, path string) error {
		order = append(order, op+" "+filepath.Base(path))
		return nil
	})
	check(t, b.layout.MovePointer(context.Background(), 3))
	b.fs.heal()
	if got := strings.Join(order, ", "); got != "open CURRENT, create CURRENT.tmp, rename CURRENT, syncdir generations" {
		t.Errorf("operations: %s", got)
	}
}

// TestBadPointer: a pointer that names no generation is refused, not taken for
// "nothing was committed": all generations would be removed.
func TestBadPointer(t *testing.T) {
	for _, content := range []string{"", "gen-1\n", "gen-00000001\ngen-00000002\n", strings.Repeat("x", 1000)} {
		b := newBench(t)
		check(t, os.WriteFile(b.layout.Path(pointerName), []byte(content), 0o600))
		_, ok, err := b.layout.Current()
		wantError(t, err, "names no generation", pointerName)
		if ok {
			t.Error("ok")
		}
	}
	b := newBench(t)
	check(t, os.WriteFile(b.layout.Path(pointerName), []byte("gen-00000012"), 0o600))
	b.wantCurrent(12)
}
