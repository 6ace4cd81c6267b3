package generation

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// laterFS collects the files that Pebble has no more use for. Pebble removes
// them in a goroutine of its own, at a time that nobody can repeat.
type laterFS struct {
	vfs.FS
	mu    sync.Mutex
	files []string
}

// Remove notes a table, log, manifest or options file for later; everything
// else is removed at once, as Pebble waits for it.
func (f *laterFS) Remove(path string) error {
	switch base := f.PathBase(path); {
	case strings.HasSuffix(base, ".sst"), strings.HasSuffix(base, ".log"),
		strings.HasPrefix(base, "MANIFEST-"), strings.HasPrefix(base, "OPTIONS-"):
		f.mu.Lock()
		defer f.mu.Unlock()
		f.files = append(f.files, path)
		return nil
	default:
		return f.FS.Remove(path)
	}
}

// removeObsolete removes what a quiet store's operation left behind, in order
// and in the operation's own actor.
func (s *store) removeObsolete(what string) error {
	if s.obsolete == nil {
		return nil
	}
	if what != "close" {
		s.db.TestOnlyWaitForCleaning()
	}
	s.obsolete.mu.Lock()
	files := s.obsolete.files
	s.obsolete.files = nil
	s.obsolete.mu.Unlock()
	slices.Sort(files)
	for _, file := range files {
		if err := s.env.FS().Remove(file); err != nil && !isNotExist(err) {
			return fmt.Errorf("remove obsolete file: %w", err)
		}
	}
	return nil
}
