package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"reconsim/reports/record"
	"reconsim/sim/crash"
)

// killLoopFlags are the flags of `reconsim kill-loop`.
type killLoopFlags struct {
	times, answers int
	keys           int64
	rate           float64
	seed           uint64
	dir            string
	container      bool
	probe          bool
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

With --container serve runs in a container: this very program, which must be linked
statically, becomes an image FROM scratch, and each life is a container on the same
folder. An engine takes longer to kill than the switch lasts; so half the kills must
fall into PROCESSING, and none need fall after it.

  reconsim kill-loop --times 20 --keys 20000
  make test-containers`,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.killLoop(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.times, "times", 20, "kills")
	flags.Int64Var(&f.keys, "keys", 20000, "keys at the start")
	flags.Float64Var(&f.rate, "rate", 200, "OM transactions a second")
	flags.IntVar(&f.answers, "answers", 150, "answers that are judged after each restart")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the namespace, its traffic and the aims")
	flags.BoolVar(&f.container, "container", false, "run serve in a container; needs a container engine")
	flags.BoolVar(&f.probe, "probe", false, "with --container: only say which engine answers")
	flags.StringVar(&f.dir, "dir", "", "folder that keeps the state and serve's log (default a temporary one, removed if all held)")
	return cmd
}

// wantedHits is how many kills must hit each of the two aims.
func wantedHits(times int) int { return min(5, times/4) }

func (p *program) killLoop(ctx context.Context, f killLoopFlags) error {
	if f.times < 1 || f.keys < 1 || f.answers < 1 || f.rate < 0 {
		return usage("--times, --keys and --answers must be at least 1, --rate at least 0")
	}
	if f.probe {
		return p.probeEngine(ctx, f)
	}
	var err error
	temporary := f.dir == ""
	if temporary {
		f.dir, err = os.MkdirTemp("", "reconsim-kill-loop-")
	} else {
		err = os.MkdirAll(f.dir, 0o755)
	}
	if err != nil {
		return environment(err)
	}
	report, err := p.runKillLoop(ctx, f)
	if err != nil {
		return seeDir(err, f.dir)
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

// seeDir adds to an error where the log is, unless it says already what to do.
func seeDir(err error, dir string) error {
	var failure *record.Failure
	if errors.As(err, &failure) {
		return err
	}
	return environment(fmt.Errorf("%w (see %s)", err, dir))
}

// killLoopReport is what a loop prints: its report and, if it ran in
// containers, in what.
type killLoopReport struct {
	*crash.Report
	Container *containerReport `json:"container,omitempty"`
}

// runKillLoop runs the loop with serve's log beside the state.
func (p *program) runKillLoop(ctx context.Context, f killLoopFlags) (report killLoopReport, err error) {
	log, err := os.OpenFile(filepath.Join(f.dir, "serve.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return report, err
	}
	defer func() { _ = log.Close() }()
	executable, err := os.Executable()
	if err != nil {
		return report, err
	}
	progress := p.out
	if p.json {
		progress = p.err
	}
	o := crash.Options{Start: crash.Process(executable), Dir: f.dir, Times: f.times,
		QuotaProcessing: wantedHits(f.times), QuotaSwitching: wantedHits(f.times),
		Keys: f.keys, Rate: f.rate, Seed: f.seed, Answers: f.answers, Log: log,
		Progress: func(k crash.Kill) { fmt.Fprintln(progress, k) }}
	if f.container {
		return p.runInContainers(ctx, executable, o)
	}
	report.Report, err = crash.Run(ctx, o)
	return report, err
}

func (p *program) printKillLoop(report killLoopReport) error {
	if p.json {
		return p.print(report)
	}
	if c := report.Container; c != nil {
		fmt.Fprintln(p.out, c)
	}
	return environment(report.Text(p.out))
}
