package sched

// Random picks the ready actor with the smallest key: an order drawn from the
// seed, in which one more point elsewhere changes nothing between others.
type Random struct{}

// Begin does nothing: the keys hold the seed.
func (Random) Begin(uint64) {}

// Pick picks the smallest key.
func (Random) Pick(m *Moment) (int, error) {
	best := 0
	for i, c := range m.Ready {
		if c.Key < m.Ready[best].Key {
			best = i
		}
	}
	return best, nil
}

// End does nothing.
func (Random) End() error { return nil }

func (Random) String() string { return "random" }

// RoundRobin picks the ready actors in turn, in the order of their start. It
// does not use the seed.
type RoundRobin struct{ turn int }

// Begin lets the first actor begin.
func (r *RoundRobin) Begin(uint64) { r.turn = 0 }

// Pick picks the next one after the one picked last.
func (r *RoundRobin) Pick(m *Moment) (int, error) {
	for i, c := range m.Ready {
		if c.Index >= r.turn {
			r.turn = c.Index + 1
			return i, nil
		}
	}
	r.turn = m.Ready[0].Index + 1
	return 0, nil
}

// End does nothing.
func (r *RoundRobin) End() error { return nil }

func (r *RoundRobin) String() string { return "round-robin" }
