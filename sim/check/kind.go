package check

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// signatureOfReader is a signature: property, reader, and the generations
// that were answered and current, each as BASE-BUILD.
var signatureOfReader = regexp.MustCompile(`^([a-z-]+)\|([a-z]+)(?:-\d+)?\|([^|/]*)/([^|/]*)$`)

// KindOf is a signature without the names that depend on the size of the
// scenario. "monotonic|reader-3|110-1/134-2" and "monotonic|reader-0|96-4/110-7"
// are both "monotonic|reader|older": some reader was shown a generation older
// than the current one. A signature of another form is its own kind.
func KindOf(signature string) string {
	parts := signatureOfReader.FindStringSubmatch(signature)
	if parts == nil {
		return signature
	}
	return fmt.Sprintf("%s|%s|%s", parts[1], parts[2], relation(parts[3], parts[4]))
}

// relation says how the generation of an answer stands to the current one.
func relation(answered, current string) string {
	a, labelled := buildOf(answered)
	c, serving := buildOf(current)
	switch {
	case !labelled && answered == "":
		return "no generation"
	case !labelled:
		return answered
	case !serving:
		return "nothing current"
	case a < c:
		return "older"
	case a > c:
		return "newer"
	default:
		return "current"
	}
}

// buildOf is the number of the rebuild in a label's id, BASE-BUILD.
func buildOf(id string) (build uint64, ok bool) {
	_, number, found := strings.Cut(id, "-")
	if !found {
		return 0, false
	}
	build, err := strconv.ParseUint(number, 10, 64)
	return build, err == nil
}
