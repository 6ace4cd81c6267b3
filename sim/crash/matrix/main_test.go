package matrix

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets garbage lie, as `reconsim crashes` does: restarts allocate much
// and keep nothing.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	os.Exit(m.Run())
}
