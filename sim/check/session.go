package check

import (
	"cmp"
	"time"
)

// seen is what a session was shown by an answer.
type seen struct {
	done time.Time
	// labelled says whether build and applied are known.
	labelled       bool
	build, applied uint64
	generation     string
	index          int64
}

// newer orders what was seen: by generation, then by the last sequence folded
// in. Without labels the index must do.
func (s seen) newer(than seen) bool {
	if s.labelled && than.labelled {
		return cmp.Or(cmp.Compare(s.build, than.build), cmp.Compare(s.applied, than.applied)) > 0
	}
	return s.index > than.index
}

// session is the newest things that one client has seen, oldest answer first.
// An answer binds only requests that were sent after it had come.
type session struct{ recent []seen }

// floor is the newest of what had been seen when a request was sent: by label
// and by index, which may come from different answers.
func (s *session) floor(sent time.Time) (byLabel, byIndex seen, any bool) {
	for _, e := range s.recent {
		if e.done.After(sent) {
			continue
		}
		if !any || e.newer(byLabel) {
			byLabel = e
		}
		if !any || e.index > byIndex.index {
			byIndex = e
		}
		any = true
	}
	return byLabel, byIndex, any
}

// keptSeen bounds what is remembered of a session; a client has far fewer
// requests in flight.
const keptSeen = 64

func (s *session) add(e seen) {
	s.recent = append(s.recent, e)
	if len(s.recent) <= keptSeen {
		return
	}
	// What came first is folded into what came next, unless it is newer than
	// all that followed.
	oldest := s.recent[0]
	s.recent = append(s.recent[:0], s.recent[1:]...)
	for i := range s.recent {
		if s.recent[i].newer(oldest) && s.recent[i].index >= oldest.index {
			return
		}
	}
	s.recent[0] = oldest
}
