package disk_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	faultydisk "reconsim/faults/disk"
	"reconsim/faults/plan"
	"reconsim/sim/disk"
)

// TestCapacity proves FP21: a full disk writes what fits, says ENOSPC, and has
// room again when something is gone for good.
func TestCapacity(t *testing.T) {
	y := disk.New(disk.Options{CapacityBytes: 100})
	put(t, y, "/old", strings.Repeat("x", 60))
	f := must[vfs.File](t)(y.OpenReadWrite("/f", category))
	if n, err := f.Write(make([]byte, 50)); n != 40 || !vfs.IsNoSpaceError(err) {
		t.Errorf("wrote %d: %v", n, err)
	}
	if n, err := f.Write([]byte("x")); n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d: %v", n, err)
	}
	if n, err := f.WriteAt([]byte("over"), 0); n != 4 || err != nil {
		t.Errorf("overwrote %d: %v", n, err)
	}
	if err := f.(truncater).Truncate(41); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("truncate: %v", err)
	}
	usage := must[vfs.DiskUsage](t)(y.GetDiskUsage("/"))
	if usage != (vfs.DiskUsage{AvailBytes: 0, TotalBytes: 100, UsedBytes: 100}) {
		t.Errorf("usage %+v", usage)
	}
	held := must[vfs.File](t)(y.Open("/old"))
	if err := errors.Join(y.Link("/old", "/link"), y.Remove("/old"), y.Remove("/link")); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write([]byte("x")); n != 0 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d (%v) while the removed file is open", n, err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write(make([]byte, 60)); n != 60 || err != nil {
		t.Errorf("wrote %d: %v", n, err)
	}
	y.SetCapacity(0)
	if _, err := y.GetDiskUsage("/"); err != vfs.ErrUnsupported {
		t.Errorf("usage of a disk without limit: %v", err)
	}
	if n, err := f.Write(make([]byte, 500)); n != 500 || err != nil {
		t.Errorf("wrote %d: %v", n, err)
	}
}

// TestPlans proves FP20: the vocabulary of faults/disk works on this disk, a
// dropped sync loses the pages, and latency is virtual.
func TestPlans(t *testing.T) {
	slept := time.Duration(0)
	registry := plan.NewRegistry(plan.Runtime{Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil }})
	rules := must[plan.Plan](t)(plan.Parse(`
		at disk/sync of /f on hit 2 : dropsync
		at disk/write of /short : short
		at disk/mkdir : park 5s`))
	if err := registry.Load(rules); err != nil {
		t.Fatal(err)
	}
	y := disk.New(disk.Options{Record: true})
	faulty := faultydisk.Wrap(y, registry)
	f := must[vfs.File](t)(faulty.OpenReadWrite("/f", category))
	must[int](t)(f.WriteAt([]byte("kept"), 0))
	if err := errors.Join(f.Sync(), func() error { d, err := y.OpenDir("/"); return errors.Join(err, d.Sync()) }()); err != nil {
		t.Fatal(err)
	}
	must[int](t)(f.WriteAt([]byte("lost and longer"), 0))
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("the second sync: %v", err)
	}
	if err := f.Sync(); err != nil {
		t.Errorf("the third sync: %v", err)
	}
	log := y.Log()
	for _, p := range []disk.Policy{disk.Synced, disk.All} {
		if got := get(must[*disk.Image](t)(log.Image(log.Len(), p, 0)).FS(disk.Options{}), "/f"); got != "kept" {
			t.Errorf("%s leaves %q", p, got)
		}
	}
	short := must[vfs.File](t)(faulty.Create("/short", category))
	if n, err := short.Write([]byte("12345678")); n != 4 || !errors.Is(err, io.ErrShortWrite) || get(y, "/short") != "1234" {
		t.Errorf("short write: %d, %v, %s", n, err, get(y, "/short"))
	}
	if err := faulty.MkdirAll("/d", 0o755); err != nil || slept != 5*time.Second {
		t.Errorf("mkdir: %v after %s", err, slept)
	}
}

// TestFaultAt proves that each operation of a run can be struck by its number,
// once, with what went before and what comes after untouched.
func TestFaultAt(t *testing.T) {
	run := func(y vfs.FS) (failed int) {
		for _, err := range []error{
			y.MkdirAll("/d", 0o755),
			with(y.Create("/d/f", category))(func(f vfs.File) error { return errors.Join(twice(f, []byte("x")), f.Sync()) }),
			y.Link("/d/f", "/d/g"),
			y.Rename("/d/f", "/d/h"),
			y.Remove("/d/g"),
		} {
			if errors.Is(err, syscall.EIO) {
				failed++
			}
		}
		return failed
	}
	plain := disk.New(disk.Options{})
	if failed := run(plain); failed != 0 {
		t.Fatalf("%d fail without a fault", failed)
	}
	for number := 1; number <= plain.Operations()+1; number++ {
		y := disk.New(disk.Options{})
		fault := &disk.FaultAt{Disk: y, Number: number, Err: syscall.EIO}
		want := 1
		if number > plain.Operations() {
			want = 0
		}
		if failed := run(faultydisk.Wrap(y, fault)); failed != want || fault.Struck() != (want == 1) || fault.Armed() != (want == 0) {
			t.Errorf("fault at operation %d: %d fail, struck: %v", number, failed, fault.Struck())
		}
	}
	y := disk.New(disk.Options{})
	fault := &disk.FaultAt{Disk: y, Number: 2, Err: syscall.EIO, Effect: plan.Short{}}
	f := must[vfs.File](t)(faultydisk.Wrap(y, fault).OpenReadWrite("/f", category))
	if n, err := f.Write([]byte("12345678")); n != 4 || !errors.Is(err, syscall.EIO) {
		t.Errorf("short write: %d, %v", n, err)
	}
}

// TestFlipBit proves that decay is seen by readers and survives what a sync
// makes durable.
func TestFlipBit(t *testing.T) {
	y := disk.New(disk.Options{})
	put(t, y, "/f", "abc")
	if err := y.FlipBit("f", 8); err != nil || get(y, "/f") != "acc" {
		t.Errorf("%v, %q", err, get(y, "/f"))
	}
}
