package sched

import "time"

// timer is a call that is due at a virtual time since the run's start.
type timer struct {
	at    time.Duration
	order uint64
	fn    func()
	place int // in the heap, -1 once it has fired or was stopped
}

func (t *timer) before(u *timer) bool { return t.at < u.at || t.at == u.at && t.order < u.order }

// timers is a heap, the next one first; those of one time in the order of
// their making.
type timers struct {
	heap []*timer
	made uint64
}

// After calls fn when the clock has reached d from now; fn must not yield or
// wait. The returned function prevents the call if it has not happened yet.
func (s *Scheduler) After(d time.Duration, fn func()) (stop func()) {
	t := &timer{at: time.Duration(s.elapsedNanos.Load()) + max(d, 0), fn: fn}
	s.timers.add(t)
	return func() { s.timers.remove(t) }
}

func (h *timers) first() *timer {
	if len(h.heap) == 0 {
		return nil
	}
	return h.heap[0]
}

func (h *timers) add(t *timer) {
	t.order, t.place = h.made, len(h.heap)
	h.made++
	h.heap = append(h.heap, t)
	h.up(t)
}

func (h *timers) remove(t *timer) {
	if t.place < 0 {
		return
	}
	end := len(h.heap) - 1
	other := h.heap[end]
	h.heap[end] = nil
	h.heap = h.heap[:end]
	if other != t {
		h.put(other, t.place)
		h.up(other)
		h.down(other)
	}
	t.place = -1
}

func (h *timers) put(t *timer, place int) { h.heap[place], t.place = t, place }

func (h *timers) up(t *timer) {
	for t.place > 0 {
		parent := h.heap[(t.place-1)/2]
		if !t.before(parent) {
			return
		}
		h.swap(t, parent)
	}
}

func (h *timers) down(t *timer) {
	for {
		child := 2*t.place + 1
		if child >= len(h.heap) {
			return
		}
		if right := child + 1; right < len(h.heap) && h.heap[right].before(h.heap[child]) {
			child = right
		}
		if !h.heap[child].before(t) {
			return
		}
		h.swap(h.heap[child], t)
	}
}

func (h *timers) swap(t, u *timer) {
	i, j := t.place, u.place
	h.put(t, j)
	h.put(u, i)
}
