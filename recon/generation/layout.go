package generation

import (
	"github.com/cockroachdb/pebble/v2"

	"cmp"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/config"
	"reconsim/recon/env"
)

const (
	namePrefix     = "gen-"
	pointerName    = "CURRENT"
	quarantineName = "quarantine"
	reasonName     = "REASON"
	omDirName      = "om"
	dbDirName      = "db"
	sqlName        = "sql.db"
	sinkDirName    = "sinks"
)

// Name is the directory name of generation build.
func Name(build uint64) string { return fmt.Sprintf("%s%08d", namePrefix, build) }

func parseName(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, namePrefix)
	if !ok || len(digits) < 8 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0
}

// Layout is the folder that holds the generations.
type Layout struct {
	env *env.Env
	dir string
	// cache holds blocks of all generations, so that the one being built does
	// not double what the served one takes; nil in quiet mode, in which each
	// has a little one of its own.
	cache *pebble.Cache
}

// cacheBytes is how much of the tables is kept uncompressed in memory.
const cacheBytes = 64 << 20

// NewLayout makes the folder if it is missing. It refuses one that is not on
// the device of sameDeviceAs: hard links and renames end there (D18).
func NewLayout(e *env.Env, dir, sameDeviceAs string) (*Layout, error) {
	fs := e.FS()
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of generations: %w", err)
	}
	here, err := fs.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the folder of generations: %w", err)
	}
	there, err := fs.Stat(sameDeviceAs)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", sameDeviceAs, err)
	}
	if here.DeviceID() != there.DeviceID() {
		return nil, fmt.Errorf("%s is on another device than %s, so a generation could be neither linked nor moved between them: set %s to a folder on the same device, or unset it",
			dir, sameDeviceAs, config.StagingBasePath)
	}
	for _, folder := range []string{dir, sameDeviceAs} {
		if err := syncAncestors(fs, folder); err != nil {
			return nil, err
		}
	}
	l := &Layout{env: e, dir: dir}
	if !e.Quiet() {
		l.cache = pebble.NewCache(cacheBytes)
	}
	return l, nil
}

// syncAncestors makes the name of a folder durable, and those of the folders
// above it on the same device: one that was just made would take a committed
// generation with it in a crash. Folders that may not be opened are not ours
// and were there before.
func syncAncestors(fs vfs.FS, folder string) error {
	info, err := fs.Stat(folder)
	for err == nil {
		parent := fs.PathDir(folder)
		if parent == folder {
			return nil
		}
		var above vfs.FileInfo
		if above, err = fs.Stat(parent); err != nil || above.DeviceID() != info.DeviceID() {
			break
		}
		if err = env.SyncDir(fs, parent); errors.Is(err, iofs.ErrPermission) {
			return nil
		}
		folder = parent
	}
	if err != nil {
		return fmt.Errorf("make the name of folder %s durable: %w", folder, err)
	}
	return nil
}

// Close gives the cache back. Generations that are still open keep it until
// they are closed, too; none may be opened any more.
func (l *Layout) Close() {
	if l.cache != nil {
		l.cache.Unref()
		l.cache = nil
	}
}

// Dir is the folder.
func (l *Layout) Dir() string { return l.dir }

// Path joins names below the folder.
func (l *Layout) Path(names ...string) string {
	return l.env.FS().PathJoin(append([]string{l.dir}, names...)...)
}

// List returns the numbers of all generations on disk, ascending.
func (l *Layout) List() ([]uint64, error) {
	names, err := l.env.FS().List(l.dir)
	if err != nil {
		return nil, fmt.Errorf("list generations: %w", err)
	}
	var builds []uint64
	for _, name := range names {
		if build, ok := parseName(name); ok {
			builds = append(builds, build)
		}
	}
	slices.SortFunc(builds, cmp.Compare)
	return builds, nil
}

// NextBuild is a number that no generation here, served, staged or in
// quarantine, has had. What the pointer names counts also if its directory is
// gone: a rebuild under that name would be served after a crash, finished or
// not.
func (l *Layout) NextBuild() (uint64, error) {
	last, _, err := l.Current()
	if err != nil {
		return 0, err
	}
	builds, err := l.List()
	if err != nil {
		return 0, err
	}
	quarantined, err := l.Quarantined()
	if err != nil {
		return 0, err
	}
	for _, name := range quarantined {
		if build, ok := parseName(name); ok {
			last = max(last, build)
		}
	}
	for _, build := range builds {
		last = max(last, build)
	}
	return last + 1, nil
}

// Remove deletes a closed generation's directory and makes that durable.
func (l *Layout) Remove(build uint64) error {
	if err := l.env.FS().RemoveAll(l.Path(Name(build))); err != nil {
		return fmt.Errorf("remove generation %d: %w", build, err)
	}
	return env.SyncDir(l.env.FS(), l.dir)
}

// Quarantine moves a closed generation aside, with a file that says why. The
// reason is written before the move, so that nothing in quarantine is ever
// without one and a sweep at the same time cannot take it for a leftover.
func (l *Layout) Quarantine(build uint64, reason string, at time.Time) (path string, err error) {
	fs := l.env.FS()
	if err := fs.MkdirAll(l.Path(quarantineName), 0o755); err != nil {
		return "", fmt.Errorf("quarantine generation %d: %w", build, err)
	}
	from, to := l.Path(Name(build)), l.Path(quarantineName, Name(build))
	text := fmt.Sprintf("%s\n%s\n", at.UTC().Format(time.RFC3339), reason)
	err = writeFile(fs, fs.PathJoin(from, reasonName), []byte(text))
	if err == nil {
		err = env.SyncDir(fs, from)
	}
	if err == nil {
		err = fs.Rename(from, to)
	}
	if err != nil {
		return "", fmt.Errorf("quarantine generation %d: %w", build, err)
	}
	return to, errors.Join(env.SyncDir(fs, l.Path(quarantineName)), env.SyncDir(fs, l.dir))
}

// Quarantined lists the names in quarantine, ascending.
func (l *Layout) Quarantined() ([]string, error) {
	names, err := l.env.FS().List(l.Path(quarantineName))
	if err != nil {
		if isNotExist(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

// SweepQuarantine removes what has been in quarantine longer than retention,
// and what has no readable date: this package put no such thing there. It goes
// on after a failure; the error joins them all.
func (l *Layout) SweepQuarantine(now time.Time, retention time.Duration) error {
	names, err := l.Quarantined()
	if err != nil {
		return err
	}
	var failures []error
	for _, name := range names {
		since, err := l.quarantinedSince(name)
		if err == nil && now.Sub(since) >= retention {
			err = l.env.FS().RemoveAll(l.Path(quarantineName, name))
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("sweep quarantined %s: %w", name, err))
		}
	}
	return errors.Join(failures...)
}

// quarantinedSince is the zero time for what has no date. A disk that cannot be
// read is an error: it says nothing about the age.
func (l *Layout) quarantinedSince(name string) (time.Time, error) {
	text, err := readFile(l.env.FS(), l.Path(quarantineName, name, reasonName), 64<<10)
	if isNotExist(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	since, err := time.Parse(time.RFC3339, first)
	if err != nil {
		return time.Time{}, nil
	}
	return since, nil
}

// writeFile writes and syncs a small file; its directory entry is the caller's.
func writeFile(fs vfs.FS, path string, content []byte) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("create %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// readFile reads a file of at most limitBytes.
func readFile(fs vfs.FS, path string, limitBytes int64) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(f, limitBytes))
	return content, errors.Join(err, f.Close())
}

func isNotExist(err error) bool { return errors.Is(err, errNotExist) }
