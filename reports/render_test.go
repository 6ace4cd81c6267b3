package reports

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file below testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "%s differs: look at it, then run the test with -update", path)
}

func TestRender(t *testing.T) {
	for name, story := range map[string]func() (record.Run, []record.Event){"first-light": firstLight, "rename-mixes": lostReaders} {
		t.Run(name, func(t *testing.T) {
			dir := writeRunDir(t, first(story()), second(story()))
			require.NoError(t, Render(dir))
			files := []string{PageFile, SummaryFile, JUnitFile}
			for i := range first(story()).Why {
				files = append(files, record.WhyPage(i))
			}
			for _, file := range files {
				got, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				golden(t, filepath.Join(name, file), got)
			}
		})
	}
}

func first(run record.Run, _ []record.Event) record.Run       { return run }
func second(_ record.Run, list []record.Event) []record.Event { return list }
