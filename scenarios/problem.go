package scenarios

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one thing wrong with a scenario file, and where.
type Problem struct {
	File string `json:"file"`
	// Line and Column count from 1; columns are in characters.
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	// Suggestion is the nearest right spelling, or empty.
	Suggestion string `json:"suggestion,omitempty"`
}

// Error prints "file:line:column: message" and the suggestion.
func (p Problem) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Suggestion != "" {
		s += fmt.Sprintf("; did you mean %q?", p.Suggestion)
	}
	return s
}

// place is where a line of a scenario stands in its file.
type place struct{ line, column int }

// maxProblems bounds what is reported about one file.
const maxProblems = 200

// sortProblems orders by place, drops repetitions and keeps the list readable.
func sortProblems(problems []Problem) []Problem {
	sort.SliceStable(problems, func(i, j int) bool {
		a, b := problems[i], problems[j]
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
	var kept []Problem
	for _, p := range problems {
		if len(kept) == 0 || kept[len(kept)-1] != p {
			kept = append(kept, p)
		}
	}
	if len(kept) > maxProblems {
		kept[maxProblems].Message = fmt.Sprintf("and %d more problems from here on", len(kept)-maxProblems)
		kept[maxProblems].Suggestion = ""
		kept = kept[:maxProblems+1]
	}
	return kept
}

// last is the last name of a path such as timeline[2].do.
func last(path string) string {
	return path[strings.LastIndexByte(path, '.')+1:]
}

// clip shortens text from outside for a message.
func clip(text string) string {
	if len(text) > 60 {
		return text[:57] + "..."
	}
	return text
}

// nearest returns the candidate closest to word in edit distance, or "" if none
// is close enough to be what was meant. Ties go to the earlier one.
func nearest(word string, candidates []string) string {
	if len(word) > 128 {
		return ""
	}
	best, bestDistance := "", len(word)/3+2
	for _, c := range candidates {
		if strings.EqualFold(word, c) && word != c {
			return c
		}
		if d := editDistance(word, c); d < bestDistance && d < len(c) {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance counts inserted, dropped, changed and swapped neighbouring bytes.
func editDistance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := row[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			next[j] = min(change, row[j]+1, next[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
