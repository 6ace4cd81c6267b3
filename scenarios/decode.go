package scenarios

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// decoder fills the types of this package from a tree and notes every problem
// and the place of every line.
type decoder struct {
	file     string
	problems []Problem
	places   map[string]place
	// broken are places that have a problem already: what stands there is not
	// looked at again.
	broken map[place]bool
	// texts are the nodes of texts by path, for columns within them.
	texts map[string]*node
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, places: map[string]place{}, broken: map[place]bool{}, texts: map[string]*node{}}
}

// decoded is a type that reads itself.
type decoded interface {
	decode(d *decoder, n *node, path string)
}

func (d *decoder) problem(line, column int, suggestion, format string, args ...any) {
	d.problems = append(d.problems, Problem{File: d.file, Line: max(line, 1), Column: max(column, 1),
		Message: fmt.Sprintf(format, args...), Suggestion: suggestion})
}

func (d *decoder) fail(n *node, suggestion, format string, args ...any) {
	d.problem(n.line, n.column, suggestion, format, args...)
	d.broken[place{n.line, n.column}] = true
}

// value decodes n into v, which must be settable.
func (d *decoder) value(n *node, path string, v reflect.Value) {
	d.places[path] = place{n.line, n.column}
	if n.kind == unreadable {
		d.broken[place{n.line, n.column}] = true
		return
	}
	if n.kind == scalar && n.tag == "null" {
		d.fail(n, "", "%s is empty; give it a value or leave the line out", last(path))
		return
	}
	if custom, ok := v.Addr().Interface().(decoded); ok {
		custom.decode(d, n, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, path, v.Elem())
	case reflect.Struct:
		d.structure(n, path, v.Addr().Interface())
	case reflect.String:
		d.text(n, path, v.Addr().Interface().(*string))
	case reflect.Int64:
		d.integer(n, path, v.Addr().Interface().(*int64))
	case reflect.Bool:
		d.boolean(n, path, v.Addr().Interface().(*bool))
	case reflect.Slice:
		d.list(n, path, v)
	case reflect.Map:
		d.mapOf(n, path, v)
	default:
		panic("scenarios: no way to decode " + v.Type().String())
	}
}

func (d *decoder) text(n *node, path string, out *string) {
	if n.kind != scalar || n.tag != "str" {
		suggestion := ""
		if n.kind == scalar {
			suggestion = strconv.Quote(n.text)
		}
		d.fail(n, suggestion, "%s is a text, found %s", last(path), n.describe())
		return
	}
	d.texts[path] = n
	*out = strings.TrimSpace(n.text)
}

func (d *decoder) integer(n *node, path string, out *int64) {
	if n.kind == scalar && n.tag == "int" {
		if i, err := strconv.ParseInt(n.text, 0, 64); err == nil {
			*out = i
			return
		}
	}
	d.fail(n, "", "%s is a whole number, found %s", last(path), n.describe())
}

func (d *decoder) boolean(n *node, path string, out *bool) {
	switch {
	case n.kind == scalar && n.tag == "bool" && (n.text == "true" || n.text == "false"):
		*out = n.text == "true"
	default:
		d.fail(n, "", "%s is true or false, found %s", last(path), n.describe())
	}
}

func (d *decoder) list(n *node, path string, v reflect.Value) {
	if n.kind != sequence {
		suggestion := ""
		if n.kind == scalar {
			suggestion = "[" + clip(n.text) + "]"
		}
		d.fail(n, suggestion, "%s is a list, found %s", last(path), n.describe())
		return
	}
	if len(n.items) == 0 {
		d.fail(n, "", "%s is an empty list; leave the line out", last(path))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		d.value(item, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
	}
}

// mapOf decodes map[string]string, whose values may be any scalar and are kept
// as written, and map[string]int64.
func (d *decoder) mapOf(n *node, path string, v reflect.Value) {
	v.Set(reflect.MakeMap(v.Type()))
	d.eachField(n, path, func(key, value *node, path string) {
		switch v.Type().Elem().Kind() {
		case reflect.String:
			if value.kind != scalar || value.tag == "null" {
				d.fail(value, "", "%s needs one value, found %s", clip(key.text), value.describe())
				return
			}
			v.SetMapIndex(reflect.ValueOf(key.text), reflect.ValueOf(value.text))
		case reflect.Int64:
			var number int64
			d.integer(value, path, &number)
			v.SetMapIndex(reflect.ValueOf(key.text), reflect.ValueOf(number))
		}
	})
	if n.kind == mapping && len(n.keys) == 0 {
		d.fail(n, "", "%s is empty; leave the line out", last(path))
	}
}

// eachField visits a mapping's fields; the place of each is its key's.
func (d *decoder) eachField(n *node, path string, visit func(key, value *node, path string)) {
	if n.kind != mapping {
		d.fail(n, "", "%s is a mapping of names to values, found %s", last(path), n.describe())
		return
	}
	for i, key := range n.keys {
		at := path + "." + key.text
		d.places[at] = place{key.line, key.column}
		visit(key, n.items[i], at)
	}
}

// structure decodes a mapping into the struct that out points to.
func (d *decoder) structure(n *node, path string, out any) {
	if n.kind != mapping {
		what := last(path)
		if what == "" {
			what = "a scenario"
		}
		d.fail(n, "", "%s is a mapping of names to values, found %s", what, n.describe())
		return
	}
	v := reflect.ValueOf(out).Elem()
	fields := fieldsOf(v.Type())
	if comment := v.FieldByName("Comment"); comment.IsValid() {
		comment.SetString(n.comment)
	}
	for i, key := range n.keys {
		f, known := fields.named(key.text)
		if !known {
			d.fail(key, nearest(key.text, fields.names()), "%q is not known here; known are %s", clip(key.text), strings.Join(fields.names(), ", "))
			continue
		}
		at := join(path, f.name)
		d.value(n.items[i], at, v.Field(f.index))
		d.places[at+":"] = place{key.line, key.column}
	}
	for _, f := range fields {
		if _, given := d.places[join(path, f.name)]; !given && !f.optional {
			d.fail(n, "", "%s is missing: %s", join(path, f.name), f.about)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// field is a struct field as the file knows it.
type field struct {
	name, about string
	index       int
	optional    bool
}

type fieldList []field

func fieldsOf(t reflect.Type) fieldList {
	var list fieldList
	for i := range t.NumField() {
		name, option, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		list = append(list, field{name, t.Field(i).Tag.Get("about"), i, option == "omitempty"})
	}
	return list
}

func (l fieldList) named(name string) (field, bool) {
	for _, f := range l {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

func (l fieldList) names() []string {
	names := make([]string, len(l))
	for i, f := range l {
		names[i] = f.name
	}
	return names
}
