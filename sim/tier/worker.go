package tier

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"

	"reconsim/reports/record"
	"reconsim/sim/sched"
)

// WorkerVerb is the verb, not meant for people, under which the program takes
// jobs on stdin and answers with their outcomes on stdout, a JSON line each.
const WorkerVerb = "simulate"

// workerGC lets the heap of a worker grow to five times what is alive: an
// execution leaves little alive and much behind, and at Go's own setting half of
// the time goes into looking for it.
const workerGC = 400

// Work carries jobs out until in ends.
func Work(in io.Reader, out io.Writer) error {
	defer debug.SetGCPercent(debug.SetGCPercent(workerGC))
	jobs, outcomes := json.NewDecoder(in), json.NewEncoder(out)
	p := worked{seen: NewCoverage(), searches: map[string]*sched.Exhaustive{}}
	for {
		var j Job
		if err := jobs.Decode(&j); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a job: %w", err)
		}
		if err := outcomes.Encode(p.run(j)); err != nil {
			return fmt.Errorf("write an outcome: %w", err)
		}
	}
}

// worked is what a worker's earlier jobs leave behind for later ones. Nothing of
// it reaches a simulation but the place of an exhaustive search.
type worked struct {
	seen     *Coverage
	searches map[string]*sched.Exhaustive
}

func (p *worked) run(j Job) Outcome {
	o, failure := j.Options()
	if failure != nil {
		return Outcome{Verdict: record.Fail, Error: failure}
	}
	bound, isExhaustive := strings.CutPrefix(j.Strategy, "exhaustive ")
	if !j.Continue || !isExhaustive {
		return j.run(o, p.seen)
	}
	key := fmt.Sprintf("%s %d %s", j.File, j.Seed, j.Strategy)
	if p.searches[key] == nil {
		n, err := strconv.Atoi(bound)
		if err != nil {
			return Outcome{Verdict: record.Fail, Error: &record.Failure{Kind: record.KindUsage, Message: err.Error()}}
		}
		p.searches[key] = sched.NewExhaustive(n)
	}
	if !p.searches[key].Next() {
		return Outcome{Verdict: record.Pass, Exhausted: true}
	}
	o.Strategy = p.searches[key]
	return j.run(o, p.seen)
}

// Worker is another process that simulates.
type Worker struct {
	cmd      *exec.Cmd
	jobs     io.WriteCloser
	encoder  *json.Encoder
	outcomes *json.Decoder
	said     *strings.Builder
}

// WorkerOptions say what is peculiar to the process.
type WorkerOptions struct {
	// Program is the reconsim to run; this one if empty.
	Program string
	// Environment is added to this process's, as NAME=VALUE.
	Environment []string
	// Confined takes from the process what a simulation must not need: it can
	// write to no file, and its working directory is one that nobody can write to.
	Confined bool
}

// StartWorker starts a process, which ends with ctx or [Worker.Close].
func StartWorker(ctx context.Context, o WorkerOptions) (*Worker, error) {
	if o.Program == "" {
		var err error
		if o.Program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find this program, to start it again: %w", err)
		}
	}
	arguments := []string{WorkerVerb}
	if o.Confined {
		arguments = append(arguments, "--confined")
		if err := keepFilesBack(); err != nil {
			return nil, err
		}
	}
	w := &Worker{cmd: exec.CommandContext(ctx, o.Program, arguments...), said: &strings.Builder{}}
	w.cmd.Env = append(os.Environ(), o.Environment...)
	w.cmd.Stderr = w.said
	var err error
	if w.jobs, err = w.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	w.encoder, w.outcomes = json.NewEncoder(w.jobs), json.NewDecoder(bufio.NewReaderSize(out, 1<<16))
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	return w, nil
}

// Do carries one job out there. An error means that the process is gone or has
// not understood; what is wrong with the job itself is in the outcome.
func (w *Worker) Do(j Job) (Outcome, error) {
	var out Outcome
	err := w.encoder.Encode(j)
	if err == nil {
		err = w.outcomes.Decode(&out)
	}
	if err != nil {
		_ = w.jobs.Close()
		return out, fmt.Errorf("the worker process has ended (%w): %w; its last words: %s", err, w.cmd.Wait(), w.said)
	}
	return out, nil
}

// Close ends the process.
func (w *Worker) Close() error {
	err := w.jobs.Close()
	if waitErr := w.cmd.Wait(); waitErr != nil {
		err = errors.Join(err, fmt.Errorf("end a worker: %w; its last words: %s", waitErr, w.said))
	}
	return err
}

// Afresh carries one job out in a process that has done nothing before.
func Afresh(ctx context.Context, o WorkerOptions, j Job) (Outcome, error) {
	w, err := StartWorker(ctx, o)
	if err != nil {
		return Outcome{}, err
	}
	out, err := w.Do(j)
	if err != nil {
		return out, err
	}
	return out, w.Close()
}

// Repeated says whether a run happened again in a fresh process.
type Repeated struct {
	Same      bool
	TraceHash string
	// FirstDifference is the first entry of the traces that differs.
	FirstDifference string
}

// Repeat runs a job in a fresh process and compares its trace with one.
func Repeat(ctx context.Context, o WorkerOptions, j Job, trace *Trace) (Repeated, error) {
	j.Trace = trace.keep
	out, err := Afresh(ctx, o, j)
	if err != nil {
		return Repeated{}, err
	}
	if out.Error != nil && out.Error.Kind != record.KindEnvironment {
		return Repeated{}, out.Error
	}
	r := Repeated{Same: out.TraceHash == trace.Hash(), TraceHash: out.TraceHash}
	if d, differs := FirstDifference(string(trace.Text()), out.Trace); !r.Same && differs {
		r.FirstDifference = d.String()
	}
	return r, nil
}

// Difference is where two traces part.
type Difference struct {
	// Line counts from 1.
	Line   int    `json:"line"`
	First  string `json:"first"`
	Second string `json:"second"`
}

// String is the difference in one sentence.
func (d Difference) String() string {
	return fmt.Sprintf("entry %d is %q in one process and %q in the other", d.Line, d.First, d.Second)
}

// FirstDifference compares two traces line by line.
func FirstDifference(a, b string) (d Difference, differs bool) {
	for line := 1; a != "" || b != ""; line++ {
		var inA, inB string
		inA, a, _ = strings.Cut(a, "\n")
		inB, b, _ = strings.Cut(b, "\n")
		if inA != inB {
			return Difference{Line: line, First: cmpOr(inA), Second: cmpOr(inB)}, true
		}
	}
	return Difference{}, false
}

func cmpOr(line string) string {
	if line == "" {
		return "(ended)"
	}
	return line
}

// BeWorker is for the TestMain of packages whose tests start workers: a test
// binary that was started as a worker becomes one and does not come back.
func BeWorker() {
	if len(os.Args) < 2 || os.Args[1] != WorkerVerb {
		return
	}
	if err := Work(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
