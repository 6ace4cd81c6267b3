package scenarios

import (
	"fmt"
	"io"
	"io/fs"
)

// Load reads a scenario and checks it against a vocabulary. file is only the
// name that problems are reported under. The scenario is nil if there is any
// problem; problems are sorted by their place.
func Load(file string, text []byte, vocab *Vocabulary) (*Scenario, []Problem) {
	tree, problems := parseYAML(text)
	d := newDecoder(file)
	for _, p := range problems {
		p.File = file
		d.problems = append(d.problems, p)
	}
	if tree == nil {
		return nil, sortProblems(d.problems)
	}
	s := &Scenario{File: file, places: d.places, vocab: vocab}
	d.structure(tree, "", s)
	c := &checker{decoder: d, scenario: s, vocab: vocab}
	c.check()
	if len(d.problems) > 0 {
		return nil, sortProblems(d.problems)
	}
	return s, nil
}

// LoadFile reads a scenario from a file system. The error is one of reading;
// what is wrong with the scenario itself is in the problems.
func LoadFile(fsys fs.FS, file string, vocab *Vocabulary) (*Scenario, []Problem, error) {
	f, err := fsys.Open(file)
	if err != nil {
		return nil, nil, fmt.Errorf("open scenario: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read scenario %s: %w", file, err)
	}
	s, problems := Load(file, text, vocab)
	return s, problems, nil
}

// Clone returns a copy that shares nothing that can be changed, and the places
// and vocabulary, which cannot. The shrinker takes lines out of clones.
func (s *Scenario) Clone() *Scenario {
	return clone(*s)
}

// Recheck checks a scenario that was changed in memory as if it had been
// written and loaded again; the problems' places are those in the text that
// Marshal gives.
func (s *Scenario) Recheck() (*Scenario, []Problem, error) {
	text, err := s.Marshal()
	if err != nil {
		return nil, nil, err
	}
	again, problems := Load(s.File, text, s.vocab)
	return again, problems, nil
}
