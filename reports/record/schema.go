package record

import _ "embed"

//go:embed run.schema.json
var runSchema []byte

//go:embed event.schema.json
var eventSchema []byte

// RunSchema returns the JSON Schema (draft 2020-12) of run.json.
func RunSchema() []byte { return append([]byte(nil), runSchema...) }

// EventSchema returns the JSON Schema (draft 2020-12) of a line of
// events.jsonl.
func EventSchema() []byte { return append([]byte(nil), eventSchema...) }
