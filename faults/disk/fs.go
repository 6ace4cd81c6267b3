package disk

import (
	"context"
	"io"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/point"
)

// Wrap returns inner with every operation passed by the injector first. A plan
// that hangs at a disk point hangs for good; see [WrapContext].
func Wrap(inner vfs.FS, injector point.Injector) vfs.FS {
	return WrapContext(context.Background(), inner, injector)
}

// WrapContext is Wrap with the context that the plan's parks and hangs end with.
func WrapContext(ctx context.Context, inner vfs.FS, injector point.Injector) vfs.FS {
	return &faulty{FS: inner, ctx: ctx, injector: injector}
}

// faulty is the layer; operations that it does not mention pass through.
type faulty struct {
	vfs.FS
	ctx      context.Context
	injector point.Injector
}

// hit asks the injector; op names the operation as in *fs.PathError.
func (f *faulty) hit(p point.Point, op, path string, n int64) error {
	if f.injector == nil || !f.injector.Armed() {
		return nil
	}
	if err := f.injector.Hit(f.ctx, p, path, n); err != nil {
		return &fs.PathError{Op: op, Path: path, Err: err}
	}
	return nil
}

// Unwrap returns the inner file system, as Pebble asks of layers.
func (f *faulty) Unwrap() vfs.FS { return f.FS }

func (f *faulty) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.hit(point.DiskCreate, "create", name, 0); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.Create(name, category))
}

func (f *faulty) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	if err := f.hit(point.DiskOpen, "open", name, 0); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.Open(name, options...))
}

func (f *faulty) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	if err := f.hit(point.DiskOpen, "open", name, 0); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.OpenReadWrite(name, category, options...))
}

func (f *faulty) OpenDir(name string) (vfs.File, error) {
	if err := f.hit(point.DiskOpen, "open", name, 0); err != nil {
		return nil, err
	}
	return f.wrap(name)(f.FS.OpenDir(name))
}

func (f *faulty) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.hit(point.DiskCreate, "reuse", newname, 0); err != nil {
		return nil, err
	}
	return f.wrap(newname)(f.FS.ReuseForWrite(oldname, newname, category))
}

func (f *faulty) Link(oldname, newname string) error {
	if err := f.hit(point.DiskLink, "link", newname, 0); err != nil {
		return err
	}
	return f.FS.Link(oldname, newname)
}

func (f *faulty) Remove(name string) error {
	if err := f.hit(point.DiskRemove, "remove", name, 0); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *faulty) RemoveAll(name string) error {
	if err := f.hit(point.DiskRemove, "remove", name, 0); err != nil {
		return err
	}
	return f.FS.RemoveAll(name)
}

func (f *faulty) Rename(oldname, newname string) error {
	if err := f.hit(point.DiskRename, "rename", newname, 0); err != nil {
		return err
	}
	return f.FS.Rename(oldname, newname)
}

func (f *faulty) MkdirAll(dir string, perm os.FileMode) error {
	if err := f.hit(point.DiskMkdir, "mkdir", dir, 0); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir, perm)
}

func (f *faulty) Lock(name string) (io.Closer, error) {
	if err := f.hit(point.DiskOpen, "lock", name, 0); err != nil {
		return nil, err
	}
	return f.FS.Lock(name)
}

// wrap puts the layer over a file that was just opened.
func (f *faulty) wrap(name string) func(vfs.File, error) (vfs.File, error) {
	return func(inner vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		outer := faultyFile{File: inner, fs: f, path: name}
		if t, ok := inner.(truncater); ok {
			return &truncatableFile{outer, t}, nil
		}
		return &outer, nil
	}
}
