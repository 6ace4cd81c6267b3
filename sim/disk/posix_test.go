package disk_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/sim/disk"
)

type truncater interface{ Truncate(int64) error }

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// put writes a whole file.
func put(tb testing.TB, y *disk.FS, name, content string) {
	tb.Helper()
	f := created(tb, y, name)
	_, err := f.Write([]byte(content))
	if err := errors.Join(err, f.Close()); err != nil {
		tb.Fatal(err)
	}
}

// get reads a whole file; an error is its content.
func get(y vfs.FS, name string) string {
	f, err := y.Open(name)
	if err != nil {
		return "error: " + err.Error()
	}
	content, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return "error: " + err.Error()
	}
	return string(content)
}

// TestErrors proves D7: operations fail as they do on Linux, and change nothing.
func TestErrors(t *testing.T) {
	onFile := func(op func(vfs.File) error) func(*disk.FS) error {
		return func(y *disk.FS) error {
			f, err := y.OpenReadWrite("/d/f", category)
			if err != nil {
				return err
			}
			return op(f)
		}
	}
	cases := []struct {
		name string
		do   func(y *disk.FS) error
		want error
	}{
		{"open nothing", func(y *disk.FS) error { _, err := y.Open("/no"); return err }, fs.ErrNotExist},
		{"open below a file", func(y *disk.FS) error { _, err := y.Open("/d/f/x"); return err }, syscall.ENOTDIR},
		{"create in no directory", func(y *disk.FS) error { _, err := y.Create("/no/f", category); return err }, fs.ErrNotExist},
		{"create in a file", func(y *disk.FS) error { _, err := y.Create("/d/f/x", category); return err }, syscall.ENOTDIR},
		{"create over a directory", func(y *disk.FS) error { _, err := y.Create("/d", category); return err }, syscall.EISDIR},
		{"create the root", func(y *disk.FS) error { _, err := y.Create("/", category); return err }, syscall.EINVAL},
		{"write a directory", func(y *disk.FS) error { _, err := y.OpenReadWrite("/d", category); return err }, syscall.EISDIR},
		{"open a file as directory", func(y *disk.FS) error { _, err := y.OpenDir("/d/f"); return err }, syscall.ENOTDIR},
		{"reuse nothing", func(y *disk.FS) error { _, err := y.ReuseForWrite("/no", "/d/g", category); return err }, fs.ErrNotExist},
		{"reuse a directory", func(y *disk.FS) error { _, err := y.ReuseForWrite("/d", "/e", category); return err }, syscall.EISDIR},
		{"link nothing", func(y *disk.FS) error { return y.Link("/no", "/d/g") }, fs.ErrNotExist},
		{"link over a file", func(y *disk.FS) error { return y.Link("/d/f", "/d/f") }, fs.ErrExist},
		{"link a directory", func(y *disk.FS) error { return y.Link("/d", "/e") }, syscall.EPERM},
		{"rename nothing", func(y *disk.FS) error { return y.Rename("/no", "/d/g") }, fs.ErrNotExist},
		{"rename into itself", func(y *disk.FS) error { return y.Rename("/d", "/d/empty/d") }, syscall.EINVAL},
		{"rename a file over a directory", func(y *disk.FS) error { return y.Rename("/d/f", "/d/empty") }, syscall.EISDIR},
		{"rename a directory over a file", func(y *disk.FS) error { return y.Rename("/d/empty", "/d/f") }, syscall.ENOTDIR},
		{"rename over a full directory", func(y *disk.FS) error { return y.Rename("/full", "/d") }, syscall.ENOTEMPTY},
		{"remove nothing", func(y *disk.FS) error { return y.Remove("/no") }, fs.ErrNotExist},
		{"remove a full directory", func(y *disk.FS) error { return y.Remove("/d") }, syscall.ENOTEMPTY},
		{"remove the root", func(y *disk.FS) error { return y.RemoveAll("/") }, syscall.EINVAL},
		{"make a directory of a file", func(y *disk.FS) error { return y.MkdirAll("/d/f/x", 0o755) }, syscall.ENOTDIR},
		{"list a file", func(y *disk.FS) error { _, err := y.List("/d/f"); return err }, syscall.ENOTDIR},
		{"list nothing", func(y *disk.FS) error { _, err := y.List("/no"); return err }, fs.ErrNotExist},
		{"stat nothing", func(y *disk.FS) error { _, err := y.Stat("/d/no"); return err }, fs.ErrNotExist},
		{"flip beyond the end", func(y *disk.FS) error { return y.FlipBit("/d/f", 56) }, syscall.EINVAL},
		{"read a directory", func(y *disk.FS) error {
			_, err := must[vfs.File](t)(y.Open("/d")).Read(make([]byte, 1))
			return err
		}, syscall.EISDIR},
		{"write what is open for reading", func(y *disk.FS) error {
			_, err := must[vfs.File](t)(y.Open("/d/f")).Write([]byte("x"))
			return err
		}, syscall.EBADF},
		{"read before the file", onFile(func(f vfs.File) error { _, err := f.ReadAt(make([]byte, 1), -1); return err }), syscall.EINVAL},
		{"write before the file", onFile(func(f vfs.File) error { _, err := f.WriteAt([]byte("x"), -1); return err }), syscall.EINVAL},
		{"write far beyond", onFile(func(f vfs.File) error { _, err := f.WriteAt([]byte("x"), 1<<62); return err }), syscall.EFBIG},
		{"truncate far beyond", onFile(func(f vfs.File) error { return f.(truncater).Truncate(1 << 62) }), syscall.EFBIG},
		{"truncate below nothing", onFile(func(f vfs.File) error { return f.(truncater).Truncate(-1) }), syscall.EINVAL},
		{"close twice", onFile(func(f vfs.File) error { return errors.Join(f.Close(), f.Close()) }), fs.ErrClosed},
		{"read after close", onFile(func(f vfs.File) error {
			_, err := f.Read(nil)
			return errors.Join(err, f.Close(), func() error { _, err := f.Read(nil); return err }())
		}), fs.ErrClosed},
		{"lock twice", func(y *disk.FS) error {
			must[io.Closer](t)(y.Lock("/d/lock"))
			_, err := y.Lock("/d/lock")
			return err
		}, syscall.EAGAIN},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			y := disk.New(disk.Options{Record: true})
			if err := errors.Join(y.MkdirAll("/d/empty", 0o755), y.MkdirAll("/full", 0o755)); err != nil {
				t.Fatal(err)
			}
			put(t, y, "/d/f", "content")
			put(t, y, "/full/f", "")
			before := y.Operations()
			if err := c.do(y); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if after := y.Operations(); after != before && c.name != "lock twice" {
				t.Errorf("%d operations were made", after-before)
			}
		})
	}
}

