package scenarios

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"
)

// Schema returns the JSON Schema (2020-12) of scenario files: the types of this
// package, with the names of a vocabulary. What a schema cannot say (references
// between lines, fault rules, thresholds) only Load checks; what Load accepts
// the schema accepts.
func Schema(vocab *Vocabulary) ([]byte, error) {
	b := schemaBuilder{vocab}
	r := &jsonschema.Reflector{
		FieldNameTag:   "yaml",
		ExpandedStruct: true,
		Anonymous:      true,
		Mapper:         b.custom,
		LookupComment:  fieldAbout,
	}
	s := r.Reflect(&Scenario{})
	s.Title = "reconsim scenario"
	s.Description = "A story of a fake OM, a Recon and what goes wrong between them."
	if err := b.nameEverything(s); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema of scenarios: %w", err)
	}
	return append(text, '\n'), nil
}

// fieldAbout finds the description of a field in its tag.
func fieldAbout(t reflect.Type, name string) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	if f, ok := t.FieldByName(name); ok {
		return f.Tag.Get("about")
	}
	return ""
}

type schemaBuilder struct{ vocab *Vocabulary }

// custom describes the types that read themselves.
func (b schemaBuilder) custom(t reflect.Type) *jsonschema.Schema {
	integer := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "integer"} }
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string"} }
	switch t {
	case reflect.TypeFor[Size]():
		perTier := &jsonschema.Schema{Type: "object", AdditionalProperties: integer(), PropertyNames: enum(b.vocab.TierNames())}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{integer(), perTier}}
	case reflect.TypeFor[Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$|^0$`}
	case reflect.TypeFor[Expression]():
		return text()
	case reflect.TypeFor[Threshold]():
		both := jsonschema.NewProperties()
		both.Set("expr", text())
		both.Set("tiers", &jsonschema.Schema{Type: "array", Items: enum(b.vocab.TierNames())})
		mapping := &jsonschema.Schema{Type: "object", Properties: both, Required: []string{"expr"}, AdditionalProperties: jsonschema.FalseSchema}
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{text(), mapping}}
	}
	return nil
}

// enum allows the names; without any it allows every text.
func enum(names []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, name := range names {
		s.Enum = append(s.Enum, name)
	}
	return s
}

// nameEverything puts the vocabulary's names where the types only say text.
func (b schemaBuilder) nameEverything(root *jsonschema.Schema) error {
	v := b.vocab
	for _, place := range []struct {
		in, field string
		names     []string
	}{
		{"", "proves", v.Properties},
		{"", "tiers", v.TierNames()},
		{"", "config", v.ConfigKeys},
		{"World", "layouts", v.Layouts},
		{"World", "schema", v.Schemas},
		{"World", "protocol", v.Protocols},
		{"Readers", "endpoints", v.Endpoints},
		{"Step", "do", verbNames()},
		{"Step", "config", v.ConfigKeys},
		{"Condition", "state", v.States},
		{"Condition", "phase", v.Phases},
		{"Fault", "armed", []string{ArmedAtStart, ArmedByTimeline}},
		{"Schedule", "strategy", v.Strategies},
		{"Expect", "outcomes", v.Outcomes},
		{"Expect", "states", v.States},
	} {
		object := root
		if place.in != "" {
			object = root.Definitions[place.in]
		}
		if object == nil || object.Properties == nil {
			return fmt.Errorf("schema of scenarios: there is no type %q", place.in)
		}
		field, ok := object.Properties.Get(place.field)
		if !ok {
			return fmt.Errorf("schema of scenarios: %s has no field %q", place.in, place.field)
		}
		nameField(field, place.names)
	}
	return nil
}

func nameField(field *jsonschema.Schema, names []string) {
	switch field.Type {
	case "array":
		field.Items = enum(names)
	case "object":
		field.PropertyNames = enum(names)
		if field.AdditionalProperties != nil && field.AdditionalProperties.Type == "string" {
			anyScalar := &jsonschema.Schema{}
			for _, t := range []string{"string", "number", "boolean"} {
				anyScalar.AnyOf = append(anyScalar.AnyOf, &jsonschema.Schema{Type: t})
			}
			field.AdditionalProperties = anyScalar
		}
	default:
		field.Enum = enum(names).Enum
	}
}
