package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"reconsim/recon/env"
	"reconsim/sim/disk"
)

// TestLikePebble proves D7: for operations that Pebble's in-memory file system
// has right, the live disk, and what a crash leaves of it with nothing but
// what is synced, are as there. It does not know renames between directories
// as one step, so there are none.
func TestLikePebble(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := disk.New(disk.Options{Record: true}), vfs.NewCrashableMem()
		both := func(op func(vfs.FS) error) {
			a, b := op(ours), op(theirs)
			if (a == nil) != (b == nil) || errors.Is(a, fs.ErrNotExist) != errors.Is(b, fs.ErrNotExist) {
				t.Fatalf("ours: %v, Pebble's: %v", a, b)
			}
		}
		dirs := []string{"", "/d", "/e"}
		both(func(y vfs.FS) error { return errors.Join(y.MkdirAll("/d", 0o755), y.MkdirAll("/e", 0o755)) })
		for range rapid.IntRange(1, 40).Draw(t, "operations") {
			dir := rapid.SampledFrom(dirs).Draw(t, "dir")
			a := dir + "/" + rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
			b := dir + "/" + rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "to")
			p := make([]byte, rapid.SampledFrom([]int{1, 10, 4096, 5000}).Draw(t, "bytes"))
			fill(p)
			offset := rapid.SampledFrom([]int64{0, 3, 4096, 9000}).Draw(t, "offset")
			switch rapid.IntRange(0, 7).Draw(t, "do") {
			case 0:
				both(func(y vfs.FS) error {
					return with(y.Create(a, category))(func(f vfs.File) error { return twice(f, p) })
				})
			case 1:
				both(func(y vfs.FS) error {
					return with(y.OpenReadWrite(a, category))(func(f vfs.File) error { _, err := f.WriteAt(bytes.Clone(p), offset); return err })
				})
			case 2:
				both(func(y vfs.FS) error { return with(y.Open(a))(vfs.File.Sync) })
			case 3:
				both(func(y vfs.FS) error { return env.SyncDir(y, dir+"/") })
			case 4:
				if a != b {
					both(func(y vfs.FS) error { return y.Link(a, b) })
				}
			case 5:
				if a != b && !sameFile(ours, a, b) { // Pebble removes the old name then.
					both(func(y vfs.FS) error { return y.Rename(a, b) })
				}
			case 6:
				both(func(y vfs.FS) error { return y.Remove(a) })
			case 7:
				both(func(y vfs.FS) error { return y.RemoveAll(a) })
			}
		}
		compare(t, "live", ours, theirs)
		log := ours.Log()
		image, err := log.Image(log.Len(), disk.Synced, 0)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "crashed", image.FS(disk.Options{}), theirs.CrashClone(vfs.CrashCloneCfg{}))
	})
}

func with(f vfs.File, err error) func(func(vfs.File) error) error {
	return func(op func(vfs.File) error) error {
		if err != nil {
			return err
		}
		return errors.Join(op(f), f.Close())
	}
}

func twice(f vfs.File, p []byte) error {
	for range 2 {
		if _, err := f.Write(bytes.Clone(p)); err != nil {
			return err
		}
	}
	return nil
}

// sameFile reports whether two names are links of one file: a byte written
// through one shows in the other. It works on a copy.
func sameFile(y *disk.FS, a, b string) bool {
	log := y.Log()
	image, err := log.Image(log.Len(), disk.All, 0)
	if err != nil {
		return false
	}
	copied := image.FS(disk.Options{})
	before := get(copied, b)
	if _, err := copied.Stat(a); err != nil {
		return false
	}
	_ = with(copied.OpenReadWrite(a, category))(func(f vfs.File) error { _, err := f.WriteAt([]byte("mark"), 30000); return err })
	return get(copied, b) != before
}