// TestNames proves D7: names, links, renames and open handles as POSIX has them.
func TestNames(t *testing.T) {
	y := disk.New(disk.Options{})
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect := func(name, want string) {
		t.Helper()
		if got := get(y, name); got != want {
			t.Errorf("%s holds %q, not %q", name, got, want)
		}
	}
	check(y.MkdirAll("a/b//c/", 0o755)) // relative and untidy
	put(t, y, "/a/b/f", "one")
	expect("a/./b/c/../f", "one")

	open := must[vfs.File](t)(y.Open("/a/b/f"))
	check(y.Link("/a/b/f", "/a/link"))
	put(t, y, "/a/b/f", "two") // a new file
	expect("/a/link", "one")
	check(y.Remove("/a/link"))
	if content := string(must[[]byte](t)(io.ReadAll(open))); content != "one" {
		t.Errorf("a removed file reads %q", content)
	}
	check(open.Close())
	if used := y.UsedBytes(); used != 3 {
		t.Errorf("%d bytes are used after the last handle", used)
	}

	put(t, y, "/a/g", "long content")
	check(y.Rename("/a/g", "/a/b/f"))
	expect("/a/b/f", "long content")
	check(y.Rename("/a/b/f", "/a/b/f"))
	reused := must[vfs.File](t)(y.ReuseForWrite("/a/b/f", "/a/reused", category))
	must[int](t)(reused.Write([]byte("LONG")))
	expect("/a/reused", "LONG content")
	check(y.Rename("/a", "/z")) // a directory, with all below
	must[int](t)(reused.WriteAt([]byte("!"), 12))
	expect("/z/reused", "LONG content!")
	check(y.MkdirAll("/empty", 0o755))
	check(y.Rename("/z", "/empty")) // over an empty directory

	for i := range 20 {
		put(t, y, "/empty/"+string(rune('T'-i)), "")
	}
	names := must[[]string](t)(y.List("/empty/"))
	if got := strings.Join(names, ""); got != "ABCDEFGHIJKLMNOPQRSTbreused" {
		t.Errorf("listed %s", got)
	}
	check(y.RemoveAll("/empty/"))
	check(y.RemoveAll("/empty"))
	check(y.RemoveAll("/no/such"))
	if names := must[[]string](t)(y.List("/")); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
	check(reused.Close())
	if used := y.UsedBytes(); used != 0 {
		t.Errorf("%d bytes are left", used)
	}

	lock := must[io.Closer](t)(y.Lock("/lock"))
	check(lock.Close())
	check(must[io.Closer](t)(y.Lock("/lock")).Close())
}

