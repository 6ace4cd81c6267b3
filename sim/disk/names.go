package disk

import (
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Create makes an empty file. One of that name is removed first, so that its
// other links and open handles keep their bytes.
func (y *FS) Create(name string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	return y.open("create", name, func(s slot, held inode) (*file, error) {
		if held != 0 {
			if y.mu.nodes[held].isDir() {
				return nil, syscall.EISDIR
			}
			y.unlink(name, s)
		}
		return y.handle(name, y.add(Create, name, s), true), nil
	})
}

// open resolves the slot of a path and lets do open what it holds.
func (y *FS) open(op, name string, do func(s slot, held inode) (*file, error)) (*file, error) {
	if err := y.lock(); err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	defer y.mu.Unlock()
	s, err := y.mu.slotOf(name)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	f, err := do(s, y.mu.at(s))
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return f, nil
}

// Open opens a file or directory for reading.
func (y *FS) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	if err := y.lock(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	i, err := y.mu.find(clean(name))
	if err != nil {
		y.mu.Unlock()
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f := y.handle(name, i, false)
	y.mu.Unlock()
	for _, option := range options {
		option.Apply(f)
	}
	return f, nil
}

// OpenReadWrite opens a file for reading and writing, and makes it if it is not
// there.
func (y *FS) OpenReadWrite(name string, _ vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	f, err := y.open("open", name, func(s slot, held inode) (*file, error) {
		if held == 0 {
			held = y.add(Create, name, s)
		} else if y.mu.nodes[held].isDir() {
			return nil, syscall.EISDIR
		}
		return y.handle(name, held, true), nil
	})
	if err != nil {
		return nil, err
	}
	for _, option := range options {
		option.Apply(f)
	}
	return f, nil
}

// OpenDir opens a directory so that it can be synced.
func (y *FS) OpenDir(name string) (vfs.File, error) {
	if err := y.lock(); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer y.mu.Unlock()
	i, err := y.mu.find(clean(name))
	if err == nil && !y.mu.nodes[i].isDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return y.handle(name, i, false), nil
}

// Link makes a second name for a file.
func (y *FS) Link(oldname, newname string) error {
	return y.pair("link", oldname, newname, func(from, to slot) error {
		i := y.mu.at(from)
		switch {
		case i == 0:
			return syscall.ENOENT
		case y.mu.nodes[i].isDir():
			return syscall.EPERM
		case y.mu.at(to) != 0:
			return syscall.EEXIST
		}
		y.mu.uses[i].links++
		y.mu.set(to, i)
		y.emit(record{kind: Link, path: oldname, to: newname, from: from, into: to, inode: i})
		return nil
	})
}

// pair resolves two names and lets do change them.
func (y *FS) pair(op, oldname, newname string, do func(from, to slot) error) error {
	err := y.lock()
	if err == nil {
		defer y.mu.Unlock()
		var from, to slot
		if from, err = y.mu.slotOf(oldname); err == nil {
			if to, err = y.mu.slotOf(newname); err == nil {
				err = do(from, to)
			}
		}
	}
	if err != nil {
		return &os.LinkError{Op: op, Old: oldname, New: newname, Err: err}
	}
	return nil
}

// Rename moves a file or directory in one step, over a file or an empty
// directory of the new name.
func (y *FS) Rename(oldname, newname string) error {
	return y.pair("rename", oldname, newname, func(from, to slot) error { return y.rename(oldname, newname, from, to) })
}

func (y *FS) rename(oldname, newname string, from, to slot) error {
	moved, replaced := y.mu.at(from), y.mu.at(to)
	if moved == 0 {
		return syscall.ENOENT
	}
	isDir := y.mu.nodes[moved].isDir()
	switch {
	case moved == replaced:
		return nil
	case isDir && y.mu.holds(moved, to.dir):
		return syscall.EINVAL
	case replaced == 0:
	case isDir && !y.mu.nodes[replaced].isDir():
		return syscall.ENOTDIR
	case !isDir && y.mu.nodes[replaced].isDir():
		return syscall.EISDIR
	case len(y.mu.nodes[replaced].entries) > 0:
		return syscall.ENOTEMPTY
	}
	y.mu.unset(from)
	y.mu.set(to, moved)
	y.emit(record{kind: Rename, path: oldname, to: newname, from: from, into: to, inode: moved})
	if replaced != 0 {
		y.release(replaced, 1, 0)
	}
	return nil
}

// ReuseForWrite renames a file and opens it for writing at its beginning, with
// its bytes kept.
func (y *FS) ReuseForWrite(oldname, newname string, _ vfs.DiskWriteCategory) (vfs.File, error) {
	var f *file
	err := y.pair("reuse", oldname, newname, func(from, to slot) error {
		if i := y.mu.at(from); i != 0 && y.mu.nodes[i].isDir() {
			return syscall.EISDIR
		}
		if err := y.rename(oldname, newname, from, to); err != nil {
			return err
		}
		f = y.handle(newname, y.mu.at(to), true)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Remove removes a file or an empty directory.
func (y *FS) Remove(name string) error {
	err := y.lock()
	if err == nil {
		defer y.mu.Unlock()
		err = y.remove(name)
	}
	if err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

func (y *FS) remove(name string) error {
	s, err := y.mu.slotOf(name)
	if err != nil {
		return err
	}
	i := y.mu.at(s)
	if i == 0 {
		return syscall.ENOENT
	}
	if len(y.mu.nodes[i].entries) > 0 {
		return syscall.ENOTEMPTY
	}
	y.unlink(name, s)
	return nil
}

// RemoveAll removes a tree, entry by entry from the leaves; a crash may leave a
// part of it. What is not there is no error.
func (y *FS) RemoveAll(name string) error {
	if err := y.lock(); err != nil {
		return &fs.PathError{Op: "remove-all", Path: name, Err: err}
	}
	defer y.mu.Unlock()
	s, err := y.mu.slotOf(name)
	switch {
	case err == syscall.ENOENT:
		return nil
	case err != nil:
		return &fs.PathError{Op: "remove-all", Path: name, Err: err}
	case y.mu.at(s) == 0:
		return nil
	}
	y.removeTree(strings.TrimSuffix(name, "/"), s)
	return nil
}

func (y *FS) removeTree(name string, s slot) {
	if i := y.mu.at(s); y.mu.nodes[i].isDir() {
		for _, child := range y.mu.names(i) {
			y.removeTree(name+"/"+child, slot{i, child})
		}
	}
	y.unlink(name, s)
}

// MkdirAll makes a directory and those above it that are missing.
func (y *FS) MkdirAll(name string, _ os.FileMode) error {
	if err := y.lock(); err != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: err}
	}
	defer y.mu.Unlock()
	at, made := rootInode, ""
	for rest := clean(name); rest != ""; {
		var first string
		first, rest, _ = strings.Cut(rest, "/")
		made += "/" + first
		s := slot{at, first}
		if at = y.mu.at(s); at == 0 {
			at = y.add(Mkdir, made, s)
		} else if !y.mu.nodes[at].isDir() {
			return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.ENOTDIR}
		}
	}
	return nil
}

// Lock takes a file's lock, which goes with [FS.Crash] as it does with a
// process, and makes or empties the file. A second one gets EAGAIN.
func (y *FS) Lock(name string) (io.Closer, error) {
	f, err := y.open("lock", name, func(s slot, held inode) (*file, error) {
		switch {
		case held == 0:
			held = y.add(Create, name, s)
		case y.mu.nodes[held].isDir():
			return nil, syscall.EISDIR
		case y.mu.locked[held]:
			return nil, syscall.EAGAIN
		case y.mu.nodes[held].sizeBytes > 0:
			if err := y.resize(name, held, 0); err != nil {
				return nil, err
			}
		}
		y.mu.locked[held] = true
		f := y.handle(name, held, true)
		f.locks = true
		return f, nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}
