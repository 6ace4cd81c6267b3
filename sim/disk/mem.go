package disk

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Observer is told every operation that changes the disk: what, where, at
// which offset, how many bytes, and the hash of the data.
type Observer func(kind, path string, offset, length int64, hash uint64)

// Mem is an in-memory disk.
type Mem struct {
	vfs.FS
	observe Observer
	mu      sync.Mutex
	// limits holds the size of files that were truncated: Pebble's files
	// cannot shrink, so what lies beyond is hidden.
	limits map[string]*limit
}

type limit struct {
	mu    sync.Mutex
	bytes int64 // -1: none
}

// NewMem makes an empty disk; observe may be nil.
func NewMem(observe Observer) *Mem {
	if observe == nil {
		observe = func(string, string, int64, int64, uint64) {}
	}
	return &Mem{FS: vfs.NewMem(), observe: observe, limits: map[string]*limit{}}
}

func (m *Mem) limitOf(name string) *limit {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.limits[name]
	if l == nil {
		l = &limit{bytes: -1}
		m.limits[name] = l
	}
	return l
}

func (m *Mem) wrap(f vfs.File, err error, name string) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &file{File: f, disk: m, name: name, limit: m.limitOf(name)}, nil
}

// Create makes or empties a file.
func (m *Mem) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	m.observe("create", name, 0, 0, 0)
	m.mu.Lock()
	delete(m.limits, name)
	m.mu.Unlock()
	f, err := m.FS.Create(name, c)
	return m.wrap(f, err, name)
}

// Open opens a file for reading.
func (m *Mem) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := m.FS.Open(name, opts...)
	return m.wrap(f, err, name)
}

// OpenReadWrite opens or makes a file for reading and writing.
func (m *Mem) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if _, err := m.FS.Stat(name); err != nil {
		m.observe("create", name, 0, 0, 0)
	}
	f, err := m.FS.OpenReadWrite(name, c, opts...)
	return m.wrap(f, err, name)
}

// OpenDir opens a directory so that it can be synced.
func (m *Mem) OpenDir(name string) (vfs.File, error) {
	f, err := m.FS.OpenDir(name)
	return m.wrap(f, err, name)
}

// Link makes a hard link.
func (m *Mem) Link(oldname, newname string) error {
	m.observe("link", oldname+" "+newname, 0, 0, 0)
	return m.FS.Link(oldname, newname)
}

// Rename moves a file or directory.
func (m *Mem) Rename(oldname, newname string) error {
	m.observe("rename", oldname+" "+newname, 0, 0, 0)
	return m.FS.Rename(oldname, newname)
}

// ReuseForWrite renames a file and opens it for writing.
func (m *Mem) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	m.observe("reuse", oldname+" "+newname, 0, 0, 0)
	f, err := m.FS.ReuseForWrite(oldname, newname, c)
	return m.wrap(f, err, newname)
}

// Remove removes a file or an empty directory.
func (m *Mem) Remove(name string) error {
	m.observe("remove", name, 0, 0, 0)
	return m.FS.Remove(name)
}

// RemoveAll removes a tree.
func (m *Mem) RemoveAll(name string) error {
	m.observe("remove-all", name, 0, 0, 0)
	m.mu.Lock()
	for known := range m.limits {
		if strings.HasPrefix(known, name+"/") {
			delete(m.limits, known)
		}
	}
	m.mu.Unlock()
	return m.FS.RemoveAll(name)
}

// MkdirAll makes a directory and its parents.
func (m *Mem) MkdirAll(name string, perm os.FileMode) error {
	m.observe("mkdir", name, 0, 0, 0)
	return m.FS.MkdirAll(name, perm)
}

// Stat describes a file.
func (m *Mem) Stat(name string) (vfs.FileInfo, error) {
	info, err := m.FS.Stat(name)
	if err != nil {
		return nil, err
	}
	l := m.limitOf(name)
	l.mu.Lock()
	defer l.mu.Unlock()
	return limited(info, l.bytes), nil
}

// Unwrap gives Pebble the file system below, of which it asks nothing.
func (m *Mem) Unwrap() vfs.FS { return m.FS }

type file struct {
	vfs.File
	disk   *Mem
	name   string
	limit  *limit
	offset int64
}

func hashOf(name string, p []byte) uint64 {
	if strings.HasPrefix(path.Base(name), "MANIFEST-") {
		return 0
	}
	return xxhash.Sum64(p)
}

// Write appends at the handle's own offset.
func (f *file) Write(p []byte) (int, error) {
	f.disk.observe("write", f.name, f.offset, int64(len(p)), hashOf(f.name, p))
	n, err := f.File.Write(p)
	f.offset += int64(n)
	return n, err
}

// WriteAt writes at an offset.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.disk.observe("write", f.name, off, int64(len(p)), hashOf(f.name, p))
	f.limit.mu.Lock()
	defer f.limit.mu.Unlock()
	if l := f.limit.bytes; l >= 0 && off+int64(len(p)) > l {
		if gap := off - l; gap > 0 {
			if _, err := f.File.WriteAt(make([]byte, gap), l); err != nil {
				return 0, err
			}
		}
		f.limit.bytes = off + int64(len(p))
	}
	return f.File.WriteAt(p, off)
}

// ReadAt reads at an offset, not beyond a truncation.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.limit.mu.Lock()
	l := f.limit.bytes
	f.limit.mu.Unlock()
	if l < 0 {
		return f.File.ReadAt(p, off)
	}
	if off >= l {
		return 0, io.EOF
	}
	short := off+int64(len(p)) > l
	if short {
		p = p[:l-off]
	}
	n, err := f.File.ReadAt(p, off)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

// Truncate sets the size. A file can only shrink this way; SQLite never asks
// for more.
func (f *file) Truncate(sizeBytes int64) error {
	f.disk.observe("truncate", f.name, sizeBytes, 0, 0)
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if sizeBytes > info.Size() {
		return fmt.Errorf("disk: truncate %s from %d to %d bytes: growing is not supported", f.name, info.Size(), sizeBytes)
	}
	f.limit.mu.Lock()
	defer f.limit.mu.Unlock()
	f.limit.bytes = sizeBytes
	return nil
}

// Sync makes the file durable.
func (f *file) Sync() error {
	f.disk.observe("sync", f.name, 0, 0, 0)
	return f.File.Sync()
}

// SyncData makes the file's data durable.
func (f *file) SyncData() error {
	f.disk.observe("sync-data", f.name, 0, 0, 0)
	return f.File.SyncData()
}

// Stat describes the file.
func (f *file) Stat() (vfs.FileInfo, error) {
	info, err := f.File.Stat()
	if err != nil {
		return nil, err
	}
	f.limit.mu.Lock()
	defer f.limit.mu.Unlock()
	return limited(info, f.limit.bytes), nil
}

type limitedInfo struct {
	vfs.FileInfo
	bytes int64
}

func (i limitedInfo) Size() int64 { return i.bytes }

func limited(info vfs.FileInfo, bytes int64) vfs.FileInfo {
	if bytes < 0 || info.IsDir() {
		return info
	}
	return limitedInfo{FileInfo: info, bytes: bytes}
}
