package world

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"reconsim/reports/record"
	"reconsim/sim/check"
)

// meter counts the answers of a run and measures how long they took. It is
// safe for concurrent use.
type meter struct {
	mu struct {
		sync.Mutex
		reads    int64
		failed   map[string]int64
		counts   map[readKey]int64
		spanning map[string]int64
		latency  map[latencyKey]*hdrhistogram.Histogram
		wrong    map[latencyKey]*wrongReads
		samples  map[sampleKey]*sample
	}
}

// readKey is an endpoint and the state of staging when a read began.
type readKey struct{ endpoint, state string }

type latencyKey struct {
	endpoint string
	phase    record.Phase
}

// wrongReads counts the answers of a phase that were no answers, empty or mixed.
type wrongReads struct{ failed, empty, mixed int64 }

type sampleKey struct {
	bucket     int64
	generation uint64
}

type sample struct{ reads, failed int64 }

// anyEndpoint is the key under which all endpoints together are measured.
const anyEndpoint = ""

func newMeter() *meter {
	m := &meter{}
	m.mu.failed, m.mu.counts, m.mu.spanning = map[string]int64{}, map[readKey]int64{}, map[string]int64{}
	m.mu.wrong = map[latencyKey]*wrongReads{}
	m.mu.latency, m.mu.samples = map[latencyKey]*hdrhistogram.Histogram{}, map[sampleKey]*sample{}
	return m
}

// read is one answer as the meter sees it.
type read struct {
	endpoint, state string
	spanned, failed bool
	generation      uint64
	atMillis        float64
	took            time.Duration
}

// phaseOf is what the engine was doing while an answer was made.
func phaseOf(spanned bool, state string) record.Phase {
	switch {
	case spanned || state == record.StateCommitting:
		return record.Switch
	case state != record.StateNone && state != record.StateFailed:
		return record.Staging
	default:
		return record.Rest
	}
}

// found counts what an answer was found to be.
func (m *meter) found(v check.Violation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	phase := phaseOf(v.SpannedPublish, v.Phase)
	for _, endpoint := range []string{anyEndpoint, endpointOf(v.Request)} {
		switch wrong := m.wrongOf(endpoint, phase); v.Property {
		case check.NeverEmpty:
			wrong.empty++
		case check.OneGeneration:
			wrong.mixed++
		}
	}
}

// wrongOf finds or makes a counter; the lock is held.
func (m *meter) wrongOf(endpoint string, phase record.Phase) *wrongReads {
	key := latencyKey{endpoint, phase}
	if m.mu.wrong[key] == nil {
		m.mu.wrong[key] = &wrongReads{}
	}
	return m.mu.wrong[key]
}

func (m *meter) add(r read) {
	phase := phaseOf(r.spanned, r.state)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.reads++
	m.mu.counts[readKey{r.endpoint, r.state}]++
	if r.spanned {
		m.mu.spanning[r.endpoint]++
	}
	if r.failed {
		m.mu.failed[r.endpoint]++
		m.wrongOf(anyEndpoint, phase).failed++
		m.wrongOf(r.endpoint, phase).failed++
	}
	for _, endpoint := range []string{anyEndpoint, r.endpoint} {
		h := m.mu.latency[latencyKey{endpoint, phase}]
		if h == nil {
			h = hdrhistogram.New(1, int64(time.Hour/time.Microsecond), 2)
			m.mu.latency[latencyKey{endpoint, phase}] = h
		}
		// A value out of range is an hour; the maximum then says so.
		_ = h.RecordValue(min(r.took.Microseconds(), int64(time.Hour/time.Microsecond)))
	}
	key := sampleKey{int64(r.atMillis) / record.ReadSampleMillis, r.generation}
	s := m.mu.samples[key]
	if s == nil {
		s = &sample{}
		m.mu.samples[key] = s
	}
	s.reads++
	if r.failed {
		s.failed++
	}
}

