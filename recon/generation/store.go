package generation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/remote"

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
	// building is true until the store is opened to be served.
	building bool
	closed   atomic.Bool
	// abandoned says which operation did not end in time.
	abandoned atomic.Pointer[error]
	// unflushedBytes is about what a quiet store's memtable holds.
	unflushedBytes atomic.Int64
	// obsolete holds the files that a quiet store removes between operations.
	obsolete *laterFS
}

// storeLog is Pebble's logger. Fatalf must not return; ending the goroutine is
// all that is left, and run turns that into an error.
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
	l.fail(err)
	runtime.Goexit()
}

func (l *storeLog) fail(err error) { l.fatal.CompareAndSwap(nil, &err) }

type storeOptions struct {
	// wal is false for a store that is built from scratch: until it is sealed
	// a crash discards it anyway.
	wal bool
	// mustExist refuses to make an empty store where one should be.
	mustExist bool
	// cache may be shared with other stores; nil makes one.
	cache *pebble.Cache
}

func openStore(e *env.Env, dir string, o storeOptions) (*store, error) {
	log := &storeLog{}
	fs := e.FS()
	s := &store{env: e, log: log, write: pebble.NoSync, building: !o.wal}
	if o.wal {
		s.write = pebble.Sync
	}
	options := &pebble.Options{
		FS:                          fs,
		Logger:                      log,
		FormatMajorVersion:          pebble.FormatNewest,
		DisableWAL:                  !o.wal,
		ErrorIfNotExists:            o.mustExist,
		DisableAutomaticCompactions: e.Quiet(),
		DisableTableStats:           e.Quiet(),
		Cache:                       o.cache,
		CacheSize:                   cacheBytes,
		MemTableSize:                16 << 20,
		// The default listener ends the process when a table is corrupt; then
		// the read that met it returns an ordinary error instead.
		EventListener: &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
	}
	if e.Quiet() {
		options.CacheSize, options.MemTableSize = 1<<20, quietMemTableBytes
		// Nothing compacts level 0 here, so waiting until it is smaller would
		// be waiting for ever: each copy of a generation adds a table.
		options.L0StopWritesThreshold = math.MaxInt32
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
		// What the log gave back may still lie in the memtable.
		s.unflushedBytes.Store(1)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return s, nil
}

// quietMemTableBytes is the size of a quiet store's memtable. It is never full.
const quietMemTableBytes = 256 << 10

// nodeBytes is more than the memtable takes for a row besides key and value.
const nodeBytes = 128

// commit commits a batch. A quiet store is flushed here, before its memtable is
// full: a flush that Pebble begins by itself goes on beside the actors, and no
// seed decides when.
func (s *store) commit(b *pebble.Batch) error {
	size := int64(b.Len()) + nodeBytes*int64(b.Count())
	if s.unflushedBytes.Load()+size > quietMemTableBytes/2 {
		if err := s.quietFlush(); err != nil {
			return err
		}
	}
	s.unflushedBytes.Add(size)
	return b.Commit(s.write)
}

// quietFlush flushes a quiet store that has something to flush, so that what
// follows, a large batch or an ingestion over rows of the memtable, makes Pebble
// begin no flush by itself. Other stores flush when they see fit.
func (s *store) quietFlush() error {
	if !s.env.Quiet() || s.unflushedBytes.Swap(0) == 0 {
		return nil
	}
	return s.db.Flush()
}

// abandonAfter is how long an operation may go on after its context ended.
// Nearly all end within it, and then the store can be closed properly.
const abandonAfter = 5 * time.Second

// operation is one call into Pebble, in an actor of its own.
type operation struct {
	sync.Mutex
	done      bool
	err       error
	abandoned bool
}

// call runs an operation that may be fatal to Pebble in an actor of its own.
// When ctx ends it waits a little longer and then gives up, because Pebble
// retries a failing flush for ever. A store that is being built is dead from
// then on; one that is served lives on, since what was given up there is the
// wish of a rebuild to copy it.
func (s *store) call(ctx context.Context, what string, op func() error) error {
	if err := s.dead(); err != nil {
		return err
	}
	o := &operation{}
	changed := s.env.NewCond()
	s.env.Go("pebble-"+what, func() {
		defer changed.Broadcast()
		s.run(o, what, op)
	})
	over := func() bool {
		o.Lock()
		defer o.Unlock()
		return o.done || s.log.fatal.Load() != nil
	}
	ended := changed.WaitUntil(ctx, over)
	if ended != nil {
		grace, stop := s.env.WithTimeout(context.WithoutCancel(ctx), abandonAfter, what)
		defer stop()
		if changed.WaitUntil(grace, over) != nil {
			return s.abandon(o, fmt.Errorf("%s did not end: %w", what, ended))
		}
	}
	o.Lock()
	defer o.Unlock()
	switch {
	case !o.done:
		return s.dead()
	case ended != nil:
		return errors.Join(ended, o.err)
	default:
		return o.err
	}
}

// run runs op to its end, whichever that is. A store that was abandoned
// meanwhile is closed here, where the last one who uses it is.
func (s *store) run(o *operation, what string, op func() error) {
	err := ErrStoreDead // It stays if Fatalf ends this actor.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: panic: %v", what, r)
			s.log.fail(err)
		}
		if dead := s.dead(); dead != nil && errors.Is(err, ErrStoreDead) {
			err = dead
		}
		o.Lock()
		o.done, o.err = true, err
		last := o.abandoned && s.log.fatal.Load() == nil
		o.Unlock()
		if last && s.db != nil {
			// Whoever wanted the store has given it up and cannot be told.
			_ = s.db.Close()
		}
	}()
	if err = op(); err == nil {
		err = s.removeObsolete(what)
	}
}

func (s *store) abandon(o *operation, why error) error {
	o.Lock()
	defer o.Unlock()
	if !o.done && s.building {
		o.abandoned = true
		s.abandoned.CompareAndSwap(nil, &why)
	}
	return why
}

func (s *store) dead() error {
	cause := s.log.fatal.Load()
	if cause == nil {
		cause = s.abandoned.Load()
	}
	if cause != nil {
		return fmt.Errorf("%w: %w", ErrStoreDead, *cause)
	}
	return nil
}

// close closes the store once; a dead one cannot be closed and is left alone.
func (s *store) close() error {
	if s.dead() != nil || !s.closed.CompareAndSwap(false, true) {
		return nil
	}
	return s.call(context.Background(), "close", s.db.Close)
}
