package generation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
)

// sqlChange is one row of an outbox entry: a row of a SQL table set, or
// deleted.
type sqlChange struct {
	// Stat names a row of GLOBAL_STATS; empty for a file count.
	Stat string `json:"s,omitempty"`
	// Volume and Bucket are bytes: as text JSON would change names that are no
	// UTF-8, and two of them could become one.
	Volume     []byte `json:"v,omitempty"`
	Bucket     []byte `json:"b,omitempty"`
	UpperBound int64  `json:"u,omitempty"`
	Value      int64  `json:"n"`
	Delete     bool   `json:"d,omitempty"`
}

// sqlChangeOf turns the change of a derived row into that of its SQL row. Other
// tables have none.
func sqlChangeOf(t omdb.Table, key, value []byte) (sqlChange, bool, error) {
	c := sqlChange{Delete: value == nil}
	var err error
	switch t {
	case derived.GlobalStats:
		c.Stat = string(key)
		if !c.Delete {
			c.Value, err = derived.ParseStatsValue(value)
		}
	case derived.SQLStats:
		c.Stat = string(key)
		if !c.Delete {
			c.Value, err = decodeInt64(value)
		}
	case derived.FileCountBySize:
		var volume, bucket []byte
		if volume, bucket, c.UpperBound, err = derived.ParseFileSizeCountKey(key); err == nil && !c.Delete {
			c.Value, err = decodeInt64(value)
		}
		c.Volume, c.Bucket = bytes.Clone(volume), bytes.Clone(bucket)
	default:
		return sqlChange{}, false, nil
	}
	return c, true, err
}

func decodeInt64(value []byte) (int64, error) {
	n, ok := derived.ParseLong(value)
	if !ok {
		return 0, fmt.Errorf("a counter has %d bytes, not 8", len(value))
	}
	return n, nil
}

const sqlSchema = `
CREATE TABLE GLOBAL_STATS (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE FILE_COUNT_BY_SIZE (volume TEXT NOT NULL, bucket TEXT NOT NULL, file_size INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (volume, bucket, file_size)) WITHOUT ROWID;
CREATE TABLE WATERMARK (one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1), build INTEGER NOT NULL, applied INTEGER NOT NULL) WITHOUT ROWID;
`

// sqlFile is the SQL file of one generation, with its single connection. Its
// user holds the generation's SQL lock.
type sqlFile struct {
	conn     *sqlite3.Conn
	closeSQL func() error
	// prepared are the statements so far, each reset after use: parsing one takes
	// longer than most take to run.
	prepared []*sqlite3.Stmt
}

// openSQL opens a sealed generation's file in the mode that loses no
// acknowledged commit on a VFS without shared memory: a persistent journal,
// every commit synced (D5). It fails if SQLite chose another mode.
func openSQL(e *env.Env, path string) (*sqlFile, error) {
	conn, closeSQL, err := e.OpenSQL(path)
	if err != nil {
		return nil, err
	}
	s := &sqlFile{conn: conn, closeSQL: closeSQL}
	var mode string
	err = s.query("PRAGMA journal_mode=persist", nil, func(row *sqlite3.Stmt) error {
		mode = row.ColumnText(0)
		return nil
	})
	if err == nil && mode != "persist" {
		err = fmt.Errorf("SQLite chose journal mode %q instead of persist", mode)
	}
	if err == nil {
		err = conn.Exec("PRAGMA temp_store=memory; PRAGMA synchronous=FULL")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open SQL file %s: %w", path, err), s.close())
	}
	return s, nil
}

// buildSQL fills a fresh file from a generation's derived rows, without a
// journal: until it is synced below a crash discards it. The caller syncs the
// directory.
func buildSQL(e *env.Env, path string, rows omdb.Reader, m Meta) error {
	conn, closeSQL, err := e.OpenSQL(path)
	if err != nil {
		return err
	}
	s := &sqlFile{conn: conn, closeSQL: closeSQL}
	err = conn.Exec("PRAGMA temp_store=memory; PRAGMA journal_mode=memory; PRAGMA synchronous=OFF; BEGIN;" + sqlSchema)
	for _, t := range []omdb.Table{derived.GlobalStats, derived.SQLStats, derived.FileCountBySize} {
		if err != nil {
			break
		}
		err = rows.Scan(t, nil, nil, func(key, value []byte) (bool, error) {
			c, _, err := sqlChangeOf(t, key, value)
			if err != nil {
				return false, fmt.Errorf("table %s: %w", derived.TableName(t), err)
			}
			return true, s.apply([]sqlChange{c})
		})
	}
	if err == nil {
		err = s.setWatermark(m.Build, m.AppliedSeq)
	}
	if err == nil {
		err = conn.Exec("COMMIT")
	}
	if err = errors.Join(err, s.close()); err != nil {
		return fmt.Errorf("fill SQL file %s: %w", path, err)
	}
	if e.Mutated(point.PointerBeforeSQL) {
		return nil
	}
	return syncFile(e.FS(), path)
}

// SyncSQL makes the SQL file durable, which Seal has done long before; it is
// for the planted mistake PointerBeforeSQL only.
func (g *Generation) SyncSQL() error {
	return syncFile(g.env.FS(), g.layout.Path(Name(g.build), sqlName))
}

