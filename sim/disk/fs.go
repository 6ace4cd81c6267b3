package disk

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrCrashed is what every operation returns after [FS.Crash].
var ErrCrashed = errors.New("the simulated machine has crashed")

// Options is what a disk is made of; the zero value is a plain disk.
type Options struct {
	// Observe is told every operation, if set.
	Observe Observer
	// Record keeps a log with the data, from which crash images are rebuilt.
	Record bool
	// CapacityBytes is the size of the disk, 0 for no limit. A write beyond it
	// writes what fits and fails with ENOSPC.
	CapacityBytes int64
	// Now gives files their times; all are 1970 without it.
	Now func() time.Time
}

// FS is a disk in memory, a vfs.FS. Its files have Truncate and DropDirty
// besides Pebble's methods. It is safe for concurrent use.
type FS struct {
	observe Observer
	now     func() time.Time
	mu      struct {
		sync.Mutex
		tree
		// uses is indexed by inode, as nodes are.
		uses       []use
		locked     map[inode]bool
		operations int
		log        *recorder
		capacity   int64
		usedBytes  int64
		crashed    bool
		unplugged  bool
	}
}

var _ vfs.FS = (*FS)(nil)

// use is what a live disk knows of an inode beyond its content.
type use struct {
	links, handles int
	dirty          dirty
}

// New makes an empty disk.
func New(o Options) *FS { return newFS(newTree(), o) }

// NewMem is New with an observer, which may be nil.
func NewMem(observe Observer) *FS { return New(Options{Observe: observe}) }

// newFS makes a disk of a tree that nobody else changes. All of it counts as
// durable.
func newFS(t tree, o Options) *FS {
	y := &FS{observe: o.Observe, now: o.Now}
	if y.now == nil {
		y.now = func() time.Time { return time.Unix(0, 0).UTC() }
	}
	y.mu.tree, y.mu.capacity, y.mu.locked = t, o.CapacityBytes, map[inode]bool{}
	y.mu.uses = make([]use, len(t.nodes))
	y.mu.uses[rootInode].links = 1
	t.walk(rootInode, "", func(_ string, _ slot, i inode) {
		u := &y.mu.uses[i]
		if u.links++; u.links == 1 {
			u.dirty.synced(t.nodes[i])
			y.mu.usedBytes += t.nodes[i].sizeBytes
		}
	})
	for i := range y.mu.uses {
		if y.mu.uses[i].links == 0 {
			t.nodes[i] = nil
		}
	}
	if o.Record {
		y.mu.hash() // Nodes that are shared have their hashes already.
		y.mu.log = &recorder{base: y.mu.share()}
	}
	return y
}

// Operations is the number of operations that changed the disk so far.
func (y *FS) Operations() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.mu.operations
}

// Crash ends the machine: every handle and every operation fails from now on
// with [ErrCrashed], and nothing changes any more. What the disk may be after
// it comes from [FS.Log].
func (y *FS) Crash() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.mu.crashed = true
}

// Unplug ends the machine as [FS.Crash] does, for who must not be failed: those
// who hold the disk go on with one of their own, and what they do from now on
// is neither numbered nor told nor recorded. Pebble repeats a flush that fails
// for ever, in a goroutine that no scheduler sees; a simulation in which an
// engine dies in the middle of one would never end.
func (y *FS) Unplug() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.mu.unplugged = true
}

// Log returns what was recorded so far, nil without Options.Record. It does not
// change when the disk goes on.
func (y *FS) Log() *Log {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.mu.log == nil {
		return nil
	}
	return y.mu.log.log()
}

// lock begins an operation; the caller unlocks y.mu if there is no error.
func (y *FS) lock() error {
	y.mu.Lock()
	if y.mu.crashed {
		y.mu.Unlock()
		return ErrCrashed
	}
	return nil
}

// emit numbers an operation, tells the observer and records it.
func (y *FS) emit(r record) {
	if y.mu.unplugged {
		return
	}
	y.mu.operations++
	if y.observe != nil {
		op := r.op(y.mu.operations)
		op.Hash = r.hash
		y.observe(op)
	}
	if y.mu.log != nil {
		y.mu.log.add(r)
	}
}

