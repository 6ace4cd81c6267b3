package check

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKindOf names what makes two signatures one kind.
func TestKindOf(t *testing.T) {
	for _, c := range []struct{ signature, kind string }{
		{"monotonic|reader-3|110-1/134-2", "monotonic|reader|older"},
		{"monotonic|reader-0|96-4/110-7", "monotonic|reader|older"},
		{"exact|reader-1|110-1/110-1", "exact|reader|current"},
		{"exact|reader-1|210-2/110-1", "exact|reader|newer"},
		{"exact|reader-1|unlabelled/110-1", "exact|reader|unlabelled"},
		{"no-error|reader-1|/110-1", "no-error|reader|no generation"},
		{"no-error|reader-1|/", "no-error|reader|no generation"},
		{"legal-edges|recon|NONE→COMMITTING", "legal-edges|recon|NONE→COMMITTING"},
		{"vacuous|disk-1", "vacuous|disk-1"},
		{"expectation|at least 2 rebuilds end COMMITTED", "expectation|at least 2 rebuilds end COMMITTED"},
		{"threshold|reads >= 500", "threshold|reads >= 500"},
	} {
		require.Equal(t, c.kind, KindOf(c.signature), c.signature)
	}
}