func (s *sqlFile) close() error {
	var err error
	for _, stmt := range s.prepared {
		err = errors.Join(err, stmt.Close())
	}
	s.prepared = nil
	return errors.Join(err, s.closeSQL())
}

// transaction makes changes and the watermark that they lead to, all or nothing.
func (s *sqlFile) transaction(build, seq uint64, change func() error) error {
	err := s.conn.Exec("BEGIN IMMEDIATE")
	if err == nil {
		err = change()
	}
	if err == nil {
		err = s.setWatermark(build, seq)
	}
	if err == nil {
		err = s.conn.Exec("COMMIT")
	}
	if err != nil {
		if !s.conn.GetAutocommit() {
			err = errors.Join(err, s.conn.Exec("ROLLBACK"))
		}
		return fmt.Errorf("bring SQL up to sequence %d: %w", seq, err)
	}
	return nil
}

func (s *sqlFile) apply(changes []sqlChange) error {
	for _, c := range changes {
		var err error
		switch {
		case c.Stat != "" && c.Delete:
			err = s.exec("DELETE FROM GLOBAL_STATS WHERE key = ?", c.Stat)
		case c.Stat != "":
			err = s.exec("INSERT INTO GLOBAL_STATS VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", c.Stat, c.Value)
		case c.Delete:
			err = s.exec("DELETE FROM FILE_COUNT_BY_SIZE WHERE volume = ? AND bucket = ? AND file_size = ?", string(c.Volume), string(c.Bucket), c.UpperBound)
		default:
			err = s.exec("INSERT INTO FILE_COUNT_BY_SIZE VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = excluded.count", string(c.Volume), string(c.Bucket), c.UpperBound, c.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlFile) setWatermark(build, seq uint64) error {
	return s.exec("INSERT INTO WATERMARK VALUES (1, ?, ?) ON CONFLICT DO UPDATE SET build = excluded.build, applied = excluded.applied", int64(build), int64(seq))
}

// watermark is the build and sequence that the file has reached.
func (s *sqlFile) watermark() (build, seq uint64, err error) {
	err = s.query("SELECT build, applied FROM WATERMARK", nil, func(row *sqlite3.Stmt) error {
		build, seq = uint64(row.ColumnInt64(0)), uint64(row.ColumnInt64(1))
		return nil
	})
	return build, seq, err
}

// read answers what a request needs.
func (s *sqlFile) read(need Need) (SQLRows, error) {
	var rows SQLRows
	if need.Stats {
		rows.Stats = map[string]int64{}
		err := s.query("SELECT key, value FROM GLOBAL_STATS", nil, func(row *sqlite3.Stmt) error {
			rows.Stats[row.ColumnText(0)] = row.ColumnInt64(1)
			return nil
		})
		if err != nil {
			return SQLRows{}, err
		}
	}
	if f := need.FileCounts; f != nil {
		err := s.query(`SELECT volume, bucket, file_size, count FROM FILE_COUNT_BY_SIZE
			WHERE (?1 = '' OR volume = ?1) AND (?2 = '' OR bucket = ?2) AND (?3 = 0 OR file_size = ?3)
			ORDER BY volume, bucket, file_size`,
			[]any{f.Volume, f.Bucket, f.UpperBound}, func(row *sqlite3.Stmt) error {
				rows.FileCounts = append(rows.FileCounts, FileCount{Volume: row.ColumnText(0), Bucket: row.ColumnText(1),
					UpperBound: row.ColumnInt64(2), Count: row.ColumnInt64(3)})
				return nil
			})
		if err != nil {
			return SQLRows{}, err
		}
	}
	return rows, nil
}

func (s *sqlFile) exec(sql string, args ...any) error {
	return s.query(sql, args, func(*sqlite3.Stmt) error { return nil })
}

func (s *sqlFile) query(sql string, args []any, row func(*sqlite3.Stmt) error) error {
	stmt, err := s.prepare(sql)
	if err != nil {
		return fmt.Errorf("SQL %q: %w", sql, err)
	}
	for i, arg := range args {
		switch v := arg.(type) {
		case string:
			err = errors.Join(err, stmt.BindText(i+1, v))
		case int64:
			err = errors.Join(err, stmt.BindInt64(i+1, v))
		default:
			err = errors.Join(err, fmt.Errorf("cannot bind %T", arg))
		}
	}
	for err == nil && stmt.Step() {
		err = row(stmt)
	}
	failed := stmt.Err()
	if resetErr := stmt.Reset(); failed == nil {
		failed = resetErr // After a failure it tells the same once more.
	}
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("SQL %q: %w", sql, err)
	}
	return nil
}

// prepare finds or makes a statement. Every parameter is bound anew at each use.
func (s *sqlFile) prepare(sql string) (*sqlite3.Stmt, error) {
	for _, stmt := range s.prepared {
		if stmt.SQL() == sql {
			return stmt, nil
		}
	}
	stmt, _, err := s.conn.Prepare(sql)
	if err != nil {
		return nil, err
	}
	s.prepared = append(s.prepared, stmt)
	return stmt, nil
}

func encodeOutbox(changes []sqlChange) []byte {
	out, err := json.Marshal(changes)
	if err != nil {
		panic(fmt.Sprintf("outbox entries always encode: %v", err))
	}
	return out
}

func decodeOutbox(value []byte) ([]sqlChange, error) {
	var changes []sqlChange
	if err := json.Unmarshal(value, &changes); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return changes, nil
}
