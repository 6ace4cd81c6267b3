package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/recon/generation"
	"reconsim/sim/check"
	"reconsim/sim/disk"
)

// tamper changes a disk behind the engine's back.
type tamper func(t *testing.T, y *disk.FS)

// execSQL changes the rows of a generation's SQL file, its watermark not.
func execSQL(build uint64, sql string) tamper {
	return func(t *testing.T, y *disk.FS) {
		t.Helper()
		e := env.New(env.Options{FS: y, Runtime: env.NewGoroutines(), Quiet: true})
		conn, closeSQL, err := e.OpenSQL(y.PathJoin(generationsDir, generation.Name(build), "sql.db"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(conn.Exec("PRAGMA journal_mode=memory; "+sql), closeSQL()); err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(path, text string) tamper {
	return func(t *testing.T, y *disk.FS) {
		t.Helper()
		f, err := y.Create(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func remove(path string) tamper {
	return func(t *testing.T, y *disk.FS) {
		t.Helper()
		if err := y.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
}

// cutTables empties the tables of a generation that are in a folder.
func cutTables(build uint64, folder string) tamper {
	return func(t *testing.T, y *disk.FS) {
		t.Helper()
		dir := y.PathJoin(generationsDir, generation.Name(build), folder)
		names, err := y.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		cut := 0
		for _, name := range names {
			if strings.HasSuffix(name, ".sst") {
				writeFile(y.PathJoin(dir, name), "")(t, y)
				cut++
			}
		}
		if cut == 0 {
			t.Fatalf("%s has no tables to cut", dir)
		}
	}
}

// flipTables flips a bit in the middle of each table of a generation's store.
func flipTables(build uint64) tamper {
	return func(t *testing.T, y *disk.FS) {
		t.Helper()
		dir := y.PathJoin(generationsDir, generation.Name(build), "db")
		names, err := y.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if info, err := y.Stat(y.PathJoin(dir, name)); err == nil && strings.HasSuffix(name, ".sst") {
				if err := y.FlipBit(y.PathJoin(dir, name), info.Size()/4*8); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// TestJudgeSeesWhatIsWrong: crash-atomic and durable-commit are judged by what
// is served. Each outcome is made for real, on the disk that a good crash left.
func TestJudgeSeesWhatIsWrong(t *testing.T) {
	r := recordSmall(t)
	j, err := newJudge(r)
	if err != nil {
		t.Fatal(err)
	}
	defer sameForAll(1)()
	old, current := r.promises.at(r.First), r.promises.at(r.Last)
	for _, c := range []struct {
		name string
		// op is the operation after which everything survives.
		op       int
		tampers  []tamper
		promised Promise
		want     Outcome
		detail   string
	}{
		{"nothing is wrong before the rebuild", r.First, nil, old, Old, ""},
		{"nothing is wrong after the rebuild", r.Last, nil, current, New, ""},
		{"nothing was ever promised", r.Last, []tamper{remove(generationsDir + "/CURRENT")}, Promise{}, Old, ""},
		{"the file counts are gone", r.Last, []tamper{execSQL(r.New, "DELETE FROM FILE_COUNT_BY_SIZE")}, current, Empty, "never-empty"},
		{"the statistics are gone", r.Last, []tamper{execSQL(r.New, "DELETE FROM GLOBAL_STATS")}, current, Empty, ""},
		{"the statistics are of a state that never was", r.Last, []tamper{execSQL(r.New, "UPDATE GLOBAL_STATS SET value = value + 1")}, current, Mixed, "exact"},
		{"one bin counts one file more", r.Last, []tamper{execSQL(r.New, "UPDATE FILE_COUNT_BY_SIZE SET count = count + 1"+
			" WHERE file_size = (SELECT min(file_size) FROM FILE_COUNT_BY_SIZE)")}, current, Mixed, "exact"},
		{"the pointer is gone", r.Last, []tamper{remove(generationsDir + "/CURRENT")}, current, Lost, "no generation is served"},
		{"the pointer names the old generation", lastWithBoth(t, r), []tamper{writeFile(generationsDir+"/CURRENT", generation.Name(r.Old)+"\n")},
			current, Lost, "was promised"},
		{"a newer state was promised", r.Last, nil, Promise{State: State{r.New, 1 << 40}, Because: "of a test"}, Lost, "of a test"},
		{"the SQL file is gone", r.Last, []tamper{remove(fmt.Sprintf("%s/%s/sql.db", generationsDir, generation.Name(r.New)))}, current, WontOpen, "sql.db"},
		{"the SQL file is behind what the outbox knows", r.Last, []tamper{execSQL(r.New, "UPDATE WATERMARK SET applied = applied + 1")}, current, WontOpen, "ahead"},
		{"the pointer is garbage", r.Last, []tamper{writeFile(generationsDir+"/CURRENT", "nonsense")}, current, WontOpen, "names no generation"},
		{"the pointer names what is not there", r.Last, []tamper{writeFile(generationsDir+"/CURRENT", "gen-00000099\n")}, current, WontOpen, ""},
		{"the OM's tables are empty", r.Last, []tamper{cutTables(r.New, "om")}, current, WontOpen, ""},
		{"the store's tables are empty", r.Last, []tamper{cutTables(r.New, "db")}, current, WontOpen, ""},
		{"the store's tables have decayed", r.Last, []tamper{flipTables(r.New)}, current, WontOpen, ""},
		{"the status file is garbage, which decides nothing", r.Last, []tamper{writeFile(statusFile, "{")}, current, New, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			image, err := r.Log.ImageLosing(c.op, nil)
			if err != nil {
				t.Fatal(err)
			}
			y := image.FS(disk.Options{})
			for _, change := range c.tampers {
				change(t, y)
			}
			v := j.restartOn(y, c.promised, false).Verdict
			if v.Outcome != c.want || !strings.Contains(v.Detail, c.detail) {
				t.Errorf("%s, want %s with %q", v, c.want, c.detail)
			}
			if v.Outcome.Bad() != (v.Detail != "") {
				t.Errorf("%s: every bad outcome has a reason, and no good one", v)
			}
		})
	}
}

// lastWithBoth is the last operation at which the old generation is still in
// its place and the new one is sealed.
func lastWithBoth(t *testing.T, r *Recording) int {
	t.Helper()
	for n := r.First; n <= r.Last; n++ {
		if op := r.Log.Op(n); op.Kind == disk.Rename && strings.HasSuffix(op.To, "/CURRENT") {
			return n
		}
	}
	t.Fatal("the pointer never moved")
	return 0
}

// TestStartIsBounded: an engine that panics, waits for ever, or never comes back
// is an engine that does not open.
func TestStartIsBounded(t *testing.T) {
	r := recordSmall(t)
	restarter, err := newRestarter(r)
	if err != nil {
		t.Fatal(err)
	}
	defer sameForAll(1)()
	forever := make(chan struct{})
	defer close(forever)
	for _, c := range []struct {
		name   string
		look   func(ctx context.Context, s *started) error
		limit  time.Duration
		detail string
	}{
		{"a panic", func(context.Context, *started) error { panic("planted") }, restartLimit, "planted"},
		{"an actor that never returns", func(context.Context, *started) error { <-forever; return nil }, 200 * time.Millisecond, "neither up nor down"},
		{"a harness error", func(context.Context, *started) error { return errNoOM }, restartLimit, errNoOM.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			bounded := *restarter
			bounded.limit = c.limit
			image, err := r.Log.ImageLosing(r.Last, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = bounded.start(image.FS(disk.Options{}), c.look)
			if err == nil || !strings.Contains(err.Error(), c.detail) {
				t.Errorf("%v, want %q", err, c.detail)
			}
		})
	}
}

// TestClassify: what wrong answers make of the whole.
func TestClassify(t *testing.T) {
	wrong := func(status int, properties ...check.Property) (all []check.Violation) {
		for _, p := range properties {
			all = append(all, check.Violation{Property: p, Detail: string(p), Status: status})
		}
		return all
	}
	for _, c := range []struct {
		found []check.Violation
		want  Outcome
	}{
		{nil, Old},
		{wrong(200, check.Exact), Mixed},
		{wrong(200, check.Exact, check.OneGeneration), Mixed},
		{wrong(200, check.Exact, check.WatermarkHonest), Mixed},
		{wrong(200, check.Exact, check.NeverEmpty), Empty},
		{wrong(500, check.NoError), WontOpen},
		{wrong(200, check.NoError), Mixed},
		{append(wrong(200, check.Exact, check.NeverEmpty), wrong(500, check.NoError)...), WontOpen},
	} {
		if v := classify(State{1, 1}, c.found); v.Outcome != c.want {
			t.Errorf("%v: %s, want %s", c.found, v, c.want)
		}
	}
}
