package record

// EventKind says what an event is about and which of its fields are set.
type EventKind string

// The kinds of event, with the fields that each sets besides atMillis, kind
// and message.
const (
	// KindState: a rebuild entered a state. Sets generation, state, cause.
	KindState EventKind = "state"
	// KindPublish: readers began to see a view. Sets generation, seq.
	KindPublish EventKind = "publish"
	// KindFault: a fault fired. Sets fault, point, subject.
	KindFault EventKind = "fault"
	// KindOM: something happened at the OMs. Sets action, node, seq.
	KindOM EventKind = "om"
	// KindViolation: an answer broke a property. Sets property, signature,
	// reader, endpoint, generation, violation.
	KindViolation EventKind = "violation"
	// KindReadSample: answers of one generation in a span of time, counted.
	// Sets generation, spanMillis, reads, failed.
	KindReadSample EventKind = "read-sample"
	// KindLog: a line worth reading. Sets level.
	KindLog EventKind = "log"
)

// The actions of an event of KindOM.
const (
	// OMLeader: node leads from now on.
	OMLeader = "leader"
	// OMCompaction: node compacted its log; deltas up to seq are gone.
	OMCompaction = "compaction"
	// OMSnapshot: node handed out a checkpoint at seq.
	OMSnapshot = "snapshot"
	// OMDown: node stopped answering.
	OMDown = "down"
	// OMUp: node answers again.
	OMUp = "up"
)

// ReadSampleMillis is the span over which a writer should gather answers into
// one event of KindReadSample for each generation.
const ReadSampleMillis = 100

// Event is one line of events.jsonl.
type Event struct {
	// AtMillis is when it happened; for a read-sample, when its span began.
	AtMillis float64 `json:"atMillis"`
	// Kind says which of the other fields are set.
	Kind EventKind `json:"kind" jsonschema:"enum=state,enum=publish,enum=fault,enum=om,enum=violation,enum=read-sample,enum=log"`
	// Message says it in words.
	Message string `json:"message,omitempty"`

	// Generation is the generation concerned; for a read-sample, the one that
	// answered, 0 if the answer carried none.
	Generation uint64 `json:"generation,omitempty"`
	// State is the state entered.
	State string `json:"state,omitempty"`
	// Cause says why.
	Cause string `json:"cause,omitempty"`
	// Seq is an OM sequence number.
	Seq uint64 `json:"seq,omitempty"`

	// Action is what happened at an OM.
	Action string `json:"action,omitempty"`
	// Node is the OM node.
	Node string `json:"node,omitempty"`

	// Fault is the fault's id.
	Fault string `json:"fault,omitempty"`
	// Point is the fault point.
	Point string `json:"point,omitempty"`
	// Subject is what the point was about: a task, a node, a table.
	Subject string `json:"subject,omitempty"`

	// Property is the property violated.
	Property string `json:"property,omitempty"`
	// Signature is the violation's kind.
	Signature string `json:"signature,omitempty"`
	// Violation is the violation's number in Run.Violations, counted from 1;
	// 0 if it was left out there.
	Violation int `json:"violation,omitempty"`
	// Reader names the reader.
	Reader string `json:"reader,omitempty"`
	// Endpoint is the path read.
	Endpoint string `json:"endpoint,omitempty"`

	// SpanMillis is the length of a sample's span.
	SpanMillis float64 `json:"spanMillis,omitempty"`
	// Reads is the number of answers in the span.
	Reads int64 `json:"reads,omitempty"`
	// Failed is how many of them were errors.
	Failed int64 `json:"failed,omitempty"`

	// Level is a log line's level, as slog names it.
	Level string `json:"level,omitempty"`
}
