package reports

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

func TestRenderCrashes(t *testing.T) {
	for name, m := range map[string]record.CrashMatrix{"crashes": crashMatrix(90), "crashes-torn": tornMatrix(600)} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, record.WriteCrashMatrix(dir, m))
			require.NoError(t, Render(dir))
			for _, file := range []string{CrashesPageFile, SummaryFile, JUnitFile} {
				got, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				golden(t, filepath.Join(name, file), got)
			}
			var out bytes.Buffer
			require.NoError(t, WriteCrashTerminal(&out, m))
			golden(t, filepath.Join(name, "terminal.txt"), out.Bytes())
		})
	}
}

// TestALargeMatrixStaysBelowAMegabyte: 3,000 operations under 8 policies at
// two depths.
func TestALargeMatrixStaysBelowAMegabyte(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, writeCrashPage(&out, tornMatrix(3000)))
	assert.Less(t, out.Len(), 1<<20)
	t.Logf("%d bytes", out.Len())
}
