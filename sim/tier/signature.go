package tier

import (
	"slices"
	"strings"
)

// JudgedAtEnd reports whether a signature (see [Simulation.Signatures]) says
// that something did not happen, which holds of a run only once it has come to
// its end. Others are of violations, each of which was seen at some moment.
func JudgedAtEnd(signature string) bool {
	what, _, _ := strings.Cut(signature, "|")
	return slices.Contains([]string{"vacuous", "expectation", "unchecked", "threshold", "error"}, what)
}
