package fakeom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// baseTables are the tables of the base namespace, which all nodes share.
type baseTables struct {
	dir      string
	files    []tableFile
	info     omdb.TransactionInfo
	nextFile uint64
}

// baseDescription is baseTables on disk.
type baseDescription struct {
	Info     omdb.TransactionInfo `json:"info"`
	NextFile uint64               `json:"nextFile"`
	Files    []tableFile          `json:"files"`
}

const (
	tablesName = "TABLES"
	// filesPerFamily keeps the file numbers of families apart, so that tables
	// can be written side by side and still have the same numbers every time.
	filesPerFamily = 10_000
	// checkRows is how often a long walk looks whether it is cancelled.
	checkRows = 4096
)

// walk yields the base's rows of one family in key order.
type walk func(b *namespace.Base, yield func(namespace.Row) bool)

// baseWalks are the families that have facts.
var baseWalks = map[omdb.Table]walk{
	omdb.VolumeTable: func(b *namespace.Base, yield func(namespace.Row) bool) { each(b.Volumes(), yield) },
	omdb.BucketTable: func(b *namespace.Base, yield func(namespace.Row) bool) { each(b.Buckets(), yield) },
	omdb.KeyTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.Keys(func(k *namespace.Key) bool { return yield(k) })
	},
	omdb.FileTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.Files(func(k *namespace.Key) bool { return yield(k) })
	},
	omdb.DirectoryTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.Directories(func(d *namespace.Directory) bool { return yield(d) })
	},
	omdb.DeletedDirectoryTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.DeletedDirectories(func(d *namespace.DeletedDirectory) bool { return yield(d) })
	},
	omdb.OpenKeyTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.OpenKeys(func(k *namespace.OpenKey) bool { return yield(k) })
	},
	omdb.OpenFileTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.OpenFiles(func(k *namespace.OpenKey) bool { return yield(k) })
	},
	omdb.DeletedTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.DeletedKeys(func(k *namespace.DeletedKeys) bool { return yield(k) })
	},
	omdb.MultipartInfoTable: func(b *namespace.Base, yield func(namespace.Row) bool) {
		b.Uploads(func(u *namespace.Upload) bool { return yield(u) })
	},
}

func each[R namespace.Row](rows []R, yield func(namespace.Row) bool) {
	for _, r := range rows {
		if !yield(r) {
			return
		}
	}
}

// writeBase writes every family's base tables and then their description.
func (c *Cluster) writeBase(dir string) (*baseTables, error) {
	b := &baseTables{
		dir:      dir,
		info:     omdb.TransactionInfo{Term: firstTerm, Index: c.options.Base.LastIndex()},
		nextFile: filesPerFamily * uint64(len(c.tables)+1),
	}
	rolls := make([]*tableRoll, len(c.tables))
	group, _ := c.env.NewGroup(context.Background(), c.options.Parallel)
	for i, t := range c.tables {
		rolls[i] = &tableRoll{
			fs: c.fs, dir: dir, table: t,
			maxBytes: uint64(c.options.TableBytes), number: filesPerFamily * uint64(i+1),
		}
		group.Go("om base "+t.String(), func(ctx context.Context) error {
			err := c.writeFamily(ctx, rolls[i], b.info)
			return errors.Join(err, rolls[i].abort())
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("fake OM: writing the base: %w", err)
	}
	for _, r := range rolls {
		b.files = append(b.files, r.files...)
	}
	if err := syncDir(c.fs, dir); err != nil {
		return nil, fmt.Errorf("fake OM: writing the base: %w", err)
	}
	d, err := json.Marshal(baseDescription{Info: b.info, NextFile: b.nextFile, Files: b.files})
	if err == nil {
		err = writeFileAtomically(c.fs, dir, tablesName, d)
	}
	if err != nil {
		return nil, fmt.Errorf("fake OM: writing the base: %w", err)
	}
	return b, nil
}

// writeFamily writes one family's rows as they come from the namespace.
func (c *Cluster) writeFamily(ctx context.Context, roll *tableRoll, info omdb.TransactionInfo) error {
	if roll.table == omdb.TransactionInfoTable {
		row := infoRow(info)
		if err := roll.add([]byte(row.key), row.value); err != nil {
			return err
		}
		return roll.closeFile()
	}
	walk, ok := baseWalks[roll.table]
	if !ok {
		return nil
	}
	var (
		encoder rowEncoder
		err     error
		rows    int
		limit   = roll.number + filesPerFamily
	)
	walk(c.options.Base, func(row namespace.Row) bool {
		var t omdb.Table
		var key, value []byte
		if t, key, value, err = encoder.encode(row); err != nil {
			return false
		}
		if t != roll.table {
			err = fmt.Errorf("the namespace yields a row of %s among those of %s", t, roll.table)
			return false
		}
		if rows++; rows%checkRows == 0 {
			if err = context.Cause(ctx); err != nil {
				return false
			}
			if c.options.Progress != nil {
				c.options.Progress(checkRows)
			}
		}
		err = roll.add(key, value)
		return err == nil
	})
	if err == nil {
		err = roll.closeFile()
	}
	if err == nil && roll.number > limit {
		err = fmt.Errorf("more than %d files: raise Options.TableBytes", filesPerFamily)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", roll.table, err)
	}
	return nil
}

func loadBase(fs env.FS, dir string) (*baseTables, error) {
	b, err := readFile(fs, fs.PathJoin(dir, tablesName))
	var d baseDescription
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		return nil, fmt.Errorf("fake OM: %s in %s: %w", tablesName, dir, err)
	}
	return &baseTables{dir: dir, files: d.Files, info: d.Info, nextFile: d.NextFile}, nil
}

// version is the state of a node's database with the base's tables alone.
func (b *baseTables) version(f *families) *rocksdb.Version {
	v := &rocksdb.Version{Families: []rocksdb.Family{{ID: 0, Name: rocksdb.DefaultFamily}}}
	for i, t := range f.order {
		v.Families = append(v.Families, rocksdb.Family{ID: uint32(i + 1), Name: t.String()})
	}
	addTables(v, b.files)
	return v
}

// addTables adds tables to their families.
func addTables(v *rocksdb.Version, files []tableFile) {
	for _, f := range files {
		if family := v.Family(f.Table); family != nil {
			family.Files = append(family.Files, f.File)
		}
	}
}
