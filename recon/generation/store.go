package generation

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/remote"
	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
)

// omLocator names the remote storage under which Pebble finds the external
// tables of a generation.
const omLocator = "om"

// ErrStoreDead means that Pebble met a fatal error earlier and that its store
// cannot be used or closed any more.
var ErrStoreDead = errors.New("the store met a fatal error and is abandoned")

// store is a Pebble DB whose fatal errors do not end the process.
type store struct {
	env *env.Env
	db  *pebble.DB
	log *storeLog
	// write is Sync, or NoSync for a store without a log.
	write *pebble.WriteOptions
	// obsolete holds the files that a quiet store removes between operations.
	obsolete *laterFS
}

// storeLog is Pebble's logger. Fatalf must not return; ending the goroutine is
// all that is left, and call turns that into an error.
type storeLog struct {
	fatal atomic.Pointer[error]
}

func (*storeLog) Infof(string, ...any)  {}
func (*storeLog) Errorf(string, ...any) {}
func (l *storeLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, arg := range args {
		if cause, ok := arg.(error); ok {
			err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), cause)
		}
	}
	l.fatal.CompareAndSwap(nil, &err)
	runtime.Goexit()
}

type storeOptions struct {
	// wal is false for a store that is built from scratch: until it is sealed
	// a crash discards it anyway.
	wal bool
}

func openStore(e *env.Env, dir string, o storeOptions) (*store, error) {
	log := &storeLog{}
	fs := e.FS()
	s := &store{env: e, log: log, write: pebble.NoSync}
	if o.wal {
		s.write = pebble.Sync
	}
	options := &pebble.Options{
		FS:                          fs,
		Logger:                      log,
		FormatMajorVersion:          pebble.FormatNewest,
		DisableWAL:                  !o.wal,
		DisableAutomaticCompactions: e.Quiet(),
		DisableTableStats:           e.Quiet(),
		CacheSize:                   64 << 20,
		MemTableSize:                16 << 20,
		// The default listener ends the process when a table is corrupt; then
		// the read that met it returns an ordinary error instead.
		EventListener: &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
	}
	if e.Quiet() {
		options.CacheSize, options.MemTableSize = 1<<20, 256<<10
		// Its default is the number of processors, which is in a file on disk.
		options.Experimental.FileCacheShards = 2
		s.obsolete = &laterFS{FS: fs}
		options.FS = s.obsolete
	}
	options.Experimental.RemoteStorage = remote.MakeSimpleFactory(map[remote.Locator]remote.Storage{
		omLocator: remote.NewLocalFS(fs.PathJoin(dir, omDirName), fs),
	})
	err := s.call(context.Background(), "open", func() error {
		db, err := pebble.Open(fs.PathJoin(dir, dbDirName), options)
		s.db = db
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

// call runs an operation that may be fatal to Pebble in an actor of its own,
// and gives up when ctx ends: Pebble retries a failing flush for ever.
func (s *store) call(ctx context.Context, what string, op func() error) error {
	if err := s.dead(); err != nil {
		return err
	}
	var result struct {
		sync.Mutex
		done bool
		err  error
	}
	changed := s.env.NewCond()
	s.env.Go("pebble-"+what, func() {
		finished := false
		var err error
		defer func() {
			if !finished {
				// Goexit came from Fatalf.
				if err = s.dead(); err == nil {
					err = ErrStoreDead
				}
			}
			result.Lock()
			result.done, result.err = true, err
			result.Unlock()
			changed.Broadcast()
		}()
		if err = op(); err == nil {
			err = s.removeObsolete(what)
		}
		finished = true
	})
	waitErr := changed.WaitUntil(ctx, func() bool {
		result.Lock()
		defer result.Unlock()
		return result.done || s.log.fatal.Load() != nil
	})
	if waitErr != nil {
		abandoned := fmt.Errorf("%s did not end: %w", what, waitErr)
		s.log.fatal.CompareAndSwap(nil, &abandoned)
		return abandoned
	}
	result.Lock()
	defer result.Unlock()
	if !result.done {
		return s.dead()
	}
	return result.err
}

// laterFS collects the files that Pebble has no more use for. Pebble removes
// them in a goroutine of its own, at a time that nobody can repeat.
type laterFS struct {
	vfs.FS
	mu    sync.Mutex
	files []string
}

// Remove notes a table, log, manifest or options file for later; everything
// else is removed at once, as Pebble waits for it.
func (f *laterFS) Remove(path string) error {
	switch base := f.PathBase(path); {
	case strings.HasSuffix(base, ".sst"), strings.HasSuffix(base, ".log"),
		strings.HasPrefix(base, "MANIFEST-"), strings.HasPrefix(base, "OPTIONS-"):
		f.mu.Lock()
		defer f.mu.Unlock()
		f.files = append(f.files, path)
		return nil
	default:
		return f.FS.Remove(path)
	}
}

// removeObsolete removes what a quiet store's operation left behind, in order
// and in the operation's own actor.
func (s *store) removeObsolete(what string) error {
	if s.obsolete == nil {
		return nil
	}
	if what != "close" {
		s.db.TestOnlyWaitForCleaning()
	}
	s.obsolete.mu.Lock()
	files := s.obsolete.files
	s.obsolete.files = nil
	s.obsolete.mu.Unlock()
	slices.Sort(files)
	for _, file := range files {
		if err := s.env.FS().Remove(file); err != nil && !isNotExist(err) {
			return fmt.Errorf("remove obsolete file: %w", err)
		}
	}
	return nil
}

func (s *store) dead() error {
	if cause := s.log.fatal.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrStoreDead, *cause)
	}
	return nil
}

// close closes the store; a dead one cannot be closed and is left alone.
func (s *store) close() error {
	if s.dead() != nil {
		return nil
	}
	return s.call(context.Background(), "close", s.db.Close)
}
