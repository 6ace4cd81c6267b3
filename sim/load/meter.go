package load

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"reconsim/faults/point"
	"reconsim/recon/staging"
	"reconsim/recon/swap"
	"reconsim/reports/record"
	"reconsim/sim/world"
)

// The phases, as the report names them.
const (
	phaseOracle   = "oracle"
	phaseGenerate = "generate"
	phaseTransfer = "transfer"
	phaseExtract  = "extract"
	phaseIngest   = "ingest"
	phaseScan     = "scan"
	phaseSinks    = "sinks"
	phaseSeal     = "seal"
	phaseValidate = "validate"
	phaseCatchUp  = "catch-up"
	phaseCommit   = "commit"
	phaseRebuild  = "rebuild"
	// phaseReading is between rebuilds: nothing is built, readers read.
	phaseReading = "reading"
)

// begins says which phase begins at the first passage of a point.
var begins = map[point.Point]string{
	point.TransferStart:   phaseTransfer,
	point.TransferDone:    phaseExtract,
	point.StagingIngest:   phaseIngest,
	point.TaskStart:       phaseScan,
	point.TaskFinish:      phaseSinks,
	point.StagingSeal:     phaseSeal,
	point.StagingValidate: phaseValidate,
}

// lap is one phase, from reading to reading.
type lap struct {
	name       string
	begin, end reading
}

// meter follows a load run: which phase it is in, what went through, and what
// it used.
type meter struct {
	options      Options
	dir          string
	written      atomic.Int64
	told, toTell atomic.Int64
	transferred  atomic.Int64
	switching    watchedViews
	peakDisk     atomic.Int64
	mu           struct {
		sync.Mutex
		// setUp are the laps before the first rebuild, building those of the
		// rebuild under way or of the last one that was committed.
		setUp, building []lap
		now             lap
		pointerBegun    time.Time
		durable         time.Duration
		rows            int64
		figures         []record.LoadTask
		generateBytes   int64
		status          staging.Status
		world           world.Progress
	}
}

func newMeter(o Options, dir string) *meter {
	m := &meter{options: o, dir: dir}
	m.mu.now = lap{name: phaseOracle, begin: read()}
	return m
}

// enter ends the phase that the run is in and begins another; the lock is held.
func (m *meter) enter(name string) {
	if m.mu.now.name == name {
		return
	}
	at := read()
	m.mu.now.end = at
	switch {
	case m.mu.now.name == phaseReading:
	case len(m.mu.setUp) < 2 && slices.Contains([]string{phaseOracle, phaseGenerate}, m.mu.now.name):
		m.mu.setUp = append(m.mu.setUp, m.mu.now)
	default:
		m.mu.building = append(m.mu.building, m.mu.now)
	}
	m.mu.now = lap{name: name, begin: at}
}

func (m *meter) foretold(done, total int64) {
	m.told.Store(done)
	m.toTell.Store(total)
}

func (m *meter) wrote(rows int64) {
	if m.written.Add(rows) == rows {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.enter(phaseGenerate)
	}
}

// passed hears of every point that the engine passes. Most are passed in every
// batch of rows and only their first passage begins a phase.
func (m *meter) passed(p point.Point, _ string, n int64) {
	switch p {
	case point.TransferRead:
		m.transferred.Store(n)
		return
	case point.TaskRows, point.Acquire, point.ReadBetween, point.SinkWrite:
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch p {
	case point.PointerWrite:
		m.mu.pointerBegun = time.Now()
		m.switching.switches.Add(1)
	case point.Publish:
		m.mu.durable = time.Since(m.mu.pointerBegun)
	case point.Published:
		m.switching.switches.Add(1)
	default:
		if name, ok := begins[p]; ok && m.building() {
			m.enter(name)
		}
	}
}

// building reports whether a rebuild is under way; the lock is held.
func (m *meter) building() bool {
	return m.mu.status.State != staging.None && m.mu.status.State != staging.Failed
}

// staged hears of every transition of staging.
func (m *meter) staged(s staging.Status, recon *world.Recon) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.status = s
	switch s.State {
	case staging.Initializing:
		m.enter(phaseReading)
		m.mu.building = nil
		m.transferred.Store(0)
		m.switching.blocked.Store(0)
	case staging.ReadyToCommit:
		m.enter(phaseCatchUp)
	case staging.Committing:
		m.enter(phaseCommit)
	case staging.Committed:
		m.enter(phaseReading)
		m.note(s, recon)
	}
}

