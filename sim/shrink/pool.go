package shrink

import (
	"context"
	"errors"
	"fmt"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/tier"
)

// Pool runs candidates in the sim tier, each in one of a few worker processes.
type Pool struct {
	job  tier.Job
	free chan *tier.Worker
}

// StartPool starts n processes, which end with ctx or [Pool.Close]. The job says
// how candidates run; its scenario is replaced.
func StartPool(ctx context.Context, job tier.Job, n int) (*Pool, error) {
	p := &Pool{job: job, free: make(chan *tier.Worker, n)}
	for range n {
		w, err := tier.StartWorker(ctx, tier.WorkerOptions{Environment: []string{"GOMAXPROCS=1"}})
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.free <- w
	}
	return p, nil
}

// Run is for Options.Run, with as many in parallel as the pool has processes.
// A seed in the scenario goes before that of the job.
func (p *Pool) Run(_ context.Context, s *scenarios.Scenario) ([]string, error) {
	out, err := p.Do(s)
	return out.Signatures, err
}

// Do runs a scenario and returns everything that is known of its run.
func (p *Pool) Do(s *scenarios.Scenario) (tier.Outcome, error) {
	text, err := s.Marshal()
	if err != nil {
		return tier.Outcome{}, fmt.Errorf("write a candidate: %w", err)
	}
	job := p.job
	job.Scenario = string(text)
	if seed := s.Schedule.Seed; seed != 0 {
		job.Seed = uint64(seed)
	}
	w := <-p.free
	out, err := w.Do(job)
	if err != nil {
		return out, err // The process is gone, and with it its place in the pool.
	}
	p.free <- w
	if out.Error != nil && out.Error.Kind != record.KindEnvironment {
		return out, out.Error
	}
	return out, nil
}

// Close ends the processes that are left; nobody may be using one.
func (p *Pool) Close() error {
	var failed error
	for len(p.free) > 0 {
		failed = errors.Join(failed, (<-p.free).Close())
	}
	return failed
}

// Bounded is the job with its end brought forward for candidates: once they have
// shown a signature of the kind, or are unlikely to show it any more. out is what
// the job came to with the whole scenario. What is judged at the end needs the
// end.
func Bounded(job tier.Job, out tier.Outcome, signature string) tier.Job {
	if tier.JudgedAtEnd(signature) {
		return job
	}
	job.Until = check.KindOf(signature)
	for _, v := range out.Violations {
		if v.Signature == signature {
			job.WithinMillis = 2*int64(v.AtMillis) + shortMillis
			break
		}
	}
	return job
}

// shortMillis is so long that a rebuild may begin and end in it. A candidate that
// after twice the time of the whole scenario, and so much more, has not shown the
// violation mostly waits for what will not come.
const shortMillis = 2000
