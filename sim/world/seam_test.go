package world_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/scenarios"
	"reconsim/sim/disk"
	"reconsim/sim/sched"
	"reconsim/sim/tier"
	"reconsim/sim/world"
)

// The seam check (D5, D6): the same engine code that serves real requests runs
// a whole story under the scheduler, on a disk in memory and on virtual time,
// in two processes. Their traces must be equal: every step of every actor,
// every disk operation with the hash of its data, every answer.

// seamFile names the file that a child process writes its trace to; without it
// TestSeamChild has nothing to do.
const seamFile = "RECONSIM_SEAM_FILE"

// seamPlant asks the child to be wrong in a way that the check must see.
const seamPlant = "RECONSIM_SEAM_PLANT"

func TestSeamTwoProcesses(t *testing.T) {
	first, second := runSeamChild(t, "", "GOMAXPROCS=2"), runSeamChild(t, "", "GOMAXPROCS=1")
	if at, a, b, equal := firstDifference(first, second); !equal {
		t.Fatalf("two processes differ at line %d of the trace:\n  %s\n  %s", at, a, b)
	}
	answers, operations, published := 0, 0, 0
	for _, line := range first {
		switch {
		case strings.HasPrefix(line, "answer "):
			answers++
		case strings.HasPrefix(line, "disk "):
			operations++
		case strings.Contains(line, "commit/published"):
			published++
		}
	}
	if answers < 200 || operations < 500 || published < 2 {
		t.Fatalf("the trace is too thin to prove anything: %d answers, %d disk operations, %d publishes", answers, operations, published)
	}
	t.Logf("%d lines equal: %d answers, %d disk operations", len(first), answers, operations)
}

// TestSeamSeesUnsortedMapRange proves that the check can fail: an actor that
// writes files in the order of a map makes two processes differ.
func TestSeamSeesUnsortedMapRange(t *testing.T) {
	first, second := runSeamChild(t, "map"), runSeamChild(t, "map")
	_, a, _, equal := firstDifference(first, second)
	if equal {
		t.Fatal("a file order taken from a map was not seen")
	}
	if !strings.Contains(a, "planted-") {
		t.Fatalf("the first difference is not the planted one: %s", a)
	}
}

func runSeamChild(t *testing.T, plant string, environment ...string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(os.Args[0], "-test.run=^TestSeamChild$", "-test.count=1")
	cmd.Env = append(append(os.Environ(), seamFile+"="+path, seamPlant+"="+plant), environment...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var lines []string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	return lines
}

func firstDifference(a, b []string) (line int, inA, inB string, equal bool) {
	for i := range max(len(a), len(b)) {
		inA, inB = "(ended)", "(ended)"
		if i < len(a) {
			inA = a[i]
		}
		if i < len(b) {
			inB = b[i]
		}
		if inA != inB {
			return i + 1, inA, inB, false
		}
	}
	return 0, "", "", true
}

// TestSeamChild is the child process of the tests above.
func TestSeamChild(t *testing.T) {
	path := os.Getenv(seamFile)
	if path == "" {
		return
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(f)
	if err := tellSeamStory(out, os.Getenv(seamPlant)); err != nil {
		t.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// seamScenario is small, but a whole rebuild with deltas, readers, a failing
// task and a retry.
const seamScenario = `
name: seam
about: A bootstrap, deltas, and a rebuild that fails once.
proves: [exact, one-generation, monotonic, converge]
world: {oms: 1, keys: 300, deltasPerSecond: 20, seed: 5}
config:
  ozone.recon.om.snapshot.task.initial.delay: 10ms
  ozone.recon.om.snapshot.task.interval.delay: 100ms
  ozone.recon.staging.retry.delay.minutes: 0.005
readers: {count: 3, thinkTime: 20ms}
timeline:
  - when: {generation: 1, reads: 50}
    do: trigger-rebuild
  - when: {generation: 2}
    do: wait
    for: 500ms
faults:
  - id: dies
    rule: 'at task/rows of FileSizeCountTaskFSO on hit 2 : error "planted"'
expect: {generations: 2, converge: 10s}
`

func tellSeamStory(out io.Writer, plant string) error {
	const seed = 7
	// SQLite draws its journal's nonce from this reader, which is the
	// process's; the seam study has the reason.
	rand.Reader = seeded{mathrand.NewChaCha8([32]byte{seed})}
	s, problems := scenarios.Load("seam.yaml", []byte(seamScenario), tier.Vocabulary())
	if len(problems) > 0 {
		return problems[0]
	}
	s, problems = s.ForTier(tier.Local)
	if len(problems) > 0 {
		return problems[0]
	}
	scheduler := sched.New(sched.Options{Seed: seed, Observe: func(actor, point string) { fmt.Fprintln(out, "step", actor, point) }})
	memory := disk.NewMem(func(op disk.Op) { fmt.Fprintf(out, "disk %v by %s\n", op, scheduler.Actor()) })
	var told error
	scheduler.Go("world", func() {
		w, err := world.New(world.Options{Scenario: s, Seed: seed, Dir: "/world", FS: memory, Runtime: scheduler, Quiet: true,
			Log: slog.New(slog.DiscardHandler),
			Trace: func(parts ...string) {
				fmt.Fprintf(out, "%q\n", strings.Join(parts, " "))
				fmt.Fprintln(out, "answer", parts[1])
			}})
		if err != nil {
			told = err
			return
		}
		told = w.Run(context.Background())
	})
	if plant == "map" {
		scheduler.Go("planted", func() { told = writeInMapOrder(memory) })
	}
	if err := scheduler.Run(); err != nil {
		return err
	}
	return told
}

// writeInMapOrder is the planted mistake.
func writeInMapOrder(fs vfs.FS) error {
	files := map[string]bool{}
	for i := range 50 {
		files[fmt.Sprintf("planted-%02d", i)] = true
	}
	for name := range files {
		f, err := fs.Create("/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// seeded is a source of bytes that is the same in every process.
type seeded struct{ source *mathrand.ChaCha8 }

func (s seeded) Read(p []byte) (int, error) { return s.source.Read(p) }
