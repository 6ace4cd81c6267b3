package disk

import (
	"fmt"
	"io"
	"io/fs"
	"math"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// maxFileBytes bounds a file, so that a wrong offset cannot take all memory.
const maxFileBytes = 4 << 30

// file is an open file or directory.
type file struct {
	fs            *FS
	inode         inode
	name          string
	offset        int64
	writes, locks bool
	closed        bool
}

var _ vfs.File = (*file)(nil)

func (f *file) fail(op string, err error) error {
	return &fs.PathError{Op: op, Path: f.name, Err: err}
}

// use begins an operation on the handle; the caller unlocks if there is no
// error.
func (f *file) use(op string, writes bool) error {
	if err := f.fs.lock(); err != nil {
		return f.fail(op, err)
	}
	var err error
	switch {
	case f.closed:
		err = fs.ErrClosed
	case writes && !f.writes:
		err = syscall.EBADF
	default:
		return nil
	}
	f.fs.mu.Unlock()
	return f.fail(op, err)
}

// Close ends the handle and the lock that it holds.
func (f *file) Close() error {
	if err := f.use("close", false); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	f.closed = true
	if f.locks {
		delete(f.fs.mu.locked, f.inode)
	}
	f.fs.release(f.inode, 0, 1)
	return nil
}

// Read reads on from where the handle is.
func (f *file) Read(p []byte) (int, error) {
	if err := f.use("read", false); err != nil {
		return 0, err
	}
	defer f.fs.mu.Unlock()
	n, err := f.readAt(p, f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt reads at an offset.
func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.use("read", false); err != nil {
		return 0, err
	}
	defer f.fs.mu.Unlock()
	return f.readAt(p, offset)
}

func (f *file) readAt(p []byte, offset int64) (int, error) {
	node := f.fs.mu.nodes[f.inode]
	switch {
	case node.isDir():
		return 0, f.fail("read", syscall.EISDIR)
	case offset < 0:
		return 0, f.fail("read", syscall.EINVAL)
	}
	n := node.readAt(p, offset)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Write writes on from where the handle is.
func (f *file) Write(p []byte) (int, error) {
	if err := f.use("write", true); err != nil {
		return 0, err
	}
	defer f.fs.mu.Unlock()
	n, err := f.writeAt(p, f.offset)
	f.offset += int64(n)
	return n, err
}

// WriteAt writes at an offset; what lies between it and the end becomes zero.
func (f *file) WriteAt(p []byte, offset int64) (int, error) {
	if err := f.use("write", true); err != nil {
		return 0, err
	}
	defer f.fs.mu.Unlock()
	return f.writeAt(p, offset)
}

func (f *file) writeAt(p []byte, offset int64) (int, error) {
	switch {
	case offset < 0:
		return 0, f.fail("write", syscall.EINVAL)
	case offset > maxFileBytes-int64(len(p)):
		return 0, f.fail("write", syscall.EFBIG)
	case len(p) == 0:
		return 0, nil
	}
	fits := f.fs.room(f.inode, offset, int64(len(p)))
	if fits > 0 {
		f.fs.write(f.name, f.inode, p[:fits], offset)
	}
	if fits < int64(len(p)) {
		return int(fits), f.fail("write", syscall.ENOSPC)
	}
	return len(p), nil
}

// write changes the bytes of an inode.
func (y *FS) write(name string, i inode, p []byte, offset int64) {
	r := record{kind: Write, path: name, inode: i, offset: offset, length: int64(len(p))}
	if y.observe != nil {
		r.hash = hashOf(name, p, offset)
	}
	n, u := y.mu.own(i), &y.mu.uses[i]
	before := n.sizeBytes
	if y.mu.log == nil {
		n.writeAt(p, offset, &u.dirty, false, nil)
	} else {
		r.pages = y.mu.log.write(n, p, offset, &u.dirty)
	}
	n.version++
	r.version = n.version
	y.mu.usedBytes += n.sizeBytes - before
	n.modTime = y.now()
	y.emit(r)
}

// free is the room that is left, in bytes.
func (y *FS) free() int64 {
	if y.mu.capacity == 0 {
		return math.MaxInt64
	}
	return max(0, y.mu.capacity-y.mu.usedBytes)
}

// room tells how many of the bytes to write at an offset the disk has room for.
// A hole takes room, too: what counts is the size.
func (y *FS) room(i inode, offset, want int64) int64 {
	more := max(0, offset+want-y.mu.nodes[i].sizeBytes)
	return max(0, want-max(0, more-y.free()))
}

// Truncate sets the size in bytes; a longer file gets zeros.
func (f *file) Truncate(sizeBytes int64) error {
	if err := f.use("truncate", true); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	if err := f.fs.resize(f.name, f.inode, sizeBytes); err != nil {
		return f.fail("truncate", err)
	}
	return nil
}

func (y *FS) resize(name string, i inode, sizeBytes int64) error {
	switch {
	case sizeBytes < 0:
		return syscall.EINVAL
	case sizeBytes > maxFileBytes:
		return syscall.EFBIG
	case sizeBytes-y.mu.nodes[i].sizeBytes > y.free():
		return syscall.ENOSPC
	}
	n, u := y.mu.own(i), &y.mu.uses[i]
	y.mu.usedBytes += sizeBytes - n.sizeBytes
	n.truncate(sizeBytes, &u.dirty)
	n.version++
	n.modTime = y.now()
	y.emit(record{kind: Truncate, path: name, inode: i, offset: sizeBytes, version: n.version})
	return nil
}

// Stat describes the file.
func (f *file) Stat() (vfs.FileInfo, error) {
	if err := f.use("stat", false); err != nil {
		return nil, err
	}
	defer f.fs.mu.Unlock()
	return f.fs.info(f.name, f.inode), nil
}

// Sync makes a file's bytes and size durable, or a directory's entries.
func (f *file) Sync() error {
	if err := f.use("sync", false); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	f.fs.sync(f.name, f.inode)
	return nil
}

func (y *FS) sync(name string, i inode) {
	if y.mu.nodes[i].isDir() {
		y.emit(record{kind: SyncDir, path: name, inode: i})
		return
	}
	y.mu.uses[i].dirty.synced(y.mu.nodes[i])
	y.emit(record{kind: Sync, path: name, inode: i})
}

// SyncData is Sync: the bytes are useless without the size.
func (f *file) SyncData() error { return f.Sync() }

// SyncTo promises nothing and does nothing, as Linux may.
func (f *file) SyncTo(int64) (fullSync bool, err error) {
	if err := f.use("sync", false); err != nil {
		return false, err
	}
	f.fs.mu.Unlock()
	return false, nil
}

// DropDirty loses what was written since the last sync, as the page cache may
// when an fsync fails: the file is again as it was then.
func (f *file) DropDirty() error {
	if err := f.use("drop", false); err != nil {
		return err
	}
	defer f.fs.mu.Unlock()
	if f.fs.mu.nodes[f.inode].isDir() {
		return f.fail("drop", fmt.Errorf("a directory has no bytes: %w", syscall.EISDIR))
	}
	n := f.fs.mu.own(f.inode)
	before := n.sizeBytes
	f.fs.mu.uses[f.inode].dirty.drop(n)
	f.fs.mu.usedBytes += n.sizeBytes - before
	f.fs.emit(record{kind: Drop, path: f.name, inode: f.inode})
	return nil
}

// Prefetch does nothing.
func (f *file) Prefetch(int64, int64) error { return nil }

// Preallocate does nothing; room is taken by writes.
func (f *file) Preallocate(int64, int64) error { return nil }

// Fd returns vfs.InvalidFd.
func (f *file) Fd() uintptr { return vfs.InvalidFd }
