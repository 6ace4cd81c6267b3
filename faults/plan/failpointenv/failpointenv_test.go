package failpointenv_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pingcap/failpoint"

	_ "reconsim/faults/plan/failpointenv"
)

// TestPoisonedEnvironment proves D8: a process that links failpoint starts
// whatever GO_FAILPOINTS and GO_FAILPOINTS_HTTP say, and neither takes effect.
func TestPoisonedEnvironment(t *testing.T) {
	if os.Getenv("FAILPOINTENV_CHILD") == "1" {
		if list := failpoint.List(); len(list) != 0 {
			t.Fatalf("global failpoints armed from the environment: %v", list)
		}
		if v, ok := os.LookupEnv("GO_FAILPOINTS"); ok {
			t.Fatalf("GO_FAILPOINTS is still %q", v)
		}
		return
	}
	for _, env := range [][]string{
		{"GO_FAILPOINTS=no equals sign"},
		{"GO_FAILPOINTS=a=return(1)"},
		{"GO_FAILPOINTS=a=b=c;d"},
		{"GO_FAILPOINTS_HTTP=not an address"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestPoisonedEnvironment$", "-test.v")
		cmd.Env = append(append(os.Environ(), "FAILPOINTENV_CHILD=1"), env...)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v: %v\n%s", env, err, out)
		}
	}
}
