package tier

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Confine takes from this process what a simulation must not need: from here on
// no file can grow, the working directory is one in which nobody can make files,
// and every file that is open is the standard streams' or the Go runtime's own.
func Confine() error {
	none := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &none); err != nil {
		return fmt.Errorf("forbid this process to write files: %w", err)
	}
	// Also root cannot make files in /proc.
	if err := os.Chdir("/proc/self"); err != nil {
		return fmt.Errorf("go to a directory in which nobody can make files: %w", err)
	}
	return OnlyStreams()
}

// keepFilesBack lets no file that is open here, but the standard streams, go on
// to a process that is started: what a shell has left open is not the child's.
func keepFilesBack() error {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("look at the open files: %w", err)
	}
	for _, e := range open {
		if n, err := strconv.Atoi(e.Name()); err == nil && n > 2 {
			unix.CloseOnExec(n)
		}
	}
	return nil
}

// OnlyStreams fails if a file is open that is neither a standard stream nor the
// runtime's.
func OnlyStreams() error {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("look at the open files: %w", err)
	}
	for _, e := range open {
		n, err := strconv.Atoi(e.Name())
		if err != nil || n <= 2 {
			continue
		}
		target, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err != nil {
			continue // It was the directory that has just been read.
		}
		switch target {
		case "anon_inode:[eventpoll]", "anon_inode:[eventfd]", "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size":
		default:
			// The runtime follows the limit on processors by files of the cgroup.
			if !isSelf(target) && !strings.HasPrefix(target, "/sys/fs/cgroup/") {
				return fmt.Errorf("file %d (%s) is open: a simulation needs none", n, target)
			}
		}
	}
	return nil
}

// isSelf tells the directory of open files itself, while it is being read.
func isSelf(target string) bool {
	return target == "/proc/"+strconv.Itoa(os.Getpid())+"/fd"
}
