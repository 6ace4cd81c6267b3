package fakeom

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/rocksdb"
)

func testEnv() *env.Env {
	return env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines(), Quiet: true})
}

func testOptions(keys int64) Options {
	return Options{Dir: "om", Base: namespace.New(namespace.Config{Seed: 7, Keys: keys}), Seed: 11, TableBytes: 32 << 10}
}

func newCluster(t *testing.T, e *env.Env, o Options) *Cluster {
	t.Helper()
	c, err := Open(e, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// extract unpacks a checkpoint into dir and returns the entries' names.
func extract(t *testing.T, fs vfs.FS, dir string, body io.Reader) []string {
	t.Helper()
	require.NoError(t, fs.MkdirAll(dir, 0o755))
	var names []string
	r := tar.NewReader(body)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		require.Equal(t, byte(tar.TypeReg), h.Typeflag)
		names = append(names, h.Name)
		f, err := fs.Create(fs.PathJoin(dir, h.Name), vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = io.Copy(f, r)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

func download(t *testing.T, e *env.Env, c *Cluster, node, dir string) (names []string, v *rocksdb.Version) {
	t.Helper()
	body, contentType, err := c.Checkpoint(context.Background(), node)
	require.NoError(t, err)
	require.Equal(t, ContentTypeTar, contentType)
	names = extract(t, e.FS(), dir, body)
	require.NoError(t, body.Close())
	v, err = rocksdb.ReadCheckpoint(e.FS(), dir)
	require.NoError(t, err)
	_, err = rocksdb.VerifyTables(context.Background(), e.FS(), dir, v, rocksdb.VerifyOptions{})
	require.NoError(t, err)
	return names, v
}

// TestNodesAgreeOnRowsOnly is the heart of the fake: after any number of
// transactions every node's checkpoint holds exactly the rows of the
// namespace's facts, deletes above the base included, while sequence numbers
// and family ids differ from node to node (OM-H10).
func TestNodesAgreeOnRowsOnly(t *testing.T) {
	for _, schema := range []Schema{Schema220, SchemaTrunk} {
		t.Run(string(schema), func(t *testing.T) { nodesAgree(t, schema) })
	}
}

func nodesAgree(t *testing.T, schema Schema) {
	e := testEnv()
	o := testOptions(2000)
	o.Schema = schema
	o.FlushBytes = 200 << 10 // several runs
	want := baseFacts(o.Base)
	o.Enter = want.apply
	c := newCluster(t, e, o)
	gone := len(want)
	for round := range 4 {
		if round > 0 {
			_, err := c.Burst(400)
			require.NoError(t, err)
			require.NoError(t, c.Settle())
		}
		sequences, ids := map[uint64]bool{}, map[string]bool{}
		for _, n := range c.Nodes() {
			_, _, err := c.SwitchLeader(n.ID())
			require.NoError(t, err)
			dir := fmt.Sprintf("%s-%d", n.ID(), round)
			names, v := download(t, e, c, n.ID(), dir)
			require.Equal(t, []string{currentName, completeName}, names[len(names)-2:])
			require.True(t, slices.IsSorted(names[:len(names)-3]))
			rows, other := rowsOf(t, e.FS(), dir)
			want.requireRows(t, rows)
			sequence, info := n.Position()
			require.Equal(t, sequence, v.LastSequence)
			require.Equal(t, info.String(), other["transactionInfoTable:#TRANSACTIONINFO"])
			require.Equal(t, c.Index(), info.Index)
			index, ok := c.IndexAt(n.ID(), sequence)
			require.True(t, ok)
			require.Equal(t, info.Index, index)
			require.Len(t, v.Families, len(c.tables)+1)
			sequences[sequence], ids[fmt.Sprint(n.FamilyIDs())] = true, true
		}
		require.Len(t, sequences, 3, "every node numbers by itself")
		require.Len(t, ids, 3, "every node has its own family ids")
	}
	require.NotEqual(t, gone, len(want))
	require.NotEmpty(t, c.nodes[0].state.Runs)
}

// TestNaturalFamilyIDs: the first node's ids are those of a fresh 2.2.0.
func TestNaturalFamilyIDs(t *testing.T) {
	c := newCluster(t, testEnv(), testOptions(50))
	ids := c.Nodes()[0].FamilyIDs()
	require.Len(t, ids, 23)
	for name, id := range map[string]uint32{
		"fileTable": 1, "transactionInfoTable": 6, "directoryTable": 9, "volumeTable": 14, "keyTable": 22, "bucketTable": 23,
	} {
		require.Equal(t, id, ids[name], name)
	}
}

// TestBaseIsRolled: a family larger than Options.TableBytes has several files.
func TestBaseIsRolled(t *testing.T) {
	e := testEnv()
	c := newCluster(t, e, testOptions(3000))
	_, v := download(t, e, c, "om1", "cp")
	require.Greater(t, len(v.Family("keyTable").Files), 3)
	for _, f := range v.Family("keyTable").Files {
		require.Equal(t, 6, f.Level)
	}
}
