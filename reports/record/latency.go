package record

// Phase says what the engine was doing while a read was answered.
type Phase string

// The phases.
const (
	// Rest: no rebuild was under way.
	Rest Phase = "rest"
	// Staging: a rebuild was under way and not committing.
	Staging Phase = "staging"
	// Switch: the read overlapped COMMITTING or a publish.
	Switch Phase = "switch"
)

// Latency is how long answers took, by phase.
type Latency struct {
	// Overall has one entry for each phase in which there were reads.
	Overall []PhaseLatency `json:"overall"`
	// ByEndpoint splits the same by endpoint.
	ByEndpoint []EndpointLatency `json:"byEndpoint,omitempty"`
}

// EndpointLatency is the latency of one endpoint by phase.
type EndpointLatency struct {
	// Endpoint is the path as the scenario names it.
	Endpoint string `json:"endpoint"`
	// Phases has one entry for each phase in which there were reads.
	Phases []PhaseLatency `json:"phases"`
}

// PhaseLatency is the latency of the reads of one phase.
type PhaseLatency struct {
	// Phase is rest, staging or switch.
	Phase Phase `json:"phase" jsonschema:"enum=rest,enum=staging,enum=switch"`
	// Reads is the number of reads measured.
	Reads int64 `json:"reads"`
	// Failed, Empty and Mixed are those that got no answer, too little, or two
	// generations at once.
	Failed int64 `json:"failed"`
	Empty  int64 `json:"empty"`
	Mixed  int64 `json:"mixed"`
	// P50Micros is the median in microseconds.
	P50Micros int64 `json:"p50Micros"`
	// P99Micros is the 99th percentile in microseconds.
	P99Micros int64 `json:"p99Micros"`
	// MaxMicros is the slowest read in microseconds.
	MaxMicros int64 `json:"maxMicros"`
}

// Of returns the entry of a phase, and false if there were no reads in it.
func (l Latency) Of(phase Phase) (PhaseLatency, bool) {
	return phaseOf(l.Overall, phase)
}

// Of returns the entry of a phase, and false if there were no reads in it.
func (e EndpointLatency) Of(phase Phase) (PhaseLatency, bool) {
	return phaseOf(e.Phases, phase)
}

func phaseOf(phases []PhaseLatency, phase Phase) (PhaseLatency, bool) {
	for _, p := range phases {
		if p.Phase == phase {
			return p, true
		}
	}
	return PhaseLatency{}, false
}
