package failpointenv

import "syscall"

func init() {
	for _, name := range []string{"GO_FAILPOINTS", "GO_FAILPOINTS_HTTP"} {
		// Unsetenv fails only for an empty name.
		_ = syscall.Unsetenv(name)
	}
}
