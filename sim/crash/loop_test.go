package crash

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/sim/check"
)

// build makes the real program.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "reconsim")
	text, err := exec.Command("go", "build", "-o", program, "reconsim/sim/reconsim").CombinedOutput()
	require.NoError(t, err, string(text))
	return program
}

// TestKillReconsim kills the real program in its bootstrap, in PROCESSING and at
// the switch; all that it serves afterwards is right (crash-atomic,
// durable-commit, #6).
func TestKillReconsim(t *testing.T) {
	program, dir := build(t), t.TempDir()
	log, err := os.Create(filepath.Join(t.TempDir(), "serve.log"))
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close()) }()
	var told []Kill
	o := Options{Start: Process(program), Dir: dir, Times: 3, QuotaProcessing: 1, QuotaSwitching: 1, Keys: 1000, Rate: 200, Seed: 5, Answers: 60, Log: log,
		Progress: func(k Kill) { told = append(told, k) }}
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	text, err := json.MarshalIndent(r, "", " ")
	require.NoError(t, err)
	require.Equal(t, Pass, r.Verdict, string(text))
	require.Equal(t, r.Kills, told)
	require.GreaterOrEqual(t, r.Processing, 1)
	require.GreaterOrEqual(t, r.ReadyToCommitted, 1)
	for _, k := range r.Kills {
		require.GreaterOrEqual(t, k.Answers, o.Answers)
		require.NotEqual(t, "none", k.ServedAfter)
	}
	for _, p := range []check.Property{check.Exact, check.Monotonic, check.ReadYourCommit, check.CrashAtomic, check.DurableCommit, check.LegalEdges, check.NoLeak} {
		require.Contains(t, string(text), `"`+string(p)+`"`, "%s was never put to the test", p)
	}
	var table strings.Builder
	require.NoError(t, r.Text(&table))
	require.Contains(t, table.String(), "pass: ")
}

// TestLoopWithoutProgram: a program that cannot run is the environment's fault.
func TestLoopWithoutProgram(t *testing.T) {
	o := Options{Start: Process(filepath.Join(t.TempDir(), "missing")), Dir: t.TempDir(), Times: 1, Keys: 100, Seed: 1, Answers: 1, Log: os.Stderr}
	_, err := Run(t.Context(), o)
	require.ErrorContains(t, err, "missing")
}

// TestLoopSeesASilentDeath: a serve that ends by itself fails the loop; the
// first start excepted, which is the environment's.
func TestLoopSeesASilentDeath(t *testing.T) {
	t.Setenv(actAs, "failing")
	executable, err := os.Executable()
	require.NoError(t, err)
	_, err = Run(t.Context(), Options{Start: Process(executable), Dir: t.TempDir(), Times: 1, Keys: 100, Seed: 1, Answers: 1, Log: os.Stderr})
	require.ErrorContains(t, err, "no room on the disk")
}
