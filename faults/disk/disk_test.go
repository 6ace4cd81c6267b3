package disk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"reconsim/faults/disk"
	"reconsim/faults/plan"
)

const cat = vfs.WriteCategoryUnspecified

func faulty(t *testing.T, rules string) (vfs.FS, vfs.FS, *plan.Registry, *time.Duration) {
	t.Helper()
	slept := new(time.Duration)
	r := plan.NewRegistry(plan.Runtime{Sleep: func(_ context.Context, d time.Duration) error { *slept += d; return nil }})
	p, err := plan.Parse(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Load(p); err != nil {
		t.Fatal(err)
	}
	inner := vfs.NewMem()
	return disk.Wrap(inner, r), inner, r, slept
}

// fataller is a *testing.T or a *rapid.T.
type fataller interface {
	Helper()
	Fatal(...any)
}

func must[T any](t fataller) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// TestEachOperationFails proves FP20: every kind of operation passes its own
// point, with its path, and fails with the system error that was asked for.
func TestEachOperationFails(t *testing.T) {
	operations := []struct {
		point, path string
		do          func(vfs.FS) error
	}{
		{"disk/create", "new", func(f vfs.FS) error { _, err := f.Create("new", cat); return err }},
		{"disk/create", "new", func(f vfs.FS) error { _, err := f.ReuseForWrite("old", "new", cat); return err }},
		{"disk/open", "old", func(f vfs.FS) error { _, err := f.Open("old"); return err }},
		{"disk/open", "old", func(f vfs.FS) error { _, err := f.OpenReadWrite("old", cat); return err }},
		{"disk/open", "dir", func(f vfs.FS) error { _, err := f.OpenDir("dir"); return err }},
		{"disk/open", "lock", func(f vfs.FS) error { _, err := f.Lock("lock"); return err }},
		{"disk/rename", "new", func(f vfs.FS) error { return f.Rename("old", "new") }},
		{"disk/link", "new", func(f vfs.FS) error { return f.Link("old", "new") }},
		{"disk/remove", "old", func(f vfs.FS) error { return f.Remove("old") }},
		{"disk/remove", "dir", func(f vfs.FS) error { return f.RemoveAll("dir") }},
		{"disk/mkdir", "more", func(f vfs.FS) error { return f.MkdirAll("more", 0o755) }},
		{"disk/read", "old", func(f vfs.FS) error { _, err := opened(f).Read(make([]byte, 3)); return err }},
		{"disk/read", "old", func(f vfs.FS) error { _, err := opened(f).ReadAt(make([]byte, 3), 0); return err }},
		{"disk/write", "old", func(f vfs.FS) error { _, err := opened(f).Write([]byte("x")); return err }},
		{"disk/write", "old", func(f vfs.FS) error { _, err := opened(f).WriteAt([]byte("x"), 1); return err }},
		{"disk/sync", "old", func(f vfs.FS) error { return opened(f).Sync() }},
		{"disk/sync", "old", func(f vfs.FS) error { return opened(f).SyncData() }},
		{"disk/sync", "old", func(f vfs.FS) error { _, err := opened(f).SyncTo(1); return err }},
	}
	for i, op := range operations {
		f, inner, registry, _ := faulty(t, fmt.Sprintf("a = at %s of %s on hit 1 : errno EIO\nb = at %s of other : errno EIO", op.point, op.path, op.point))
		w := must[vfs.File](t)(inner.Create("old", cat))
		must[int](t)(w.Write([]byte("content")))
		if err := errors.Join(w.Close(), inner.MkdirAll("dir", 0o755)); err != nil {
			t.Fatal(err)
		}
		err := op.do(f)
		var path *fs.PathError
		if !errors.Is(err, syscall.EIO) || !errors.As(err, &path) || path.Path != op.path {
			t.Errorf("operation %d (%s): %v", i, op.point, err)
		}
		if err := op.do(f); err != nil {
			t.Errorf("operation %d (%s) the second time: %v", i, op.point, err)
		}
		if registry.FiredCount("a") != 1 || registry.FiredCount("b") != 0 {
			t.Errorf("operation %d (%s): fired %+v", i, op.point, registry.Report())
		}
	}
}

func opened(f vfs.FS) vfs.File {
	file, err := f.OpenReadWrite("old", cat)
	if err != nil {
		panic(err)
	}
	return file
}

// TestEffects proves the faults that an error alone cannot express, and latency
// on the run's clock.
func TestEffects(t *testing.T) {
	f, inner, _, slept := faulty(t, `
		at disk/write of short : short
		at disk/read of flip on hit 2 : flip
		at disk/sync of slow : park 3s
		at disk/write of full : errno ENOSPC`)

	w := must[vfs.File](t)(f.Create("short", cat))
	if n, err := w.Write([]byte("12345678")); n != 4 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("short write: %d, %v", n, err)
	}
	if info := must[vfs.FileInfo](t)(inner.Stat("short")); info.Size() != 4 {
		t.Errorf("%d bytes were written", info.Size())
	}

	w = must[vfs.File](t)(f.Create("flip", cat))
	want := []byte("content of the file")
	must[int](t)(w.Write(bytes.Clone(want)))
	got := make([]byte, len(want))
	must[int](t)(w.ReadAt(got, 0))
	if !bytes.Equal(got, want) {
		t.Errorf("read %q before the flip", got)
	}
	must[int](t)(w.ReadAt(got, 0))
	different := 0
	for i := range got {
		for x := got[i] ^ want[i]; x != 0; x &= x - 1 {
			different++
		}
	}
	if different != 1 {
		t.Errorf("%d bits turned: %q", different, got)
	}

	w = must[vfs.File](t)(f.Create("slow", cat))
	if err := w.Sync(); err != nil || *slept != 3*time.Second {
		t.Errorf("slow sync: %v after %s", err, *slept)
	}

	w = must[vfs.File](t)(f.Create("full", cat))
	if _, err := w.Write([]byte("x")); !vfs.IsNoSpaceError(err) {
		t.Errorf("Pebble does not see a full disk in %v", err)
	}
}

