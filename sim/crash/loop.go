package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"reconsim/fake_om/namespace"
	"reconsim/sim/check"
)

// Options of [Run].
type Options struct {
	// Start starts the reconsim to kill, such as [Process]. It must see Dir
	// under the same name, and its loopback must be ours.
	Start Starter
	// Dir is what `serve --dir` is given. It may hold the state of an earlier
	// loop with the same Keys and Seed.
	Dir string
	// Times and the quotas are those of the [Plan].
	Times, QuotaProcessing, QuotaSwitching int
	// Keys, Rate (OM transactions a second) and Seed are given to serve; Seed
	// also decides the aims.
	Keys int64
	Rate float64
	Seed uint64
	// Answers is how many answers are judged after each restart.
	Answers int
	// Log takes what serve writes to stderr.
	Log io.Writer
	// Progress, if not nil, is told of each kill once it is judged.
	Progress func(Kill)
}

// Limits of a life. They are for machines that stand still, not for slow ones.
const (
	readyLimit = 2 * time.Minute
	aimLimit   = time.Minute
	stopLimit  = 30 * time.Second
)

// loop is a running loop.
type loop struct {
	o     Options
	rng   *rand.Rand
	judge *Judge
	plan  *Plan
	// recon is Recon's folder.
	recon  string
	child  *Child
	client *client
	// starting is how long the last start took to the ready line.
	starting time.Duration
	report   *Report
}

// Run starts `reconsim serve`, kills it as planned, and judges every restart.
// The error is the environment's; what was found wrong is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	began := time.Now()
	base := namespace.New(namespace.Config{Seed: o.Seed, Keys: o.Keys})
	judge, err := NewJudge(base, o.Seed)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x6b696c6c))
	l := &loop{o: o, rng: rng, judge: judge, recon: filepath.Join(o.Dir, "recon"),
		plan: &Plan{Times: o.Times, QuotaProcessing: o.QuotaProcessing, QuotaSwitching: o.QuotaSwitching, Rand: rng},
		report: &Report{Verdict: Pass, Kills: []Kill{}, Violations: []check.Violation{},
			Wanted: o.QuotaProcessing, WantedReadyToCommitted: o.QuotaSwitching, Seed: o.Seed}}
	err = l.run(ctx)
	if l.child != nil {
		// Left over only when something else has failed already.
		_ = l.child.Kill()
	}
	r := l.report
	r.Processing, r.ReadyToCommitted, r.Properties = l.plan.Processing(), l.plan.ReadyToCommitted(), judge.Results()
	r.Seconds = time.Since(began).Seconds()
	if len(r.Violations) > 0 || !l.plan.Met() || len(r.Kills) < o.Times {
		r.Verdict = Fail
	}
	for _, k := range r.Kills {
		if len(k.Violations) > 0 {
			r.Verdict = Fail
		}
	}
	return r, err
}

// run kills until the plan is done, and stops cleanly at the end. A child that
// ends by itself, or does not come up again, is a violation and ends the loop.
func (l *loop) run(ctx context.Context) error {
	for l.plan.More() {
		k := Kill{Number: len(l.report.Kills) + 1, Violations: []check.Violation{}}
		err := l.kill(ctx, &k)
		var ended *EndedError
		firstStart := k.Number == 1 && k.StateAtDeath == ""
		isEnded := errors.As(err, &ended) && ctx.Err() == nil && !firstStart
		if isEnded {
			k.add(check.Violation{Property: check.NoError, Index: -1, Detail: err.Error()})
			err = nil
		}
		if err != nil {
			return err
		}
		l.report.Kills = append(l.report.Kills, k)
		if l.o.Progress != nil {
			l.o.Progress(k)
		}
		if isEnded {
			return nil
		}
	}
	err := l.stop()
	var ended *EndedError
	if errors.As(err, &ended) {
		l.report.Violations = append(l.report.Violations, check.Violation{Property: check.NoError, Index: -1, Detail: err.Error()})
		return nil
	}
	return err
}

// kill lives one life, ends it, starts the next one and judges that.
func (l *loop) kill(ctx context.Context, k *Kill) error {
	k.Aim = l.plan.Next()
	if err := l.prepare(ctx, k.Aim); err != nil {
		return err
	}
	if err := l.aimAndKill(ctx, k); err != nil {
		return err
	}
	disk, err := ReadDisk(l.recon)
	if err != nil {
		return err
	}
	k.StateAtDeath = disk.Staging.State
	l.plan.Died(disk.Staging.State)
	l.judge.Committed(disk.Staging.committed(), 0, time.Now())
	newest, known := l.judge.Newest()
	k.ServedBefore = servedName(newest)
	return l.restart(ctx, k, Death{Disk: disk, Newest: newest, Known: known})
}

func servedName(s Seen) string {
	if s.Build == 0 {
		return "none"
	}
	return s.ID()
}

// prepare brings the child into the life that an aim needs: none yet for those
// that kill a start, a ready one for the others.
func (l *loop) prepare(ctx context.Context, aim Aim) error {
	if !aim.servesNothing() {
		if l.child != nil {
			return nil
		}
		return l.start(ctx)
	}
	if err := l.stop(); err != nil {
		return err
	}
	if aim != AimStart {
		l.judge.Reset()
		if err := os.RemoveAll(l.recon); err != nil {
			return fmt.Errorf("empty Recon's folder: %w", err)
		}
	}
	return nil
}

// launch starts serve.
func (l *loop) launch() error {
	o := l.o
	// A port of the last life may be somebody else's by now.
	err := os.Remove(filepath.Join(o.Dir, "om", "ports.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the ports: %w", err)
	}
	l.child, err = startChild(o.Start, []string{"serve", "--json", "--dir", o.Dir,
		"--keys", strconv.FormatInt(o.Keys, 10), "--rate", strconv.FormatFloat(o.Rate, 'f', -1, 64), "--seed", strconv.FormatUint(o.Seed, 10),
		// Short intervals give a rebuild more fetches to catch up with. What is
		// superseded is moved to quarantine and soon swept from there.
		"--set", "ozone.recon.om.snapshot.task.interval.delay=20ms", "--set", "ozone.recon.staging.cleanup.retention.hours=0.005"}, o.Log)
	return err
}

// start starts serve and waits for its ready line.
func (l *loop) start(ctx context.Context) error {
	began := time.Now()
	if err := l.launch(); err != nil {
		return err
	}
	waiting, stop := context.WithTimeout(ctx, readyLimit)
	defer stop()
	var ready struct {
		Recon string `json:"recon"`
	}
	if err := l.child.Ready(waiting, &ready); err != nil {
		return err
	}
	l.starting = time.Since(began)
	l.client = newClient(l.child, ready.Recon, l.judge)
	return nil
}

// stop ends a running child cleanly.
func (l *loop) stop() error {
	if l.child == nil {
		return nil
	}
	child := l.child
	l.drop()
	return child.Stop(syscall.SIGTERM, stopLimit)
}

// drop forgets the child and its connections.
func (l *loop) drop() {
	l.child = nil
	if l.client != nil {
		l.client.close()
		l.client = nil
	}
}
