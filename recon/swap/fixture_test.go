package swap

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/recon/generation/tinyom"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
	"reconsim/recon/tasks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errPlanted = errors.New("planted failure")

// planted calls a function at single points.
type planted struct {
	mu sync.Mutex
	at map[point.Point]func() error
}

func (*planted) Armed() bool { return true }

func (p *planted) Hit(_ context.Context, at point.Point, _ string, _ int64) error {
	p.mu.Lock()
	fn := p.at[at]
	p.mu.Unlock()
	if fn == nil {
		return nil
	}
	return fn()
}

func (p *planted) do(at point.Point, fn func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[point.Point]func() error{}
	}
	p.at[at] = fn
}

func (p *planted) fail(at point.Point)  { p.do(at, func() error { return errPlanted }) }
func (p *planted) clear(at point.Point) { p.do(at, nil) }

// later is a wall clock that a test can move on.
type later struct {
	env.Runtime
	mu    sync.Mutex
	ahead time.Duration
	// awaited is called once, when an actor comes to a lock that is taken.
	awaited func()
}

func (l *later) whenLockIsAwaited(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.awaited = fn
}

func (l *later) NewParker(name string) env.Parker {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name == "mutex" && l.awaited != nil {
		l.awaited()
		l.awaited = nil
	}
	return l.Runtime.NewParker(name)
}

func (l *later) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Runtime.Now().Add(l.ahead)
}

func (l *later) move(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ahead += d
}

// bench is the protocol over a folder, with an OM to rebuild from.
type bench struct {
	t         *testing.T
	dir       string
	faults    *planted
	clock     *later
	env       *env.Env
	om        *tinyom.OM
	protocol  *Generations
	retention time.Duration
	published []uint64
	copies    int
}

func newBench(t *testing.T, retention time.Duration, mutations ...point.Mutation) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), faults: &planted{}, clock: &later{Runtime: env.NewGoroutines()}, om: tinyom.New("om1"), retention: retention}
	b.env = env.New(env.Options{FS: vfs.Default, Runtime: b.clock, Faults: b.faults, Quiet: true, Mutations: mutations})
	for i := range 6 {
		b.om.PutKey(fmt.Sprintf("k%02d", i), int64(i)*1000, 1, 2)
	}
	b.om.Commit()
	b.protocol = b.newProtocol(b.dir)
	return b
}

func (b *bench) newProtocol(dir string) *Generations {
	b.t.Helper()
	p, err := NewGenerations(b.env, Options{Dir: filepath.Join(dir, "generations"), SameDeviceAs: dir, Retention: b.retention,
		OnPublish: func(m generation.Meta) { b.published = append(b.published, m.Build) }})
	check(b.t, err)
	return p
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("error %v, want %q", err, text)
	}
}

func (b *bench) open() Recovery {
	b.t.Helper()
	r, err := b.protocol.Open(context.Background())
	check(b.t, err)
	return r
}

// reopen is a restart: the protocol is closed and made anew.
func (b *bench) reopen() Recovery {
	b.t.Helper()
	check(b.t, b.protocol.Close())
	b.protocol = b.newProtocol(b.dir)
	return b.open()
}

func (b *bench) fromOM(s Staged) error {
	b.copies++
	dir := filepath.Join(b.dir, fmt.Sprintf("candidate-%d", b.copies))
	if err := b.om.Checkpoint(vfs.Default, dir); err != nil {
		return err
	}
	version, err := rocksdb.ReadCheckpoint(vfs.Default, dir)
	if err != nil {
		return err
	}
	report, err := rocksdb.VerifyTables(context.Background(), vfs.Default, dir, version, rocksdb.VerifyOptions{})
	if err != nil {
		return err
	}
	return s.AdoptSnapshot(context.Background(), generation.Snapshot{Dir: dir, Version: version, Report: report,
		Lineage: generation.Lineage{Service: "s", Node: b.om.ID}})
}

func fromServed(s Staged) error { return s.AdoptServed(context.Background()) }

