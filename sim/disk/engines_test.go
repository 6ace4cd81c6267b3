package disk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/ncruces/go-sqlite3"

	"reconsim/recon/env"
	"reconsim/sim/disk"
)

// engine is a store that acknowledges numbered writes.
type engine interface {
	// write makes write n, durable when it returns.
	write(n int) error
	close() error
}

// judged runs writes on a recorded disk, crashes it at every operation under
// every policy and reopens each image: read must find the writes 1..k with k no
// less than what was acknowledged.
type judged struct {
	open func(y *disk.FS) (engine, error)
	// read returns k, and an error for what no crash may do.
	read   func(y *disk.FS) (int, error)
	writes int
}

// run returns how many images there were and which crashes were bad. A mistake
// needs to be seen once; without one all are looked at.
func (j judged) run(t *testing.T, forget func(disk.Op) bool, mistaken bool) (images int, bad []string) {
	t.Helper()
	crashes := 0
	y := disk.New(disk.Options{Record: true})
	acknowledgedAt := []int{0}
	e, err := j.open(y)
	for n := 1; n <= j.writes && err == nil; n++ {
		err = e.write(n)
		acknowledgedAt = append(acknowledgedAt, y.Operations())
	}
	if err = errors.Join(err, e.close()); err != nil {
		t.Fatal(err)
	}
	log := y.Log()
	if forget != nil {
		log = log.Without(forget)
	}
	type found struct {
		read int
		err  error
	}
	known := map[uint64]found{}
	for crash := range log.Explore(disk.Exploration{Last: log.Len(), Policies: disk.AllPolicies(), Seed: 1, Promises: acknowledgedAt}) {
		crashes++
		acknowledged := 0
		for acknowledged < j.writes && acknowledgedAt[acknowledged+1] <= crash.Op {
			acknowledged++
		}
		f, ok := known[crash.Image.Hash()]
		if !ok {
			f.read, f.err = j.reopen(crash.Image)
			known[crash.Image.Hash()] = f
		}
		read, err := f.read, f.err
		if err == nil && (read < acknowledged || read > acknowledged+1) {
			err = fmt.Errorf("%d writes, and %d were acknowledged", read, acknowledged)
		}
		if err != nil {
			bad = append(bad, fmt.Sprintf("%v: %v", crash, err))
		}
		if mistaken && len(bad) > 0 {
			break
		}
	}
	t.Logf("%d operations, %d crashes, %d images, %d bad", log.Len(), crashes, len(known), len(bad))
	return len(known), bad
}

// reopen reads in a goroutine of its own, which Pebble's Fatalf ends.
func (j judged) reopen(image *disk.Image) (read int, err error) {
	err = errors.New("the store ended its goroutine")
	done := make(chan struct{})
	go func() {
		defer close(done)
		read, err = j.read(image.FS(disk.Options{}))
	}()
	<-done
	return read, err
}

type pebbleEngine struct{ db *pebble.DB }

type fatalLog struct{}

func (fatalLog) Infof(string, ...any)  {}
func (fatalLog) Errorf(string, ...any) {}
func (fatalLog) Fatalf(string, ...any) { runtime.Goexit() }

// quiet are the options with which recon/generation opens a store in a
// repeatable run.
func quiet(y *disk.FS) *pebble.Options {
	o := &pebble.Options{
		FS: y, Logger: fatalLog{}, FormatMajorVersion: pebble.FormatNewest,
		DisableAutomaticCompactions: true, DisableTableStats: true,
		CacheSize: 1 << 20, MemTableSize: 64 << 10,
		EventListener: &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}},
	}
	o.Experimental.FileCacheShards = 2
	return o
}

func (e pebbleEngine) write(n int) error {
	if err := e.db.Set(fmt.Appendf(nil, "key %03d", n), fmt.Appendf(nil, "value %0700d", n), pebble.Sync); err != nil {
		return err
	}
	if n%8 == 0 {
		return e.db.Flush()
	}
	return nil
}

func (e pebbleEngine) close() error { return e.db.Close() }

var pebbleJudged = judged{
	writes: 60,
	open: func(y *disk.FS) (engine, error) {
		// The way down to the store is made durable, as the engine does.
		err := y.MkdirAll("/store", 0o755)
		if err == nil {
			err = env.SyncDir(y, "/")
		}
		if err != nil {
			return nil, err
		}
		db, err := pebble.Open("/store", quiet(y))
		return pebbleEngine{db}, err
	},
	read: func(y *disk.FS) (int, error) {
		db, err := pebble.Open("/store", quiet(y))
		if err != nil {
			return 0, err
		}
		read := 0
		rows, err := db.NewIter(nil)
		if err != nil {
			return 0, err
		}
		for ok := rows.First(); ok; ok = rows.Next() {
			read++
			if want := fmt.Sprintf("value %0700d", read); string(rows.Value()) != want {
				err = fmt.Errorf("row %s after %d rows", rows.Key(), read-1)
			}
		}
		return read, errors.Join(err, rows.Error(), rows.Close(), db.Close())
	},
}

// TestPebbleSurvives proves D7 for Pebble: whatever a crash leaves, the store
// opens and has every write that was acknowledged.
func TestPebbleSurvives(t *testing.T) {
	images, bad := pebbleJudged.run(t, nil, false)
	if images < 200 {
		t.Errorf("%d images prove little", images)
	}
	for _, b := range bad[:min(10, len(bad))] {
		t.Error(b)
	}
}

