package disk

import (
	"errors"
	"io/fs"
	"sort"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Create makes an empty file, which frees the bytes of one of that name.
func (q *Quota) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	inner, err := q.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	c := &content{}
	q.place(name, c)
	return q.wrap(inner, name, c), nil
}

// OpenReadWrite opens a file whose writes count.
func (q *Quota) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	inner, err := q.FS.OpenReadWrite(name, category, options...)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.mu.files[name]
	if c == nil {
		c = &content{}
		q.place(name, c)
	}
	return q.wrap(inner, name, c), nil
}

// ReuseForWrite moves a file and opens it for writing without truncation, or
// makes an empty one, as the inner file system chooses.
func (q *Quota) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := q.admit("reuse", oldname, newname); err != nil {
		return nil, err
	}
	inner, err := q.FS.ReuseForWrite(oldname, newname, category)
	if err != nil {
		return nil, err
	}
	info, err := inner.Stat()
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	c := &content{sizeBytes: info.Size()}
	q.drop(oldname)
	q.place(newname, c)
	return q.wrap(inner, newname, c), nil
}

// Link makes a second name for the same bytes.
func (q *Quota) Link(oldname, newname string) error {
	if err := q.admit("link", oldname, newname); err != nil {
		return err
	}
	if err := q.FS.Link(oldname, newname); err != nil {
		return err
	}
	info, err := q.FS.Stat(newname)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.mu.files[oldname]
	if c == nil { // from outside the folder
		c = &content{sizeBytes: info.Size()}
	}
	q.place(newname, c)
	return nil
}

// admit refuses a file that comes from outside the folder and does not fit
// into what the limit leaves, the bytes of the file that it replaces included.
func (q *Quota) admit(op, oldname, newname string) error {
	if !q.counts(newname) || q.counts(oldname) {
		return nil
	}
	info, err := q.FS.Stat(oldname)
	if err != nil || info.IsDir() {
		return nil // The operation itself tells; folders are counted as they come.
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	freed := int64(0)
	if c := q.mu.files[newname]; c != nil && c.links == 1 {
		freed = c.sizeBytes
	}
	if q.mu.limitBytes >= 0 && q.mu.usedBytes-freed+info.Size() > q.mu.limitBytes {
		return &fs.PathError{Op: op, Path: newname, Err: syscall.ENOSPC}
	}
	return nil
}

// Rename moves a file or a folder with all below it; what comes from outside
// the folder must fit and counts from then on.
func (q *Quota) Rename(oldname, newname string) error {
	if err := q.admit("rename", oldname, newname); err != nil {
		return err
	}
	if err := q.FS.Rename(oldname, newname); err != nil {
		return err
	}
	if q.counts(newname) && !q.counts(oldname) {
		return q.take(newname)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, path := range q.below(oldname) {
		c := q.mu.files[path]
		delete(q.mu.files, path)
		target := newname + strings.TrimPrefix(path, oldname)
		if q.counts(target) {
			q.drop(target)
			q.mu.files[target] = c
			continue
		}
		q.mu.files[path] = c
		q.drop(path)
	}
	return nil
}

// Remove frees a file's bytes when its last name goes.
func (q *Quota) Remove(name string) error {
	if err := q.FS.Remove(name); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.drop(name)
	return nil
}

// RemoveAll frees everything below a folder. When it fails part of the way,
// the count follows what is really left.
func (q *Quota) RemoveAll(name string) error {
	err := q.FS.RemoveAll(name)
	q.mu.Lock()
	paths := q.below(name)
	q.mu.Unlock()
	for _, path := range paths {
		if err != nil {
			if _, left := q.FS.Stat(path); !isNotExist(left) {
				continue
			}
		}
		q.mu.Lock()
		q.drop(path)
		q.mu.Unlock()
	}
	return err
}

// below lists a path and what lies below it, sorted.
func (q *Quota) below(name string) []string {
	var paths []string
	for path := range q.mu.files {
		if path == name || strings.HasPrefix(path, strings.TrimSuffix(name, "/")+"/") {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	return paths
}

func (q *Quota) wrap(inner vfs.File, name string, c *content) vfs.File {
	outer := quotaFile{File: inner, quota: q, path: name, content: c}
	if t, ok := inner.(truncater); ok {
		return &truncatableQuotaFile{outer, t}
	}
	return &outer
}

type quotaFile struct {
	vfs.File
	quota   *Quota
	path    string
	content *content
	// offset is where Write goes on; Pebble writes one at a time.
	offset int64
}

// Unwrap returns the inner file.
func (f *quotaFile) Unwrap() vfs.File { return f.File }

func (f *quotaFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.offset += int64(n)
	return n, err
}

func (f *quotaFile) Write(p []byte) (int, error) {
	n, err := f.write(p, f.offset, f.File.Write)
	f.offset += int64(n)
	return n, err
}

func (f *quotaFile) WriteAt(p []byte, offset int64) (int, error) {
	return f.write(p, offset, func(p []byte) (int, error) { return f.File.WriteAt(p, offset) })
}

// write writes what the quota has room for, as a full device does.
func (f *quotaFile) write(p []byte, offset int64, inner func([]byte) (int, error)) (int, error) {
	fits := f.quota.grow(f.content, offset, int64(len(p)))
	if fits == 0 && len(p) > 0 {
		return 0, full("write", f.path)
	}
	n, err := inner(p[:fits])
	if err == nil && fits < int64(len(p)) {
		err = full("write", f.path)
	}
	return n, err
}

type truncatableQuotaFile struct {
	quotaFile
	inner truncater
}

// Truncate sets the size in bytes; making a file longer claims no room.
func (f *truncatableQuotaFile) Truncate(sizeBytes int64) error {
	if err := f.inner.Truncate(sizeBytes); err != nil {
		return err
	}
	f.quota.resize(f.content, sizeBytes)
	return nil
}
