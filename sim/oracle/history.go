package oracle

import "sort"

// stamped is a value that holds from an index on.
type stamped[T any] struct {
	from  int64
	value T
}

// history is a value over time. The first value holds from the oldest index
// that is still known; a history that was never written is the zero value
// throughout. Nearly all rows never change, so the first value lies inline.
type history[T any] struct {
	first T
	later []stamped[T]
}

// at is the value at an index. The caller must not change what it points to.
func (h *history[T]) at(index int64) *T {
	if len(h.later) == 0 || index < h.later[0].from {
		return &h.first
	}
	n := sort.Search(len(h.later), func(i int) bool { return h.later[i].from > index })
	return &h.later[n-1].value
}

// latest is the newest value.
func (h *history[T]) latest() *T {
	if n := len(h.later); n > 0 {
		return &h.later[n-1].value
	}
	return &h.first
}

// write returns the place of the value at index, a copy of the newest one if
// the history has none there yet. started is true if this is its first change
// after the base, from which on it must be pruned some day.
func (h *history[T]) write(index, base int64) (place *T, copied, started bool) {
	if index == base && len(h.later) == 0 {
		return &h.first, false, false
	}
	if n := len(h.later); n > 0 && h.later[n-1].from == index {
		return &h.later[n-1].value, false, false
	}
	h.later = append(h.later, stamped[T]{from: index, value: *h.latest()})
	return &h.later[len(h.later)-1].value, true, len(h.later) == 1
}

// forget drops what only indices below before can see, and reports whether
// there is still more than one value.
func (h *history[T]) forget(before int64) bool {
	n := sort.Search(len(h.later), func(i int) bool { return h.later[i].from > before })
	if n > 0 {
		h.first = h.later[n-1].value
		h.later = append([]stamped[T](nil), h.later[n:]...)
	}
	if len(h.later) == 0 {
		h.later = nil
	}
	return len(h.later) > 0
}

// values calls fn for every value still known, oldest first.
func (h *history[T]) values(fn func(*T)) {
	fn(&h.first)
	for i := range h.later {
		fn(&h.later[i].value)
	}
}
