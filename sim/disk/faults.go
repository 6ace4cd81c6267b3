package disk

import (
	"context"
	"io/fs"
	"sync/atomic"
	"syscall"

	"reconsim/faults/plan"
	"reconsim/faults/point"
)

// SetCapacity changes the size of the disk in bytes, 0 for no limit. What is
// there stays.
func (y *FS) SetCapacity(sizeBytes int64) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.mu.capacity = sizeBytes
}

// UsedBytes is the size of all files, those included that are removed and still
// open. A hard link takes no room.
func (y *FS) UsedBytes() int64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.mu.usedBytes
}

// FlipBit turns one bit of a file where it lies, counted from its beginning, as
// a decaying medium does. To the log it is a write that waits for a sync.
func (y *FS) FlipBit(name string, bit int64) error {
	if err := y.lock(); err != nil {
		return &fs.PathError{Op: "flip", Path: name, Err: err}
	}
	defer y.mu.Unlock()
	i, err := y.mu.find(clean(name))
	switch {
	case err != nil:
	case y.mu.nodes[i].isDir():
		err = syscall.EISDIR
	case bit < 0 || bit/8 >= y.mu.nodes[i].sizeBytes:
		err = syscall.EINVAL
	}
	if err != nil {
		return &fs.PathError{Op: "flip", Path: name, Err: err}
	}
	var b [1]byte
	y.mu.nodes[i].readAt(b[:], bit/8)
	b[0] ^= 1 << (bit % 8)
	y.write(name, i, b[:], bit/8)
	return nil
}

// FaultAt is a point.Injector for faults/disk.Wrap that strikes one operation
// by its number, so that a sweep can let every operation of a run fail once. It
// strikes the first passage that would make operation Number or a later one; a
// file that OpenReadWrite makes and a lock's file pass with it.
type FaultAt struct {
	// Disk is the one below the wrapper.
	Disk *FS
	// Number is that of the operation.
	Number int
	// Err is what the operation fails with.
	Err error
	// Effect is nil or what the wrapper carries out besides: plan.Short fits a
	// write, plan.DropSync a sync; others then only fail.
	Effect plan.Effect

	struck atomic.Bool
}

// Armed reports whether the fault is still to come.
func (f *FaultAt) Armed() bool { return !f.struck.Load() }

// Struck reports whether the fault has happened; one that has not proves
// nothing.
func (f *FaultAt) Struck() bool { return f.struck.Load() }

// Hit fails the operation once.
func (f *FaultAt) Hit(_ context.Context, p point.Point, subject string, n int64) error {
	if p == point.DiskOpen || p == point.DiskRead || f.Disk.Operations()+1 < f.Number || !f.struck.CompareAndSwap(false, true) {
		return nil
	}
	if f.Effect == nil {
		return f.Err
	}
	return &plan.Injected{Rule: "number", Point: p, Subject: subject, N: n, Do: f.Effect, Cause: f.Err}
}