func compare(t *rapid.T, what string, ours, theirs vfs.FS) {
	for _, dir := range []string{"/", "/d", "/e"} {
		a, errA := ours.List(dir)
		b, errB := theirs.List(dir)
		slices.Sort(b)
		if (errA == nil) != (errB == nil) || !slices.Equal(a, b) {
			t.Fatalf("%s: %s lists %v (%v), Pebble's %v (%v)", what, dir, a, errA, b, errB)
		}
		for _, name := range a {
			path := ours.PathJoin(dir, name)
			if info, err := ours.Stat(path); err != nil || info.IsDir() {
				continue
			}
			if x, y := get(ours, path), get(theirs, path); x != y {
				t.Fatalf("%s: %s has %s, Pebble's %s", what, path, runs(x), runs(y))
			}
		}
	}
}

// TestFileModel proves D5 and D7: a file under writes, truncations, syncs and
// drops is what an array of bytes is, live and after a crash, with the log and
// without it.
func TestFileModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var live, durable []byte
		disks := []*disk.FS{disk.New(disk.Options{}), disk.New(disk.Options{Record: true})}
		handles := make([]vfs.File, len(disks))
		for i, y := range disks {
			f, err := y.OpenReadWrite("/f", category)
			if err := errors.Join(err, env.SyncDir(y, "/")); err != nil {
				t.Fatal(err)
			}
			handles[i] = f
		}
		size := rapid.SampledFrom([]int{1, 100, 511, 512, 4095, 4096, 4097, 9000, 20000})
		for range rapid.IntRange(1, 25).Draw(t, "operations") {
			n, offset := size.Draw(t, "bytes"), size.Draw(t, "offset")-1
			var op func(f vfs.File) error
			switch rapid.IntRange(0, 5).Draw(t, "do") {
			case 0, 1, 2:
				p := bytes.Repeat([]byte{byte(rapid.IntRange(0, 255).Draw(t, "byte"))}, n)
				live = append(live, make([]byte, max(0, offset+n-len(live)))...)
				copy(live[offset:], p)
				op = func(f vfs.File) error { _, err := f.WriteAt(p, int64(offset)); return err }
			case 3:
				live = append(live, make([]byte, max(0, n-len(live)))...)[:n:n]
				op = func(f vfs.File) error { return f.(truncater).Truncate(int64(n)) }
			case 4:
				durable = bytes.Clone(live)
				op = vfs.File.Sync
			case 5:
				live = bytes.Clone(durable)
				op = func(f vfs.File) error { return f.(interface{ DropDirty() error }).DropDirty() }
			}
			for i, y := range disks {
				if err := op(handles[i]); err != nil {
					t.Fatal(err)
				}
				if got := get(y, "/f"); got != string(live) {
					t.Fatalf("disk %d has %s, not %s", i, runs(got), runs(string(live)))
				}
				if used := y.UsedBytes(); used != int64(len(live)) {
					t.Fatalf("%d bytes are used, not %d", used, len(live))
				}
			}
			log := disks[1].Log()
			for p, want := range map[disk.Policy][]byte{disk.Synced: durable, disk.All: live} {
				image, err := log.Image(log.Len(), p, 0)
				if err != nil {
					t.Fatal(err)
				}
				if got := get(image.FS(disk.Options{}), "/f"); got != string(want) {
					t.Fatalf("%s leaves %s, not %s", p, runs(got), runs(string(want)))
				}
			}
		}
	})
}

// TestLogIsTheRun proves the log's invariants on whole trees: at every
// operation the image with everything kept is the live disk as it was then, its
// hash depends on the content alone, every crash can be made again, and images
// and disks never disturb each other.
func TestLogIsTheRun(t *testing.T) {
	for _, lines := range []string{
		// What was dropped is in the log, and what comes next lies where it did.
		"create /a\nappend /a x*100\nsync /a\nappend /a y*50\ndrop /a\nappend /a z*50",
		"create /a\nappend /a x*4200\nsync /a\nappend /a y*50\ntruncate /a 4150\nappend /a z*80\ndrop /a\nappend /a z*50",
	} {
		var script [][]string
		for line := range strings.Lines(lines) {
			script = append(script, strings.Fields(line))
		}
		isTheRun(t, script)
	}
	rapid.Check(t, func(t *rapid.T) { isTheRun(t, drawScript(t)) })
}

