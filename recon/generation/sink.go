package generation

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// sinks collects the derived rows of one rebuild: each sink sorts within its
// memory bound and spills sorted runs; a merge of all runs then writes the
// tables that are ingested.
type sinks struct {
	env        *env.Env
	dir        string
	boundBytes int
	mu         struct {
		sync.Mutex
		all  []*sink
		runs int
	}
	// loaded is how long it took to merge and ingest everything.
	loaded time.Duration
}

func newSinks(e *env.Env, dir string, boundBytes int) (*sinks, error) {
	if err := e.FS().MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder of sorted runs: %w", err)
	}
	return &sinks{env: e, dir: dir, boundBytes: max(boundBytes, 64<<10)}, nil
}

// sink is one actor's part of the rebuild's output.
type sink struct {
	ctx     context.Context
	all     *sinks
	task    string
	arena   []byte
	entries []sinkEntry
	runs    []string
	// rows and bytes count what it took, sorting is the time that its spills
	// took.
	rows, bytes int64
	sorting     time.Duration
}

// sinkEntry is a row in the arena. For a counter the value is absent and n is
// what to add.
type sinkEntry struct {
	key     int
	keyLen  uint32
	valLen  uint32
	counter bool
	n       int64
}

func (s *sinks) open(ctx context.Context, task string) *sink {
	k := &sink{ctx: ctx, all: s, task: task}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.all = append(s.mu.all, k)
	return k
}

// Put stores a row.
func (k *sink) Put(t omdb.Table, key, value []byte) error {
	return k.add(t, key, value, false, 0)
}

// Add adds to a counter.
func (k *sink) Add(t omdb.Table, key []byte, n int64) error {
	return k.add(t, key, nil, true, n)
}

func (k *sink) add(t omdb.Table, key, value []byte, counter bool, n int64) error {
	if size := len(k.arena) + len(k.entries)*32 + len(key) + len(value); size > k.all.boundBytes && len(k.entries) > 0 {
		if err := k.spill(); err != nil {
			return err
		}
	}
	if len(k.arena)+len(key)+len(value) >= cap(k.arena) {
		k.grow(len(key) + len(value))
	}
	e := sinkEntry{key: len(k.arena), keyLen: uint32(len(key) + 1), valLen: uint32(len(value)), counter: counter, n: n}
	k.arena = storeKey(k.arena, t, key)
	k.arena = append(k.arena, value...)
	k.entries = append(k.entries, e)
	k.rows++
	k.bytes += int64(len(key) + len(value))
	return nil
}

// firstArenaBytes is enough for most of the many small parts of a rebuild.
const firstArenaBytes = 16 << 10

// grow makes room for a row of n bytes: little at first, then at once what a
// large part needs, which copies less than growing step by step.
func (k *sink) grow(n int) {
	size := firstArenaBytes
	if cap(k.arena) > 0 {
		size = max(k.all.boundBytes/4, 2*cap(k.arena))
	}
	k.arena = append(make([]byte, 0, max(size, len(k.arena)+n+1)), k.arena...)
}

// keptBytes is what a finished sink may keep in memory: the many small parts of
// a rebuild need no files, and the few large ones no memory.
const keptBytes = 64 << 10

// Close ends the sink. It gives its memory back, as parts are finished long
// before they are merged.
func (k *sink) Close() error {
	switch {
	case len(k.arena) > keptBytes:
		if err := k.spill(); err != nil {
			return err
		}
	case len(k.entries) > 0:
		if err := k.point(); err != nil {
			return err
		}
	}
	k.arena, k.entries = slices.Clip(bytes.Clone(k.arena)), slices.Clip(slices.Clone(k.entries))
	return nil
}

func (k *sink) keyOf(e sinkEntry) []byte { return k.arena[e.key : e.key+int(e.keyLen)] }
func (k *sink) valueOf(e sinkEntry) []byte {
	at := e.key + int(e.keyLen)
	return k.arena[at : at+int(e.valLen)]
}

func (k *sink) sort() {
	slices.SortFunc(k.entries, func(a, b sinkEntry) int {
		return cmp.Or(bytes.Compare(k.keyOf(a), k.keyOf(b)), cmp.Compare(a.key, b.key))
	})
}

// point is passed before rows leave the sink: for a sorted run, or, if they are
// few, straight for the tables.
func (k *sink) point() error {
	if err := k.all.env.Point(k.ctx, point.SinkWrite, k.task, int64(len(k.entries))); err != nil {
		return fmt.Errorf("write sorted rows: %w", err)
	}
	return nil
}

// spill writes the arena as a sorted run and empties it.
func (k *sink) spill() error {
	if err := k.point(); err != nil {
		return err
	}
	begun := k.all.env.Now()
	defer func() { k.sorting += k.all.env.Now().Sub(begun) }()
	k.sort()
	k.all.mu.Lock()
	k.all.mu.runs++
	number := k.all.mu.runs
	k.all.mu.Unlock()
	fs := k.all.env.FS()
	path := fs.PathJoin(k.all.dir, fmt.Sprintf("%06d.run", number))
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("create sorted run: %w", err)
	}
	err = k.writeRun(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write sorted run %s: %w", path, err)
	}
	k.runs = append(k.runs, path)
	k.arena, k.entries = k.arena[:0], k.entries[:0]
	return nil
}

// writeRun writes entries as: length of key, key, then 0 and the counter, or
// the value's length + 1 and the value.
func (k *sink) writeRun(f vfs.File) error {
	buf := make([]byte, 0, 64<<10)
	for _, e := range k.entries {
		key := k.keyOf(e)
		buf = append(binary.AppendUvarint(buf, uint64(len(key))), key...)
		if e.counter {
			buf = binary.AppendVarint(append(buf, 0), e.n)
		} else {
			buf = append(binary.AppendUvarint(buf, uint64(e.valLen)+1), k.valueOf(e)...)
		}
		if len(buf) >= 48<<10 {
			if _, err := f.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	_, err := f.Write(buf)
	return err
}
