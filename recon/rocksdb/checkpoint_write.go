package rocksdb

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// WriteCheckpoint makes dir, in which v's tables already lie, a database that
// RocksDB opens: it writes the manifest and then CURRENT, each synced before it
// becomes reachable, and syncs the directory. It checks v first: tables exist
// with their sizes, numbers and names are unique, files of a level below 0 do
// not overlap, sequence numbers fit LastSequence, which must not be 0. v.Manifest
// and v.NextFileNumber are raised or filled in where they are too low or empty.
// The tables themselves must have been synced (TableWriter.Close does).
func WriteCheckpoint(fs FS, dir string, v *Version) error {
	if err := writeCheckpoint(fs, dir, v); err != nil {
		return fmt.Errorf("write checkpoint %s: %w", dir, err)
	}
	return nil
}

func writeCheckpoint(fs FS, dir string, v *Version) error {
	if err := prepare(v); err != nil {
		return err
	}
	if err := checkTables(fs, dir, v); err != nil {
		return err
	}
	if err := writeSynced(fs, fs.PathJoin(dir, v.Manifest), EncodeManifest(v)); err != nil {
		return err
	}
	if err := syncDirectory(fs, dir); err != nil {
		return err
	}
	temporary := fs.PathJoin(dir, strings.TrimPrefix(v.Manifest, manifestPrefix)+".dbtmp")
	if err := writeSynced(fs, temporary, []byte(v.Manifest+"\n")); err != nil {
		return err
	}
	if err := fs.Rename(temporary, fs.PathJoin(dir, currentFile)); err != nil {
		return err
	}
	return syncDirectory(fs, dir)
}

// prepare completes, sorts and checks what is to be written.
func prepare(v *Version) error {
	if v.Comparator == "" {
		v.Comparator = BytewiseComparator
	}
	v.normalize()
	if v.LastSequence == 0 || v.LastSequence > MaxSequence {
		return fmt.Errorf("the last sequence is %d; RocksDB needs 1 to 2^56-1", v.LastSequence)
	}
	if err := v.check(); err != nil {
		return err
	}
	next := max(v.NextFileNumber, 2)
	for i := range v.Families {
		for j := range v.Families[i].Files {
			next = max(next, v.Families[i].Files[j].Number+1)
		}
	}
	if v.Manifest == "" {
		v.Manifest = fmt.Sprintf("%s%06d", manifestPrefix, next)
	}
	number, err := strconv.ParseUint(strings.TrimPrefix(v.Manifest, manifestPrefix), 10, 64)
	if err != nil || !strings.HasPrefix(v.Manifest, manifestPrefix) {
		return fmt.Errorf("%q is not a manifest's name (%s and digits)", v.Manifest, manifestPrefix)
	}
	v.NextFileNumber = max(next, number+1)
	return nil
}

// writeSynced writes a whole new file and syncs it.
func writeSynced(fs FS, path string, data []byte) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func syncDirectory(fs FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}
