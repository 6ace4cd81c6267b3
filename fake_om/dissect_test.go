package fakeom

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/fake_om/dissect"
	"reconsim/recon/env"
)

// TestDissected takes real checkpoints apart with code that shares nothing with
// the writer: the rows are those of the facts after changes and deletes above
// the base, and the deltas lead from a first checkpoint to a second one.
func TestDissected(t *testing.T) {
	dir := t.TempDir()
	o := testOptions(1500)
	o.Dir, o.FlushBytes = filepath.Join(dir, "om"), 150<<10
	facts := baseFacts(o.Base)
	o.Enter = facts.apply
	c := newCluster(t, env.NewOS(nil), o)
	burst := func() {
		_, err := c.Burst(300)
		require.NoError(t, err)
		require.NoError(t, c.Settle())
	}
	checkpoints := func(name string) map[string]*dissect.Checkpoint {
		out := map[string]*dissect.Checkpoint{}
		for _, n := range c.Nodes() {
			path := filepath.Join(dir, name, n.ID())
			require.NoError(t, n.WriteCheckpoint(context.Background(), path))
			cp, err := dissect.Open(path)
			require.NoError(t, err)
			facts.requireRows(t, dissectedRows(cp, true))
			out[n.ID()] = cp
		}
		return out
	}
	checkpoints("base")
	burst()
	first := checkpoints("first")
	burst()
	burst()
	second := checkpoints("second")
	for _, n := range c.Nodes() {
		rows := dissectedRows(first[n.ID()], false)
		names := map[uint32]string{}
		for name, id := range first[n.ID()].Families {
			names[id] = name
		}
		next := first[n.ID()].LastSequence + 1
		u, err := n.Updates(next-1, math.MaxInt64)
		require.NoError(t, err)
		for _, b := range u.Data {
			start, count, err := dissect.BatchHeader(b)
			require.NoError(t, err)
			require.Equal(t, next, start)
			next += uint64(count)
			operations, err := dissect.BatchOperations(b)
			require.NoError(t, err)
			for _, op := range operations {
				require.Contains(t, names, op.Family)
				if name := names[op.Family] + ":" + string(op.Key); op.Kind == "put" {
					rows[name] = op.Value
				} else {
					require.Equal(t, "delete", op.Kind)
					delete(rows, name)
				}
			}
		}
		require.Equal(t, second[n.ID()].LastSequence, next-1)
		require.Equal(t, dissectedRows(second[n.ID()], false), rows)
	}
}

// dissectedRows are the rows by "family:key"; factsOnly leaves out those that no
// fact stands for.
func dissectedRows(c *dissect.Checkpoint, factsOnly bool) map[string][]byte {
	rows := map[string][]byte{}
	for family, all := range c.Rows {
		if factsOnly && (family == "transactionInfoTable" || family == "compactionLogTable") {
			continue
		}
		for _, r := range all {
			rows[family+":"+string(r.Key)] = r.Value
		}
	}
	return rows
}
