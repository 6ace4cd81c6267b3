package generation

import "time"

// SinkFigures tell what one task gave to its sinks, for reports.
type SinkFigures struct {
	Task        string
	Rows, Bytes int64
	// Sorting is the time that its sorted runs took, all actors together, and
	// Loading its share, by bytes, of merging and ingesting all tasks' rows.
	Sorting, Loading time.Duration
}

// SinkFigures of the tasks, in the order in which they opened their first sink.
// They are complete after LoadSinks.
func (s *Staged) SinkFigures() []SinkFigures {
	s.sinks.mu.Lock()
	defer s.sinks.mu.Unlock()
	var list []SinkFigures
	at := map[string]int{}
	total := int64(0)
	for _, k := range s.sinks.mu.all {
		i, ok := at[k.task]
		if !ok {
			i = len(list)
			at[k.task] = i
			list = append(list, SinkFigures{Task: k.task})
		}
		f := &list[i]
		f.Rows, f.Bytes, f.Sorting = f.Rows+k.rows, f.Bytes+k.bytes, f.Sorting+k.sorting
		total += k.bytes
	}
	for i := range list {
		list[i].Loading = time.Duration(float64(s.sinks.loaded) * float64(list[i].Bytes) / float64(max(total, 1)))
	}
	return list
}
