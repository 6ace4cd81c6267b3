package generation

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
)

// hastyRuntime lets every wait of the engine's own be over at once.
type hastyRuntime struct{ env.Runtime }

func (h hastyRuntime) After(_ time.Duration, fn func()) func() {
	return h.Runtime.After(0, fn)
}

func testStore(t *testing.T, rt env.Runtime, o storeOptions) *store {
	t.Helper()
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: rt, Quiet: true})
	check(t, e.FS().MkdirAll("gen/om", 0o755))
	return must(openStore(e, "gen", o))(t)
}

// TestStoreEndings: whatever ends an operation, the caller gets an error and
// the process lives: a fatal error of Pebble, a panic, an operation's own.
func TestStoreEndings(t *testing.T) {
	for _, c := range []struct {
		name string
		op   func(s *store) error
		dead bool
		want string
	}{
		{"error", func(*store) error { return errPlanted }, false, "planted"},
		{"fatal", func(s *store) error { s.log.Fatalf("MANIFEST %s: %v", "write", errPlanted); return nil }, true, "MANIFEST write: planted"},
		{"panic", func(*store) error { panic("leaked iterators") }, true, "test: panic: leaked iterators"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testStore(t, env.NewGoroutines(), storeOptions{wal: true})
			err := s.call(context.Background(), "test", func() error { return c.op(s) })
			wantError(t, err, c.want)
			if got := s.dead() != nil; got != c.dead {
				t.Errorf("dead %v, want %v", got, c.dead)
			}
			if c.dead {
				err := s.call(context.Background(), "later", func() error { t.Error("a dead store was used"); return nil })
				if !errors.Is(err, ErrStoreDead) {
					t.Errorf("later: %v", err)
				}
				check(t, s.close())
				check(t, s.db.Close()) // For the leak check alone.
				return
			}
			check(t, s.close())
			check(t, s.close()) // Twice would be a panic of Pebble's.
		})
	}
}

// TestStoreCancel: an operation that ends soon after its context leaves the
// store usable; the caller is told the cause.
func TestStoreCancel(t *testing.T) {
	s := testStore(t, env.NewGoroutines(), storeOptions{})
	ctx, cancel := context.WithCancelCause(context.Background())
	err := s.call(ctx, "test", func() error { cancel(errPlanted); <-ctx.Done(); return nil })
	if !errors.Is(err, errPlanted) || s.dead() != nil {
		t.Errorf("error %v, dead %v", err, s.dead())
	}
	check(t, s.close())
}

// TestStoreAbandoned: an operation that does not end is given up. A store under
// construction is dead then and closes itself when the operation ends after
// all; one that is served lives on.
func TestStoreAbandoned(t *testing.T) {
	for _, served := range []bool{false, true} {
		s := testStore(t, hastyRuntime{env.NewGoroutines()}, storeOptions{wal: served})
		ctx, cancel := context.WithCancelCause(context.Background())
		goOn, done := make(chan struct{}), sync.WaitGroup{}
		done.Add(1)
		err := s.call(ctx, "test", func() error {
			defer done.Done()
			cancel(errPlanted)
			<-goOn
			return nil
		})
		wantError(t, err, "test did not end", "planted")
		if dead := s.dead(); (dead != nil) == served || !served && !errors.Is(dead, errPlanted) {
			t.Errorf("served %v: dead %v", served, dead)
		}
		close(goOn)
		done.Wait()
		check(t, s.close()) // goleak sees it if the abandoned one is not closed.
	}
}

// TestStoreMustExist: where a store should be none is made (HZ-B15).
func TestStoreMustExist(t *testing.T) {
	e := env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines(), Quiet: true})
	check(t, e.FS().MkdirAll("gen/db", 0o755))
	_, err := openStore(e, "gen", storeOptions{wal: true, mustExist: true})
	wantError(t, err, "does not exist")
}

// TestQuietStoreRemoves: D6. A quiet store puts off the removal of its obsolete
// files to the end of the operation; they do go.
func TestQuietStoreRemoves(t *testing.T) {
	b := newBench(t)
	var removed []string
	b.fs.fail(func(op, path string) error {
		if op == "remove" && strings.Contains(path, dbDirName+string(filepath.Separator)) {
			removed = append(removed, filepath.Base(path))
		}
		return nil
	})
	g := b.served(1)
	check(t, g.store.call(context.Background(), "flush", g.store.db.Flush))
	b.closed(g)
	if len(removed) == 0 {
		t.Error("nothing was removed: this test sees nothing")
	}
}
