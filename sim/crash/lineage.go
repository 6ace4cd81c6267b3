package crash

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"reconsim/sim/check"
)

// Seen is the state that an answer says it shows.
type Seen struct {
	check.Label
	// Node is the OM whose sequence numbers these are, Term and Index the last
	// OM transaction folded in.
	Node        string
	Term, Index int64
}

// newer orders states by generation, then by sequence.
func (s Seen) newer(than Seen) bool {
	return cmp.Or(cmp.Compare(s.Build, than.Build), cmp.Compare(s.AppliedSeq, than.AppliedSeq)) > 0
}

// String is the state for people.
func (s Seen) String() string {
	if s.Build == 0 {
		return "nothing"
	}
	return fmt.Sprintf("generation %s applied %d index %d", s.ID(), s.AppliedSeq, s.Index)
}

// readSeen reads the two headers that say which state an answer shows; there is
// false if it says nothing.
func readSeen(h http.Header) (s Seen, there bool, err error) {
	text := h.Get("Recon-Generation")
	if text == "" {
		return Seen{}, false, nil
	}
	if s.Label, err = check.ParseLabel(text); err != nil {
		return Seen{}, true, err
	}
	s.Node, s.Term, s.Index, err = parseLineage(h.Get("Recon-Lineage"))
	return s, true, err
}

// parseLineage reads `"<node>";term=<n>;index=<n>` (spec: REST API 9.3).
func parseLineage(header string) (node string, term, index int64, err error) {
	quoted, parameters, _ := strings.Cut(header, ";")
	node, err = strconv.Unquote(strings.TrimSpace(quoted))
	if err != nil || node == "" {
		return "", 0, 0, fmt.Errorf(`a lineage looks like "<node>";term=<n>;index=<n>, not %q`, header)
	}
	values := map[string]int64{}
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if name != "term" && name != "index" {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return "", 0, 0, fmt.Errorf("lineage %q: %s is no number", header, name)
		}
		values[name] = n
	}
	term, hasTerm := values["term"]
	index, hasIndex := values["index"]
	if !hasTerm || !hasIndex {
		return "", 0, 0, fmt.Errorf("lineage %q lacks the term or the index", header)
	}
	return node, term, index, nil
}
