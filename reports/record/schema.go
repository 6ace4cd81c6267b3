package record

import _ "embed"

//go:embed run.schema.json
var runSchema []byte

//go:embed event.schema.json
var eventSchema []byte

//go:embed crashes.schema.json
var crashesSchema []byte

//go:embed explore.schema.json
var exploreSchema []byte

// RunSchema returns the JSON Schema (draft 2020-12) of run.json.
func RunSchema() []byte { return append([]byte(nil), runSchema...) }

// EventSchema returns the JSON Schema (draft 2020-12) of a line of
// events.jsonl.
func EventSchema() []byte { return append([]byte(nil), eventSchema...) }

// CrashMatrixSchema returns the JSON Schema (draft 2020-12) of crashes.json.
func CrashMatrixSchema() []byte { return append([]byte(nil), crashesSchema...) }

// ExplorationSchema returns the JSON Schema (draft 2020-12) of explore.json.
func ExplorationSchema() []byte { return append([]byte(nil), exploreSchema...) }
