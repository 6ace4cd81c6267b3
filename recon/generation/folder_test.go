package generation

import (
	iofs "io/fs"
	"path/filepath"
	"slices"
	"testing"
)

// TestFolderNamesAreSynced: D3. A crash must not take the folder of the
// generations away because its own name, or that of a folder above it, was
// never synced. A matrix of crashes found that it did.
func TestFolderNamesAreSynced(t *testing.T) {
	b := newBench(t)
	dir := filepath.Join(b.dir, "new", "generations")
	var synced []string
	b.fs.fail(func(op, path string) error {
		if op == "syncdir" {
			synced = append(synced, path)
		}
		return nil
	})
	must(NewLayout(b.env, dir, b.dir))(t)
	for _, parent := range []string{filepath.Join(b.dir, "new"), b.dir, filepath.Dir(b.dir)} {
		if !slices.Contains(synced, parent) {
			t.Errorf("%s was not synced, only %q", parent, synced)
		}
	}
	// A folder that may not be opened is not ours, and was there before.
	b.fs.fail(func(op, path string) error {
		if op == "syncdir" && path == filepath.Dir(b.dir) {
			return iofs.ErrPermission
		}
		return nil
	})
	must(NewLayout(b.env, dir, b.dir))(t)
	b.fs.fail(func(op, path string) error {
		if op == "syncdir" {
			return errPlanted
		}
		return nil
	})
	if _, err := NewLayout(b.env, dir, b.dir); err == nil {
		t.Error("a name that could not be made durable was not told")
	}
}
