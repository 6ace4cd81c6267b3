package disk

import (
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Quota is a file system on which the files below one folder may hold only so
// many bytes. A write that would exceed the limit writes what fits and fails
// with ENOSPC. Hard links share their bytes. It implements vfs.FS.
type Quota struct {
	vfs.FS
	dir string
	mu  struct {
		sync.Mutex
		limitBytes, usedBytes int64
		files                 map[string]*content
	}
}

// content is what the hard links of a file share.
type content struct {
	sizeBytes int64
	links     int
}

// NewQuota limits the bytes below dir and counts what lies there already. A
// limit below 0 means none.
func NewQuota(inner vfs.FS, dir string, limitBytes int64) (*Quota, error) {
	q := &Quota{FS: inner, dir: strings.TrimSuffix(dir, "/")}
	q.mu.files = map[string]*content{}
	q.mu.limitBytes = limitBytes
	return q, q.scan(dir)
}

// scan counts what lies in a folder; it takes hard links made before for two
// files.
func (q *Quota) scan(dir string) error {
	names, err := q.FS.List(dir)
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("count what lies below %s: %w", dir, err)
	}
	for _, name := range names {
		if err := q.take(q.FS.PathJoin(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// take counts a file or a folder that is not counted yet.
func (q *Quota) take(path string) error {
	info, err := q.FS.Stat(path)
	if err != nil {
		return fmt.Errorf("count %s: %w", path, err)
	}
	if info.IsDir() {
		return q.scan(path)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.place(path, &content{sizeBytes: info.Size()})
	return nil
}

// SetLimit changes the limit in bytes; below 0 means none. What is there
// already stays.
func (q *Quota) SetLimit(limitBytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.mu.limitBytes = limitBytes
}

// Used returns the bytes that count against the limit.
func (q *Quota) Used() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mu.usedBytes
}

// Unwrap returns the inner file system.
func (q *Quota) Unwrap() vfs.FS { return q.FS }

// GetDiskUsage tells the limit as the disk's size to those who ask below the
// folder, so that a guard that looks before it writes sees the same disk.
func (q *Quota) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	usage, err := q.FS.GetDiskUsage(path)
	if err != nil && err != vfs.ErrUnsupported {
		return usage, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.mu.limitBytes < 0 || !q.counts(path) && path != q.dir {
		return usage, err
	}
	used := uint64(q.mu.usedBytes)
	total := max(uint64(q.mu.limitBytes), used)
	return vfs.DiskUsage{AvailBytes: uint64(max(0, q.mu.limitBytes-q.mu.usedBytes)), TotalBytes: total, UsedBytes: used}, nil
}

// counts reports whether a path lies below the folder.
func (q *Quota) counts(path string) bool {
	return q.dir == "" || strings.HasPrefix(path, q.dir+"/")
}

// place puts a path on a content; the path's former content loses a link.
func (q *Quota) place(path string, c *content) {
	q.drop(path)
	if q.counts(path) {
		if c.links == 0 {
			q.mu.usedBytes += c.sizeBytes
		}
		c.links++
		q.mu.files[path] = c
	}
}

func (q *Quota) drop(path string) {
	c := q.mu.files[path]
	if c == nil {
		return
	}
	delete(q.mu.files, path)
	c.links--
	if c.links == 0 {
		q.mu.usedBytes -= c.sizeBytes
	}
}

// grow claims the bytes that a write of want bytes at offset needs and returns
// how many of them may be written.
func (q *Quota) grow(c *content, offset, want int64) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	more := offset + want - c.sizeBytes
	if more <= 0 {
		return want
	}
	if c.links > 0 && q.mu.limitBytes >= 0 {
		free := max(0, q.mu.limitBytes-q.mu.usedBytes)
		cut := max(0, more-free)
		if cut >= want {
			return 0
		}
		want, more = want-cut, more-cut
	}
	c.sizeBytes += more
	if c.links > 0 {
		q.mu.usedBytes += more
	}
	return want
}

func (q *Quota) resize(c *content, sizeBytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.links > 0 {
		q.mu.usedBytes += sizeBytes - c.sizeBytes
	}
	c.sizeBytes = sizeBytes
}

func full(op, path string) error {
	return &fs.PathError{Op: op, Path: path, Err: syscall.ENOSPC}
}
