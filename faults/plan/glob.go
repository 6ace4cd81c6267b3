package plan

import (
	"strconv"
	"strings"
)

// maxGlobBytes bounds a glob, and with it the cost of one match.
const maxGlobBytes = 1 << 10

// Glob matches subjects: paths, tasks, endpoints. "*" is any run of characters
// of one segment, "?" one character of a segment, "**" any number of whole
// segments. A glob without a leading "/" matches from any segment on, up to the
// end of the subject. The empty glob matches everything.
type Glob string

// String prints the glob as DSL: bare when it is one word, else quoted.
func (g Glob) String() string {
	if isWord(string(g)) && !keywords[string(g)] {
		return string(g)
	}
	return strconv.Quote(string(g))
}

// Match reports whether the subject matches. Its cost is bounded by the product
// of the two lengths.
func (g Glob) Match(subject string) bool {
	if g == "" || string(g) == subject {
		return true
	}
	pattern := strings.Split(string(g), "/")
	if g[0] != '/' && pattern[0] != "**" {
		pattern = append([]string{"**"}, pattern...)
	}
	return matchSegments(pattern, strings.Split(subject, "/"))
}

// matchSegments walks both lists, going back only to the last "**".
func matchSegments(pattern, segments []string) bool {
	p, s := 0, 0
	star, resume := -1, 0
	for s < len(segments) {
		switch {
		case p < len(pattern) && pattern[p] == "**":
			star, resume = p, s
			p++
		case p < len(pattern) && matchSegment(pattern[p], segments[s]):
			p, s = p+1, s+1
		case star >= 0:
			resume++
			p, s = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == "**" {
		p++
	}
	return p == len(pattern)
}

// matchSegment walks both strings, going back only to the last "*".
func matchSegment(pattern, segment string) bool {
	p, s := 0, 0
	star, resume := -1, 0
	for s < len(segment) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, s
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == segment[s]):
			p, s = p+1, s+1
		case star >= 0:
			resume++
			p, s = star+1, resume
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
