package staging

import (
	"slices"

	"reconsim/recon/generation"
	"reconsim/recon/tasks"
)

// TaskFigures measure one task's part of a rebuild, for reports.
type TaskFigures struct {
	generation.SinkFigures
	// ScanShare is its part of the time that tasks took in the scan, 0 to 1, by
	// sampled rows.
	ScanShare float64
}

// Figures measure the tasks of the rebuild that loaded its rows last, in the
// order of registration.
func (m *Manager) Figures() []TaskFigures {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.mu.figures)
}

// measure keeps the figures of a rebuild whose rows are loaded.
func (m *Manager) measure(sinks []generation.SinkFigures, progress *tasks.Progress) {
	shares := progress.ScanShares()
	figures := make([]TaskFigures, len(m.o.Tasks))
	for i, t := range m.o.Tasks {
		figures[i] = TaskFigures{SinkFigures: generation.SinkFigures{Task: t.Name()}, ScanShare: shares[i]}
		for _, f := range sinks {
			if f.Task == t.Name() {
				figures[i].SinkFigures = f
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.figures = figures
}
