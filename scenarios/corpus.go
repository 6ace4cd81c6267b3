package scenarios

import (
	"embed"
	"errors"
	"io/fs"
	"strings"
)

//go:embed *.yaml */*.yaml
var corpus embed.FS

// Corpus is the file system of the scenarios that come with the program.
func Corpus() fs.FS { return corpus }

// CorpusFiles lists the corpus by path, sorted.
func CorpusFiles() []string {
	var files []string
	// Walking an embedded tree fails only if the root is missing.
	_ = fs.WalkDir(corpus, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".yaml") {
			files = append(files, path)
		}
		return err
	})
	return files
}

// LoadCorpus reads the whole corpus. The error joins every problem.
func LoadCorpus(vocab *Vocabulary) ([]*Scenario, error) {
	var all []*Scenario
	var bad []error
	for _, file := range CorpusFiles() {
		s, problems, err := LoadFile(corpus, file, vocab)
		if err != nil {
			bad = append(bad, err)
		}
		for _, p := range problems {
			bad = append(bad, p)
		}
		if s != nil {
			all = append(all, s)
		}
	}
	return all, errors.Join(bad...)
}
