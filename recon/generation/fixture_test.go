package generation

import (
	"context"
	"errors"
	"fmt"
	iofs "io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/generation/tinyom"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
	"reconsim/recon/tasks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errPlanted = errors.New("planted failure")

// planted is an injector that fails at single points.
type planted struct {
	mu sync.Mutex
	at map[point.Point]error
}

func (*planted) Armed() bool { return true }

func (p *planted) Hit(_ context.Context, at point.Point, _ string, _ int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[at]
}

func (p *planted) fail(at point.Point)  { p.set(at, errPlanted) }
func (p *planted) clear(at point.Point) { p.set(at, nil) }
func (p *planted) set(at point.Point, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[point.Point]error{}
	}
	p.at[at] = err
}

// sickFS fails chosen operations of a real disk; nil lets one through.
type sickFS struct {
	vfs.FS
	sick *atomic.Pointer[func(op, path string) error]
}

func newSickFS() sickFS {
	return sickFS{FS: vfs.Default, sick: &atomic.Pointer[func(op, path string) error]{}}
}

func (s sickFS) fail(when func(op, path string) error) { s.sick.Store(&when) }
func (s sickFS) heal()                                 { s.sick.Store(nil) }
func (s sickFS) ask(op, path string) error {
	if when := s.sick.Load(); when != nil {
		return (*when)(op, path)
	}
	return nil
}

func (s sickFS) Create(path string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.ask("create", path); err != nil {
		return nil, err
	}
	return s.FS.Create(path, c)
}

func (s sickFS) Open(path string, o ...vfs.OpenOption) (vfs.File, error) {
	if err := s.ask("open", path); err != nil {
		return nil, err
	}
	return s.FS.Open(path, o...)
}

func (s sickFS) OpenDir(path string) (vfs.File, error) {
	d, err := s.FS.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return sickDir{d, s, path}, nil
}

func (s sickFS) MkdirAll(path string, mode iofs.FileMode) error {
	if err := s.ask("mkdir", path); err != nil {
		return err
	}
	return s.FS.MkdirAll(path, mode)
}

func (s sickFS) Rename(from, to string) error {
	if err := s.ask("rename", to); err != nil {
		return err
	}
	return s.FS.Rename(from, to)
}

func (s sickFS) Remove(path string) error {
	if err := s.ask("remove", path); err != nil {
		return err
	}
	return s.FS.Remove(path)
}

func (s sickFS) RemoveAll(path string) error {
	if err := s.ask("remove", path); err != nil {
		return err
	}
	return s.FS.RemoveAll(path)
}

type sickDir struct {
	vfs.File
	s    sickFS
	path string
}

func (d sickDir) Sync() error {
	if err := d.s.ask("syncdir", d.path); err != nil {
		return err
	}
	return d.File.Sync()
}

// bench is a folder of generations with an OM to fill them from.
type bench struct {
	t      *testing.T
	dir    string
	faults *planted
	fs     sickFS
	env    *env.Env
	layout *Layout
	om     *tinyom.OM
	copies int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), faults: &planted{}, fs: newSickFS(), om: tinyom.New("om1")}
	b.env = env.New(env.Options{FS: b.fs, Runtime: env.NewGoroutines(), Faults: b.faults, Quiet: true})
	b.layout = must(NewLayout(b.env, filepath.Join(b.dir, "generations"), b.dir))(t)
	for i := range 20 {
		b.om.PutKey(fmt.Sprintf("k%02d", i), int64(i)*1000, int64(i%3)+1)
		b.om.PutFile(fmt.Sprintf("f%02d", i), int64(i)*500, int64(i%4)+1)
	}
	b.om.Commit()
	return b
}

// must takes a value and an error and fails the test on the error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError wants an error that mentions every text.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Fatalf("error %q does not mention %q", err, text)
		}
	}
}

// snapshot is a verified checkpoint of the OM as it is.
func (b *bench) snapshot() Snapshot {
	b.t.Helper()
	b.copies++
	dir := filepath.Join(b.dir, fmt.Sprintf("candidate-%d", b.copies))
	check(b.t, b.om.Checkpoint(b.fs, dir))
	version := must(rocksdb.ReadCheckpoint(b.fs, dir))(b.t)
	report := must(rocksdb.VerifyTables(context.Background(), b.fs, dir, version, rocksdb.VerifyOptions{}))(b.t)
	return Snapshot{Dir: dir, Version: version, Report: report, Lineage: Lineage{Service: "s", Node: b.om.ID}, AsOf: time.Unix(1000, 0).UTC()}
}

func (b *bench) fromOM(s *Staged) error { return s.AdoptSnapshot(context.Background(), b.snapshot()) }

// derive runs all tasks on a staged generation and loads what they made.
func (b *bench) derive(s *Staged) map[omdb.Table]int64 {
	b.t.Helper()
	source := &countingSource{Staged: s, seen: map[omdb.Table]int64{}}
	check(b.t, tasks.Run(context.Background(), b.env, tasks.RunOptions{Tasks: tasks.All(), Source: source, Workers: 1,
		NewSink: func(task string, _ int) (tasks.Sink, error) { return s.NewSink(context.Background(), task) }}))
	check(b.t, s.LoadSinks(context.Background()))
	return source.seen
}

