package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"reconsim/reports/record"
	"reconsim/scenarios"
	"reconsim/sim/tier"
)

// maxScenarioBytes is more than any scenario; a larger file is refused by the
// parser, which is shown one byte more than it accepts.
const maxScenarioBytes = 1<<20 + 1

// loadScenario reads a file, or a scenario of the corpus under its name or
// path when there is no such file.
func loadScenario(file string) (*scenarios.Scenario, []scenarios.Problem, error) {
	text, err := readBounded(file)
	if errors.Is(err, fs.ErrNotExist) {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "scenarios/"), ".yaml") + ".yaml"
		if embedded, corpusErr := fs.ReadFile(scenarios.Corpus(), name); corpusErr == nil {
			text, err = embedded, nil
		}
	}
	if err != nil {
		return nil, nil, &record.Failure{Kind: record.KindUsage, Message: err.Error(), File: file, Line: 1, Column: 1,
			Suggestion: "reconsim list shows the scenarios that come with the program"}
	}
	s, problems := scenarios.Load(file, text, tier.Vocabulary())
	return s, problems, nil
}

func readBounded(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: file, Err: errors.New("is a directory, not a scenario file")}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxScenarioBytes))
}

// problemFailure is the first problem of a file as the error document has it.
func problemFailure(problems []scenarios.Problem) error {
	p := problems[0]
	message := p.Message
	if len(problems) > 1 {
		message += "; and more: reconsim validate " + p.File + " lists everything"
	}
	return &record.Failure{Kind: record.KindScenario, Message: message, File: p.File, Line: p.Line, Column: p.Column, Suggestion: p.Suggestion}
}
