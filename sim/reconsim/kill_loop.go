package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"reconsim/sim/crash"
)

// killLoopFlags are the flags of `reconsim kill-loop`.
type killLoopFlags struct {
	times, answers int
	keys           int64
	rate           float64
	seed           uint64
	dir            string
}

func (p *program) killLoopVerb() *cobra.Command {
	var f killLoopFlags
	cmd := &cobra.Command{
		Use: "kill-loop", Short: "kill -9 a real serve, again and again, and judge what it serves next", Args: cobra.NoArgs,
		Long: `kill-loop starts reconsim serve as a process of its own, lets readers ask and rebuilds
run, kills it with SIGKILL at aimed moments, and starts it again on the same
folder. Each time the old generation or the new one must be served, whole, and
nothing older than what readers had seen. A quarter of the kills, at most five,
must fall into PROCESSING and as many between READY_TO_COMMIT and COMMITTED; up
to three times --times kills are made for that.

  reconsim kill-loop --times 20 --keys 20000`,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.killLoop(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.times, "times", 20, "kills")
	flags.Int64Var(&f.keys, "keys", 20000, "keys at the start")
	flags.Float64Var(&f.rate, "rate", 200, "OM transactions a second")
	flags.IntVar(&f.answers, "answers", 150, "answers that are judged after each restart")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the namespace, its traffic and the aims")
	flags.StringVar(&f.dir, "dir", "", "folder that keeps the state and serve's log (default a temporary one, removed if all held)")
	return cmd
}

// wantedHits is how many kills must hit each of the two aims.
func wantedHits(times int) int { return min(5, times/4) }

func (p *program) killLoop(ctx context.Context, f killLoopFlags) error {
	if f.times < 1 || f.keys < 1 || f.answers < 1 || f.rate < 0 {
		return usage("--times, --keys and --answers must be at least 1, --rate at least 0")
	}
	executable, err := os.Executable()
	if err != nil {
		return environment(err)
	}
	temporary := f.dir == ""
	if temporary {
		f.dir, err = os.MkdirTemp("", "reconsim-kill-loop-")
	} else {
		err = os.MkdirAll(f.dir, 0o755)
	}
	if err != nil {
		return environment(err)
	}
	progress := p.out
	if p.json {
		progress = p.err
	}
	report, err := p.runKillLoop(ctx, f, crash.Options{
		Start: crash.Process(executable), Dir: f.dir, Times: f.times, QuotaProcessing: wantedHits(f.times), QuotaSwitching: wantedHits(f.times), Keys: f.keys, Rate: f.rate, Seed: f.seed, Answers: f.answers,
		Progress: func(k crash.Kill) { fmt.Fprintln(progress, k) },
	})
	if err != nil {
		return environment(fmt.Errorf("%w (see %s)", err, f.dir))
	}
	if err := p.printKillLoop(report); err != nil {
		return err
	}
	if report.Verdict != crash.Pass {
		fmt.Fprintln(p.err, "reconsim: state and log are kept in", f.dir)
		return errViolated
	}
	if temporary {
		return environment(os.RemoveAll(f.dir))
	}
	return nil
}

// runKillLoop runs the loop with serve's log beside the state.
func (p *program) runKillLoop(ctx context.Context, f killLoopFlags, o crash.Options) (*crash.Report, error) {
	log, err := os.OpenFile(filepath.Join(f.dir, "serve.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	o.Log = log
	return crash.Run(ctx, o)
}

func (p *program) printKillLoop(report *crash.Report) error {
	if p.json {
		return p.print(report)
	}
	return environment(report.Text(p.out))
}
