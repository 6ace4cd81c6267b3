package matrix

import (
	"fmt"
	"strconv"
	"strings"

	"reconsim/sim/disk"
)

// String is the step as [ParseStep] reads it: OPERATION:POLICY.
func (s Step) String() string { return fmt.Sprintf("%d:%s", s.Op, s.Policy) }

// ParseStep reads a crash such as "12:prefix 3".
func ParseStep(text string) (Step, error) {
	number, name, found := strings.Cut(text, ":")
	op, err := strconv.Atoi(strings.TrimSpace(number))
	if !found || err != nil || op < 0 {
		return Step{}, fmt.Errorf(`crash %q is not an operation's number and a policy, as in "12:prefix 3"`, text)
	}
	policy, err := disk.ParsePolicy(name)
	if err != nil {
		return Step{}, fmt.Errorf("crash %q: %w", text, err)
	}
	return Step{Op: op, Policy: policy}, nil
}
