package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// diffLine is one line of two answers laid over each other.
type diffLine struct {
	// Sign is − for a line that was wanted, + for one that was got, a space
	// for one of both, … for lines of both that are left out.
	Sign string
	// Class is want, got, both or gap.
	Class string
	Text  string
}

const (
	// maxDiffLines bounds each of the two texts; the work grows with the
	// product of what is left when equal heads and tails are cut off.
	maxDiffLines = 1000
	// diffContext is how many equal lines are kept around a difference.
	diffContext = 3
)

// diffAnswers lays two answers over each other line by line, if both are JSON
// documents. Members are sorted, so that only content differs.
func diffAnswers(got, want string) ([]diffLine, bool) {
	gotLines, err := jsonLines(got)
	if err != nil {
		return nil, false
	}
	wantLines, err := jsonLines(want)
	if err != nil {
		return nil, false
	}
	return withoutLongEqualRuns(diffLines(gotLines, wantLines)), true
}

var errTooLong = errors.New("too many lines to compare")

func jsonLines(text string) ([]string, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // a size above 2^53 must not be rounded
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON document")
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) > maxDiffLines {
		return nil, errTooLong
	}
	return lines, nil
}

// diffLines finds the longest common lines. A comma at the end of a line is no
// difference.
func diffLines(got, want []string) []diffLine {
	same := func(a, b string) bool { return strings.TrimSuffix(a, ",") == strings.TrimSuffix(b, ",") }
	// common[i][j] is the length for got[i:] and want[j:].
	common := make([][]int16, len(got)+1)
	for i := range common {
		common[i] = make([]int16, len(want)+1)
	}
	for i := len(got) - 1; i >= 0; i-- {
		for j := len(want) - 1; j >= 0; j-- {
			if same(got[i], want[j]) {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []diffLine
	i, j := 0, 0
	for i < len(got) || j < len(want) {
		switch {
		case i < len(got) && j < len(want) && same(got[i], want[j]):
			lines = append(lines, diffLine{" ", "both", got[i]})
			i, j = i+1, j+1
		case j < len(want) && (i == len(got) || common[i][j+1] >= common[i+1][j]):
			lines = append(lines, diffLine{"−", "want", want[j]})
			j++
		default:
			lines = append(lines, diffLine{"+", "got", got[i]})
			i++
		}
	}
	return lines
}

func withoutLongEqualRuns(lines []diffLine) []diffLine {
	near := make([]bool, len(lines))
	for i, l := range lines {
		if l.Class == "both" {
			continue
		}
		for k := max(i-diffContext, 0); k <= min(i+diffContext, len(lines)-1); k++ {
			near[k] = true
		}
	}
	var kept []diffLine
	for i := 0; i < len(lines); {
		if near[i] {
			kept = append(kept, lines[i])
			i++
			continue
		}
		from := i
		for i < len(lines) && !near[i] {
			i++
		}
		if i-from == 1 {
			kept = append(kept, lines[from])
			continue
		}
		kept = append(kept, diffLine{"…", "gap", plural(i-from, "equal line")})
	}
	return kept
}