// dropping is a file system whose files can lose and truncate.
type dropping struct{ vfs.FS }

type droppingFile struct {
	vfs.File
	dropped, sizeBytes *int64
}

var droppedTimes, truncatedTo int64

func (f droppingFile) DropDirty() error       { *f.dropped++; return nil }
func (f droppingFile) Truncate(n int64) error { *f.sizeBytes = n; return nil }

func (d dropping) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := d.FS.Create(name, c)
	return droppingFile{file, &droppedTimes, &truncatedTo}, err
}

// TestDropAndTruncate proves D5 and D7: Truncate is passed on by both layers if
// the inner file has it and not promised otherwise, and a dropped sync reaches
// the file that can lose data.
func TestDropAndTruncate(t *testing.T) {
	droppedTimes, truncatedTo = 0, 0
	r := plan.NewRegistry(plan.Runtime{})
	rules, err := plan.Parse("at disk/sync on hit 1 : dropsync\nat disk/write of t on hit 2 : errno EIO")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Load(rules); err != nil {
		t.Fatal(err)
	}
	quota := must[*disk.Quota](t)(disk.NewQuota(dropping{vfs.NewMem()}, "", 100))
	f := disk.Wrap(quota, r)
	file := must[vfs.File](t)(f.Create("t", cat))
	truncate := file.(interface{ Truncate(int64) error }).Truncate
	if err := truncate(7); err != nil || truncatedTo != 7 || quota.Used() != 7 {
		t.Errorf("truncate: %v, to %d, %d used", err, truncatedTo, quota.Used())
	}
	if err := truncate(9); !errors.Is(err, syscall.EIO) || truncatedTo != 7 {
		t.Errorf("planted truncate: %v, to %d", err, truncatedTo)
	}
	direct := disk.Wrap(dropping{vfs.NewMem()}, r)
	file = must[vfs.File](t)(direct.Create("s", cat))
	if err := file.Sync(); !errors.Is(err, syscall.EIO) || droppedTimes != 1 {
		t.Errorf("dropped sync: %v, dropped %d times", err, droppedTimes)
	}
	if err := file.Sync(); err != nil || droppedTimes != 1 {
		t.Errorf("sync after it: %v, dropped %d times", err, droppedTimes)
	}
	plain := must[vfs.File](t)(disk.Wrap(vfs.NewMem(), r).Create("p", cat))
	if _, ok := plain.(interface{ Truncate(int64) error }); ok {
		t.Error("a file promises Truncate that its inner file lacks")
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)           {}
func (quiet) Errorf(string, ...any)          {}
func (quiet) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }

