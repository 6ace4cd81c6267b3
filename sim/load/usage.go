package load

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reading is what the process has used up to a moment.
type reading struct {
	at         time.Time
	cpuSeconds float64
	// writtenBytes is what was written to files, in whole pages.
	writtenBytes int64
}

func read() reading {
	r := reading{at: time.Now()}
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) == nil {
		r.cpuSeconds = float64(u.Utime.Nano()+u.Stime.Nano()) / float64(time.Second)
	}
	// Where the kernel does not account for it, bytes stay 0.
	text, err := os.ReadFile("/proc/self/io")
	if _, rest, ok := bytes.Cut(text, []byte("\nwrite_bytes: ")); err == nil && ok {
		number, _, _ := bytes.Cut(rest, []byte("\n"))
		r.writtenBytes, _ = strconv.ParseInt(string(number), 10, 64)
	}
	return r
}

// bytesOnDisk is what the files below a folder occupy, each file once however
// many links it has. Files that vanish on the way count as far as they did.
func bytesOnDisk(dir string) int64 {
	type file struct{ dev, ino uint64 }
	seen := map[file]bool{}
	total := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil // It has just been removed.
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok && !seen[file{uint64(s.Dev), s.Ino}] {
			seen[file{uint64(s.Dev), s.Ino}] = true
			total += s.Blocks * 512
		}
		return nil
	})
	return total
}
