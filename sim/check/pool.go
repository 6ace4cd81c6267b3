package check

import (
	"hash/maphash"
	"sync"
)

// Pool checks observations in the background: a few goroutines with one bounded
// queue each. Those of one session go to the same one, in order.
type Pool struct {
	checker *Checker
	queues  []chan Observation
	seed    maphash.Seed
	done    sync.WaitGroup
	close   sync.Once
}

// NewPool starts workers with room for depth observations each. onViolation, if
// not nil, is called for each violation, from several goroutines.
func NewPool(c *Checker, workers, depth int, onViolation func(Violation)) *Pool {
	p := &Pool{checker: c, queues: make([]chan Observation, max(1, workers)), seed: maphash.MakeSeed()}
	for i := range p.queues {
		queue := make(chan Observation, max(1, depth))
		p.queues[i] = queue
		p.done.Go(func() {
			for o := range queue {
				for _, v := range c.Check(o) {
					if onViolation != nil {
						onViolation(v)
					}
				}
			}
		})
	}
	return p
}

// Submit queues an observation; it waits while the queue is full, so that a slow
// checker slows its readers down and never loses an answer. It must not be
// called after Close.
func (p *Pool) Submit(o Observation) {
	n := maphash.String(p.seed, o.Session) % uint64(len(p.queues))
	p.queues[n] <- o
}

// Close waits until everything queued is checked.
func (p *Pool) Close() {
	p.close.Do(func() {
		for _, queue := range p.queues {
			close(queue)
		}
	})
	p.done.Wait()
}