// TestSizes proves D5 and D7: reads and writes over page boundaries, holes and
// truncation both ways.
func TestSizes(t *testing.T) {
	y := disk.New(disk.Options{Record: true})
	f := must[vfs.File](t)(y.OpenReadWrite("/f", category))
	want := make([]byte, 20000)
	fill(want[5000:])
	must[int](t)(f.WriteAt(want[5000:15000], 5000))
	if err := f.(truncater).Truncate(20000); err != nil {
		t.Fatal(err)
	}
	clear(want[15000:])
	got := make([]byte, 20001)
	if n, err := f.ReadAt(got, 0); n != 20000 || err != io.EOF || !bytes.Equal(got[:n], want) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if err := errors.Join(f.(truncater).Truncate(9000), f.(truncater).Truncate(10000)); err != nil {
		t.Fatal(err)
	}
	clear(want[9000:])
	if n, err := f.ReadAt(got, 0); n != 10000 || err != io.EOF || !bytes.Equal(got[:n], want[:n]) {
		t.Errorf("read %d bytes, %v, after truncation", n, err)
	}
	if n, err := f.ReadAt(got[:10], 9995); n != 5 || err != io.EOF {
		t.Errorf("read %d bytes over the end, %v", n, err)
	}
	info := must[vfs.FileInfo](t)(f.Stat())
	if info.Name() != "f" || info.Size() != 10000 || info.IsDir() {
		t.Errorf("stat: %+v", info)
	}
}

// TestCrashedHandles proves D7: after a crash nothing of the old machine
// works, and what it holds cannot change.
func TestCrashedHandles(t *testing.T) {
	y := disk.New(disk.Options{Record: true})
	put(t, y, "/f", "old")
	f := must[vfs.File](t)(y.OpenReadWrite("/f", category))
	lock := must[io.Closer](t)(y.Lock("/lock"))
	y.Crash()
	operations := y.Operations()
	_, readErr := f.Read(make([]byte, 1))
	_, writeErr := f.WriteAt([]byte("new"), 0)
	_, statErr := f.Stat()
	_, toErr := f.SyncTo(1)
	_, openErr := y.Open("/f")
	_, createErr := y.Create("/g", category)
	_, openWriteErr := y.OpenReadWrite("/g", category)
	_, dirErr := y.OpenDir("/")
	_, listErr := y.List("/")
	_, lockErr := y.Lock("/other")
	_, usageErr := y.GetDiskUsage("/")
	_, pathErr := y.Stat("/f")
	_, reuseErr := y.ReuseForWrite("/f", "/g", category)
	dropErr := f.(interface{ DropDirty() error }).DropDirty()
	for i, err := range []error{readErr, writeErr, statErr, toErr, openErr, createErr, openWriteErr, dirErr, listErr, lockErr, usageErr, pathErr,
		reuseErr, dropErr, f.Sync(), f.SyncData(), f.(truncater).Truncate(0), f.Close(), lock.Close(), y.Remove("/f"), y.RemoveAll("/f"),
		y.Link("/f", "/g"), y.Rename("/f", "/g"), y.MkdirAll("/d", 0o755), y.FlipBit("/f", 0)} {
		if !errors.Is(err, disk.ErrCrashed) {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	if y.Operations() != operations {
		t.Errorf("%d operations after the crash", y.Operations()-operations)
	}
	after := must[*disk.Image](t)(y.Log().Image(operations, disk.All, 0)).FS(disk.Options{})
	if got := get(after, "/f"); got != "old" {
		t.Errorf("the disk holds %q", got)
	}
	if err := must[io.Closer](t)(after.Lock("/lock")).Close(); err != nil {
		t.Errorf("the dead process still holds its lock: %v", err)
	}
}

// TestManyGoroutines is for the race detector: the disk, its log and its images
// in use at once.
func TestManyGoroutines(t *testing.T) {
	y := disk.New(disk.Options{Record: true})
	var writers, readers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			name := "/" + string(rune('a'+w))
			f, err := y.Create(name, category)
			for i := 0; i < 200 && err == nil; i++ {
				if _, err = f.Write([]byte("some bytes of a line\n")); err == nil && i%10 == 0 {
					err = f.Sync()
				}
			}
			if err != nil {
				t.Error(err)
			}
		})
		readers.Go(func() {
			for range 20 {
				log := y.Log()
				for crash := range log.Crashes(log.Len(), disk.AllPolicies(), uint64(w)) {
					restarted := crash.Image.FS(disk.Options{Record: true})
					if f, err := restarted.OpenReadWrite("/a", category); err != nil {
						t.Error(err)
					} else if _, err := f.Write([]byte("other")); err != nil {
						t.Error(err)
					}
					restarted.Log().Pending(restarted.Operations())
				}
			}
		})
	}
	writers.Wait()
	readers.Wait()
	if got := len(get(y, "/a")); got != 200*21 {
		t.Errorf("%d bytes were written", got)
	}
}