// staged is a rebuild that may be committed.
func (b *bench) staged(adopt func(Staged) error) Staged {
	b.t.Helper()
	ctx := context.Background()
	build, err := b.protocol.NextBuild()
	check(b.t, err)
	s, err := b.protocol.Stage(ctx, generation.StageOptions{Build: build})
	check(b.t, err)
	check(b.t, adopt(s))
	check(b.t, tasks.Run(ctx, b.env, tasks.RunOptions{Tasks: tasks.All(), Source: s, Workers: 1,
		NewSink: func(task string, _ int) (tasks.Sink, error) { return s.NewSink(ctx, task) }}))
	check(b.t, s.LoadSinks(ctx))
	check(b.t, s.Seal(ctx, time.Unix(1, 0)))
	return s
}

func (b *bench) commit(adopt func(Staged) error) {
	b.t.Helper()
	check(b.t, b.protocol.Commit(context.Background(), b.staged(adopt)))
}

// delta is the OM's next batch for a state.
func (b *bench) delta(m generation.Meta, rows omdb.Reader) generation.Delta {
	b.t.Helper()
	families := map[uint32]omdb.Table{}
	for id, name := range m.Families {
		if t, ok := omdb.TableByName(name); ok {
			families[id] = t
		}
	}
	fetch := omdb.NewFetch(families, rows)
	for _, entry := range b.om.Log {
		if entry.First == m.AppliedSeq+1 {
			check(b.t, fetch.Add(entry.Batch))
		}
	}
	_, m.AppliedSeq, _ = fetch.Sequences()
	m.Applied, _ = fetch.TransactionInfo()
	return generation.Delta{Write: fetch.Apply, Applied: m, Derive: func(ctx context.Context, store omdb.Store) error {
		return tasks.Process(ctx, b.env, tasks.All(), tasks.NewDelta(m.AppliedSeq, fetch.Events(), false), store)
	}}
}

// apply gives the served generation the OM's next batch.
func (b *bench) apply() error {
	b.t.Helper()
	return b.protocol.Apply(context.Background(), b.delta(b.protocol.Committed()))
}

func (b *bench) addKey(name string) {
	b.om.PutKey(name, 100, 3)
	b.om.Commit()
}

// look is one request that joins OM rows, derived rows and SQL. The three
// counts of keys must agree: they come from the three stores.
func look(p *Generations) (generation.Label, error) {
	view, release, err := p.Acquire(context.Background(), "test", generation.Need{Stats: true, FileCounts: &generation.FileCountFilter{}})
	if err != nil {
		return generation.Label{}, err
	}
	defer release()
	rows := int64(0)
	err = view.Scan(omdb.KeyTable, nil, nil, func(_, _ []byte) (bool, error) { rows++; return true, nil })
	if err != nil {
		return generation.Label{}, err
	}
	value, _, err := view.Get(derived.GlobalStats, []byte(derived.CountName(omdb.KeyTable)))
	if err != nil {
		return generation.Label{}, err
	}
	count, err := derived.ParseStatsValue(value)
	if err != nil {
		return generation.Label{}, err
	}
	files := int64(0)
	for _, c := range view.SQL().FileCounts {
		files += c.Count
	}
	if sql := view.SQL().Stats[derived.CountName(omdb.KeyTable)]; rows != count || rows != sql || rows != files || rows == 0 {
		return generation.Label{}, fmt.Errorf("a mixed answer at %s: %d rows, %d derived, %d and %d in SQL", view.Label().Revision(), rows, count, sql, files)
	}
	return view.Label(), nil
}

// serves proves that a generation is served, whole.
func (b *bench) serves(what string, p *Generations, build uint64) {
	b.t.Helper()
	label, err := look(p)
	if err != nil || label.Build != build {
		b.t.Errorf("%s: generation %d is served (%v), want %d", what, label.Build, err, build)
	}
}

func (b *bench) onDisk(want string) {
	b.t.Helper()
	fs := vfs.Default
	names, err := fs.List(filepath.Join(b.dir, "generations"))
	check(b.t, err)
	kept, err := fs.List(filepath.Join(b.dir, "generations", "quarantine"))
	if err != nil {
		kept = nil
	}
	slices.Sort(names) // a directory has no order
	slices.Sort(kept)
	var all []string
	for _, name := range names {
		if strings.HasPrefix(name, "gen-") {
			all = append(all, name[len(name)-1:])
		}
	}
	for _, name := range kept {
		all = append(all, "q"+name[len(name)-1:])
	}
	if got := strings.Join(all, " "); got != want {
		b.t.Errorf("on disk: %q, want %q", got, want)
	}
}
