package record_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

// reflected makes the schema of a type out of its tags and comments. Unknown
// fields stay allowed: fields may be added under the same version.
func reflected(t *testing.T, v any, id, title string) []byte {
	t.Helper()
	r := &jsonschema.Reflector{AllowAdditionalProperties: true}
	require.NoError(t, r.AddGoComments("reconsim/reports/record", "./"))
	schema := r.Reflect(v)
	schema.ID, schema.Title = jsonschema.ID(id), title
	data, err := json.MarshalIndent(schema, "", "  ")
	require.NoError(t, err)
	return append(data, '\n')
}

// TestSchemasFollowTheTypes keeps the published schemas equal to the Go types.
func TestSchemasFollowTheTypes(t *testing.T) {
	golden(t, "run.schema.json", reflected(t, record.Run{}, "https://reconsim.invalid/run.schema.json", "reconsim run record, version 1"))
	golden(t, "event.schema.json", reflected(t, record.Event{}, "https://reconsim.invalid/event.schema.json", "reconsim event, one line of events.jsonl"))
	golden(t, "crashes.schema.json", reflected(t, record.CrashMatrix{}, "https://reconsim.invalid/crashes.schema.json", "reconsim crash matrix, version 1"))
	golden(t, "explore.schema.json", reflected(t, record.Exploration{}, "https://reconsim.invalid/explore.schema.json", "reconsim exploration, version 1"))
}

func compile(t *testing.T, schema []byte) *validator.Schema {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := validator.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", doc))
	compiled, err := c.Compile("schema.json")
	require.NoError(t, err)
	return compiled
}

func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return data
}

func instance(t *testing.T, v any) any {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(jsonOf(t, v)))
	require.NoError(t, err)
	return doc
}

func TestSamplesValidate(t *testing.T) {
	run, event := compile(t, record.RunSchema()), compile(t, record.EventSchema())

	full := sample()
	dir := t.TempDir()
	require.NoError(t, record.WriteRun(dir, full))
	written, err := record.ReadRun(dir)
	require.NoError(t, err)
	require.NoError(t, run.Validate(instance(t, written)))
	require.NoError(t, event.Validate(instance(t, record.Event{Kind: record.KindOM, Action: record.OMDown, Node: "om2"})))

	// The schemas bite.
	written.Verdict = "maybe"
	assert.Error(t, run.Validate(instance(t, written)))
	assert.Error(t, run.Validate(instance(t, map[string]any{"schemaVersion": 1})))
	assert.Error(t, event.Validate(instance(t, record.Event{Kind: "rumour"})))
}