// TestWrapContext proves that a hang at a disk point ends with the context.
func TestWrapContext(t *testing.T) {
	r := plan.NewRegistry(plan.Runtime{})
	rules, err := plan.Parse("at disk/mkdir : hang")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Load(rules); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- disk.WrapContext(ctx, vfs.NewMem(), r).MkdirAll("x", 0o755) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestPebbleOnBothLayers proves that a database works on the layers, and that
// the quota's count is what lies on the disk.
func TestPebbleOnBothLayers(t *testing.T) {
	quota := must[*disk.Quota](t)(disk.NewQuota(vfs.NewMem(), "db", 1<<30))
	f := disk.Wrap(quota, plan.NewRegistry(plan.Runtime{}))
	for round := range 3 {
		db := must[*pebble.DB](t)(pebble.Open("db", &pebble.Options{FS: f, Logger: quiet{}}))
		for i := range 1000 {
			if err := db.Set(fmt.Appendf(nil, "%d-%d", round, i), make([]byte, 100), pebble.NoSync); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(db.Flush(), db.Checkpoint(fmt.Sprintf("db/copy%d", round)), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if used := quota.Used(); used < 300_000/4 {
		t.Errorf("only %d bytes are counted", used)
	}
	if err := f.RemoveAll("db"); err != nil || quota.Used() != 0 {
		t.Errorf("%v, %d bytes left after everything was removed", err, quota.Used())
	}
}

// TestQuotaIsExact proves FP21: the count equals the sum over the files after
// any operations, and never passes the limit.
func TestQuotaIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inner := vfs.NewMem()
		if err := errors.Join(inner.MkdirAll("in/sub", 0o755), inner.MkdirAll("out", 0o755)); err != nil {
			t.Fatal(err)
		}
		const limit = 100
		q := must[*disk.Quota](t)(disk.NewQuota(inner, "in", limit))
		names := []string{"in/a", "in/b", "in/sub/c", "out/d"}
		name := rapid.SampledFrom(names)
		for range rapid.IntRange(1, 30).Draw(t, "operations") {
			a, b := name.Draw(t, "name"), name.Draw(t, "to")
			switch rapid.SampledFrom([]string{"write", "writeAt", "remove", "rename", "all"}).Draw(t, "do") {
			case "write":
				file := must[vfs.File](t)(q.Create(a, cat))
				for range 2 {
					size := rapid.IntRange(0, 60).Draw(t, "bytes")
					n, err := file.Write(make([]byte, size))
					if (err == nil) != (n == size) || err != nil && !vfs.IsNoSpaceError(err) {
						t.Fatalf("wrote %d of %d: %v", n, size, err)
					}
				}
				_ = file.Close()
			case "writeAt":
				file := must[vfs.File](t)(q.OpenReadWrite(a, cat))
				_, err := file.WriteAt(make([]byte, rapid.IntRange(1, 60).Draw(t, "bytes")), rapid.Int64Range(0, 30).Draw(t, "at"))
				if err != nil && !vfs.IsNoSpaceError(err) {
					t.Fatal(err)
				}
				_ = file.Close()
			case "remove":
				_ = q.Remove(a)
			case "rename":
				_ = q.Rename(a, b)
			case "all":
				if err := errors.Join(q.RemoveAll("in/sub"), q.MkdirAll("in/sub", 0o755)); err != nil {
					t.Fatal(err)
				}
			}
			sum := int64(0)
			for _, n := range names[:3] {
				if info, err := inner.Stat(n); err == nil {
					sum += info.Size()
				}
			}
			if q.Used() != sum {
				t.Fatalf("%d are counted, %d lie there", q.Used(), sum)
			}
			if sum > limit+60 { // a rename from outside may pass the limit
				t.Fatalf("%d bytes under a limit of %d", sum, limit)
			}
		}
	})
}

// TestQuotaRoom proves that room can be made, that links share bytes and that
// the disk's usage shows the limit.
func TestQuotaRoom(t *testing.T) {
	inner := vfs.NewMem()
	if err := inner.MkdirAll("in", 0o755); err != nil {
		t.Fatal(err)
	}
	old := must[vfs.File](t)(inner.Create("in/old", cat))
	must[int](t)(old.Write(make([]byte, 30)))
	q := must[*disk.Quota](t)(disk.NewQuota(inner, "in/", 40))
	usage := must[vfs.DiskUsage](t)(q.GetDiskUsage("in"))
	if q.Used() != 30 || usage.AvailBytes != 10 || usage.TotalBytes != 40 {
		t.Errorf("%d used, usage %+v", q.Used(), usage)
	}
	if err := q.Link("in/old", "in/link"); err != nil || q.Used() != 30 {
		t.Errorf("link: %v, %d used", err, q.Used())
	}
	if err := q.Remove("in/old"); err != nil || q.Used() != 30 {
		t.Errorf("one link removed: %v, %d used", err, q.Used())
	}
	w := must[vfs.File](t)(q.Create("in/new", cat))
	if n, err := w.Write(make([]byte, 20)); n != 10 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d: %v", n, err)
	}
	q.SetLimit(1000)
	if n, err := w.Write(make([]byte, 20)); n != 20 || err != nil || q.Used() != 60 {
		t.Errorf("after making room wrote %d: %v, %d used", n, err, q.Used())
	}
	if err := q.Remove("in/link"); err != nil || q.Used() != 30 {
		t.Errorf("last link removed: %v, %d used", err, q.Used())
	}
}