// views stands before the engine's views.
func (m *meter) views(v swap.Views) swap.Views {
	m.switching.Views = v
	return &m.switching
}

// note keeps what the engine says of the rebuild that was just committed; the
// lock is held.
func (m *meter) note(s staging.Status, recon *world.Recon) {
	if recon == nil {
		return
	}
	meta, ok := recon.Protocol.Serving()
	if !ok || meta.Build != s.ID {
		return
	}
	m.mu.figures = nil
	for _, f := range recon.Controller.Figures() {
		m.mu.figures = append(m.mu.figures, record.LoadTask{Name: f.Task, Rows: f.Rows, Bytes: f.Bytes,
			SinkSeconds: f.Sorting.Seconds(), IngestSeconds: f.Loading.Seconds(), ScanShare: f.ScanShare})
	}
	m.mu.rows = 0
	for _, t := range meta.External {
		m.mu.rows += int64(t.Rows)
	}
}

func (m *meter) follow(p world.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.world = p
}

// fill writes the figures into the record, before thresholds are looked at.
func (m *meter) fill(run *record.Run) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &record.Load{Keys: m.options.Keys, Phases: []record.LoadPhase{}, Tasks: m.mu.figures, PeakDiskBytes: m.peakDisk.Load(),
		SourceBytes: m.transferred.Load(), RequestsPerSecond: int64(m.options.Readers * m.options.RequestsPerSecond),
		Switch: record.LoadSwitch{DurableMicros: m.mu.durable.Microseconds(), BlockedReads: m.switching.blocked.Load()}}
	for _, lap := range slices.Concat(m.mu.setUp, m.mu.building) {
		l.Phases = append(l.Phases, m.phase(lap))
	}
	if rebuild, ok := whole(m.mu.building); ok {
		l.BytesWritten = rebuild.end.writtenBytes - rebuild.begin.writtenBytes
		p := m.phase(rebuild)
		p.Bytes = l.BytesWritten
		l.Phases = append(l.Phases, p)
	}
	run.Load = l
}

// phase is a lap as it is reported, with what went through.
func (m *meter) phase(l lap) record.LoadPhase {
	p := record.LoadPhase{Name: l.name, Seconds: l.end.at.Sub(l.begin.at).Seconds(), CPUSeconds: l.end.cpuSeconds - l.begin.cpuSeconds}
	switch l.name {
	case phaseOracle:
		p.Rows = m.options.Keys
	case phaseGenerate:
		p.Rows, p.Bytes = m.mu.rows, l.end.writtenBytes-l.begin.writtenBytes
	case phaseTransfer, phaseExtract, phaseIngest:
		p.Rows, p.Bytes = m.mu.rows, m.transferred.Load()
	case phaseScan:
		p.Rows, p.Bytes = m.mu.rows, m.transferred.Load()
	case phaseSinks:
		for _, t := range m.mu.figures {
			p.Rows, p.Bytes = p.Rows+t.Rows, p.Bytes+t.Bytes
		}
	case phaseRebuild:
		p.Rows = m.mu.rows
	}
	return p
}

// whole spans a rebuild, from ingest to the end of its commit.
func whole(laps []lap) (lap, bool) {
	begin := slices.IndexFunc(laps, func(l lap) bool { return l.name == phaseIngest })
	end := slices.IndexFunc(laps, func(l lap) bool { return l.name == phaseCommit })
	if begin < 0 || end < begin {
		return lap{}, false
	}
	return lap{name: phaseRebuild, begin: laps[begin].begin, end: laps[end].end}, true
}
