package rocksdb

import (
	"context"
	"fmt"
)

// defaultRewriteTableBytes is the size at which RewriteCheckpoint begins a new
// table.
const defaultRewriteTableBytes = 256 << 20

// RewriteOptions tune RewriteCheckpoint. The zero value rewrites every family.
type RewriteOptions struct {
	Table TableOptions
	// TableBytes is about how large a table becomes before the next begins; 0
	// means 256 MiB.
	TableBytes uint64
	// Keep, if set, says by name which families to take over; the others exist
	// in the result without rows.
	Keep func(family string) bool
	// OnFamily, if set, is called after each family with its live rows.
	OnFamily func(family string, rows uint64)
}

// RewriteCheckpoint writes the live rows of the checkpoint in srcDir, whatever
// its table formats, into a new checkpoint in dstDir (made if missing) whose
// tables Pebble can ingest where they lie: one level, sequence number 0, no
// deletes. Family ids and names, and the last sequence number, stay. It returns
// the new version. A checkpoint that stops half way has no CURRENT, so
// ReadCheckpoint refuses what an error or a crash left behind in dstDir.
func RewriteCheckpoint(ctx context.Context, fs FS, srcDir, dstDir string, o RewriteOptions) (*Version, error) {
	src, err := ReadCheckpoint(fs, srcDir)
	if err != nil {
		return nil, err
	}
	if o.TableBytes == 0 {
		o.TableBytes = defaultRewriteTableBytes
	}
	if err := fs.MkdirAll(dstDir, 0o755); err != nil {
		return nil, err
	}
	logs, err := loadLogs(ctx, fs, srcDir, src)
	if err != nil {
		return nil, err
	}
	dst := &Version{LastSequence: src.LastSequence, NextFileNumber: 1}
	for i := range src.Families {
		f := &src.Families[i]
		out := Family{ID: f.ID, Name: f.Name}
		if o.Keep == nil || o.Keep(f.Name) {
			w := familyRewriter{fs: fs, dir: dstDir, o: &o, next: &dst.NextFileNumber}
			if out.Files, err = w.run(ctx, srcDir, f, logs[f.ID]); err != nil {
				return nil, fmt.Errorf("rewrite checkpoint %s into %s: family %q: %w", srcDir, dstDir, f.Name, err)
			}
			if o.OnFamily != nil {
				o.OnFamily(f.Name, w.rows)
			}
		}
		dst.Families = append(dst.Families, out)
	}
	if err := WriteCheckpoint(fs, dstDir, dst); err != nil {
		return nil, err
	}
	return dst, nil
}

// familyRewriter writes the rows of one family into tables.
type familyRewriter struct {
	fs    FS
	dir   string
	o     *RewriteOptions
	next  *uint64 // file number
	table *TableWriter
	files []File
	rows  uint64
}

func (w *familyRewriter) run(ctx context.Context, srcDir string, f *Family, m *memtable) ([]File, error) {
	err := scanFamily(ctx, w.fs, srcDir, f, m, w.add)
	if err == nil && w.table != nil {
		err = w.finishTable()
	}
	if err != nil && w.table != nil {
		if abortErr := w.table.Abort(); abortErr != nil {
			err = fmt.Errorf("%w (and giving up its table failed: %w)", err, abortErr)
		}
	}
	return w.files, err
}

func (w *familyRewriter) add(key, value []byte) (err error) {
	if w.table == nil {
		name := File{Number: *w.next}.Name()
		if w.table, err = NewTableWriter(w.fs, w.fs.PathJoin(w.dir, name), w.o.Table); err != nil {
			return err
		}
		*w.next++
	}
	if err := w.table.Add(key, value); err != nil {
		return err
	}
	w.rows++
	if w.rows%32 == 0 && w.table.EstimatedBytes() >= w.o.TableBytes {
		return w.finishTable()
	}
	return nil
}

func (w *familyRewriter) finishTable() error {
	f, err := w.table.Close()
	if err != nil {
		return err
	}
	w.files = append(w.files, f)
	w.table = nil
	return nil
}
