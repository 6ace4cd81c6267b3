package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"reconsim/faults/point"
)

func mustLoad(t *testing.T, r *Registry, text string) {
	t.Helper()
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Load(p); err != nil {
		t.Fatal(err)
	}
}

// passages hits the point count times and returns the numbers that failed.
func passages(r *Registry, p point.Point, count int) string {
	var failed []string
	for i := 1; i <= count; i++ {
		if err := r.Hit(context.Background(), p, "NSSummaryTask", int64(i)); err != nil {
			failed = append(failed, fmt.Sprint(i))
		}
	}
	return strings.Join(failed, " ")
}

// TestSchedules proves D8: each schedule strikes exactly where it says.
func TestSchedules(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{"at task/rows : error \"x\"", "1 2 3 4 5 6 7 8 9 10"},
		{"at task/rows on hit 1 : error \"x\"", "1"},
		{"at task/rows on hit 4 : error \"x\"", "4"},
		{"at task/rows on hit 3..5 : error \"x\"", "3 4 5"},
		{"at task/rows on hit 1..2 : error \"x\"", "1 2"},
		{"at task/rows every 4 : error \"x\"", "4 8"},
		{"at task/rows when n >= 5 on hit 2 : error \"x\"", "6"},
		{"at task/rows when n > 2 and n <= 9 and n != 5 every 2 : error \"x\"", "4 7 9"},
		{"at task/rows of Other* : error \"x\"", ""},
		{"at task/rows of NS* on hit 2 : error \"x\"", "2"},
		{"at task/start : error \"x\"", ""},
		{"at task/rows on hit 1 : error \"a\"\nat task/rows on hit 1..2 : error \"b\"", "1 2"},
	} {
		r := NewRegistry(Runtime{})
		mustLoad(t, r, c.rule)
		if got := passages(r, point.TaskRows, 10); got != c.want {
			t.Errorf("%s struck %q, want %q", c.rule, got, c.want)
		}
	}
}

// TestActions proves what each action makes of a passage.
func TestActions(t *testing.T) {
	var slept time.Duration
	killed := ""
	r := NewRegistry(Runtime{
		Sleep: func(_ context.Context, d time.Duration) error { slept += d; return nil },
		Hang:  func(context.Context) error { return context.Canceled },
		Kill: func(f Firing, policy string) {
			killed = fmt.Sprint(f.Point, " ", f.Subject, " ", f.N, policy)
		},
	})
	mustLoad(t, r, `
		fail = at task/start : error "planted"
		eio = at pointer/move : errno EIO
		slow = at commit/publish : park 200ms then park 1s then errno ENOSPC
		pass = at commit/published : park 3s
		stuck = at task/rows : hang
		dead = at commit/begin of g7 : kill
		short = at disk/write : short
		boom = at task/finish : panic "boom"`)
	ctx := context.Background()

	err := r.Hit(ctx, point.TaskStart, "NSSummaryTask", 3)
	if want := "planted (planted by rule fail at task/start of NSSummaryTask)"; err == nil || err.Error() != want {
		t.Errorf("error: %v, want %s", err, want)
	}
	if rule, ok := IsInjected(fmt.Errorf("wrapped: %w", err)); !ok || rule != "fail" {
		t.Errorf("IsInjected = %q, %v", rule, ok)
	}
	if err := r.Hit(ctx, point.PointerMove, "", 0); !errors.Is(err, syscall.EIO) {
		t.Errorf("errno: %v", err)
	}
	if err := r.Hit(ctx, point.Publish, "", 0); !errors.Is(err, syscall.ENOSPC) || slept != 1200*time.Millisecond {
		t.Errorf("park then errno: %v after %s", err, slept)
	}
	if err := r.Hit(ctx, point.Published, "", 0); err != nil || slept != 4200*time.Millisecond {
		t.Errorf("park: %v after %s", err, slept)
	}
	if err := r.Hit(ctx, point.TaskRows, "", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("hang: %v", err)
	}
	if err := r.Hit(ctx, point.CommitBegin, "g7", 9); !errors.Is(err, ErrKilled) || killed != "commit/begin g7 9" {
		t.Errorf("kill: %v, %q", err, killed)
	}
	if effect, ok := EffectOf(r.Hit(ctx, point.DiskWrite, "", 0)); !ok || effect != (Short{}) {
		t.Errorf("short: %v, %v", effect, ok)
	}
	if _, ok := EffectOf(err); ok {
		t.Error("a plain error is an effect")
	}
	func() {
		defer func() {
			if got := fmt.Sprint(recover()); !strings.HasPrefix(got, "boom (planted by rule boom") {
				t.Errorf("panic: %s", got)
			}
		}()
		_ = r.Hit(ctx, point.TaskFinish, "", 0)
		t.Error("panic: came back")
	}()
	if vacuous := r.Vacuous(); len(vacuous) != 0 {
		t.Errorf("vacuous: %v", vacuous)
	}
}

