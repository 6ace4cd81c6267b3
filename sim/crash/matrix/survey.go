package matrix

import (
	"context"
	"fmt"
	"sync"
	"time"

	"reconsim/sim/disk"
)

// Options of [Survey].
type Options struct {
	// Depth is 1, or 2 to crash recoveries too.
	Depth int
	// Policies may be families.
	Policies []disk.Policy
	// Judges is how many restarts go on side by side.
	Judges int
	// Progress is told about every second how far the survey is; it may be nil.
	Progress func(Progress)
}

// Progress is how far a survey is.
type Progress struct {
	// Done and Jobs count the images of the run that were judged with all that
	// comes of them, and that will be.
	Done, Jobs int
	// States were judged so far, Bad of them are bad.
	States, Bad int64
	Seconds     float64
}

// survey is one enumeration.
type survey struct {
	judge   *judge
	options Options
	begun   time.Time
	jobs    []job
	mu      struct {
		sync.Mutex
		book book
		done int
		told time.Time
	}
}

// job is an image of the run to be judged.
type job struct {
	crash    disk.Crash
	promised Promise
}

// Survey judges every crash of the window. It takes over crypto/rand until it
// returns. If ctx ends before, the result is not complete.
func Survey(ctx context.Context, r *Recording, o Options) (*Result, error) {
	defer sameForAll(r.options.Seed)()
	j, err := newJudge(r)
	if err != nil {
		return nil, err
	}
	s := &survey{judge: j, options: o, begun: time.Now()}
	s.mu.book = newBook(r, o)
	s.list(ctx)
	next := make(chan job)
	var judges sync.WaitGroup
	for range max(1, o.Judges) {
		judges.Go(func() {
			for work := range next {
				s.work(ctx, work)
			}
		})
	}
	for _, work := range s.jobs {
		if ctx.Err() != nil {
			break
		}
		next <- work
	}
	close(next)
	judges.Wait()
	result := s.mu.book.result(s)
	if err := context.Cause(ctx); err != nil {
		result.Incomplete = fmt.Sprintf("stopped after %d of %d images of the run: %v", s.mu.done, len(s.jobs), err)
	}
	return result, nil
}

// list finds the images of the run before any is judged, so that it does not
// depend on the judges' speed which image counts at which depth.
func (s *survey) list(ctx context.Context) {
	r, book := s.judge.recording, &s.mu.book
	x := disk.Exploration{First: r.First, Last: r.Last, Policies: s.options.Policies, Seed: r.options.Seed, Promises: r.promises.ops()}
	x.Each = func(op int, p disk.Policy, image uint64, _ bool) {
		book.crashes[0]++
		book.met(0, op, stateKey{image, r.promises.at(op).State}, []Step{{op, p}})
	}
	for crash := range r.Log.Explore(x) {
		if ctx.Err() != nil {
			return
		}
		promised := r.promises.at(crash.Op)
		if book.take(stateKey{crash.Image.Hash(), promised.State}, 0) {
			s.jobs = append(s.jobs, job{crash, promised})
		}
	}
}

// work judges an image of the run and, with depth 2, those of its recovery.
func (s *survey) work(ctx context.Context, w job) {
	if ctx.Err() != nil {
		return
	}
	begun := time.Now()
	first := s.judge.restart(w.crash.Image, w.promised, s.options.Depth > 1)
	s.judgedState(stateKey{w.crash.Image.Hash(), w.promised.State}, first.Verdict)
	between := time.Now()
	if first.log != nil {
		s.workRecovery(ctx, w, first)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.book.took[0] += between.Sub(begun)
	s.mu.book.took[1] += time.Since(between)
	s.mu.done++
	if s.options.Progress != nil && time.Since(s.mu.told) > time.Second {
		s.mu.told = time.Now()
		s.options.Progress(Progress{Done: s.mu.done, Jobs: len(s.jobs), States: s.mu.book.states, Bad: s.mu.book.bad, Seconds: time.Since(s.begun).Seconds()})
	}
}

// workRecovery judges a second crash at each operation of a recovery.
func (s *survey) workRecovery(ctx context.Context, w job, first judged) {
	begin := Step{w.crash.Op, w.crash.Policy}
	x := first.exploration(s.options.Policies, s.judge.recording.options.Seed)
	met, crashes := map[meeting]Step{}, int64(0)
	x.Each = func(op int, p disk.Policy, image uint64, _ bool) {
		crashes++
		m := meeting{key: stateKey{image, first.promisedAt(op, w.promised).State}, family: p.Family()}
		if _, already := met[m]; !already {
			met[m] = Step{op, p}
		}
	}
	for crash := range first.log.Explore(x) {
		if ctx.Err() != nil {
			return
		}
		promised := first.promisedAt(crash.Op, w.promised)
		key := stateKey{crash.Image.Hash(), promised.State}
		s.mu.Lock()
		mine := s.mu.book.take(key, 1)
		s.mu.Unlock()
		if mine {
			s.judgedState(key, s.judge.restart(crash.Image, promised, false).Verdict)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.book.crashes[1] += crashes
	for m, second := range met { // A book keeps the smallest, whatever the order.
		s.mu.book.met(1, w.crash.Op, m.key, []Step{begin, second})
	}
}

// meeting is a state that a family of policies led to in one recovery.
type meeting struct {
	key    stateKey
	family string
}

// exploration is that of the recovery's operations until it was asked for
// anything, its first cleanup included.
func (f judged) exploration(policies []disk.Policy, seed uint64) disk.Exploration {
	return disk.Exploration{First: 1, Last: f.operations, Policies: policies, Seed: seed, Promises: f.shown.ops()}
}

// promisedAt is what is promised after an operation of a recovery: what was
// promised before the crash, or what the recovered engine has shown.
func (f judged) promisedAt(op int, before Promise) Promise {
	if shown := f.shown.at(op); shown.State.Compare(before.State) > 0 {
		return shown
	}
	return before
}

func (s *survey) judgedState(key stateKey, v Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mu.book.judged(key, v)
}
