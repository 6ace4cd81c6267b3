package rocksdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// walkLog calls fn for each operation of a log in order, and fills in l's size
// and whether its end is torn. A torn end is not an error: the write it belonged
// to was never acknowledged.
func walkLog(fs FS, dir string, l *Log, fn func(family uint32, sequence uint64, r Record) error) (err error) {
	f, err := fs.Open(fs.PathJoin(dir, l.Name()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	l.SizeBytes = uint64(info.Size())
	log := newLogReader(f, l.Number)
	for {
		record, err := log.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errTornLog) {
			l.Torn = true
			return nil
		}
		if err != nil {
			return err
		}
		err = Batch(record).Walk(func(_ int, sequence uint64, r Record) error {
			if r.Kind == KindLogData {
				return nil
			}
			return fn(r.Family, sequence, r)
		})
		if err != nil {
			return fmt.Errorf("record at offset %d: %w", log.recordPos, err)
		}
	}
}

// memtable holds the live log records of one family, sorted.
type memtable struct {
	arena   []byte
	entries []entry
	deletes []rangeDelete
	at      int
}

// arenaChunkBytes is how much a memtable sets aside at once.
const arenaChunkBytes = 256 << 10

// keep copies b into the memtable's memory.
func (m *memtable) keep(b []byte) []byte {
	if len(m.arena)+len(b) > cap(m.arena) {
		m.arena = make([]byte, 0, max(arenaChunkBytes, len(b)))
	}
	start := len(m.arena)
	m.arena = append(m.arena, b...)
	return m.arena[start:len(m.arena):len(m.arena)]
}

func (m *memtable) add(sequence uint64, r Record) {
	if r.Kind == KindRangeDelete {
		m.deletes = append(m.deletes, newRangeDelete(m.keep(r.Key), m.keep(r.Value), sequence))
		return
	}
	m.entries = append(m.entries, entry{key: m.keep(r.Key), trailer: MakeTrailer(sequence, r.Kind), value: m.keep(r.Value)})
}

// loadLogs reads the live records of all logs of v into one memtable a family.
func loadLogs(ctx context.Context, fs FS, dir string, v *Version) (map[uint32]*memtable, error) {
	tables := map[uint32]*memtable{}
	for i := range v.Logs {
		l := v.Logs[i]
		if l.LiveRecords == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := walkLog(fs, dir, &l, func(family uint32, sequence uint64, r Record) error {
			if !v.liveIn(&l, family) {
				return nil
			}
			if tables[family] == nil {
				tables[family] = &memtable{}
			}
			tables[family].add(sequence, r)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("log %s in %s: %w", l.Name(), dir, err)
		}
	}
	for _, m := range tables {
		slices.SortStableFunc(m.entries, func(a, b entry) int { return compareInternal(a.key, a.trailer, b.key, b.trailer) })
	}
	return tables, nil
}

// The memtable is a source of the merge: it steps through its entries once.
func (m *memtable) next() (bool, error) {
	m.at++
	return m.at <= len(m.entries), nil
}

func (m *memtable) current() *entry { return &m.entries[m.at-1] }
func (m *memtable) close() error    { return nil }
