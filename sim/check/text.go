package check

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"

	"reconsim/sim/oracle"
)

// anyToken is oracle.AnyText as it stands in JSON.
var anyToken = []byte(`"\u0000any"`)

// texts are buffers for right answers.
var texts = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// asExpected accepts an answer that is the right one letter by letter, as nearly
// all are. Of any other it says nothing: such an answer is taken apart.
func (e *examination) asExpected() bool {
	if !e.labelled || e.o.Status != http.StatusOK || len(e.o.Body) == 0 {
		return false
	}
	if e.checker.memoryHas(e) {
		e.compared()
		return true
	}
	a, err := e.checker.oracle.Ask(e.index, e.o.Request)
	if err != nil || a.Status != e.o.Status || a.Body == nil || !isText(a, e.o.Body) {
		return false
	}
	e.compared()
	e.checker.memorise(e)
	return true
}

// isText reports whether a body is the answer's own text.
func isText(a oracle.Answer, body []byte) bool {
	b := texts.Get().(*bytes.Buffer)
	defer texts.Put(b)
	b.Reset()
	encoder := json.NewEncoder(b)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(a.Body) == nil && sameText(bytes.TrimSuffix(b.Bytes(), []byte("\n")), body)
}

// sameText compares a JSON document with the right one letter by letter, but
// where the right one has anyToken there may be any value.
func sameText(want, got []byte) bool {
	for from := 0; ; {
		at := bytes.Index(want[from:], anyToken)
		if at < 0 {
			return bytes.Equal(want, got)
		}
		// Within a string a quote has a backslash before it.
		if at += from; at > 0 && !bytes.ContainsRune([]byte(":,["), rune(want[at-1])) {
			from = at + 1
			continue
		}
		if len(got) < at || !bytes.Equal(want[:at], got[:at]) {
			return false
		}
		n := valueLength(got[at:])
		if n == 0 || !json.Valid(got[at:at+n]) {
			return false
		}
		want, got, from = want[at+len(anyToken):], got[at+n:], 0
	}
}

// valueLength is how long the JSON value at the beginning of a text is, if it is
// one; 0 if it never ends.
func valueLength(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			if quoted = !quoted; !quoted && depth == 0 {
				return i + 1
			}
		case quoted:
		case c == '{', c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}' || c == ']'):
			return i
		case c == '}', c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
