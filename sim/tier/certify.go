package tier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"reconsim/reports/record"
)

// CertifyOptions say what to certify.
type CertifyOptions struct {
	// Scenarios are jobs of which the seed is still to be set.
	Scenarios []Job
	// Runs is how many seeds each is run with, twice; Seed is the first.
	Runs     int
	Seed     uint64
	Strategy string
	// Plant is a cause of nondeterminism, for all runs.
	Plant string
	// Busy keeps every processor busy meanwhile.
	Busy bool
	// Progress is told how many double runs are done; it may be nil.
	Progress func(done, all int)
}

// Certificate says whether simulations are functions of their seeds.
type Certificate struct {
	Verdict record.Verdict `json:"verdict"`
	// Runs counts double runs, Equal those of which both took the same course.
	Runs  int `json:"runs"`
	Equal int `json:"equal"`
	// Failed lists the first runs that did not pass; that is not judged here.
	Failed []FailedRun `json:"failed"`
	// Entries counts what was compared: steps, operations, answers.
	Entries int64 `json:"entries"`
	// FirstDifference is nil if all were equal.
	FirstDifference *CertifiedDifference `json:"firstDifference"`
}

// FailedRun is a run that did not pass, with what it broke first.
type FailedRun struct {
	File      string `json:"file"`
	Seed      uint64 `json:"seed"`
	Signature string `json:"signature"`
}

// maxFailedRuns bounds what a certificate lists.
const maxFailedRuns = 20

// CertifiedDifference is where two runs of one seed part.
type CertifiedDifference struct {
	File string `json:"file"`
	Seed uint64 `json:"seed"`
	Difference
	// Note is set if the difference did not come again in two fresh processes.
	Note string `json:"note,omitempty"`
}

// Text prints the certificate for a person.
func (c *Certificate) Text(w io.Writer) error {
	if d := c.FirstDifference; d != nil {
		_, err := fmt.Fprintf(w, "DIFFERENT: %s with seed %d, %s. %s\n%d of %d double runs were equal.\n", d.File, d.Seed, d.Difference, d.Note, c.Equal, c.Runs)
		return err
	}
	for _, f := range c.Failed {
		if _, err := fmt.Fprintf(w, "(not judged here: reconsim run %s --seed %d fails, %s)\n", f.File, f.Seed, f.Signature); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d of %d double runs were equal: %d steps, operations and answers, in two processes, the second on one processor.\n", c.Equal, c.Runs, c.Entries)
	return err
}

// Certify runs every seed of every scenario in two processes that have had
// nothing in common: the second one has a single processor, takes the jobs in
// the opposite order and is confined.
func Certify(ctx context.Context, o CertifyOptions) (*Certificate, error) {
	var jobs []Job
	for run := range o.Runs {
		for _, j := range o.Scenarios {
			j.Seed, j.Strategy, j.Plant = o.Seed+uint64(run), o.Strategy, o.Plant
			jobs = append(jobs, j)
		}
	}
	if o.Busy {
		defer keepBusy()()
	}
	var done atomic.Int64
	told := func() {
		if n := done.Add(1); o.Progress != nil {
			o.Progress(int(n)/2, len(jobs))
		}
	}
	first, second := make([]Outcome, len(jobs)), make([]Outcome, len(jobs))
	order := make([]int, len(jobs))
	for i := range order {
		order[i] = i
	}
	backwards := slices.Clone(order)
	slices.Reverse(backwards)
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return workThrough(groupCtx, WorkerOptions{}, jobs, order, first, told) })
	group.Go(func() error {
		return workThrough(groupCtx, WorkerOptions{Environment: []string{"GOMAXPROCS=1"}, Confined: true}, jobs, backwards, second, told)
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	c := &Certificate{Verdict: record.Pass, Runs: len(jobs), Failed: []FailedRun{}}
	for i, j := range jobs {
		if first[i].Error != nil && first[i].TraceHash == "" {
			return nil, first[i].Error
		}
		c.Entries += int64(first[i].Entries)
		if first[i].Verdict != record.Pass {
			c.failed(j, first[i])
		}
		if first[i].TraceHash == second[i].TraceHash {
			c.Equal++
			continue
		}
		c.Verdict = record.Fail
		if c.FirstDifference == nil {
			d, err := whereTheyPart(ctx, j)
			if err != nil {
				return nil, err
			}
			c.FirstDifference = d
		}
	}
	return c, nil
}

func (c *Certificate) failed(j Job, out Outcome) {
	if len(c.Failed) == maxFailedRuns {
		return
	}
	f := FailedRun{File: j.File, Seed: j.Seed}
	if len(out.Signatures) > 0 {
		f.Signature = out.Signatures[0]
	}
	c.Failed = append(c.Failed, f)
}

// workThrough has one process carry out all jobs in an order.
func workThrough(ctx context.Context, o WorkerOptions, jobs []Job, order []int, outcomes []Outcome, told func()) error {
	w, err := StartWorker(ctx, o)
	if err != nil {
		return err
	}
	for _, i := range order {
		out, err := w.Do(jobs[i])
		if err != nil {
			return err
		}
		outcomes[i] = out
		told()
	}
	return w.Close()
}

// whereTheyPart runs a job in two more processes and compares what they did
// entry by entry.
func whereTheyPart(ctx context.Context, j Job) (*CertifiedDifference, error) {
	j.Trace = true
	d := &CertifiedDifference{File: j.File, Seed: j.Seed}
	a, errA := Afresh(ctx, WorkerOptions{}, j)
	b, errB := Afresh(ctx, WorkerOptions{Environment: []string{"GOMAXPROCS=1"}}, j)
	if err := errors.Join(errA, errB); err != nil {
		return nil, err
	}
	var differs bool
	if d.Difference, differs = FirstDifference(a.Trace, b.Trace); !differs {
		d.Note = "Two fresh processes did not differ: what a process has run before makes a difference, or chance did."
	}
	return d, nil
}

// keepBusy gives every processor something to do until stopped.
func keepBusy() (stop func()) {
	var over atomic.Bool
	for range runtime.NumCPU() {
		go func() {
			for !over.Load() {
			}
		}()
	}
	return func() { over.Store(true) }
}
