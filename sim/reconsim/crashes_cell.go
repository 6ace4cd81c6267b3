package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"reconsim/reports/record"
	"reconsim/sim/crash/matrix"
	"reconsim/sim/disk"
)

// crashCellDocument is what `reconsim crashes --at` prints.
type crashCellDocument struct {
	Verdict   record.Verdict      `json:"verdict"`
	Seed      uint64              `json:"seed"`
	Operation int                 `json:"operation"`
	Policy    string              `json:"policy"`
	Then      string              `json:"then,omitempty"`
	Outcome   record.CrashOutcome `json:"outcome"`
	// Served and Promised are the state that was served and the oldest allowed.
	Served   matrix.State      `json:"served"`
	Promised matrix.State      `json:"promised"`
	Message  string            `json:"message"`
	Pair     *record.CrashPair `json:"pair,omitempty"`
	Crashes  []crashStep       `json:"crashes"`
	Replay   string            `json:"replay"`
}

// crashStep is one crash of a cell: what was pending, and what became of it.
type crashStep struct {
	After   string         `json:"after"`
	Policy  string         `json:"policy"`
	Pending []crashPending `json:"pending"`
}

type crashPending struct {
	Number int64  `json:"number"`
	Text   string `json:"text"`
	Fate   string `json:"fate"`
}

func fate(p matrix.Pending) string {
	switch {
	case p.Lost:
		return "lost"
	case p.Torn:
		return "torn"
	default:
		return "survived"
	}
}

// cellCommand is the command that tells one cell's story.
func (f *crashesFlags) cellCommand(file string, steps []matrix.Step) string {
	text := fmt.Sprintf("reconsim crashes %s --seed %d --at %d --policy %s", quoteArgument(file), f.seed, steps[0].Op, quoteArgument(steps[0].Policy.String()))
	if len(steps) > 1 {
		text += " --then " + quoteArgument(steps[1].String())
	}
	return text + f.mutantArguments()
}

// crashCell judges one crash and tells its story.
func (p *program) crashCell(f crashesFlags, file string) error {
	policy, err := disk.ParsePolicy(f.policies)
	if err != nil {
		return usage(`--policy: %v: --at needs one policy, as --policy "prefix 3"`, err)
	}
	steps := []matrix.Step{{Op: f.at, Policy: policy}}
	if f.then != "" {
		second, err := matrix.ParseStep(f.then)
		if err != nil {
			return usage("--then: %v", err)
		}
		steps = append(steps, second)
	}
	recording, _, err := p.recordForCrashes(&f, file)
	if err != nil {
		return err
	}
	story, err := matrix.Inspect(recording, steps)
	if err != nil {
		return usage("%v", err)
	}
	d := crashCellDocument{Verdict: record.Pass, Seed: f.seed, Operation: f.at, Policy: policy.String(), Then: f.then, Outcome: story.RecordOutcome(),
		Served: story.Served, Promised: story.Promised.State, Message: story.String(), Pair: story.Pair, Replay: f.cellCommand(file, steps)}
	if story.Outcome.Bad() {
		d.Verdict = record.Fail
	}
	for _, s := range story.Steps {
		told := crashStep{After: s.Last.Text, Policy: s.Policy.String(), Pending: []crashPending{}}
		for _, o := range s.Pending {
			told.Pending = append(told.Pending, crashPending{o.Number, o.Text, fate(o)})
		}
		d.Crashes = append(d.Crashes, told)
	}
	if p.json {
		err = p.print(d)
	} else {
		err = tellCell(p.out, d, story)
	}
	if err == nil && d.Verdict != record.Pass {
		err = errViolated
	}
	return err
}

func tellCell(w io.Writer, d crashCellDocument, story *matrix.Story) error {
	t := &teller{w: w}
	for n, s := range story.Steps {
		where := "of the run"
		if n > 0 {
			where = "of the recovery from that"
		}
		t.say("The machine crashes after operation %d %s (%s).\n", s.Op, where, s.Last.Text)
		t.say("Of what was not durable then, policy %q decides:\n", s.Policy)
		for _, o := range s.Pending {
			t.say("  %-8s  %5d  %s\n", fate(o), o.Number, o.Text)
		}
		if len(s.Pending) == 0 {
			t.say("  everything was durable\n")
		}
	}
	t.say("Until then %s had been promised", d.Promised)
	if story.Promised.Because != "" {
		t.say(": %s", story.Promised.Because)
	}
	t.say(".\nThe engine is restarted. %s\n", d.Message)
	if d.Pair != nil {
		t.say("The pair: %s.\n", d.Pair.Explanation)
	}
	return t.err
}

// teller writes until something goes wrong.
type teller struct {
	w   io.Writer
	err error
}

func (t *teller) say(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

// tellCrashes prints a matrix for people.
func (p *program) tellCrashes(m record.CrashMatrix) error {
	t := &teller{w: p.out}
	t.say("%s  %d operations, seed %d\n", m.Scenario.Name, len(m.Operations), m.Seed)
	for _, d := range m.Depths {
		t.say("  depth %d: %d crashes, %d distinct states, %d judged\n", d.Depth, d.Images, d.Distinct, d.Checked)
	}
	t.say("  old %d  new %d  EMPTY %d  MIXED %d  LOST %d  WON'T-OPEN %d\n", m.Cells.Old, m.Cells.New, m.Cells.Empty, m.Cells.Mixed, m.Cells.Lost, m.Cells.WontOpen)
	t.say("  %d states in %.1f s, %.0f a second\n", m.States, m.Seconds, m.StatesPerSecond)
	if !m.Complete {
		t.say("  NOT COMPLETE: %s\n", m.Incomplete)
	}
	kinds := map[string]int{}
	for _, b := range m.Bad {
		kinds[b.Signature]++
	}
	for _, b := range m.Bad {
		n := kinds[b.Signature]
		if n == 0 {
			continue // Its kind has been told.
		}
		kinds[b.Signature] = 0
		t.say("\n%s, %d such cells told of\n  %s\n", b.Outcome, n, b.Message)
		if b.Pair != nil {
			t.say("  %s\n", b.Pair.Explanation)
		}
		t.say("  %s\n", b.Replay)
	}
	t.say("\n%s  %s\n", m.Verdict, m.Dir)
	return t.err
}

// maxFresh is how many kinds of bad cells are shown again before they are
// reported.
const maxFresh = 8

// showFresh repeats one bad cell of each kind in a fresh process.
func (p *program) showFresh(ctx context.Context, m *record.CrashMatrix) {
	shown := map[string]bool{}
	for i := range m.Bad {
		b := &m.Bad[i]
		if shown[b.Signature] || len(shown) == maxFresh {
			continue
		}
		shown[b.Signature] = true
		b.Fresh = repeats(ctx, m, b)
	}
}

// repeats reports whether a fresh process finds the same outcome.
func repeats(ctx context.Context, m *record.CrashMatrix, b *record.BadCell) bool {
	executable, err := os.Executable()
	if err != nil {
		return false
	}
	args := []string{"crashes", m.Scenario.File, "--json", "--seed", fmt.Sprint(m.Seed), "--at", fmt.Sprint(b.Operation), "--policy", b.Policy}
	if b.Second != nil {
		args = append(args, "--then", fmt.Sprintf("%d:%s", b.Second.Operation, b.Second.Policy))
	}
	for _, name := range m.Mutants {
		args = append(args, "--mutant", name)
	}
	out, _ := exec.CommandContext(ctx, executable, args...).Output() // A bad cell exits with 1.
	var d crashCellDocument
	return json.Unmarshal(out, &d) == nil && d.Outcome == b.Outcome
}
