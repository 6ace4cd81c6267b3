package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestKillLoopWithoutAnEngine: where no container engine answers the loop says so,
// says what to do, and exits with 3; nothing is left half done.
func TestKillLoopWithoutAnEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no.sock"))
	for _, args := range [][]string{{"kill-loop", "--container", "--times", "1"}, {"kill-loop", "--container", "--probe"}} {
		_, said, code := call(t, args...)
		if code != exitEnvironment || !strings.Contains(said, "no container engine answers at unix://") || !strings.Contains(said, "make docker") {
			t.Errorf("%v: exit %d, %s", args, code, said)
		}
	}
	if _, said, code := call(t, "kill-loop", "--probe"); code != exitUsage || !strings.Contains(said, "--probe needs --container") {
		t.Errorf("exit %d, %s", code, said)
	}
}