type countingSource struct {
	*Staged
	mu   sync.Mutex
	seen map[omdb.Table]int64
}

func (c *countingSource) Scan(t omdb.Table, lower, upper []byte, fn func(key, value []byte) (bool, error)) error {
	return c.Staged.Scan(t, lower, upper, func(key, value []byte) (bool, error) {
		c.mu.Lock()
		c.seen[t]++
		c.mu.Unlock()
		return fn(key, value)
	})
}

// sealed builds a generation up to where it may be committed.
func (b *bench) sealed(build uint64, adopt func(*Staged) error) *Staged {
	b.t.Helper()
	s := must(b.layout.Stage(context.Background(), StageOptions{Build: build}))(b.t)
	check(b.t, adopt(s))
	seen := b.derive(s)
	check(b.t, s.Seal(context.Background(), time.Unix(2000, 0).UTC()))
	check(b.t, s.Validate(context.Background(), seen))
	return s
}

// served is generation build, sealed, committed and open.
func (b *bench) served(build uint64) *Generation {
	b.t.Helper()
	s := b.sealed(build, b.fromOM)
	check(b.t, b.layout.MovePointer(context.Background(), build))
	return s.Sealed()
}

// closed gives up a generation and waits until it is closed.
func (b *bench) closed(g *Generation) {
	b.t.Helper()
	done := make(chan error)
	g.Retire(func(err error) { done <- err })
	check(b.t, <-done)
}

func (b *bench) closeStaged(s *Staged) {
	b.t.Helper()
	done := make(chan error, 1)
	s.Close(func(err error) { done <- err })
	check(b.t, <-done)
}

// delta is the next batch of the OM's log for a generation.
func (b *bench) delta(g *Generation) Delta {
	b.t.Helper()
	m := g.Meta()
	for _, entry := range b.om.Log {
		if entry.First == m.AppliedSeq+1 {
			return b.deltaOf(g, entry)
		}
	}
	b.t.Fatalf("the OM's log has nothing at sequence %d", m.AppliedSeq+1)
	return Delta{}
}

func (b *bench) deltaOf(g *Generation, entry tinyom.LogEntry) Delta {
	b.t.Helper()
	families := map[uint32]omdb.Table{}
	for id, name := range g.Meta().Families {
		if t, ok := omdb.TableByName(name); ok {
			families[id] = t
		}
	}
	fetch := omdb.NewFetch(families, g.Reader())
	check(b.t, fetch.Add(entry.Batch))
	m := g.Meta()
	_, m.AppliedSeq, _ = fetch.Sequences()
	if info, ok := fetch.TransactionInfo(); ok {
		m.Applied = info
	}
	m.AsOf = time.Unix(3000, 0).UTC()
	return Delta{Write: fetch.Apply, Applied: m, Derive: func(ctx context.Context, store omdb.Store) error {
		return tasks.Process(ctx, b.env, tasks.All(), tasks.NewDelta(m.AppliedSeq, fetch.Events(), false), store)
	}}
}

// change writes a key and a file, and deletes one, in one batch.
func (b *bench) change(i int) {
	b.om.PutKey(fmt.Sprintf("new%02d", i), int64(i)*70000, 9)
	b.om.PutFile(fmt.Sprintf("g%02d", i), 12, int64(i))
	b.om.DeleteKey(fmt.Sprintf("k%02d", i))
	b.om.Commit()
}

// rowsOf reads tables whole.
func rowsOf(t *testing.T, r omdb.Reader, tables []omdb.Table) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, table := range tables {
		check(t, r.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
			rows[fmt.Sprintf("%d %q", table, key)] = string(value)
			return true, nil
		}))
	}
	return rows
}

func sameRows(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s: row %s is %x, want %x", what, key, got[key], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", what, len(got), len(want))
	}
}

// sameAsOM proves that the OM rows are the OM's.
func (b *bench) sameAsOM(what string, r omdb.Reader) {
	b.t.Helper()
	for _, table := range omdb.Tables() {
		rows := 0
		check(b.t, r.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
			rows++
			if want, ok := b.om.Row(table, key); !ok || string(want) != string(value) {
				b.t.Errorf("%s: %s %q is %x, want %x (%v)", what, table, key, value, want, ok)
			}
			return true, nil
		}))
		if rows != b.om.Rows(table) {
			b.t.Errorf("%s: %d rows of %s, want %d", what, rows, table, b.om.Rows(table))
		}
	}
}

// sqlOf reads SQL whole, in words.
func sqlOf(t *testing.T, g *Generation) (text string, reached uint64) {
	t.Helper()
	rows, reached, err := g.ReadSQL(context.Background(), Need{Stats: true, FileCounts: &FileCountFilter{}}, nil)
	check(t, err)
	return fmt.Sprint(rows.Stats, rows.FileCounts), reached
}

// sqlFitsDerived proves that SQL says what the derived tables say.
func (b *bench) sqlFitsDerived(what string, g *Generation) {
	b.t.Helper()
	s := &Staged{env: b.env, opened: g}
	if err := s.validateSQL(context.Background()); err != nil {
		b.t.Errorf("%s: %v", what, err)
	}
}

var derivedTables = derived.Tables()
