package record

// RunDocument is what `reconsim run --json` prints: the verdict of all runs of
// one command and what a script needs of each.
type RunDocument struct {
	// Verdict is pass if every scenario passed.
	Verdict Verdict `json:"verdict"`
	// Tier is the tier of the first run; they share it.
	Tier string `json:"tier"`
	// Seed is the seed of the first run.
	Seed uint64 `json:"seed"`
	// Seconds is the sum over the runs. A command that runs several at a time
	// puts its own wall-clock time here.
	Seconds float64 `json:"seconds"`
	// Scenarios has one entry for each run, in their order.
	Scenarios []ScenarioDocument `json:"scenarios"`
}

// ScenarioDocument is one run in a RunDocument.
type ScenarioDocument struct {
	File         string               `json:"file"`
	Name         string               `json:"name"`
	Verdict      Verdict              `json:"verdict"`
	Seed         uint64               `json:"seed"`
	Seconds      float64              `json:"seconds"`
	Reads        int64                `json:"reads"`
	Properties   []Property           `json:"properties"`
	Faults       []Fault              `json:"faults"`
	Generations  []GenerationDocument `json:"generations"`
	Violations   []ViolationDocument  `json:"violations"`
	Expectations []Expectation        `json:"expectations"`
	Thresholds   []Threshold          `json:"thresholds"`
	// TraceHash is empty where time is real.
	TraceHash string `json:"traceHash,omitempty"`
	// Repeat is a ready-to-paste command that repeats the run.
	Repeat string `json:"repeat"`
	// Error is set if the run could not be carried out.
	Error *Failure `json:"error,omitempty"`
	// RunDir is the run directory.
	RunDir string `json:"runDir"`
}

// GenerationDocument is one generation in a ScenarioDocument.
type GenerationDocument struct {
	ID         uint64  `json:"id"`
	Lineage    string  `json:"lineage"`
	BaseSeq    uint64  `json:"baseSeq"`
	AppliedSeq uint64  `json:"appliedSeq"`
	Outcome    Outcome `json:"outcome"`
}

// ViolationDocument is one violation in a ScenarioDocument.
type ViolationDocument struct {
	Property  string `json:"property"`
	Signature string `json:"signature"`
	Message   string `json:"message"`
	// Replay is a ready-to-paste command.
	Replay string `json:"replay"`
	// Why is the page in the run directory that explains it, if there is one.
	Why string `json:"why,omitempty"`
}

// ErrorDocument is what a verb with --json prints when it could not do its
// work: {"error": {...}}.
type ErrorDocument struct {
	Error Failure `json:"error"`
}

// Document builds the document of `reconsim run --json`. Without any run the
// verdict is fail, because nothing was shown.
func Document(runs []Run) RunDocument {
	doc := RunDocument{Verdict: Fail, Scenarios: []ScenarioDocument{}}
	if len(runs) > 0 {
		doc.Verdict, doc.Tier, doc.Seed = Pass, runs[0].Tier, runs[0].Seed
	}
	for _, run := range runs {
		if run.Verdict != Pass {
			doc.Verdict = Fail
		}
		doc.Seconds += run.Seconds
		doc.Scenarios = append(doc.Scenarios, scenarioDocument(run))
	}
	return doc
}

func scenarioDocument(run Run) ScenarioDocument {
	run.fillLists()
	doc := ScenarioDocument{
		File:         run.Scenario.File,
		Name:         run.Scenario.Name,
		Verdict:      run.Verdict,
		Seed:         run.Seed,
		Seconds:      run.Seconds,
		Reads:        run.Counts.Reads,
		Properties:   run.Properties,
		Faults:       run.Faults,
		Generations:  []GenerationDocument{},
		Violations:   []ViolationDocument{},
		Expectations: run.Expectations,
		Thresholds:   run.Thresholds,
		TraceHash:    run.TraceHash,
		Repeat:       run.Repeat,
		Error:        run.Error,
		RunDir:       run.Dir,
	}
	for _, g := range run.Generations {
		doc.Generations = append(doc.Generations, GenerationDocument{
			ID: g.ID, Lineage: g.Lineage, BaseSeq: g.BaseSeq, AppliedSeq: g.AppliedSeq, Outcome: g.Outcome,
		})
	}
	for i, v := range run.Violations {
		violation := ViolationDocument{Property: v.Property, Signature: v.Signature, Message: v.Message, Replay: v.Replay}
		if why, explained := run.WhyOf(i); explained {
			violation.Why = WhyPage(why)
		}
		doc.Violations = append(doc.Violations, violation)
	}
	return doc
}
