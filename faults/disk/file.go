package disk

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/faults/plan"
	"reconsim/faults/point"
)

// Dropper is a file that can lose what was written to it since its last sync.
// Simulated files have it; without it a dropped sync only fails.
type Dropper interface {
	// DropDirty forgets what was written since the last sync.
	DropDirty() error
}

// truncater is what read-write files offer beyond vfs.File (design D5).
type truncater interface {
	Truncate(sizeBytes int64) error
}

type faultyFile struct {
	vfs.File
	fs   *faulty
	path string
}

// Unwrap returns the inner file.
func (f *faultyFile) Unwrap() vfs.File { return f.File }

func (f *faultyFile) Read(p []byte) (int, error) {
	return f.read(p, func(p []byte) (int, error) { return f.File.Read(p) })
}

func (f *faultyFile) ReadAt(p []byte, offset int64) (int, error) {
	return f.read(p, func(p []byte) (int, error) { return f.File.ReadAt(p, offset) })
}

// read turns one bit in the middle of what was read if the plan says flip.
func (f *faultyFile) read(p []byte, inner func([]byte) (int, error)) (int, error) {
	hit := f.fs.hit(point.DiskRead, "read", f.path, int64(len(p)))
	if hit == nil {
		return inner(p)
	}
	if effect, ok := plan.EffectOf(hit); !ok || effect != (plan.Flip{}) {
		return 0, hit
	}
	n, err := inner(p)
	if n > 0 {
		p[n/2] ^= 1 << (n % 8)
	}
	return n, err
}

func (f *faultyFile) Write(p []byte) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.File.Write(p) })
}

func (f *faultyFile) WriteAt(p []byte, offset int64) (int, error) {
	return f.write(p, func(p []byte) (int, error) { return f.File.WriteAt(p, offset) })
}

// write lets half of the bytes through if the plan says short.
func (f *faultyFile) write(p []byte, inner func([]byte) (int, error)) (int, error) {
	hit := f.fs.hit(point.DiskWrite, "write", f.path, int64(len(p)))
	if hit == nil {
		return inner(p)
	}
	if effect, ok := plan.EffectOf(hit); !ok || effect != (plan.Short{}) {
		return 0, hit
	}
	n, err := inner(p[:len(p)/2])
	if err == nil {
		err = hit
	}
	return n, err
}

func (f *faultyFile) Sync() error     { return f.sync(func() error { return f.File.Sync() }) }
func (f *faultyFile) SyncData() error { return f.sync(func() error { return f.File.SyncData() }) }

func (f *faultyFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full && err == nil, err
}

// sync drops what is dirty, if the file can, if the plan says dropsync.
func (f *faultyFile) sync(inner func() error) error {
	hit := f.fs.hit(point.DiskSync, "sync", f.path, 0)
	if hit == nil {
		return inner()
	}
	if effect, ok := plan.EffectOf(hit); ok && effect == (plan.DropSync{}) {
		if d, can := f.File.(Dropper); can {
			if err := d.DropDirty(); err != nil {
				return fmt.Errorf("%w (and dropping the dirty data failed: %w)", hit, err)
			}
		}
	}
	return hit
}

// truncatableFile is a faultyFile whose inner file can be truncated.
type truncatableFile struct {
	faultyFile
	inner truncater
}

// Truncate sets the size in bytes; to the plan it is a write of length 0.
func (f *truncatableFile) Truncate(sizeBytes int64) error {
	if err := f.fs.hit(point.DiskWrite, "truncate", f.path, 0); err != nil {
		return err
	}
	return f.inner.Truncate(sizeBytes)
}