// TestHangEndsWithContext proves that without a handed-in Hang, a hang is the
// context's.
func TestHangEndsWithContext(t *testing.T) {
	r := NewRegistry(Runtime{})
	mustLoad(t, r, "at task/rows : hang")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Hit(ctx, point.TaskRows, "", 0) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestTransfersAreCountedApart proves that body effects neither strike nor
// count at Hit, and that other rules neither strike nor count at Transfer.
func TestTransfersAreCountedApart(t *testing.T) {
	r := NewRegistry(Runtime{})
	mustLoad(t, r, `
		cut = at om/transfer on hit 2 : cut 100
		slow = at om/transfer : trickle 10
		fail = at om/transfer on hit 3 : error "x"`)
	if got := passages(r, point.OMTransfer, 5); got != "3" {
		t.Errorf("Hit struck %q, want 3", got)
	}
	ctx := context.Background()
	for i, want := range []string{"[trickle 10]", "[cut 100 trickle 10]", "[trickle 10]"} {
		effects, err := r.Transfer(ctx, point.OMTransfer, "om1")
		if err != nil || fmt.Sprint(effects) != want {
			t.Errorf("transfer %d: %v, %v, want %s", i+1, effects, err, want)
		}
	}
}

// TestArming proves arming at run time, the restart of counts, and the report.
func TestArming(t *testing.T) {
	r := NewRegistry(Runtime{})
	rule, err := ParseRule(`late = at task/rows on hit 2 : error "x"`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Add(rule); err != nil {
		t.Fatal(err)
	}
	unnamed, err := r.Add(At(point.TaskStart).Then(Error{"y"}).NeedNotFire())
	if err != nil || unnamed != "rule-2" {
		t.Fatalf("unnamed rule: %q, %v", unnamed, err)
	}
	if r.Armed() || passages(r, point.TaskRows, 3) != "" {
		t.Error("an unarmed rule struck")
	}
	if v := r.Vacuous(); len(v) != 1 || v[0].Rule.Name != "late" || v[0].Armed {
		t.Errorf("vacuous before: %+v", v)
	}
	for round := range 2 {
		if err := r.Arm("late"); err != nil || !r.Armed() {
			t.Fatal(err)
		}
		if got := passages(r, point.TaskRows, 3); got != "2" {
			t.Errorf("round %d struck %q, want 2", round, got)
		}
	}
	if err := errors.Join(r.Disarm("late"), r.Disarm("late"), r.DisarmAll()); err != nil {
		t.Fatal(err)
	}
	if r.Armed() || passages(r, point.TaskRows, 3) != "" {
		t.Error("a disarmed rule struck")
	}
	got := r.Report()
	if len(got) != 2 || !got[0].Armed || got[0].Hits != 6 || got[0].Fired != 2 || got[1].Armed || got[1].Hits != 0 {
		t.Errorf("report %+v", got)
	}
	if r.FiredCount("late") != 2 || r.FiredCount("nobody") != 0 || len(r.Vacuous()) != 0 {
		t.Errorf("fired %d, vacuous %v", r.FiredCount("late"), r.Vacuous())
	}
	for _, err := range []error{r.Arm("lat"), r.Disarm("lat")} {
		if err == nil || !strings.Contains(err.Error(), `did you mean "late"?`) {
			t.Errorf("no suggestion in %v", err)
		}
	}
}

// TestRefused proves that a rule the run cannot carry out is not taken in.
func TestRefused(t *testing.T) {
	r := NewRegistry(Runtime{})
	for _, text := range []string{"at task/rows : kill", "at task/rows : park 1s"} {
		rule, err := ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Add(rule); err == nil {
			t.Errorf("%s was taken in without a runtime for it", text)
		}
	}
	a := At(point.TaskRows).Then(Hang{}).Named("a")
	if _, err := r.Add(a); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Add(a); err == nil {
		t.Error("a second rule of the same name was taken in")
	}
	if _, err := r.Add(Rule{}); err == nil {
		t.Error("the zero rule was taken in")
	}
}

// TestChance proves that chance follows the seed, is fair within a few percent
// and does not depend on other rules.
func TestChance(t *testing.T) {
	run := func(seed uint64, more string) string {
		r := NewRegistry(Runtime{Seed: seed})
		mustLoad(t, r, "c = at task/rows with p=0.25 : error \"x\"\n"+more)
		return passages(r, point.TaskRows, 4000)
	}
	one := run(1, "")
	if count := len(strings.Fields(one)); count < 900 || count > 1100 {
		t.Errorf("p=0.25 struck %d of 4000", count)
	}
	if run(1, "") != one || run(1, "d = at task/start with p=0.5 : error \"y\"") != one {
		t.Error("one seed gave two runs")
	}
	if run(2, "") == one {
		t.Error("two seeds gave one run")
	}
}

// TestPrivate proves that two registries of one process share nothing, and that
// concurrent passages are counted exactly.
func TestPrivate(t *testing.T) {
	var mu sync.Mutex
	observed := 0
	a := NewRegistry(Runtime{Observe: func(f Firing) {
		mu.Lock()
		defer mu.Unlock()
		if f.Rule != "fifty" || f.Hit < 101 || f.Hit > 150 || f.Do != `error "x"` {
			t.Errorf("observed %+v", f)
		}
		observed++
	}})
	b := NewRegistry(Runtime{})
	mustLoad(t, a, `fifty = at task/rows on hit 101..150 : error "x"`)
	mustLoad(t, b, `fifty = at task/rows on hit 1 : error "x"`)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { passages(a, point.TaskRows, 100) })
	}
	group.Wait()
	if got := a.Report()[0]; got.Hits != 800 || got.Fired != 50 || observed != 50 {
		t.Errorf("a: %+v, observed %d", got, observed)
	}
	if got := b.Report()[0]; got.Hits != 0 {
		t.Errorf("b heard of a's passages: %+v", got)
	}
}

// TestNilAndEmpty proves that no registry and an empty one let everything pass
// without allocating.
func TestNilAndEmpty(t *testing.T) {
	var none *Registry
	if none.Armed() || none.Hit(context.Background(), point.TaskRows, "", 0) != nil {
		t.Error("a nil registry struck")
	}
	r := NewRegistry(Runtime{})
	ctx := context.Background()
	if allocs := testing.AllocsPerRun(100, func() { _ = r.Hit(ctx, point.TaskRows, "x", 1) }); allocs != 0 {
		t.Errorf("%v allocations on the hot path", allocs)
	}
}

func BenchmarkHitNothingArmed(b *testing.B) {
	r := NewRegistry(Runtime{})
	ctx := context.Background()
	for b.Loop() {
		_ = r.Hit(ctx, point.TaskRows, "NSSummaryTask", 1)
	}
}
