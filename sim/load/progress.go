package load

import (
	"time"

	"reconsim/sim/world"
)

// Progress is how a load run stands, for a person who watches.
type Progress struct {
	// Elapsed is since the run began, InPhase since its phase did.
	Elapsed, InPhase time.Duration
	Phase            string
	// Done of Total rows have gone through the phase, or bytes if InBytes; Total
	// is 0 where nobody can say.
	Done, Total int64
	InBytes     bool
	World       world.Progress
}

// PerSecond is the rate of the phase so far.
func (p Progress) PerSecond() float64 {
	if p.InPhase <= 0 {
		return 0
	}
	return float64(p.Done) / p.InPhase.Seconds()
}

// Left is how long the phase will go on at this rate; false if nobody can say.
func (p Progress) Left() (time.Duration, bool) {
	rate := p.PerSecond()
	if p.Total <= 0 || rate <= 0 {
		return 0, false
	}
	return time.Duration(float64(max(0, p.Total-p.Done)) / rate * float64(time.Second)), true
}

const (
	progressEvery = 200 * time.Millisecond
	// diskEvery is how often the disk is looked at: what comes and goes between
	// two looks is not seen.
	diskEvery = 250 * time.Millisecond
)

// watch looks at the disk and tells a watcher how the run stands, until stop is
// called.
func (m *meter) watch(watcher func(Progress)) (stop func()) {
	begun := time.Now()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		progress, disk := time.NewTicker(progressEvery), time.NewTicker(diskEvery)
		defer progress.Stop()
		defer disk.Stop()
		for {
			select {
			case <-progress.C:
				if watcher != nil {
					watcher(m.progress(begun))
				}
			case <-disk.C:
				m.peakDisk.Store(max(m.peakDisk.Load(), bytesOnDisk(m.dir)))
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (m *meter) progress(begun time.Time) Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	p := Progress{Elapsed: now.Sub(begun), InPhase: now.Sub(m.mu.now.begin.at), Phase: m.mu.now.name, World: m.mu.world}
	switch p.Phase {
	case phaseOracle:
		p.Done, p.Total = m.told.Load(), m.toTell.Load()
	case phaseGenerate:
		p.Done, p.Total = m.written.Load(), m.options.Keys
	case phaseTransfer:
		p.Done, p.InBytes = m.transferred.Load(), true
	case phaseScan:
		for _, t := range p.World.Tasks {
			p.Done, p.Total = p.Done+t.RowsDone, p.Total+t.RowsEstimated
		}
	}
	return p
}
