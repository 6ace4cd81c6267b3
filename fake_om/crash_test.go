package fakeom

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"reconsim/recon/env"
)

// TestServedIsDurable: whatever a node has told anybody survives the loss of
// everything that was not synced, and so does all that came before it: a batch
// is synced before it is served. Losing a random part of the rest is survived as
// well.
func TestServedIsDurable(t *testing.T) {
	mem := vfs.NewCrashableMem()
	o := testOptions(200)
	o.FlushBytes = 40 << 10
	facts := baseFacts(o.Base)
	o.Enter = facts.apply
	c, err := New(env.New(env.Options{FS: mem, Runtime: env.NewGoroutines()}), o)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	steps := []func() error{
		func() error { _, err := c.Burst(30); return err },
		func() error { _, _, err := c.SwitchLeader(""); return err },
		func() error { _, err := c.Do("delete-bucket"); return err },
		func() error { return c.Adopt("om3", "om1") },
		func() error { _, err := c.Burst(30); return err },
		func() error { return c.RestartNode("om2") },
		func() error { return c.CompactLogs() },
		func() error { _, err := c.Burst(200); return err },
	}
	for i, step := range steps {
		require.NoError(t, step())
		type served struct {
			position string
			data     [][]byte
		}
		want := map[string]served{}
		for _, n := range c.Nodes() {
			sequence, info := n.Position()
			u, err := n.Updates(n.state.FirstAvailable-1, math.MaxInt64)
			require.NoError(t, err)
			want[n.ID()] = served{fmt.Sprint(sequence, info), u.Data}
		}
		for _, percent := range []int{0, 50, 100} {
			image := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(1, uint64(i)))})
			e := env.New(env.Options{FS: image, Runtime: env.NewGoroutines()})
			again := baseFacts(o.Base)
			o := o
			o.Enter = again.apply
			d, err := Open(e, o)
			require.NoError(t, err)
			for _, n := range d.Nodes() {
				u, err := n.Updates(n.state.FirstAvailable-1, math.MaxInt64)
				require.NoError(t, err)
				// Opening made the followers apply what they had not yet.
				require.GreaterOrEqual(t, len(u.Data), len(want[n.ID()].data))
				require.Equal(t, append([][]byte{}, want[n.ID()].data...), append([][]byte{}, u.Data[:len(want[n.ID()].data)]...))
				if len(u.Data) == len(want[n.ID()].data) {
					sequence, info := n.Position()
					require.Equal(t, want[n.ID()].position, fmt.Sprint(sequence, info))
				}
			}
			leader, _ := d.Leader()
			wantLeader, _ := c.Leader()
			require.Equal(t, wantLeader, leader)
			require.Equal(t, facts, again)
			download(t, e, d, leader, "cp")
			rows, _ := rowsOf(t, image, "cp")
			facts.requireRows(t, rows)
			require.NoError(t, d.Close())
		}
	}
}
