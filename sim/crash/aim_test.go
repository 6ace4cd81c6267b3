package crash

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeStaging replaces a status file as staging does.
func writeStaging(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".tmp", []byte(content), 0o644))
	require.NoError(t, os.Rename(path+".tmp", path))
}

func status(id uint64, state string) string { return fmt.Sprintf(`{"id":%d,"state":%q}`, id, state) }

// TestWatchSeesEveryState: a poll follows the file through a rebuild and stops
// at the state that was asked for.
func TestWatchSeesEveryState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "staging.json")
	states := append([]string{stateNone}, inOrder...)
	var seen []string
	w := Watch{Path: path, Seen: func(s Staging) {
		seen = append(seen, s.State)
		// The rebuild goes on once it was seen, so that no state is missed.
		if n := len(seen); n < len(states) {
			writeStaging(t, path, status(7, states[n]))
		}
	}}
	s, err := w.Until(t.Context(), func(s Staging) bool { return s.ID == 7 && s.reached(stateCommitting) })
	require.NoError(t, err)
	require.Equal(t, Staging{ID: 7, State: stateCommitting}, s)
	require.Equal(t, states[:5], seen)
}

func TestWatchEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "staging.json")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the moment did not come")
	w := Watch{Path: path, Seen: func(Staging) { cancel(why) }}
	_, err := w.Until(ctx, func(Staging) bool { return false })
	require.ErrorIs(t, err, why)
	require.ErrorContains(t, err, "NONE")
	writeStaging(t, path, `{"id":7,"sta`)
	_, err = w.Until(t.Context(), func(Staging) bool { return true })
	require.ErrorContains(t, err, "no whole status")
}

func TestReached(t *testing.T) {
	for _, c := range []struct {
		is, asked string
		want      bool
	}{
		{stateInitializing, stateProcessing, false},
		{stateProcessing, stateProcessing, true},
		{stateCommitting, stateReady, true},
		{stateReady, stateCommitting, false},
		{stateNone, stateCommitted, true},
		{"ROLLING_BACK", stateReady, true},
		{"FAILED", stateReady, true},
	} {
		require.Equal(t, c.want, Staging{State: c.is}.reached(c.asked), "%s when waiting for %s", c.is, c.asked)
	}
}

func TestCommitted(t *testing.T) {
	for name, c := range map[string]struct {
		s    Staging
		want uint64
	}{
		"never staged":         {Staging{State: stateNone}, 0},
		"in the switch":        {Staging{ID: 4, State: stateCommitting, Last: &StagingOutcome{ID: 3, Result: "COMMITTED"}}, 3},
		"switched":             {Staging{ID: 4, State: stateCommitted, Last: &StagingOutcome{ID: 3, Result: "COMMITTED"}}, 4},
		"rolled back the last": {Staging{ID: 5, State: stateNone, Last: &StagingOutcome{ID: 5, Result: "ROLLED_BACK"}}, 0},
	} {
		require.Equal(t, c.want, c.s.committed(), name)
	}
}
