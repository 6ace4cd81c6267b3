package env

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/ncruces/go-sqlite3"
)

func openTestSQL(t *testing.T, fs FS, file string) (*sqlite3.Conn, func() error) {
	t.Helper()
	e := New(Options{FS: fs, Runtime: goroutines{}})
	conn, closeSQL, err := e.OpenSQL(file)
	if err != nil {
		t.Fatal(err)
	}
	return conn, closeSQL
}

func mustExec(t *testing.T, conn *sqlite3.Conn, sql string) {
	t.Helper()
	if err := conn.Exec(sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func text(t *testing.T, conn *sqlite3.Conn, sql string) string {
	t.Helper()
	stmt, _, err := conn.Prepare(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer func() {
		if err := stmt.Close(); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}()
	if !stmt.Step() {
		t.Fatalf("%s: no row: %v", sql, stmt.Err())
	}
	return stmt.ColumnText(0)
}

const durable = "PRAGMA journal_mode=persist; PRAGMA temp_store=memory; PRAGMA synchronous=FULL;"

// TestSQLJournalMode: D5, the journal mode asked for is the one in force, and
// the journal lies beside the file on the Env's file system.
func TestSQLJournalMode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a?b#c%d.db") // The name survives the URI.
	conn, closeSQL := openTestSQL(t, vfs.Default, file)
	if mode := text(t, conn, "PRAGMA journal_mode=persist"); mode != "persist" {
		t.Errorf("journal mode %q", mode)
	}
	mustExec(t, conn, durable+"CREATE TABLE t(n); INSERT INTO t VALUES (1)")
	if mode := text(t, conn, "PRAGMA journal_mode"); mode != "persist" {
		t.Errorf("journal mode %q after a commit", mode)
	}
	if full := text(t, conn, "PRAGMA synchronous"); full != "2" {
		t.Errorf("synchronous %s, want 2 (FULL)", full)
	}
	if err := closeSQL(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + "-journal"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

// spill writes far more than the page cache holds inside a transaction.
const spill = `PRAGMA cache_size=5; PRAGMA cache_spill=1; BEGIN;
	WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 2000)
	INSERT INTO t SELECT n, randomblob(300) FROM c; UPDATE t SET v = x'00' WHERE n = 0;`

// TestSQLSpilledRollback: D5. A transaction that grew the file and was rolled
// back leaves the store working, in this connection and the next one. This
// needs Truncate.
func TestSQLSpilledRollback(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sql.db")
	conn, closeSQL := openTestSQL(t, vfs.Default, file)
	mustExec(t, conn, durable+"CREATE TABLE t(n INTEGER PRIMARY KEY, v BLOB); INSERT INTO t VALUES (0, x'AA')")
	small := fileSize(t, file)
	mustExec(t, conn, spill)
	if grown := fileSize(t, file); grown < small+100<<10 {
		t.Fatalf("the file has %d bytes inside the transaction, %d before: nothing was spilled", grown, small)
	}
	mustExec(t, conn, "ROLLBACK")
	if after := fileSize(t, file); after != small {
		t.Errorf("the file has %d bytes after the rollback, %d before", after, small)
	}
	mustExec(t, conn, "INSERT INTO t VALUES (1, x'BB')")
	if err := closeSQL(); err != nil {
		t.Fatal(err)
	}
	conn, closeSQL = openTestSQL(t, vfs.Default, file)
	if got := text(t, conn, "SELECT group_concat(n || ':' || hex(v)) FROM t"); got != "0:AA,1:BB" {
		t.Errorf("rows %q", got)
	}
	if got := text(t, conn, "PRAGMA integrity_check"); got != "ok" {
		t.Errorf("integrity: %s", got)
	}
	if err := closeSQL(); err != nil {
		t.Fatal(err)
	}
}

func fileSize(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// copyFile takes a crash image of one file.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSQLHotJournal: a process that dies inside a transaction leaves a journal;
// the next open rolls back.
func TestSQLHotJournal(t *testing.T) {
	crashed := hotJournal(t)
	conn, closeSQL := openTestSQL(t, vfs.Default, crashed)
	if got := text(t, conn, "SELECT group_concat(n || ':' || hex(v)) FROM t"); got != "0:AA" {
		t.Errorf("rows %q", got)
	}
	if err := closeSQL(); err != nil {
		t.Fatal(err)
	}
}

// hotJournal makes the files of a process that died inside a transaction.
func hotJournal(t *testing.T) (crashed string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "sql.db")
	crashed = filepath.Join(dir, "crashed.db")
	conn, closeSQL := openTestSQL(t, vfs.Default, file)
	mustExec(t, conn, durable+"CREATE TABLE t(n INTEGER PRIMARY KEY, v BLOB); INSERT INTO t VALUES (0, x'AA')")
	mustExec(t, conn, spill)
	copyFile(t, file, crashed)
	copyFile(t, file+"-journal", crashed+"-journal")
	mustExec(t, conn, "ROLLBACK")
	if err := closeSQL(); err != nil {
		t.Fatal(err)
	}
	return crashed
}

// hookedFS lets a test fail single operations on a real disk.
type hookedFS struct {
	FS
	stat   func(name string) error
	remove func(name string) error
	wrap   func(vfs.File) vfs.File
}

func (h hookedFS) Stat(name string) (vfs.FileInfo, error) {
	if h.stat != nil {
		if err := h.stat(name); err != nil {
			return nil, err
		}
	}
	return h.FS.Stat(name)
}

func (h hookedFS) Remove(name string) error {
	if h.remove != nil {
		if err := h.remove(name); err != nil {
			return err
		}
	}
	return h.FS.Remove(name)
}

func (h hookedFS) OpenReadWrite(name string, category vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	f, err := h.FS.OpenReadWrite(name, category, o...)
	if err == nil && h.wrap != nil {
		f = h.wrap(f)
	}
	return f, err
}

// TestSQLUnreadableJournal: a disk that cannot say whether the journal is there
// must not be taken for "it is not there": the rollback in it would be lost.
func TestSQLUnreadableJournal(t *testing.T) {
	crashed := hotJournal(t)
	broken := true
	fs := hookedFS{FS: vfs.Default, stat: func(name string) error {
		if broken && strings.HasSuffix(name, "-journal") {
			return syscall.EIO
		}
		return nil
	}}
	conn, closeSQL := openTestSQL(t, fs, crashed)
	_, _, err := conn.Prepare("SELECT * FROM t")
	if err == nil || !strings.Contains(err.Error(), "I/O") {
		t.Errorf("reading beside an unreadable journal: %v, want an I/O error", err)
	}
	broken = false
	if got := text(t, conn, "SELECT group_concat(n || ':' || hex(v)) FROM t"); got != "0:AA" {
		t.Errorf("rows %q once the disk answers", got)
	}
	if err := closeSQL(); err != nil {
		t.Fatal(err)
	}
}

// TestSQLJournalStays: a journal that cannot be removed is an error, not "gone":
// it would be rolled back once more, after later commits.
func TestSQLJournalStays(t *testing.T) {
	crashed := hotJournal(t)
	stuck := sqlFS{fs: hookedFS{FS: vfs.Default, remove: func(string) error { return syscall.EIO }}}
	if err := stuck.Delete(crashed+"-journal", true); !errors.Is(err, syscall.EIO) {
		t.Errorf("stuck: %v, want EIO", err)
	}
	free := sqlFS{fs: vfs.Default}
	if err := free.Delete(crashed+"-journal", true); err != nil {
		t.Error(err)
	}
	if err := free.Delete(crashed+"-journal", true); !errors.Is(err, sqlite3.IOERR_DELETE_NOENT) {
		t.Errorf("twice: %v", err)
	}
}

// TestSQLNeedsTruncate: D5. A wrapper that hides Truncate is refused at once and
// by name, not at the first rollback.
func TestSQLNeedsTruncate(t *testing.T) {
	fs := hookedFS{FS: vfs.Default, wrap: func(f vfs.File) vfs.File { return struct{ vfs.File }{f} }}
	e := New(Options{FS: fs, Runtime: goroutines{}})
	_, _, err := e.OpenSQL(filepath.Join(t.TempDir(), "sql.db"))
	if err == nil || !strings.Contains(err.Error(), "cannot be truncated") || !strings.Contains(err.Error(), "sql.db") {
		t.Errorf("error %v", err)
	}
}

// TestSQLOpenFails: the disk's own error is in the message.
func TestSQLOpenFails(t *testing.T) {
	e := New(Options{FS: vfs.Default, Runtime: goroutines{}})
	_, _, err := e.OpenSQL(filepath.Join(t.TempDir(), "missing", "sql.db"))
	if err == nil || !strings.Contains(err.Error(), "open SQL file") {
		t.Errorf("error %v", err)
	}
	sick := hookedFS{FS: vfs.Default, stat: func(string) error { return syscall.EIO }}
	_, _, err = New(Options{FS: sick, Runtime: goroutines{}}).OpenSQL(filepath.Join(t.TempDir(), "sql.db"))
	if !errors.Is(err, syscall.EIO) {
		t.Errorf("error %v, want the disk's EIO", err)
	}
}