// reads is how many answers there were: of one endpoint or all (empty), begun
// in one state or any (empty).
func (m *meter) reads(endpoint, state string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := int64(0)
	for key, count := range m.mu.counts {
		if (endpoint == "" || key.endpoint == endpoint) && (state == "" || key.state == state) {
			n += count
		}
	}
	return n
}

func sum(counts map[string]int64, endpoint string) int64 {
	n := int64(0)
	for name, count := range counts {
		if endpoint == "" || name == endpoint {
			n += count
		}
	}
	return n
}

func (m *meter) spanning(endpoint string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sum(m.mu.spanning, endpoint)
}

func (m *meter) failed(endpoint string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sum(m.mu.failed, endpoint)
}

// counts fills the record's counts.
func (m *meter) counts(endpoints []string) record.Counts {
	c := record.Counts{Reads: m.reads("", ""), SpanningPublish: m.spanning("")}
	for _, endpoint := range endpoints {
		c.ByEndpoint = append(c.ByEndpoint, record.Count{Name: endpoint, Reads: m.reads(endpoint, "")})
	}
	for _, state := range []string{record.StateNone, record.StateInitializing, record.StateProcessing, record.StateReadyToCommit,
		record.StateCommitting, record.StateCommitted, record.StateRollingBack, record.StateFailed} {
		if n := m.reads("", state); n > 0 {
			c.ByState = append(c.ByState, record.Count{Name: state, Reads: n})
		}
	}
	return c
}

// latency fills the record's latencies.
func (m *meter) latency(endpoints []string) record.Latency {
	l := record.Latency{Overall: m.phases(anyEndpoint)}
	for _, endpoint := range endpoints {
		l.ByEndpoint = append(l.ByEndpoint, record.EndpointLatency{Endpoint: endpoint, Phases: m.phases(endpoint)})
	}
	return l
}

func (m *meter) phases(endpoint string) []record.PhaseLatency {
	m.mu.Lock()
	defer m.mu.Unlock()
	var phases []record.PhaseLatency
	for _, phase := range []record.Phase{record.Rest, record.Staging, record.Switch} {
		if h := m.mu.latency[latencyKey{endpoint, phase}]; h != nil {
			wrong := m.wrongOf(endpoint, phase)
			phases = append(phases, record.PhaseLatency{Phase: phase, Reads: h.TotalCount(),
				Failed: wrong.failed, Empty: wrong.empty, Mixed: wrong.mixed,
				P50Micros: h.ValueAtQuantile(50), P99Micros: h.ValueAtQuantile(99), MaxMicros: h.Max()})
		}
	}
	return phases
}

// takeSamples removes and returns what was read, by time and generation, in
// order; the newest, still growing, stay unless all is set.
func (m *meter) takeSamples(nowMillis float64, all bool) []record.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var events []record.Event
	for key, s := range m.mu.samples {
		at := float64(key.bucket * record.ReadSampleMillis)
		if !all && at+2*record.ReadSampleMillis > nowMillis {
			continue
		}
		delete(m.mu.samples, key)
		events = append(events, record.Event{AtMillis: at, Kind: record.KindReadSample, Generation: key.generation,
			SpanMillis: record.ReadSampleMillis, Reads: s.reads, Failed: s.failed})
	}
	slices.SortFunc(events, func(a, b record.Event) int {
		if a.AtMillis != b.AtMillis {
			return int(a.AtMillis - b.AtMillis)
		}
		return int(a.Generation) - int(b.Generation)
	})
	return events
}

// endpointOf names the endpoint that a request goes to.
func endpointOf(request string) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(request, "/api/v1/"), "?")
	switch {
	case strings.HasPrefix(path, "containers/"):
		return "containers/keys"
	case strings.HasPrefix(path, "keys/") && strings.HasSuffix(path, "/summary"):
		return "keys/summaries"
	default:
		return path
	}
}
