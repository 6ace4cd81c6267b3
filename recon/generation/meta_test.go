package generation

import (
	"context"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// TestMetaRoundTrip: META is read as it was written (D1, D16).
func TestMetaRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := Meta{Schema: schemaVersion,
			Build:   rapid.Uint64().Draw(r, "build"),
			Lineage: Lineage{Service: rapid.String().Draw(r, "service"), Node: "om1", Snapshot: omdb.TransactionInfo{Term: 3, Index: 4}},
			BaseSeq: rapid.Uint64().Draw(r, "base"), AppliedSeq: rapid.Uint64().Draw(r, "applied"),
			Applied: omdb.TransactionInfo{Term: rapid.Int64().Draw(r, "term"), Index: rapid.Int64().Draw(r, "index")},
			AsOf:    time.Unix(rapid.Int64Range(0, 1<<33).Draw(r, "asOf"), 5).UTC(),
			Sealed:  rapid.Bool().Draw(r, "sealed"),
		}
		if rapid.Bool().Draw(r, "tables") {
			m.Families = map[uint32]string{1: "fileTable", 23: "bucketTable"}
			m.External = []ExternalTable{{Table: omdb.FileTable, Rows: 7, File: rocksdb.File{Number: 9, Level: 6, SizeBytes: 100,
				SmallestKey: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(r, "smallest"), LargestKey: []byte{0xff, 0}, LargestTrailer: 1}}}
		}
		back, err := decodeMeta(m.encode())
		if err != nil || !reflect.DeepEqual(back, m) {
			r.Fatalf("%v\nback %+v\nwant %+v", err, back, m)
		}
	})
}

// TestMetaRefusals: what is no META of this program is refused with its reason.
func TestMetaRefusals(t *testing.T) {
	for text, want := range map[string]string{"": "META", "{": "META", `{"schema":2}`: "schema 2"} {
		_, err := decodeMeta([]byte(text))
		wantError(t, err, want)
	}
}

// TestNames: the names of directories, and what is none.
func TestNames(t *testing.T) {
	for _, build := range []uint64{1, 99999999, 100000000, 1<<64 - 1} {
		if back, ok := parseName(Name(build)); !ok || back != build {
			t.Errorf("%s is read as %d, %v", Name(build), back, ok)
		}
	}
	for _, name := range []string{"", "gen-", "gen-1", "gen-00000000", "gen-0000000x", "gen--0000001", "db", "gen-99999999999999999999"} {
		if build, ok := parseName(name); ok {
			t.Errorf("%q is read as generation %d", name, build)
		}
	}
}

// TestLabel: the id stays for a generation's life, the revision does not (REQ of 6.5).
func TestLabel(t *testing.T) {
	m := Meta{Build: 3, BaseSeq: 10, AppliedSeq: 12}
	if id, revision := m.Label().ID(), m.Label().Revision(); id != "10-3" || revision != "10-3.12" {
		t.Errorf("id %s, revision %s", id, revision)
	}
}

// TestNextBuild: a number that was used anywhere is not used again, also if the
// pointer names a directory that is gone: a rebuild under that name would be
// served after a crash, finished or not.
func TestNextBuild(t *testing.T) {
	b := newBench(t)
	next := func(want uint64) {
		t.Helper()
		if got := must(b.layout.NextBuild())(t); got != want {
			t.Errorf("next build %d, want %d", got, want)
		}
	}
	next(1)
	check(t, b.fs.MkdirAll(b.layout.Path(Name(2)), 0o755))
	check(t, b.fs.MkdirAll(b.layout.Path("gen-junk"), 0o755))
	next(3)
	check(t, b.fs.MkdirAll(b.layout.Path(Name(4)), 0o755))
	must(b.layout.Quarantine(4, "test", time.Unix(0, 0)))(t)
	next(5)
	check(t, b.layout.MovePointer(context.Background(), 9))
	next(10)
	if got := must(b.layout.List())(t); !reflect.DeepEqual(got, []uint64{2}) {
		t.Errorf("list %v, want [2]", got)
	}
}

