package fakeom

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"reconsim/fake_om/namespace"
)

// TestRowsAreTheMessages proves that the hand-written encoder gives the bytes of
// the generated one, for every row of a base and of a workload, and the keys of
// the specification.
func TestRowsAreTheMessages(t *testing.T) {
	base := namespace.New(namespace.Config{Seed: 3, Keys: 3000})
	all := baseFacts(base)
	w := namespace.NewWorkload(base, 5)
	for range 2000 {
		for _, c := range w.Next().Changes {
			all[rowName(c.Row)] = c.Row
		}
	}
	var e rowEncoder
	kinds := map[string]int{}
	for name, row := range all {
		table, key, value, err := e.encode(row)
		require.NoError(t, err)
		require.Equal(t, name, table.String()+":"+string(key))
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(messageOf(row))
		require.NoError(t, err)
		require.Equal(t, want, value, name)
		kinds[table.String()]++
	}
	require.Len(t, kinds, 10, "every table that facts fill is covered: %v", kinds)
}

// TestEncodingDoesNotAllocate guards the load path.
func TestEncodingDoesNotAllocate(t *testing.T) {
	base := namespace.New(namespace.Config{Seed: 3, Keys: 500})
	var e rowEncoder
	encodeAll := func() {
		base.Keys(func(k *namespace.Key) bool {
			_, _, _, err := e.encode(k)
			return err == nil
		})
	}
	encodeAll()
	walkOnly := testing.AllocsPerRun(10, func() { base.Keys(func(*namespace.Key) bool { return true }) })
	require.LessOrEqual(t, testing.AllocsPerRun(10, encodeAll), walkOnly+1)
}
