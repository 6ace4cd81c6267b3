package rocksdb

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// FS is the file system that every function of this package works on.
type FS = vfs.FS

const (
	currentFile    = "CURRENT"
	manifestPrefix = "MANIFEST-"

	maxCurrentBytes  = 4 << 10
	maxManifestBytes = 1 << 30
)

// ReadCheckpoint reads CURRENT and the manifest of dir, and looks for every
// table the manifest names: each must exist with exactly the recorded size. It
// also walks the logs, so LastSequence and Logs of the result are right. What a
// directory lacks, or has wrong, is an error that wraps ErrNotACheckpoint (and
// ErrCorrupt or ErrUnsupported where bytes were at fault). Table contents are
// not read: that is VerifyTables.
func ReadCheckpoint(fs FS, dir string) (*Version, error) {
	v, err := readCheckpoint(fs, dir)
	if err != nil {
		if !errors.Is(err, ErrNotACheckpoint) {
			err = fmt.Errorf("%w: %w", ErrNotACheckpoint, err)
		}
		return nil, fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	return v, nil
}

func readCheckpoint(fs FS, dir string) (*Version, error) {
	name, err := readCurrent(fs, dir)
	if err != nil {
		return nil, err
	}
	data, err := readSmallFile(fs, fs.PathJoin(dir, name), maxManifestBytes)
	if err != nil {
		return nil, fmt.Errorf("%s, which CURRENT names: %w", name, err)
	}
	v, err := ReadManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	v.Manifest = name
	if err := checkTables(fs, dir, v); err != nil {
		return nil, err
	}
	if err := readLogs(fs, dir, v); err != nil {
		return nil, err
	}
	if v.LastSequence == 0 {
		return nil, notACheckpointf("its last sequence is 0: the database was never written")
	}
	return v, nil
}

// readCurrent returns the manifest's name.
func readCurrent(fs FS, dir string) (string, error) {
	data, err := readSmallFile(fs, fs.PathJoin(dir, currentFile), maxCurrentBytes)
	if err != nil {
		return "", fmt.Errorf("%s: %w", currentFile, err)
	}
	name, ok := strings.CutSuffix(string(data), "\n")
	if !ok {
		return "", corruptf("%s does not end with a newline: %q", currentFile, data)
	}
	digits, ok := strings.CutPrefix(name, manifestPrefix)
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", corruptf("%s names %q, not a manifest of this directory", currentFile, name)
	}
	return name, nil
}

// readSmallFile reads a whole file of at most maxBytes.
func readSmallFile(fs FS, path string, maxBytes int64) (data []byte, err error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxBytes {
		return nil, corruptf("%s has %d bytes, more than the %d ever expected", path, info.Size(), maxBytes)
	}
	data = make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

// checkTables compares the tables' sizes with the manifest's.
func checkTables(fs FS, dir string, v *Version) error {
	for i := range v.Families {
		for j := range v.Families[i].Files {
			f := &v.Families[i].Files[j]
			info, err := fs.Stat(fs.PathJoin(dir, f.Name()))
			if err != nil {
				return fmt.Errorf("table %s of family %q: %w", f.Name(), v.Families[i].Name, err)
			}
			if uint64(info.Size()) != f.SizeBytes {
				return corruptf("table %s of family %q has %d bytes, the manifest says %d",
					f.Name(), v.Families[i].Name, info.Size(), f.SizeBytes)
			}
		}
	}
	return nil
}

// readLogs finds the logs that may hold live records and counts them.
func readLogs(fs FS, dir string, v *Version) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, ".log")
		if !ok {
			continue
		}
		number, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || number < v.MinLogNumberToKeep {
			continue
		}
		v.Logs = append(v.Logs, Log{Number: number})
	}
	slices.SortFunc(v.Logs, func(a, b Log) int {
		if a.Number < b.Number {
			return -1
		}
		return 1
	})
	for i := range v.Logs {
		l := &v.Logs[i]
		err := walkLog(fs, dir, l, func(family uint32, sequence uint64, _ Record) error {
			if v.liveIn(l, family) {
				l.LiveRecords++
				l.LastSequence = max(l.LastSequence, sequence)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("log %s: %w", l.Name(), err)
		}
		if l.Torn && i < len(v.Logs)-1 {
			return corruptf("log %s ends inside a record, and a newer log follows", l.Name())
		}
		v.LastSequence = max(v.LastSequence, l.LastSequence)
	}
	return nil
}

// liveIn reports whether records of the family in log l are not yet in tables.
func (v *Version) liveIn(l *Log, family uint32) bool {
	f := v.FamilyByID(family)
	return f != nil && l.Number >= f.LogNumber
}
