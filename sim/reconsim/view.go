package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"reconsim/sim/world"
)

// plainEvery is how often a line is printed where there is no terminal.
const plainEvery = 2 * time.Second

// block is text that is redrawn in place on a terminal; elsewhere its first
// line is printed now and then. It goes to the error stream, so that stdout
// stays the result's.
type block struct {
	out      io.Writer
	terminal bool
	drawn    int
	last     time.Duration
}

func (p *program) newBlock() block {
	return block{out: p.err, terminal: isTerminal(p.err), last: -plainEvery}
}

// draw shows lines in the place of those before. elapsed is the person's time,
// whatever the run's own clock says.
func (b *block) draw(elapsed time.Duration, lines ...string) {
	if !b.terminal {
		if elapsed-b.last >= plainEvery {
			b.last = elapsed
			fmt.Fprintln(b.out, lines[0])
		}
		return
	}
	b.erase()
	fmt.Fprintln(b.out, strings.Join(lines, "\n"))
	b.drawn = len(lines)
}

// erase takes the block back so that it can be drawn anew.
func (b *block) erase() {
	if b.drawn > 0 {
		fmt.Fprintf(b.out, "\x1b[%dA\x1b[J", b.drawn)
		b.drawn = 0
	}
}

func (b *block) close() {
	if b.terminal {
		b.erase()
	}
}

// view shows how a run goes on.
type view struct {
	block
	name  string
	began time.Time
}

func (p *program) newView(name string) *view {
	return &view{block: p.newBlock(), name: name, began: time.Now()}
}

// count shows how many of something are done.
func (v *view) count(what string, done, all int) {
	elapsed := time.Since(v.began)
	v.draw(elapsed, fmt.Sprintf("%6.1fs  %s  %d of %d %s", elapsed.Seconds(), v.name, done, all, what))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (v *view) show(p world.Progress) {
	line := fmt.Sprintf("%6.1fs  %s  %s  %d generations published, %d answers, %d violations",
		p.Elapsed.Seconds(), v.name, stateText(p), p.Published, p.Reads, p.Violations)
	lines := []string{line}
	if p.State == "PROCESSING" {
		for _, t := range p.Tasks {
			lines = append(lines, fmt.Sprintf("  %-26s %s %9d rows  %s", t.Name, bar(t.RowsDone, t.RowsEstimated), t.RowsDone, t.State))
		}
	}
	v.draw(time.Since(v.began), lines...)
}

func stateText(p world.Progress) string {
	if p.State == "NONE" || p.Phase == "" {
		return p.State
	}
	return fmt.Sprintf("%s/%s of generation %d", p.State, p.Phase, p.Generation)
}

func bar(done, estimated int64) string {
	const width = 24
	filled := 0
	if estimated > 0 {
		filled = int(min(width, width*done/estimated))
	}
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) + "]"
}

// newRunDir names a run directory that does not exist yet.
func newRunDir(prefix string) string {
	return filepath.Join("runs", prefix+time.Now().Format("20060102-150405")+fmt.Sprintf("-%d", os.Getpid()))
}
