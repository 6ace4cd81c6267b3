package sched

import "time"

// closePatience bounds how long Close waits for one actor's deferred calls, in
// real time: one that is blocked outside of the scheduler's sight must not stop
// a search of a million runs.
const closePatience = 5 * time.Second

// Close ends the actors that a run has left over, the youngest first, so that
// their memory is free: each unwinds by Goexit from where it stands, and ends
// for good at the next point or wait of its deferred calls. What they trace is
// not counted, and their panics are dropped, as the state they see is broken.
// It returns how many could not be ended. After Close the scheduler cannot run.
func (s *Scheduler) Close() (left int) {
	s.closing = true
	s.reaped.Wait()
	for i := len(s.actors) - 1; i >= 0; i-- {
		a := s.actors[i]
		if a.ended {
			continue
		}
		s.current.Store(a)
		done := make(chan struct{})
		go func() {
			// Goexit of the actor goes on in who resumes it.
			defer close(done)
			a.end()
		}()
		timeout := time.NewTimer(closePatience)
		select {
		case <-done:
			a.ended = true
		case <-timeout.C:
			left++
		}
		timeout.Stop()
	}
	s.current.Store(nil)
	s.live, s.actors, s.watching, s.moment.Ready, s.timers = 0, nil, nil, nil, timers{}
	return left
}
