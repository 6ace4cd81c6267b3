package tasks

import (
	"context"
	"fmt"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// nsSummary keeps the totals below each bucket and directory
// (spec/recon.md 1.4). Files and directories of FSO buckets name their parent;
// keys of OBJECT_STORE buckets lie in the bucket; keys of LEGACY buckets too,
// unless file-system paths are on, see legacyParent.
type nsSummary struct{}

func (nsSummary) Name() string { return NSSummaryTask }
func (nsSummary) Reads() []omdb.Table {
	return []omdb.Table{omdb.DirectoryTable, omdb.FileTable, omdb.KeyTable}
}
func (nsSummary) Writes() []omdb.Table { return []omdb.Table{derived.NamespaceSummary} }

func (nsSummary) Rebuild(o RebuildOptions) (Rebuild, error) {
	sorter, err := o.NewSorter()
	if err != nil {
		return nil, fmt.Errorf("make the sorter: %w", err)
	}
	return &namespaceRebuild{options: o, sorter: sorter}, nil
}

func (nsSummary) Process(ctx context.Context, delta *Delta, store omdb.Store) error {
	d := newNamespaceDelta(delta, store)
	if err := d.collect(); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return d.apply()
}

// totals are the files of one place and all below it; sizes in bytes. The
// arithmetic wraps as Ozone's does, so that taking away undoes adding.
type totals struct {
	files, size, replicated int64
}

func (t *totals) add(other totals) {
	t.files += other.files
	t.size += other.size
	t.replicated += other.replicated
}

func (t totals) negative() totals {
	return totals{files: -t.files, size: -t.size, replicated: -t.replicated}
}

func (t totals) zero() bool { return t == totals{} }

// fileOf is what one file adds to its parent and all above.
func fileOf(row *omdb.Row) (t totals, bin int, err error) {
	k := &row.KeyInfo
	bin, ok := derived.SizeBin(k.DataSize)
	if !ok {
		return totals{}, 0, corruptRow(row, "the data size is negative")
	}
	return totals{files: 1, size: k.DataSize, replicated: k.ReplicatedSize()}, bin, nil
}
