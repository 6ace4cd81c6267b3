package crash

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/sim/check"
)

func TestReadSeen(t *testing.T) {
	h := http.Header{}
	_, there, err := readSeen(h)
	require.NoError(t, err)
	require.False(t, there)
	h.Set("Recon-Generation", `"3190-2";applied=4957`)
	_, there, err = readSeen(h)
	require.True(t, there)
	require.Error(t, err, "a label without a lineage")
	h.Set("Recon-Lineage", `"om1";term=2;index=23194`)
	s, there, err := readSeen(h)
	require.NoError(t, err)
	require.True(t, there)
	require.Equal(t, Seen{Label: check.Label{BaseSeq: 3190, Build: 2, AppliedSeq: 4957}, Node: "om1", Term: 2, Index: 23194}, s)
	for _, bad := range []string{``, `om1;term=1;index=2`, `"";term=1;index=2`, `"om1";term=1`, `"om1";index=2`, `"om1";term=x;index=2`, `"om1";term=1;index=-2`} {
		_, _, _, err := parseLineage(bad)
		require.Error(t, err, "%q", bad)
	}
}

func FuzzParseLineage(f *testing.F) {
	for _, s := range []string{`"om1";term=1;index=23194`, `"a\"b";index=1;term=2;more=3`, `"om1";;;`, `"`, `;`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		node, term, index, err := parseLineage(header)
		if err == nil && (node == "" || term < 0 || index < 0) {
			t.Fatalf("%q gives %q %d %d", header, node, term, index)
		}
	})
}
