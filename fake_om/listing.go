package fakeom

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/recon/rocksdb"
)

// ListRows calls fn for every live row of the checkpoint in dir: families in
// order of their names, keys in byte order, so that the lists of two nodes can
// be compared. key and value are borrowed. It reads any checkpoint that
// recon/rocksdb reads, a real OM's included.
func ListRows(ctx context.Context, fs env.FS, dir string, fn func(family string, key, value []byte) error) error {
	v, err := rocksdb.ReadCheckpoint(fs, dir)
	if err != nil {
		return err
	}
	families := slices.Clone(v.Families)
	slices.SortFunc(families, func(a, b rocksdb.Family) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range families {
		err := rocksdb.ScanFamily(ctx, fs, dir, v, f.ID, func(key, value []byte) error {
			return fn(f.Name, key, value)
		})
		if err != nil {
			return fmt.Errorf("family %s: %w", f.Name, err)
		}
	}
	return nil
}

// ExtractCheckpoint unpacks a v1 archive into dir, which must not hold files of
// the same names. An entry that is no plain file of that folder is refused.
func ExtractCheckpoint(fs env.FS, archive io.Reader, dir string) error {
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := tar.NewReader(archive)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("checkpoint archive: %w", err)
		}
		name := strings.TrimPrefix(h.Name, "./")
		if h.Typeflag == tar.TypeDir && (name == "" || name == ".") {
			continue
		}
		if h.Typeflag != tar.TypeReg || isSparse(h) || name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\") {
			return fmt.Errorf("checkpoint archive: entry %q is not a plain file of one folder", h.Name)
		}
		if err := extractEntry(fs, fs.PathJoin(dir, name), r); err != nil {
			return fmt.Errorf("checkpoint archive: entry %q: %w", h.Name, err)
		}
	}
}

// isSparse tells an entry that is longer than what the archive holds of it.
func isSparse(h *tar.Header) bool {
	for record := range h.PAXRecords {
		if strings.HasPrefix(record, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func extractEntry(fs env.FS, path string, content io.Reader) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
