package fakeom

import (
	"errors"
	"fmt"

	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// tableFile is a sorted table of one family.
type tableFile struct {
	Table string       `json:"table"`
	File  rocksdb.File `json:"file"`
}

// tableRoll writes the rows of one family into as many files as they need.
type tableRoll struct {
	fs       env.FS
	dir      string
	table    omdb.Table
	maxBytes uint64
	// number is the next file's.
	number uint64
	writer *rocksdb.TableWriter
	files  []tableFile
}

// add appends a row that is not newer than anything; rows come in key order.
func (r *tableRoll) add(key, value []byte) error {
	if r.writer == nil {
		w, err := rocksdb.NewTableWriter(r.fs, tablePath(r.fs, r.dir, r.number), rocksdb.TableOptions{})
		if err != nil {
			return err
		}
		r.writer = w
		r.number++
	}
	if err := r.writer.Add(key, value); err != nil {
		return err
	}
	if r.writer.EstimatedBytes() >= r.maxBytes {
		return r.closeFile()
	}
	return nil
}

func (r *tableRoll) closeFile() error {
	if r.writer == nil {
		return nil
	}
	f, err := r.writer.Close()
	r.writer = nil
	if err != nil {
		return err
	}
	r.files = append(r.files, tableFile{Table: r.table.String(), File: f})
	return nil
}

// abort gives up the file that is being written; it may follow closeFile.
func (r *tableRoll) abort() error {
	if r.writer == nil {
		return nil
	}
	return r.writer.Abort()
}

// writeMemtable writes a memtable as level-0 tables, one for each family that
// has changes, and advances next past the numbers it used.
func writeMemtable(fs env.FS, dir string, next *uint64, m *memtable) ([]tableFile, error) {
	var files []tableFile
	for _, t := range m.sortedTables() {
		f, err := writeChanges(fs, tablePath(fs, dir, *next), m, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		files = append(files, tableFile{Table: t.String(), File: f})
		*next++
	}
	return files, nil
}

func writeChanges(fs env.FS, path string, m *memtable, t omdb.Table) (f rocksdb.File, err error) {
	w, err := rocksdb.NewTableWriter(fs, path, rocksdb.TableOptions{})
	if err != nil {
		return f, err
	}
	var key []byte
	for _, k := range m.sortedKeys(t) {
		c := m.tables[t][k]
		kind := rocksdb.KindPut
		if c.delete {
			kind = rocksdb.KindDelete
		}
		key = append(key[:0], k...)
		if err := w.AddSequenced(key, c.sequence, kind, c.value); err != nil {
			return f, errors.Join(err, w.Abort())
		}
	}
	if f, err = w.Close(); err != nil {
		return f, err
	}
	f.Level = 0
	return f, nil
}

func tablePath(fs env.FS, dir string, number uint64) string {
	return fs.PathJoin(dir, fmt.Sprintf("%06d.sst", number))
}
