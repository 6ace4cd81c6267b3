package record

// Load is what a load run measured: the way of the rows from the generator to
// the readers, by phase.
type Load struct {
	// Keys is the number of committed keys at the start.
	Keys int64 `json:"keys"`
	// Phases are in the order in which they began. Those of a rebuild are of
	// the last one, under readers; `rebuild` spans several of them.
	Phases []LoadPhase `json:"phases"`
	// Tasks has an entry for each task of that rebuild.
	Tasks []LoadTask `json:"tasks"`
	// PeakDiskBytes is the most that Recon's folder held at once, each file
	// once, however many links it had.
	PeakDiskBytes int64 `json:"peakDiskBytes"`
	// SourceBytes is the size of the OM's snapshot.
	SourceBytes int64 `json:"sourceBytes"`
	// BytesWritten is what the process wrote to files during the rebuild.
	BytesWritten int64      `json:"bytesWritten"`
	Switch       LoadSwitch `json:"switch"`
	// RequestsPerSecond is the rate at which requests fell due, all readers
	// together.
	RequestsPerSecond int64 `json:"requestsPerSecond"`
}

// LoadPhase is one phase of a load run. Seconds are of the clock, CPUSeconds of
// the whole process, readers included; neither is known of work that goes on
// beside other phases.
type LoadPhase struct {
	Name       string  `json:"name"`
	Seconds    float64 `json:"seconds"`
	CPUSeconds float64 `json:"cpuSeconds"`
	// Rows and Bytes are what went through, 0 where it is not counted.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// LoadTask is one task's part of a rebuild.
type LoadTask struct {
	Name string `json:"name"`
	// Rows and Bytes are the derived rows that it gave to its sinks.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// SinkSeconds is the time spent on sorting and writing its runs,
	// IngestSeconds its share, by bytes, of merging and ingesting.
	SinkSeconds   float64 `json:"sinkSeconds"`
	IngestSeconds float64 `json:"ingestSeconds"`
	// ScanShare is its part of the scan, 0 to 1, by sampled rows.
	ScanShare float64 `json:"scanShare"`
}

// LoadSwitch is the switch of the rebuild under readers.
type LoadSwitch struct {
	// DurableMicros is from before the pointer's temporary file is written to
	// after its directory is synced.
	DurableMicros int64 `json:"durableMicros"`
	// BlockedReads are those that waited for a view for over a millisecond
	// while the switch went on.
	BlockedReads int64 `json:"blockedReads"`
}

// Phase returns a phase by name, and false if the run did not come to it.
func (l *Load) Phase(name string) (LoadPhase, bool) {
	if l != nil {
		for _, p := range l.Phases {
			if p.Name == name {
				return p, true
			}
		}
	}
	return LoadPhase{}, false
}

// LoadDocument is what `reconsim load --json` prints.
type LoadDocument struct {
	Verdict Verdict `json:"verdict"`
	Seed    uint64  `json:"seed"`
	Load
	Seconds      float64 `json:"seconds"`
	CPUSeconds   float64 `json:"cpuSeconds"`
	PeakRSSBytes int64   `json:"peakRSSBytes"`
	// Readers has an entry for each of rest, staging and switch in which there
	// were reads.
	Readers      []PhaseLatency      `json:"readers"`
	Properties   []Property          `json:"properties"`
	Expectations []Expectation       `json:"expectations"`
	Thresholds   []Threshold         `json:"thresholds"`
	Violations   []ViolationDocument `json:"violations"`
	Repeat       string              `json:"repeat"`
	Error        *Failure            `json:"error,omitempty"`
	RunDir       string              `json:"runDir"`
}

// DocumentLoad builds the document of a load run.
func DocumentLoad(run Run) LoadDocument {
	run.fillLists()
	s := scenarioDocument(run)
	doc := LoadDocument{Verdict: run.Verdict, Seed: run.Seed, Seconds: run.Seconds, CPUSeconds: run.CPUSeconds, PeakRSSBytes: run.PeakRSSBytes,
		Readers: run.Latency.Overall, Properties: run.Properties, Expectations: run.Expectations, Thresholds: run.Thresholds,
		Violations: s.Violations, Repeat: run.Repeat, Error: run.Error, RunDir: run.Dir}
	if run.Load != nil {
		doc.Load = *run.Load
	}
	if doc.Phases == nil {
		doc.Phases = []LoadPhase{}
	}
	if doc.Tasks == nil {
		doc.Tasks = []LoadTask{}
	}
	return doc
}
