package check

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"reconsim/sim/oracle"
)

// Difference is the first place where two JSON documents differ.
type Difference struct {
	// Path is like $.subPaths[3].size.
	Path, Want, Got string
}

// decode reads one JSON document, numbers as they stand.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON document")
	}
	return tree, nil
}

// expected is a right answer, ready to be compared.
type expected struct {
	answer oracle.Answer
	tree   any
	usage  *oracle.Usage
}

func expect(a oracle.Answer) (expected, error) {
	e := expected{answer: a}
	if a.Body == nil {
		return e, nil
	}
	body := a.Body
	if u, ok := body.(oracle.Usage); ok {
		e.usage = &u
		body = struct {
			oracle.Usage
			SubPaths any `json:"subPaths"`
		}{u, u.All}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return e, fmt.Errorf("encode the expected answer: %w", err)
	}
	e.tree, err = decode(text)
	return e, err
}

// differs compares an answer with the right one; nil means equal.
func (e *expected) differs(status int, got any) *Difference {
	if status != e.answer.Status && (e.answer.OtherStatus == 0 || status != e.answer.OtherStatus) {
		return &Difference{Path: "status", Want: strconv.Itoa(e.answer.Status), Got: strconv.Itoa(status)}
	}
	if e.answer.Body == nil {
		return nil
	}
	switch {
	case e.usage != nil:
		return e.usageDiffers(got)
	default:
		if _, ok := e.answer.Body.(oracle.FileCounts); ok {
			got = sortFileCounts(got)
		}
		return diff(e.tree, got, "$")
	}
}

// diff finds the first difference in the order of field names.
func diff(want, got any, path string) *Difference {
	switch w := want.(type) {
	case string:
		if g, ok := got.(string); w == oracle.AnyText || ok && g == w {
			return nil
		}
	case json.Number:
		if g, ok := got.(json.Number); ok && g == w {
			return nil
		}
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			return diffObjects(w, g, path)
		}
	case []any:
		if g, ok := got.([]any); ok {
			return diffLists(w, g, path)
		}
	default:
		if want == got {
			return nil
		}
	}
	return &Difference{Path: path, Want: render(want), Got: render(got)}
}

func diffObjects(want, got map[string]any, path string) *Difference {
	if sameFields(want, got) {
		equal := true
		for name, w := range want {
			if diff(w, got[name], "") != nil {
				equal = false
				break
			}
		}
		if equal {
			return nil
		}
	}
	for _, name := range sortedFields(want, got) {
		w, wanted := want[name]
		g, present := got[name]
		at := path + "." + name
		switch {
		case !present:
			return &Difference{Path: at, Want: render(w), Got: "no such field"}
		case !wanted:
			return &Difference{Path: at, Want: "no such field", Got: render(g)}
		}
		if d := diff(w, g, at); d != nil {
			return d
		}
	}
	return nil
}

func sameFields(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			return false
		}
	}
	return true
}

func sortedFields(a, b map[string]any) []string {
	names := make([]string, 0, len(a)+len(b))
	for name := range a {
		names = append(names, name)
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func diffLists(want, got []any, path string) *Difference {
	for i := range min(len(want), len(got)) {
		if diff(want[i], got[i], "") != nil {
			return diff(want[i], got[i], path+"["+strconv.Itoa(i)+"]")
		}
	}
	if len(want) != len(got) {
		return &Difference{Path: path + ".length", Want: strconv.Itoa(len(want)), Got: strconv.Itoa(len(got))}
	}
	return nil
}

const renderedBytes = 160

func render(v any) string {
	if v == oracle.AnyText {
		return "anything"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	if len(text) > renderedBytes {
		return string(text[:renderedBytes]) + "…"
	}
	return string(text)
}

// usageDiffers compares a usage answer, whose sub-paths may stand in several
// orders: sorted ones by size only, unsorted ones at all.
func (e *expected) usageDiffers(got any) *Difference {
	object, ok := got.(map[string]any)
	if !ok {
		return diff(e.tree, got, "$")
	}
	list, ok := object["subPaths"].([]any)
	if !ok {
		return diff(e.tree, got, "$")
	}
	want := e.tree.(map[string]any)
	rest, others := shallowWithout(want), shallowWithout(object)
	if d := diffObjects(rest, others, "$"); d != nil {
		return d
	}
	all, _ := want["subPaths"].([]any)
	if !e.usage.Sorted {
		return diffLists(all, sortSubPaths(list), "$.subPaths")
	}
	if len(list) != len(e.usage.SubPaths) {
		return &Difference{Path: "$.subPaths.length", Want: strconv.Itoa(len(e.usage.SubPaths)), Got: strconv.Itoa(len(list))}
	}
	byPath := make(map[string]any, len(all))
	for i := range all {
		byPath[e.usage.All[i].Path] = all[i]
	}
	for i, entry := range list {
		at := "$.subPaths[" + strconv.Itoa(i) + "]"
		if d := diff(json.Number(strconv.FormatInt(e.usage.SubPaths[i].Size, 10)), field(entry, "size"), at+".size"); d != nil {
			return d
		}
		path, _ := field(entry, "path").(string)
		known, there := byPath[path]
		if !there {
			return &Difference{Path: at + ".path", Want: strconv.Quote(e.usage.SubPaths[i].Path), Got: render(field(entry, "path"))}
		}
		delete(byPath, path)
		if d := diff(known, entry, at); d != nil {
			return d
		}
	}
	return nil
}

func shallowWithout(object map[string]any) map[string]any {
	rest := make(map[string]any, len(object))
	for name, v := range object {
		if name != "subPaths" {
			rest[name] = v
		}
	}
	return rest
}

func field(v any, name string) any {
	object, _ := v.(map[string]any)
	return object[name]
}

func sortSubPaths(list []any) []any {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b any) int {
		aPath, _ := field(a, "path").(string)
		bPath, _ := field(b, "path").(string)
		return cmp.Or(-cmp.Compare(integer(field(a, "size")), integer(field(b, "size"))), strings.Compare(aPath, bPath))
	})
	return sorted
}

func integer(v any) int64 {
	n, _ := v.(json.Number)
	i, _ := n.Int64()
	return i
}

func sortFileCounts(got any) any {
	list, ok := got.([]any)
	if !ok {
		return got
	}
	sorted := slices.Clone(list)
	text := func(v any, name string) string { s, _ := field(v, name).(string); return s }
	slices.SortStableFunc(sorted, func(a, b any) int {
		return cmp.Or(
			strings.Compare(text(a, "volume"), text(b, "volume")),
			strings.Compare(text(a, "bucket"), text(b, "bucket")),
			cmp.Compare(integer(field(a, "fileSize")), integer(field(b, "fileSize"))))
	})
	return sorted
}
