package check

import (
	"encoding/json"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"reconsim/sim/oracle"
)

// leaves are the scalars of a JSON document by path. Elements of lists are
// named by what identifies them, so that a missing one does not shift the
// rest; the length of a list is a leaf too.
type leaves map[string]string

const statusLeaf = "status of the response"

func leavesOf(status int, tree any, skip map[string]bool) leaves {
	l := leaves{statusLeaf: strconv.Itoa(status)}
	if tree != nil {
		l.collect("$", tree, skip)
	}
	return l
}

func (l leaves) collect(path string, v any, skip map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, f := range v {
			if !skip[name] {
				l.collect(path+"."+name, f, skip)
			}
		}
	case []any:
		l[path+".length"] = strconv.Itoa(len(v))
		for i, element := range v {
			l.collect(path+"["+elementName(element, i)+"]", element, skip)
		}
	default:
		l[path] = render(v)
	}
}

// elementName is what identifies an element of an Ozone list, or its position.
func elementName(element any, position int) string {
	object, ok := element.(map[string]any)
	if !ok {
		return strconv.Itoa(position)
	}
	for _, names := range [...][]string{{"key"}, {"Volume", "Bucket", "Key", "CompletePath"}, {"volume", "bucket", "fileSize"}, {"path"}} {
		name := ""
		for _, n := range names {
			v, there := object[n]
			if _, isBool := v.(bool); !there || isBool {
				name = ""
				break
			}
			name += "/" + render(v)
		}
		if name != "" {
			return name
		}
	}
	return strconv.Itoa(position)
}

// unspecified collects the names of fields that may hold anything.
func unspecified(tree any, into map[string]bool) {
	switch v := tree.(type) {
	case map[string]any:
		for name, f := range v {
			if f == oracle.AnyText {
				into[name] = true
			} else {
				unspecified(f, into)
			}
		}
	case []any:
		for _, element := range v {
			unspecified(element, into)
		}
	}
}

// vacant reports whether a leaf says nothing, zero or not found.
func vacant(value string) bool {
	switch value {
	case "0", "-1", "null", `""`, "204", "404", `"PATH_NOT_FOUND"`, `"INITIALIZING"`, `"UNKNOWN"`, "absent":
		return true
	default:
		return false
	}
}

// reading is an answer taken apart beside the states it may be made of.
type reading struct {
	paths  []string
	got    leaves
	states []stateLeaves
}

type stateLeaves struct {
	index  int64
	leaves leaves
	// equal has a bit for each of the paths.
	equal []uint64
}

func newReading(status int, got any, states []candidate) *reading {
	skip := map[string]bool{}
	for i := range states {
		unspecified(states[i].want.tree, skip)
	}
	r := &reading{got: leavesOf(status, got, skip)}
	r.paths = slices.Sorted(maps.Keys(r.got))
	for i := range states {
		s := stateLeaves{index: states[i].index, equal: make([]uint64, (len(r.paths)+63)/64)}
		s.leaves = leavesOf(states[i].want.answer.Status, states[i].want.tree, skip)
		if u := states[i].want.usage; u != nil {
			s.leaves["$.subPaths.length"] = strconv.Itoa(len(u.SubPaths))
		}
		for n, p := range r.paths {
			if value, ok := s.leaves[p]; ok && value == r.got[p] {
				s.equal[n/64] |= 1 << (n % 64)
			}
		}
		r.states = append(r.states, s)
	}
	return r
}

func (s *stateLeaves) matches() int {
	n := 0
	for _, word := range s.equal {
		n += bits.OnesCount64(word)
	}
	return n
}

// mixture finds two states that together explain every leaf, neither of them
// alone. Of several pairs it takes the one with the state named first.
func (r *reading) mixture() (a, b int64, found bool) {
	for i := range r.states {
		for j := i + 1; j < len(r.states); j++ {
			first, second := &r.states[i], &r.states[j]
			both := 0
			for w := range first.equal {
				both += bits.OnesCount64(first.equal[w] | second.equal[w])
			}
			if both == len(r.paths) && first.matches() < both && second.matches() < both {
				return first.index, second.index, true
			}
		}
	}
	return 0, 0, false
}

// emptied finds a leaf that is vacant although state 0 has something there, and
// that none of the other states explains.
func (r *reading) emptied() *Difference {
	if len(r.states) == 0 {
		return nil
	}
	named := r.states[0].leaves
	for _, p := range r.paths {
		want, ok := named[p]
		if !ok || vacant(want) || !vacant(r.got[p]) || r.explained(p) {
			continue
		}
		return &Difference{Path: p, Want: want, Got: r.got[p]}
	}
	return r.missing()
}

// missing finds a field outside lists that state 0 has and the answer has not.
func (r *reading) missing() *Difference {
	for _, p := range slices.Sorted(maps.Keys(r.states[0].leaves)) {
		_, there := r.got[p]
		if there || vacant(r.states[0].leaves[p]) || strings.Contains(p, "[") || isLength(p) {
			continue
		}
		lacking := slices.ContainsFunc(r.states[1:], func(s stateLeaves) bool { _, has := s.leaves[p]; return !has })
		if !lacking {
			return &Difference{Path: p, Want: r.states[0].leaves[p], Got: "nothing"}
		}
	}
	return nil
}

func (r *reading) explained(path string) bool {
	for i := range r.states {
		if r.states[i].leaves[path] == r.got[path] {
			return true
		}
	}
	return false
}

// cutOff finds a list that is state 0's with elements missing, but not all of
// them. Sums beside the list are not looked at: they may be those of the
// elements that are left.
func (r *reading) cutOff() (path string, ok bool) {
	if len(r.states) == 0 {
		return "", false
	}
	named := &r.states[0]
	for n, p := range r.paths {
		if named.equal[n/64]&(1<<(n%64)) != 0 {
			continue
		}
		switch {
		case isLength(p) && r.got[p] != "0" && shorter(r.got[p], named.leaves[p]):
			path = p
		case isLength(p) || strings.Contains(p, "[") || p == statusLeaf:
			return "", false
		}
	}
	return path, path != ""
}

func isLength(path string) bool {
	const suffix = ".length"
	return len(path) > len(suffix) && path[len(path)-len(suffix):] == suffix
}

func shorter(got, want string) bool {
	g, err1 := json.Number(got).Int64()
	w, err2 := json.Number(want).Int64()
	return err1 == nil && err2 == nil && g < w
}