// TestQuarantineAndSweep: what is kept has its reason from the first moment,
// and goes when retention is over (FP6, HZ-B13).
func TestQuarantineAndSweep(t *testing.T) {
	b := newBench(t)
	start := time.Unix(1_000_000, 0)
	for _, build := range []uint64{1, 2} {
		check(t, b.fs.MkdirAll(b.layout.Path(Name(build), dbDirName), 0o755))
		path := must(b.layout.Quarantine(build, "VALIDATION: counts differ\nsecond line", start.Add(time.Duration(build)*time.Hour)))(t)
		text := string(must(readFile(b.fs, filepath.Join(path, reasonName), 1000))(t))
		if !strings.HasPrefix(text, start.Add(time.Duration(build)*time.Hour).UTC().Format(time.RFC3339)+"\nVALIDATION: counts differ\nsecond line") {
			t.Errorf("reason %q", text)
		}
	}
	check(t, b.fs.MkdirAll(b.layout.Path(quarantineName, "undated"), 0o755))
	names := func(want string) {
		t.Helper()
		if got := strings.Join(must(b.layout.Quarantined())(t), " "); got != want {
			t.Errorf("quarantine holds %q, want %q", got, want)
		}
	}
	names("gen-00000001 gen-00000002 undated")
	check(t, b.layout.SweepQuarantine(start.Add(4*time.Hour), 24*time.Hour))
	names("gen-00000001 gen-00000002")
	// A disk that cannot be read says nothing about the age.
	b.fs.fail(func(op, path string) error {
		if op == "open" && strings.Contains(path, Name(1)) {
			return errPlanted
		}
		return nil
	})
	wantError(t, b.layout.SweepQuarantine(start.Add(48*time.Hour), 24*time.Hour), "planted", Name(1))
	names("gen-00000001")
	b.fs.heal()
	check(t, b.layout.SweepQuarantine(start.Add(25*time.Hour), 24*time.Hour))
	names("")
}

// TestQuarantineBesideSweep: nothing in quarantine is ever without its reason,
// so that a sweep at the same moment leaves it alone.
func TestQuarantineBesideSweep(t *testing.T) {
	b := newBench(t)
	check(t, b.fs.MkdirAll(b.layout.Path(Name(1)), 0o755))
	at := time.Unix(1_000_000, 0)
	b.fs.fail(func(op, path string) error {
		if op == "syncdir" && strings.HasSuffix(path, quarantineName) {
			return b.layout.SweepQuarantine(at, time.Hour) // Right after the move.
		}
		return nil
	})
	path := must(b.layout.Quarantine(1, "test", at))(t)
	if _, err := b.fs.Stat(filepath.Join(path, reasonName)); err != nil {
		t.Error("the sweep took what was being put into quarantine")
	}
	// A move that fails leaves the generation where it was; and each step is
	// durable before the next.
	check(t, b.fs.MkdirAll(b.layout.Path(Name(2)), 0o755))
	check(t, b.fs.MkdirAll(b.layout.Path(Name(3)), 0o755))
	var order []string
	b.fs.fail(func(op, path string) error { order = append(order, op+" "+filepath.Base(path)); return nil })
	must(b.layout.Quarantine(3, "test", at))(t)
	if got := strings.Join(order, ", "); got != "mkdir quarantine, create REASON, syncdir gen-00000003, rename gen-00000003, syncdir quarantine, syncdir generations" {
		t.Errorf("operations: %s", got)
	}
	b.fs.fail(func(op, _ string) error {
		if op == "rename" {
			return errPlanted
		}
		return nil
	})
	_, err := b.layout.Quarantine(2, "test", at)
	wantError(t, err, "quarantine generation 2", "planted")
	if got := must(b.layout.List())(t); len(got) != 1 {
		t.Errorf("list %v", got)
	}
}

// TestLayoutOnAnotherDevice: D18, staging must be on the same device.
func TestLayoutOnAnotherDevice(t *testing.T) {
	b := newBench(t)
	_, err := NewLayout(b.env, filepath.Join(b.dir, "x"), "/proc")
	wantError(t, err, "another device", "ozone.recon.staging.base.path")
}

// TestStageLeavesNothing: a rebuild that could not even begin leaves no folder,
// as nobody would roll it back (FP1).
func TestStageLeavesNothing(t *testing.T) {
	b := newBench(t)
	b.fs.fail(func(op, path string) error {
		if op == "mkdir" && strings.HasSuffix(path, sinkDirName) {
			return errPlanted
		}
		return nil
	})
	_, err := b.layout.Stage(context.Background(), StageOptions{Build: 1})
	wantError(t, err, "planted", "stage generation 1")
	if got := must(b.layout.List())(t); len(got) != 0 {
		t.Errorf("generations %v stay behind", got)
	}
}
