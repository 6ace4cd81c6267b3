package scenarios

import (
	"reflect"
	"strconv"
	"strings"
)

// encoded is a type that writes itself.
type encoded interface{ encode() *node }

// Marshal writes the scenario as a file that Load reads back to an equal one.
func (s *Scenario) Marshal() ([]byte, error) {
	root := encodeStruct(*s)
	for i, key := range root.keys {
		if key.text == "about" {
			root.items[i].block = true
		}
	}
	return writeYAML(root)
}

// encodeStruct lists the fields that are given, in the order of the type.
func encodeStruct(value any) *node {
	v := reflect.ValueOf(value)
	out := &node{kind: mapping}
	if comment := v.FieldByName("Comment"); comment.IsValid() {
		out.comment = comment.String()
	}
	for _, f := range fieldsOf(v.Type()) {
		if x := v.Field(f.index); !f.optional || !x.IsZero() {
			out.put(f.name, encodeValue(x))
		}
	}
	return out
}

func encodeValue(v reflect.Value) *node {
	if custom, ok := v.Interface().(encoded); ok {
		return inOneLine(custom.encode())
	}
	out := &node{}
	switch v.Kind() {
	case reflect.Pointer:
		return encodeValue(v.Elem())
	case reflect.Struct:
		out = encodeStruct(v.Interface())
	case reflect.String:
		return stringNode(v.String())
	case reflect.Int64:
		return intNode(v.Int())
	case reflect.Bool:
		out = &node{kind: scalar, tag: "bool", text: "false"}
		if v.Bool() {
			out.text = "true"
		}
		return out
	case reflect.Slice:
		out.kind = sequence
		for i := range v.Len() {
			out.items = append(out.items, encodeValue(v.Index(i)))
		}
	case reflect.Map:
		return inOneLine(encodeMap(v))
	}
	if v.Type() == reflect.TypeFor[Condition]() || v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String {
		return inOneLine(out)
	}
	return out
}

func encodeMap(v reflect.Value) *node {
	out := &node{kind: mapping}
	names := map[string]reflect.Value{}
	for _, key := range v.MapKeys() {
		names[key.String()] = v.MapIndex(key)
	}
	for _, name := range sortedKeys(names) {
		value := encodeValue(names[name])
		if value.tag == "str" {
			value.tag = plainTag(value.text)
		}
		out.put(name, value)
	}
	return out
}

// plainTag finds the tag under which a setting can be written without quotes.
func plainTag(text string) string {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(i, 10) == text {
		return "int"
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(f, 'f', -1, 64) == text && strings.Contains(text, ".") {
		return "float"
	}
	if text == "true" || text == "false" {
		return "bool"
	}
	return "str"
}

// inOneLine asks for flow style: for lists of names, and for mappings that are
// small enough to be read so.
func inOneLine(n *node) *node {
	length := 0
	for i, item := range n.items {
		length += len(item.text) + 4
		if n.kind == mapping {
			length += len(n.keys[i].text)
		}
	}
	n.flow = n.kind == sequence || n.kind == mapping && length < 90
	return n
}
