package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"reconsim/sim/world"
)

// plainEvery is how often a line is printed where there is no terminal.
const plainEvery = 2 * time.Second

// view shows how a run goes on: a block that is redrawn on a terminal, plain
// lines elsewhere. It writes to the error stream, so that stdout stays the
// result's.
type view struct {
	out      io.Writer
	name     string
	terminal bool
	drawn    int
	last     time.Duration
}

func (p *program) newView(name string) *view {
	return &view{out: p.err, name: name, terminal: isTerminal(p.err), last: -plainEvery}
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
	if !v.terminal {
		if p.Elapsed-v.last >= plainEvery {
			v.last = p.Elapsed
			fmt.Fprintln(v.out, line)
		}
		return
	}
	v.erase()
	lines := []string{line}
	if p.State == "PROCESSING" {
		for _, t := range p.Tasks {
			lines = append(lines, fmt.Sprintf("  %-26s %s %9d rows  %s", t.Name, bar(t.RowsDone, t.RowsEstimated), t.RowsDone, t.State))
		}
	}
	fmt.Fprintln(v.out, strings.Join(lines, "\n"))
	v.drawn = len(lines)
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

// erase takes the block back so that it can be drawn anew.
func (v *view) erase() {
	if v.drawn > 0 {
		fmt.Fprintf(v.out, "\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
}

func (v *view) close() {
	if v.terminal {
		v.erase()
	}
}