// TestPebbleWithoutSyncs is the negative control: a disk that forgets to sync
// directories, or the log's file, loses writes in some image.
func TestPebbleWithoutSyncs(t *testing.T) {
	for name, forget := range map[string]func(disk.Op) bool{
		"directory": func(op disk.Op) bool { return op.Kind == disk.SyncDir && op.Path == "/store" },
		"log":       func(op disk.Op) bool { return op.Kind == disk.Sync && path.Ext(op.Path) == ".log" },
		"table":     func(op disk.Op) bool { return op.Kind == disk.Sync && path.Ext(op.Path) == ".sst" },
		"manifest":  func(op disk.Op) bool { return op.Kind == disk.Sync && strings.Contains(op.Path, "MANIFEST") },
	} {
		t.Run(name, func(t *testing.T) {
			if images, bad := pebbleJudged.run(t, forget, true); len(bad) == 0 {
				t.Errorf("none of %d images shows the mistake", images)
			} else {
				t.Log(bad[0])
			}
		})
	}
}

type sqlEngine struct {
	conn     *sqlite3.Conn
	closeSQL func() error
}

// openSQL opens the file as the engine does; mode is journal_mode and
// synchronous, of which D5 has the right ones.
func openSQL(y *disk.FS, mode, synchronous string) (sqlEngine, error) {
	e := env.New(env.Options{FS: y, Runtime: env.NewGoroutines(), Quiet: true})
	conn, closeSQL, err := e.OpenSQL("/sql/db.sqlite")
	if err != nil {
		return sqlEngine{}, err
	}
	err = conn.Exec("PRAGMA journal_mode=" + mode + "; PRAGMA temp_store=memory; PRAGMA synchronous=" + synchronous)
	if err != nil {
		return sqlEngine{}, errors.Join(err, closeSQL())
	}
	return sqlEngine{conn, closeSQL}, nil
}

// write adds a row, and changes one in another page so that a half transaction
// would show.
func (e sqlEngine) write(n int) error {
	return e.conn.Exec(fmt.Sprintf("BEGIN IMMEDIATE; INSERT INTO t VALUES (%d, printf('%%.1500c', 'x')); UPDATE n SET n = %d; COMMIT", n, n))
}

func (e sqlEngine) close() error { return e.closeSQL() }

func sqlJudged(mode, synchronous string) judged {
	return judged{
		writes: 8,
		open: func(y *disk.FS) (engine, error) {
			err := y.MkdirAll("/sql", 0o755)
			if err == nil {
				err = env.SyncDir(y, "/")
			}
			if err != nil {
				return nil, err
			}
			e, err := openSQL(y, mode, synchronous)
			if err != nil {
				return nil, err
			}
			return e, e.conn.Exec("BEGIN; CREATE TABLE t (i INTEGER PRIMARY KEY, filler TEXT); CREATE TABLE n (n INTEGER); INSERT INTO n VALUES (0); COMMIT")
		},
		read: func(y *disk.FS) (int, error) { return readSQL(y, mode, synchronous) },
	}
}

func readSQL(y *disk.FS, mode, synchronous string) (int, error) {
	if _, err := y.Stat("/sql/db.sqlite"); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	e, err := openSQL(y, mode, synchronous)
	if err != nil {
		return 0, err
	}
	number := func(query string) int {
		stmt, _, prepareErr := e.conn.Prepare(query)
		if prepareErr != nil {
			err = errors.Join(err, prepareErr)
			return 0
		}
		value := ""
		if stmt.Step() {
			value = stmt.ColumnText(0)
		}
		n := 0
		if _, scanErr := fmt.Sscan(value, &n); scanErr != nil {
			err = errors.Join(err, stmt.Err(), fmt.Errorf("%s answers %q", query, value))
		}
		err = errors.Join(err, stmt.Close())
		return n
	}
	if number("SELECT count(*) FROM sqlite_schema") == 0 {
		return 0, errors.Join(err, e.close())
	}
	rows, last := number("SELECT count(*) FROM t"), number("SELECT n FROM n")
	if rows != last {
		err = errors.Join(err, fmt.Errorf("mixed: %d rows, and the counter says %d", rows, last))
	}
	if number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") != 1 {
		err = errors.Join(err, errors.New("the file is corrupt"))
	}
	return rows, errors.Join(err, e.close())
}

// TestSQLiteSurvives proves D7 for SQLite in the modes that D5 allows: every
// acknowledged transaction is there, and whole.
func TestSQLiteSurvives(t *testing.T) {
	for _, mode := range []string{"persist/FULL", "truncate/FULL", "delete/EXTRA"} {
		t.Run(mode, func(t *testing.T) {
			journal, synchronous, _ := strings.Cut(mode, "/")
			images, bad := sqlJudged(journal, synchronous).run(t, nil, false)
			if images < 200 {
				t.Errorf("%d images prove little", images)
			}
			for _, b := range bad[:min(10, len(bad))] {
				t.Error(b)
			}
		})
	}
}

// TestSQLiteWithoutSyncs is the negative control: the mode that D5 forbids, and
// a journal that is not synced, lose transactions in some image.
func TestSQLiteWithoutSyncs(t *testing.T) {
	journal := func(op disk.Op) bool { return op.Kind == disk.Sync && strings.HasSuffix(op.Path, "-journal") }
	for _, c := range []struct {
		name, mode, synchronous string
		forget                  func(disk.Op) bool
	}{
		{"delete without EXTRA", "delete", "FULL", nil},
		{"synchronous off", "persist", "OFF", nil},
		{"journal not synced", "persist", "FULL", journal},
	} {
		t.Run(c.name, func(t *testing.T) {
			if images, bad := sqlJudged(c.mode, c.synchronous).run(t, c.forget, true); len(bad) == 0 {
				t.Errorf("none of %d images shows the mistake", images)
			} else {
				t.Log(bad[0])
			}
		})
	}
}