func isTheRun(t rapid.TB, lines [][]string) {
	y := disk.New(disk.Options{Record: true})
	shown := map[int]string{0: "nothing"}
	for _, line := range lines {
		_ = do(y, line) // Many fail; they fail without an operation.
		shown[y.Operations()] = show(y, "/")
	}
	log := y.Log()
	explored(t, log)
	if got := show(y, "/"); got != shown[log.Len()] {
		t.Fatalf("the live disk changed to %s", got)
	}
	hashes, contents := map[string]uint64{}, map[uint64]string{}
	for op, want := range shown {
		image, err := log.Image(op, disk.All, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(image.FS(disk.Options{}), "/"); got != want {
			t.Fatalf("after operation %d the log has\n%s\nand the disk had\n%s", op, got, want)
		}
		if known, ok := hashes[want]; ok && known != image.Hash() {
			t.Fatalf("two hashes of %s", want)
		}
		if other, ok := contents[image.Hash()]; ok && other != want {
			t.Fatalf("one hash of\n%s\nand\n%s", other, want)
		}
		hashes[want], contents[image.Hash()] = image.Hash(), want
	}
}

func drawScript(t *rapid.T) (lines [][]string) {
	names := rapid.SampledFrom([]string{"/a", "/a", "/b", "/d/a", "/d/b", "/d/e/a", "/d", "/d/e"})
	verbs := rapid.SampledFrom([]string{"create", "write", "append", "append", "append", "truncate", "sync", "drop", "sync-dir",
		"mkdir", "link", "rename", "remove", "remove-all"})
	text := func(most int) string {
		return fmt.Sprintf("%c*%d", rapid.RuneFrom([]rune("xyz")).Draw(t, "byte"), rapid.IntRange(1, most).Draw(t, "bytes"))
	}
	for range rapid.IntRange(1, 40).Draw(t, "operations") {
		line := []string{verbs.Draw(t, "do"), names.Draw(t, "name")}
		switch line[0] {
		case "write":
			line = append(line, fmt.Sprint(rapid.IntRange(0, 9000).Draw(t, "offset")), text(5000))
		case "append":
			line = append(line, text(500))
		case "truncate":
			line = append(line, fmt.Sprint(rapid.IntRange(0, 9000).Draw(t, "size")))
		case "link", "rename":
			line = append(line, names.Draw(t, "to"))
		}
		lines = append(lines, line)
	}
	return lines
}

// explored looks at every crash of a log, and lets two disks go on from each.
func explored(t rapid.TB, log *disk.Log) {
	seen := map[uint64]bool{}
	for crash := range log.Explore(disk.Exploration{Last: log.Len(), Policies: disk.AllPolicies(), Seed: 3}) {
		if seen[crash.Image.Hash()] {
			t.Fatalf("%v gives an image again", crash)
		}
		seen[crash.Image.Hash()] = true
		one, two := crash.Image.FS(disk.Options{Record: true}), crash.Image.FS(disk.Options{})
		before := show(one, "/")
		goOn(one, "1")
		after := show(one, "/")
		goOn(two, "2")
		if show(one, "/") != after {
			t.Fatalf("%v: a disk changed another", crash)
		}
		image, err := log.Image(crash.Op, crash.Policy, 3)
		if err != nil || image.Hash() != crash.Image.Hash() || image.String() != crash.Image.String() || show(image.FS(disk.Options{}), "/") != before {
			t.Fatalf("%v cannot be made again: %v", crash, err)
		}
		first, err := one.Log().Image(0, disk.All, 0)
		if err != nil || first.Hash() != image.Hash() || show(crash.Image.FS(disk.Options{}), "/") != before {
			t.Fatalf("%v: a disk changed its image: %v", crash, err)
		}
	}
}

// goOn appends to every file and overwrites its beginning.
func goOn(y *disk.FS, text string) {
	for _, name := range []string{"/a", "/b", "/d/a", "/d/b", "/d/e/a"} {
		if info, err := y.Stat(name); err == nil && !info.IsDir() {
			_ = do(y, []string{"append", name, text + "*9"})
			_ = do(y, []string{"write", name, "0", text})
		}
	}
}