// add makes a file or directory at a free slot.
func (y *FS) add(kind Kind, name string, s slot) inode {
	i := inode(len(y.mu.nodes))
	y.mu.place(i, kind == Mkdir, y.now())
	y.mu.uses = append(y.mu.uses, use{links: 1, dirty: dirty{epoch: 1}})
	y.mu.set(s, i)
	y.emit(record{kind: kind, path: name, from: s, inode: i})
	return i
}

// unlink takes an entry away; the file goes with its last link and handle.
func (y *FS) unlink(name string, s slot) {
	i := y.mu.at(s)
	y.mu.unset(s)
	y.emit(record{kind: Remove, path: name, from: s, inode: i})
	y.release(i, 1, 0)
}

func (y *FS) release(i inode, links, handles int) {
	u := &y.mu.uses[i]
	u.links, u.handles = u.links-links, u.handles-handles
	if u.links == 0 && u.handles == 0 {
		y.mu.usedBytes -= y.mu.nodes[i].sizeBytes
		y.mu.nodes[i], u.dirty = nil, dirty{}
	}
}

// handle opens an inode.
func (y *FS) handle(name string, i inode, writes bool) *file {
	y.mu.uses[i].handles++
	return &file{fs: y, inode: i, name: name, writes: writes}
}

// Stat describes a file.
func (y *FS) Stat(name string) (vfs.FileInfo, error) {
	if err := y.lock(); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	defer y.mu.Unlock()
	i, err := y.mu.find(clean(name))
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return y.info(name, i), nil
}

func (y *FS) info(name string, i inode) *info {
	n := y.mu.nodes[i]
	return &info{name: path.Base(name), sizeBytes: n.sizeBytes, modTime: n.modTime, isDir: n.isDir()}
}

// List lists a directory's entries, sorted.
func (y *FS) List(dir string) ([]string, error) {
	if err := y.lock(); err != nil {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: err}
	}
	defer y.mu.Unlock()
	i, err := y.mu.find(clean(dir))
	if err == nil && !y.mu.nodes[i].isDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: err}
	}
	return y.mu.names(i), nil
}

// GetDiskUsage tells the room that is left; vfs.ErrUnsupported without a limit.
func (y *FS) GetDiskUsage(name string) (vfs.DiskUsage, error) {
	if err := y.lock(); err != nil {
		return vfs.DiskUsage{}, &fs.PathError{Op: "statfs", Path: name, Err: err}
	}
	defer y.mu.Unlock()
	if y.mu.capacity == 0 {
		return vfs.DiskUsage{}, vfs.ErrUnsupported
	}
	total, used := max(y.mu.capacity, y.mu.usedBytes), y.mu.usedBytes
	return vfs.DiskUsage{AvailBytes: uint64(total - used), TotalBytes: uint64(total), UsedBytes: uint64(used)}, nil
}

// PathBase returns the last element of a path.
func (*FS) PathBase(name string) string { return path.Base(name) }

// PathJoin joins elements with slashes.
func (*FS) PathJoin(elements ...string) string { return path.Join(elements...) }

// PathDir returns all but the last element of a path.
func (*FS) PathDir(name string) string { return path.Dir(name) }

// Unwrap returns nil: nothing lies below.
func (*FS) Unwrap() vfs.FS { return nil }

type info struct {
	name      string
	sizeBytes int64
	modTime   time.Time
	isDir     bool
}

func (i *info) Name() string           { return i.name }
func (i *info) Size() int64            { return i.sizeBytes }
func (i *info) ModTime() time.Time     { return i.modTime }
func (i *info) IsDir() bool            { return i.isDir }
func (i *info) Sys() any               { return nil }
func (i *info) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }

func (i *info) Mode() os.FileMode {
	if i.isDir {
		return os.ModeDir | 0o755
	}
	return 0o644
}
