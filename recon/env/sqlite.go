package env

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"path"
	"strconv"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/ncruces/go-sqlite3"
	sqlvfs "github.com/ncruces/go-sqlite3/vfs"
)

// vfsNumber makes the names under which SQLite knows our file systems unique
// in the process; the name reaches no file.
var vfsNumber atomic.Int64

// OpenSQL opens a SQLite database file that lies on the Env's file system, with
// exactly one connection. close ends the connection and forgets the file
// system. Locks are not implemented: a second connection to the same file
// would not be kept out, so there must never be one.
func (e *Env) OpenSQL(file string) (conn *sqlite3.Conn, closeSQL func() error, err error) {
	name := "env" + strconv.FormatInt(vfsNumber.Add(1), 10)
	sqlvfs.Register(name, sqlFS{fs: e.fs})
	conn, err = sqlite3.OpenFlags("file:"+uriEscape(file)+"?vfs="+name,
		sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE|sqlite3.OPEN_URI)
	if err != nil {
		sqlvfs.Unregister(name)
		return nil, nil, fmt.Errorf("open SQL file %s: %w", file, err)
	}
	return conn, func() error {
		err := conn.Close()
		sqlvfs.Unregister(name)
		return err
	}, nil
}

// uriEscape escapes the characters that end the path part of a file: URI.
func uriEscape(file string) string {
	var out []byte
	for i := range len(file) {
		switch c := file[i]; c {
		case '?', '#', '%':
			out = fmt.Appendf(out, "%%%02X", c)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// sqlFS is SQLite's VFS over an [FS].
type sqlFS struct{ fs FS }

func (v sqlFS) Open(name string, flags sqlvfs.OpenFlag) (sqlvfs.File, sqlvfs.OpenFlag, error) {
	if name == "" {
		// Temporary files would escape the seam; temp_store is memory.
		return nil, flags, sqlite3.CANTOPEN
	}
	exists, err := v.exists(name)
	if err != nil {
		return nil, flags, err
	}
	if !exists && flags&sqlvfs.OPEN_CREATE == 0 {
		return nil, flags, sqlite3.CANTOPEN
	}
	f, err := v.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, flags, err
	}
	// Without Truncate everything works until the first rollback of a large
	// transaction, so it is asked for before any work is done.
	if _, ok := f.(Truncater); !ok {
		err := fmt.Errorf("file %s (%T) cannot be truncated, as SQLite needs: every wrapper of a read-write file must pass Truncate on", name, f)
		return nil, flags, errors.Join(err, f.Close())
	}
	return &sqlFile{File: f, fs: v.fs, dir: path.Dir(name), newEntry: !exists}, flags, nil
}

func (v sqlFS) Delete(name string, dirSync bool) error {
	err := v.fs.Remove(name)
	if errors.Is(err, iofs.ErrNotExist) {
		return sqlite3.IOERR_DELETE_NOENT
	}
	if err != nil {
		return err
	}
	if dirSync {
		return SyncDir(v.fs, path.Dir(name))
	}
	return nil
}

func (v sqlFS) Access(name string, _ sqlvfs.AccessFlag) (bool, error) {
	return v.exists(name)
}

// exists keeps "it is not there" and "the disk does not say" apart: taking an
// unreadable journal for a missing one would lose the rollback that it holds.
func (v sqlFS) exists(name string) (bool, error) {
	_, err := v.fs.Stat(name)
	if errors.Is(err, iofs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (v sqlFS) FullPathname(name string) (string, error) { return name, nil }

// sqlFile is one open file of SQLite. It has a single user, so locks always
// succeed and only their level is kept.
type sqlFile struct {
	vfs.File
	fs       FS
	dir      string
	newEntry bool
	lock     sqlvfs.LockLevel
}

func (f *sqlFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *sqlFile) Truncate(sizeBytes int64) error {
	return f.File.(Truncater).Truncate(sizeBytes) // Open made sure of it.
}

// Sync makes the file durable, and the first time also its directory entry: a
// journal whose name is lost in a crash cannot roll anything back.
func (f *sqlFile) Sync(sqlvfs.SyncFlag) error {
	if err := f.File.Sync(); err != nil {
		return err
	}
	if f.newEntry {
		if err := SyncDir(f.fs, f.dir); err != nil {
			return err
		}
		f.newEntry = false
	}
	return nil
}

func (f *sqlFile) SectorSize() int                                    { return 512 }
func (f *sqlFile) DeviceCharacteristics() sqlvfs.DeviceCharacteristic { return 0 }
func (f *sqlFile) LockState() sqlvfs.LockLevel                        { return f.lock }
func (f *sqlFile) CheckReservedLock() (bool, error)                   { return f.lock >= sqlvfs.LOCK_RESERVED, nil }

func (f *sqlFile) Lock(to sqlvfs.LockLevel) error {
	f.lock = max(f.lock, to)
	return nil
}

func (f *sqlFile) Unlock(to sqlvfs.LockLevel) error {
	f.lock = min(f.lock, to)
	return nil
}

// SyncDir makes a directory's entries durable.
func SyncDir(fs FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("open directory %s to sync it: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}
